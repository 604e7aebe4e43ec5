"""The page of an audit."""

import numpy as np
import pytest

from compexact.experiments.report.audits import audit_page
from compexact.experiments.report.site import write_report
from compexact.experiments.report.text import share
from compexact.experiments.report.unit_page import read_units
from compexact.experiments.run.audit import Audit, run_audit
from compexact.experiments.run.audit_plot import audit_figure, plot_audit
from compexact.experiments.run.engines import SearchSettings
from compexact.probes.store import Probe, save_probe
from compexact.solver.cells import Cells, concept_rows


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
    write_report(run, probe, tmp_path / "site")
    plot_audit(list(run.records.values()), tmp_path / "audit.svg")
    assert (tmp_path / "site/audit.svg").read_bytes() == (tmp_path / "audit.svg").read_bytes()
    assert 'src="audit.svg"' in (tmp_path / "site/audit.html").read_text()
    assert "Gap against time" in (tmp_path / "site/audit.html").read_text()
    assert 'href="audit.html"' in (tmp_path / "site/index.html").read_text()
    unit = (tmp_path / "site/units/0.html").read_text()
    assert "A beam found" in unit
    assert ": the best there is" in unit


def test_the_page_begins_with_how_often_and_by_how_much_the_beam_misses(trapped, tmp_path):
    run, probe = trapped
    page = audit_page(run, read_units(run, probe))
    wide, narrow = page.messages
    assert (wide.beam_size, narrow.beam_size, wide.max_length, wide.proven) == (3, 1, 3, 2)
    points = [point for line in run.records.values() for point in line["grid"]]
    missed = [p for p in points if p["beam_size"] == 1 and p["max_length"] == 3 and p["exact_iou"] > p["beam_iou"]]
    assert narrow.missed == len(missed) == 1
    assert narrow.largest == pytest.approx(missed[0]["exact_iou"] / missed[0]["beam_iou"] - 1)
    text = write_report(run, probe, tmp_path / "site").with_name("audit.html").read_text()
    assert f"A beam of 1 misses the optimum on 1 of 2 units, by up to {share(narrow.largest)}" in text
    assert "A beam of 3 " in text[text.index("<h1>") : text.index("</h1>")]


def test_the_figure_has_a_line_a_length_and_a_bar_for_gaps_of_zero_alone(trapped):
    run, _ = trapped
    for record, gap in zip(run.records.values(), (0.0, 0.03)):
        record["beam_gap"] = gap
    gaps, means = audit_figure(list(run.records.values())).axes
    none, *others = [(round(bar.get_x(), 6), bar.get_height()) for bar in gaps.patches if bar.get_height()]
    assert none == (-0.001, 1)
    assert others == [(0.029, 1)]
    assert [line.get_label() for line in means.lines] == ["length 1", "length 3"]
    assert [list(line.get_xdata()) for line in means.lines] == [[1, 3], [1, 3]]
