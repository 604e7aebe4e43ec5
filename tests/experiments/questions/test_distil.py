"""`distil` on predictions that follow from a formula by construction."""

from pathlib import Path

import numpy as np
import pytest

from compexact.experiments.questions.distil import distilled
from compexact.experiments.questions.logistic import fit_logistic
from compexact.experiments.questions.truths import read_truths
from compexact.experiments.run.folder import Run
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.cells import CellBuilder
from compexact.solver.errors import UsageError
from compexact.solver.parsing import parse

CLASSES = ["yes", "no"]


def run(*formulas: str) -> Run:
    records = {str(u): {"unit": str(u), "formula": text, "iou": 0.1} for u, text in enumerate(formulas)}
    return Run(Path("run"), {"units": list(records)}, records)


@pytest.fixture
def probe() -> Probe:
    """Pairs predicted `no` where a AND NOT b; unit 0 says so, unit 1 is noise; targets are half wrong, some missing."""
    rng = np.random.default_rng(0)
    concepts = rng.random((400, 3)) < 0.5
    says_no = concepts[:, 0] & ~concepts[:, 1]
    neurons = np.stack([says_no, rng.random(400) < 0.5], axis=1)
    builder = CellBuilder(list("abc"), [""] * 3, ["0", "1"])
    rows = [tuple(np.flatnonzero(row).tolist()) for row in concepts]
    ids = builder.add(rows, np.ones(400, dtype=np.int64), neurons.astype(np.int64))
    cells, place = builder.cells()
    wrong = np.arange(400) % 4 == 0
    targets = [CLASSES[int(no ^ bad)] if i % 10 else None for i, (no, bad) in enumerate(zip(says_no, wrong))]
    arrays = {
        "point_cells": place[ids].astype(np.int32),
        "unit_active": np.packbits(neurons, axis=1),
        "predictions": says_no.astype(np.int64),
    }
    return Probe(cells, {"kind": "nli"}, {"targets": targets, "classes": CLASSES}, arrays)


def rows_of(answer):
    return {row["from"]: row for row in answer.rows}


def test_formulas_that_say_what_the_units_do_recover_the_model(probe):
    rows = rows_of(distilled(run("a AND NOT b", "c"), probe))
    assert rows["formulas"]["agreement"] == rows["units, binarised"]["agreement"] == rows["formulas"]["recovered"] == 1
    assert rows["formulas of other inputs"]["agreement"] < 0.85
    assert rows["majority"]["agreement"] == pytest.approx(0.75, abs=0.05)
    assert rows["majority"]["recovered"] == 0
    assert rows["formulas"]["accuracy"] == rows["the model"]["accuracy"] == pytest.approx(0.78, abs=0.03)


def test_formulas_beside_the_point_recover_nothing(probe):
    rows = rows_of(distilled(run("c", "NOT c"), probe))
    assert abs(rows["formulas"]["recovered"]) < 0.1
    assert rows["units, binarised"]["recovered"] == 1


def test_images_give_the_share_of_points_where_the_formula_holds():
    cells = from_arrays([[0, 0], [0, 1], [1, 0]], weights=[6, 6, 12], active=[[1], [1], [1]], concept_names=["a", "b"])
    holds = cells.concepts.mask(parse("a"))
    arrays = {
        "predictions": np.array([0, 1, 0]),
        "pictured": np.array([0, 2]),
        "point_cells": np.array([[[np.flatnonzero(holds)[0]] * 2, [np.flatnonzero(~holds)[0]] * 2]] * 2),
        "image_active": np.array([[128], [0], [0]], dtype=np.uint8),
    }
    names = {"targets": ["p", "q", "r"], "classes": ["q", "p"]}
    inputs = read_truths(Probe(cells, {}, names, arrays), [parse("a"), parse("NOT a AND b")])
    assert inputs.share[0, 0] == 0.5
    assert inputs.active[:, 0].tolist() == [True, False]
    assert (inputs.gold.tolist(), inputs.n_all) == ([1, -1], 3)


def test_a_probe_without_predictions_is_refused(probe):
    with pytest.raises(UsageError, match="no cells of its inputs' points"):
        distilled(run("a"), Probe(probe.cells, {}))


def test_the_regression_finds_the_odds_that_the_data_have():
    features = np.array([[0.0]] * 100 + [[1.0]] * 100)
    classes = np.array([0] * 80 + [1] * 20 + [0] * 10 + [1] * 90)
    fitted = fit_logistic(features, classes, 2, penalty=0)
    odds = fitted.weights[0, 1] - fitted.weights[0, 0]
    bias = fitted.bias[1] - fitted.bias[0]
    assert bias == pytest.approx(np.log(20 / 80), abs=1e-3)
    assert odds == pytest.approx(np.log(9) - np.log(20 / 80), abs=1e-3)


def test_a_penalty_shrinks_and_constant_features_have_no_weight():
    features = np.array([[0.0, 5.0]] * 50 + [[1.0, 5.0]] * 50)
    classes = np.array([0] * 50 + [1] * 50)
    small, large = (fit_logistic(features, classes, 2, penalty=p) for p in (1e-3, 1.0))
    assert abs(large.weights[0]).max() < abs(small.weights[0]).max()
    assert (large.weights[1] == 0).all()
    assert (small.predict(features) == classes).all()


def test_the_figure_can_be_drawn(probe):
    assert distilled(run("a", "b"), probe, splits=1).draw().axes


def test_concepts_that_are_classes_are_pointed_out(probe):
    named = Probe(probe.cells, {}, {**probe.names, "classes": ["a", "no"]}, probe.arrays)
    assert distilled(run("a AND c", "b"), named, splits=1).summary[-1].startswith("1 formulas use concepts that are cl")
    assert "carry the label" not in " ".join(distilled(run("b"), named, splits=1).summary)
