"""A unit that is active on few points is remarked upon, on its page and on the index."""

import re

import numpy as np
import pytest

from compexact.experiments.report.site import write_report
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.probes.store import Probe, save_probe
from compexact.solver import from_arrays

ACTIVE = {"none": 0, "one": 1, "short": 24, "enough": 25, "many": 39, "all": 100}


@pytest.fixture
def remarks(tmp_path):
    """Of a probe that says this: the remarks in the rows of the index, above them, and on the pages of units."""

    def make(about, active=ACTIVE):
        concepts = np.arange(100)[:, None] < np.array([1, 30, 60])
        neurons = np.arange(100)[:, None] < np.array(list(active.values()))
        cells = from_arrays(concepts, neurons, concept_names=["a", "b", "c"], unit_names=list(active))
        probe = save_probe(Probe(cells, {"kind": "arrays"} | about), tmp_path / "probe")
        run = run_units(probe, list(active), SearchSettings(), tmp_path / "run")
        site = write_report(run, probe, tmp_path / "site").parent
        index = (site / "index.html").read_text()
        rows = re.findall(r"<tr>\s*<th scope=.*?</tr>", index, re.DOTALL)
        pages = [(site / f"units/{i}.html").read_text() for i in range(len(active))]
        return (
            dict(zip(active, map(remark, rows), strict=True)),
            remark(index.split("<table")[0]),
            dict(zip(active, map(remark, pages))),
        )

    return make


def remark(html):
    found = re.search(r"<(small|p) class=\"[^\"]*\bfew\b[^\"]*\">(.*?)</\1>", html)
    return found and found[2]


def test_units_on_fewer_than_25_points_are_remarked_upon_and_no_others(remarks):
    rows, index, units = remarks({})
    assert {name for name, said in rows.items() if said} == {"one", "short"}
    assert {name for name, said in units.items() if said} == {"one", "short"}
    assert (rows["one"], rows["short"]) == ("on only 1 point", "on only 24 points")
    assert index.startswith("2 units are active on fewer than 25 points")
    assert units["one"].startswith("Active on only 1 of 100 points, fewer than 25")


@pytest.mark.parametrize(
    ("concepts", "remarked"),
    [
        ({"min_points": 26}, {"one", "short", "enough"}),
        ({"min_points": 1}, {"one", "short"}),
        ("words", {"one", "short"}),
    ],
)
def test_a_unit_needs_as_many_points_as_a_concept_of_its_probe(remarks, concepts, remarked):
    rows, _, units = remarks({"settings": {"concepts": concepts}})
    assert {name for name, said in rows.items() if said} == remarked
    assert {name for name, said in units.items() if said} == remarked


def test_an_index_without_such_units_has_no_remark(remarks):
    rows, index, _ = remarks({}, {"enough": 25, "none": 0})
    assert rows == {"enough": None, "none": None}
    assert index is None
