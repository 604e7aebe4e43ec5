"""The pages of answers."""

import pytest

from compexact.experiments.questions.answer import Answer, Published, new_figure, save_answer
from compexact.experiments.report.answer_pages import read_answer_page
from compexact.experiments.report.site import write_report
from compexact.experiments.run.folder import read_run
from compexact.solver.errors import DataError, UsageError


def answer_of(**changes) -> Answer:
    given = {
        "name": "length",
        "question": "How long?",
        "inputs": ({"model": "net", "layer": "l", "dataset": "d", "points": 1234, "units": 3, "digest": "0"},),
        "settings": {"beam_size": 10},
        "rows": ({"unit": "a", "iou": 0.25, "n": 3}, {"unit": "b", "iou": None, "n": 1200}),
        "summary": ("found <b>this</b>",),
        "published": (Published("mean IoU", "Fig. 3", 0.059, 0.0288, "other model"),),
        "more": {"words": ({"word": "x"},)},
        "draw": lambda: new_figure()[0],
    }
    return Answer(**given | changes)


def test_an_answer_has_a_page_with_figure_tables_and_the_paper_s_value(proven, tmp_path):
    folder = save_answer(answer_of(), tmp_path / "answer")
    site = write_report(*proven, tmp_path / "site", answers=[folder, folder]).parent
    page = (site / "answers/2.html").read_text()
    for piece in (
        "How long?",
        "found &lt;b&gt;this&lt;/b&gt;",
        ">0.059</td>",
        "<b>0.0288</b>",
        "other model",
        "1,200",
    ):
        assert piece in page, piece
    assert (site / "answers/2-figure.svg").read_bytes() == (folder / "figure.svg").read_bytes()
    assert (site / "answers/2-table1.csv").read_bytes() == (folder / "words.csv").read_bytes()
    assert 'src="../answers/2-figure.svg"' in page
    assert 'href="../answers/1.html"' in page
    index = (site / "index.html").read_text()
    assert 'href="answers/1.html"' in index
    assert 'href="answers/2.html"' in index


def test_columns_of_numbers_are_told_from_text_and_long_tables_are_cut(tmp_path):
    rows = tuple({"name": f"n{i}", "value": i / 3, "no": None, "some": None if i < 599 else 1} for i in range(600))
    page = read_answer_page(save_answer(answer_of(rows=rows, draw=None), tmp_path / "answer"), 1)
    assert page.figure is None
    table = page.tables[0]
    assert table.columns == ("name", "value", "some")
    assert table.numeric == (False, True, False)
    assert (len(table.rows), table.n_rows) == (500, 600)
    assert table.is_long


@pytest.mark.parametrize(
    "content", ["{", '{"format": "compexact answer"}', '{"format": "compexact answer", "rows": 3}']
)
def test_a_damaged_answer_is_named(proven, tmp_path, content):
    (tmp_path / "answer").mkdir()
    (tmp_path / "answer/answer.json").write_text(content)
    with pytest.raises((DataError, UsageError), match="answer") as raised:
        write_report(*proven, tmp_path / "site", answers=[tmp_path / "answer"])
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "site").exists()


def test_the_command_takes_answers(proven, tmp_path, compexact):
    folder = save_answer(answer_of(), tmp_path / "answer")
    ended = compexact("report", tmp_path / "run", "-o", tmp_path / "site", "--answers", folder, "--answers", folder)
    assert ended.code == 0, ended.err
    assert (tmp_path / "site/answers/2.html").is_file()
    assert read_run(tmp_path / "run").is_finished
