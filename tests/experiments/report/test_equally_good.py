"""What a unit's page says of its alternatives, where an answer is there."""

import json

import pytest

from compexact.experiments.questions.alternatives import equally_good
from compexact.experiments.questions.answer import save_answer
from compexact.experiments.report.site import write_report
from compexact.solver.errors import DataError


@pytest.fixture
def answer(proven, tmp_path):
    _, probe = proven
    return save_answer(equally_good(probe, ["odd"], length=3, within="0.5"), tmp_path / "answer")


def test_the_page_of_a_unit_says_what_all_alternatives_need(proven, answer, tmp_path):
    site = write_report(*proven, tmp_path / "site", answers=[answer]).parent
    page = (site / "units/1.html").read_text()
    table = json.loads((answer / "answer.json").read_text())
    assert f"{table['rows'][0]['alternatives']} formulas of at most 3 concepts (chain)" in page
    assert "<dt>In most</dt>" in page
    assert 'href="../answers/1.html"' in page
    assert "Formulas about as good" not in (site / "units/0.html").read_text()


def test_an_answer_about_another_probe_is_on_no_unit_s_page(proven, answer, tmp_path):
    file = answer / "answer.json"
    content = json.loads(file.read_text())
    content["inputs"][0]["digest"] = "0" * 64
    file.write_text(json.dumps(content))
    site = write_report(*proven, tmp_path / "site", answers=[answer]).parent
    assert "Formulas about as good" not in (site / "units/1.html").read_text()


def test_a_damaged_answer_is_refused_in_one_line(proven, answer, tmp_path):
    file = answer / "answer.json"
    content = json.loads(file.read_text())
    content["more"]["concepts"][0]["alternatives"] = "many"
    file.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"the answer alternatives is damaged: .*alternatives"):
        write_report(*proven, tmp_path / "site", answers=[answer])
