"""Negated leaves, classes, certificates, audits and answers on the report's pages."""

import json
from dataclasses import replace

import numpy as np
import pytest

from compexact.experiments.questions.answer import Answer, Published, new_figure, save_answer
from compexact.experiments.report.answer_pages import read_answer_page
from compexact.experiments.report.audits import audit_page
from compexact.experiments.report.certificates import read_certificate
from compexact.experiments.report.class_weights import Accuracy, Classes
from compexact.experiments.report.negation import negate_leaf, negations, smallest
from compexact.experiments.report.pictures import Pictures
from compexact.experiments.report.site import write_report
from compexact.experiments.report.unit_page import read_units
from compexact.experiments.run.audit import Audit, run_audit
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import read_run, run_units
from compexact.probes.inputs import Activity
from compexact.probes.store import Probe, save_probe
from compexact.solver.cells import Cells, concept_rows
from compexact.solver.errors import DataError, UsageError
from compexact.solver.parse import parse
from compexact.solver.problem import Problem

ROWS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], dtype=bool)
WEIGHTS = np.array([100, 20, 30, 5, 40, 6, 7, 1])


def make_probe(active: np.ndarray | None = None, **more) -> Probe:
    """Eight cells over water, river, blue; unit `good` is `(water OR river) AND NOT blue`, `odd` its half."""
    good = WEIGHTS * ((ROWS[:, 0] | ROWS[:, 1]) & ~ROWS[:, 2])
    counts = np.stack([good, good // 2], axis=1) if active is None else active
    rows = concept_rows(("water", "river", "blue"), ("object", "object", "color"), ROWS)
    return Probe(Cells(rows, WEIGHTS, counts, ("good", "odd")), {"kind": "arrays", "model": "m"}, **more)


def test_every_leaf_is_negated_in_its_place():
    formula = parse("(water OR river) AND NOT blue")
    changed = [str(negate_leaf(formula, place)) for place in range(3)]
    assert changed == [
        "(NOT water OR river) AND NOT blue",
        "(water OR NOT river) AND NOT blue",
        "(water OR river) AND blue",
    ]


def test_a_leaf_that_stands_twice_is_negated_once_at_a_time():
    formula = parse("(water AND river) OR water")
    assert [str(negate_leaf(formula, place)) for place in (0, 2)] == [
        "(NOT water AND river) OR water",
        "(water AND river) OR NOT water",
    ]


def test_a_negation_has_its_own_counts_and_the_smallest_changes_fewest_points():
    problem = Problem.of(make_probe().cells, "good")
    formula = parse("(water OR river) AND NOT blue")
    found = negations(problem, formula, problem.concepts.mask(formula))
    assert [str(each.leaf) for each in found] == ["water", "river", "NOT blue"]
    # Turned: water, so 20 points leave and 100 enter; river, 30 and 100; blue, 55 and 14.
    assert [each.changed for each in found] == [120, 130, 69]
    assert [each.found.both for each in found] == [35, 25, 0]
    assert smallest(found) is found[2]
    assert smallest([replace(found[0], changed=0)]) is None


def test_images_where_a_formula_holds_most_come_largest_first():
    """Three pictures of 2 x 2 points: of cell 1 the first has one point, the second none, the third three."""
    cells = np.array([[[1, 0], [0, 0]], [[0, 0], [2, 2]], [[1, 1], [1, 0]]], dtype=np.int32)
    pictures = Pictures(
        top_images=np.array([[4, 7]]), top_masks=np.zeros((1, 2, 1), np.uint8), pictured=np.array([4, 7, 9]),
        point_cells=cells, picture_bytes=np.zeros(0, np.uint8), picture_offsets=np.zeros(4, np.int64), n_cells=3,
    )  # fmt: skip
    is_active = np.zeros(10, dtype=bool)
    mask = np.array([False, True, False])
    shots = pictures.holding_most(0, mask, is_active)
    assert [shot.image for shot in shots] == [9, 4]
    assert [int(shot.formula_mask.sum()) for shot in shots] == [3, 1]
    assert [shot.has_unit_mask for shot in shots] == [True, True]
    is_active[9] = True
    assert [shot.has_unit_mask for shot in pictures.holding_most(0, mask, is_active)] == [False, True]
    assert pictures.holding_most(0, mask, is_active)[0].iou is None


def classes(**changes) -> Classes:
    """Four inputs, two units: unit 0 is active on the first three, unit 1 nowhere."""
    given = {
        "names": ["a", "b", "c"],
        "targets": ["a", "b", None, "b"],
        "predictions": np.array([0, 0, 1, 1]),
        "weights": np.array([[0.5, -1.0], [-0.25, 2.0], [0.0, -3.0]]),
        "active": Activity(np.packbits(np.array([[1, 0], [1, 0], [1, 0], [0, 0]], dtype=bool), axis=1), 2),
    }
    return Classes(**given | changes)


def test_accuracy_counts_labelled_inputs_where_the_unit_is_active():
    assert classes().accuracy(0) == Accuracy(1, 2)
    assert classes().accuracy(1) is None
    assert classes(predictions=None).accuracy(0) is None


def test_classes_are_listed_by_weight_both_ways():
    found = classes()
    assert (found.strongest(1).label, found.strongest(1).value) == ("b", 2.0)
    most, least = found.most_and_least(1)
    assert [each.label for each in most] == ["b"]
    assert [each.label for each in least] == ["c", "a"]
    assert classes(weights=None).most_and_least(0) == ([], [])


def test_arrays_of_classes_that_do_not_fit_are_refused():
    probe = make_probe(names={"targets": ["a"]}, arrays={"predictions": np.array([0, 1])})
    with pytest.raises(DataError, match="do not fit"):
        Classes.of(probe)


@pytest.fixture
def proven(tmp_path):
    """A run with certificates, and its probe."""
    probe = save_probe(make_probe(), tmp_path / "probe")
    return run_units(probe, ["good", "odd"], SearchSettings(engine="exact"), tmp_path / "run"), probe


def test_a_certificate_is_named_with_its_proof(proven, tmp_path):
    run, probe = proven
    note = read_certificate(run, run.records["good"])
    assert note.problem is None
    assert note.proof == json.loads((run.path / note.file).read_text())["proof"]
    page = (write_report(run, probe, tmp_path / "site").parent / "units/0.html").read_text()
    assert f"<code>{note.file}</code>, proof by <b>{note.proof}</b>" in page
    assert "compexact verify run" in page


def test_a_certificate_of_another_claim_is_called_out(proven, tmp_path):
    run, probe = proven
    file = run.path / run.records["good"]["certificate"]
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"bound": [1, 1], "iou": [1, 3]}))
    assert "claims something else" in read_certificate(run, run.records["good"]).problem
    page = (write_report(run, probe, tmp_path / "site").parent / "units/0.html").read_text()
    assert "would be rejected" in page
    for other in ({"max_length": content["max_length"] - 1}, {"space": "tree"}):
        file.write_text(json.dumps(content | other))
        assert "claims something else" in read_certificate(run, run.records["good"]).problem
    file.write_text(json.dumps(content))
    assert "not the file that was kept" in read_certificate(run, run.records["good"]).problem
    file.write_text("{")
    assert "damaged" in read_certificate(run, run.records["good"]).problem
    file.unlink()
    for target in (file, "/dev/zero", file.parent):
        file.symlink_to(target)
        assert "damaged" in read_certificate(run, run.records["good"]).problem
        file.unlink()
    assert "missing" in read_certificate(run, run.records["good"]).problem
    outside = run.records["good"] | {"certificate": "../../secret"}
    assert "leads out" in read_certificate(run, outside).problem


