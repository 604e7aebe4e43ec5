"""The front of errors, on arrays where it is known by hand."""

import csv
import math

import numpy as np
import pytest

from compexact.experiments.questions.answer import read_answer
from compexact.experiments.questions.front import error_fronts
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError


def probe():
    """10 points: `wide` holds on 6, four of the unit's five; `narrow` on 2, both the unit's; `none` nowhere it is."""
    unit = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    wide = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0])
    narrow = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    none = np.array([0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    concepts = np.stack([wide, narrow, none], axis=1)
    return Probe(from_arrays(concepts, unit[:, None], concept_names=["wide", "narrow", "none"]), {"kind": "arrays"})


def test_what_no_formula_beats_is_in_the_table_with_every_measure():
    answer = error_fronts(probe(), ["0"], length=2)
    assert [(row["formula"], row["false_positives"], row["false_negatives"]) for row in answer.rows] == [
        ("narrow", 0, 3),
        ("wide", 2, 1),
    ]
    narrow, wide = answer.rows
    assert (narrow["precision"], narrow["specificity"], narrow["recall"]) == (1, 1, 2 / 5)
    assert (wide["iou"], wide["informedness"]) == (4 / 7, pytest.approx(4 / 5 + 3 / 5 - 1))
    assert wide["mcc"] == pytest.approx((4 * 3 - 2 * 1) / math.sqrt(6 * 5 * 5 * 4))
    best = {row["measure"]: row["formula"] for row in answer.more["best"]}
    assert (best["iou"], best["f1"], best["recall"]) == ("wide", "wide", "wide")
    assert (best["precision"], best["specificity"]) == ("narrow", "narrow")
    assert "between 2 and 2 are beaten by none" in answer.summary[0]


def test_the_answer_is_kept_with_its_tables_and_figure(compexact, npz, tmp_path):
    ended = compexact("experiment", "front", npz, "--length", "2", "-o", tmp_path / "front")
    assert ended.code == 0, ended.err
    answer = read_answer(tmp_path / "front")
    assert "1 units share no point with a concept and have no front" in answer.summary
    with (tmp_path / "front/table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(answer.rows)
    for unit in ("u0", "u1", "u2"):
        errors = [(int(row["false_positives"]), int(row["false_negatives"])) for row in rows if row["unit"] == unit]
        assert errors == sorted(errors)
        assert [missed for _, missed in errors] == sorted({missed for _, missed in errors}, reverse=True)
    planted = next(row for row in answer.more["best"] if (row["unit"], row["measure"]) == ("u0", "iou"))
    exact = compexact("explain", npz, "--engine", "exact", "--units", "u0", "--length", "2", "--format", "csv").out
    assert planted["formula"] in exact
    assert (tmp_path / "front/best.csv").is_file()
    assert (tmp_path / "front/figure.svg").is_file()


@pytest.mark.slow
def test_processes_give_the_same_answer(compexact, npz):
    one, two = (compexact("experiment", "front", npz, "--length", "2", "--jobs", jobs).out for jobs in ("1", "2"))
    assert one == two


@pytest.mark.parametrize("length", ["0", "4"])
def test_a_length_that_is_too_long_is_refused_in_one_line(compexact, npz, length):
    ended = compexact("experiment", "front", npz, "--length", length)
    assert ended.code == 2
    assert f"a front is of formulas of 1 to 3 concepts, not {length}" in ended.err


def test_units_with_nothing_to_show_are_refused():
    cells = from_arrays([[1, 0], [0, 1]], [[0], [0]])
    with pytest.raises(UsageError, match="no unit shares a point with a concept"):
        error_fronts(Probe(cells, {"kind": "arrays"}), ["0"], length=1)
