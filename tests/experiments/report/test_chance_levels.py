"""The index shows what chance explains beside what a unit's formula does, where it was asked."""

import pytest

from compexact.experiments.questions.answer import save_answer
from compexact.experiments.questions.controls import against_chance
from compexact.experiments.report.answer_pages import read_answer_page
from compexact.experiments.report.chance_levels import chance_levels
from compexact.experiments.report.site import write_report


@pytest.fixture
def asked(proven, tmp_path):
    """The folder of an answer at lengths 1 and 3."""
    answer = against_chance(proven[1], ["good"], lengths=(1, 3), shuffles=19)
    return save_answer(answer, tmp_path / "controls")


def test_a_unit_has_the_level_of_its_run_s_length(proven, asked):
    run, probe = proven
    answer = read_answer_page(asked, 1)
    (column, level), *others = chance_levels(probe, run.header["settings"], [answer]).items()
    row = next(row for row in answer.content.more["units"] if row["max_length"] == 3)
    assert (column, level.iou, level.q, others) == (0, row["chance_iou"], row["q_value"], [])


@pytest.mark.parametrize("settings", [{"max_length": 2}, {"max_length": 3, "metric": "f1"}])
def test_there_is_none_of_another_length_or_score(proven, asked, settings):
    assert chance_levels(proven[1], settings, [read_answer_page(asked, 1)]) == {}


def test_the_index_has_a_column_only_where_chance_was_asked(proven, asked, tmp_path):
    run, probe = proven
    with_it = write_report(run, probe, tmp_path / "with", answers=[asked]).read_text()
    without = write_report(run, probe, tmp_path / "without").read_text()
    assert ">Chance</th>" in with_it
    assert "above it p is at most 0.05; here p = 0.05" in with_it
    assert "Chance" not in without