def test_a_run_without_certificates_says_so(tmp_path):
    probe = save_probe(make_probe(), tmp_path / "probe")
    run = run_units(probe, ["good"], SearchSettings(), tmp_path / "run")
    page = (write_report(run, probe, tmp_path / "site").parent / "units/0.html").read_text()
    assert "No certificate is in the run: this engine proves nothing" in page


@pytest.fixture
def trapped(tmp_path):
    """An audit of two units: a beam of 1 misses the best formula of `trap`, not that of `easy`."""
    rng = np.random.default_rng(5)
    masks = rng.random((400, 5)) < 0.4
    trap = (masks[:, 0] & masks[:, 1]) | masks[:, 2] & ~masks[:, 3]
    rows, cell_of, weights = np.unique(masks, axis=0, return_inverse=True, return_counts=True)
    counts = np.zeros((len(rows), 2), dtype=np.int64)
    np.add.at(counts, cell_of, np.stack([masks[:, 4], trap], axis=1).astype(np.int64))
    names = tuple("abcde")
    cells = Cells(concept_rows(names, ("kind",) * 5, rows), weights, counts, ("easy", "trap"))
    probe = save_probe(Probe(cells, {"kind": "arrays"}), tmp_path / "probe")
    audit = Audit.of(SearchSettings(engine="exact"), lengths=[1, 3], beam_sizes=[1, 3])
    return run_audit(probe, ["easy", "trap"], audit, tmp_path / "run"), probe


def test_an_audit_has_a_page_with_gaps_and_the_units_that_the_beam_lost(trapped, tmp_path):
    run, probe = trapped
    units = read_units(run, probe)
    page = audit_page(run, units)
    lost = [name for name, record in run.records.items() if record["beam_optimal"] is False]
    assert [each.unit.name for each in page.beaten] == lost
    assert page.optimal == 2 - len(lost)
    assert page.settled == 2
    heights = [bar.height > 0 for bar in page.histogram.bars]
    assert heights[0]
    assert [line.max_length for line in page.lines.lines] == [1, 3]
    assert [len(line.dots) for line in page.lines.lines] == [2, 2]
    write_report(run, probe, tmp_path / "site")
    assert 'href="audit.html"' in (tmp_path / "site/index.html").read_text()
    unit = (tmp_path / "site/units/0.html").read_text()
    assert "A beam found" in unit
    assert ": the best there is" in unit


def test_a_gap_of_zero_has_a_bar_of_its_own(trapped):
    run, probe = trapped
    units = read_units(run, probe)
    for record, gap in zip(run.records.values(), (0.0, 0.03)):
        record["beam_gap"] = gap
    bars = audit_page(run, units).histogram.bars
    assert [bar.text for bar in bars if bar.height] == ["gap 0: 1 units", bars[-1].text]
    assert "0.03:" in bars[-1].text


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
    rows = tuple({"name": f"n{i}", "value": i / 3, "some": None if i else 1} for i in range(600))
    page = read_answer_page(save_answer(answer_of(rows=rows, draw=None), tmp_path / "answer"), 1)
    assert page.figure is None
    table = page.tables[0]
    assert table.numeric == (False, True, True)
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
