"""Contributions to classes, planted."""

from dataclasses import replace

import numpy as np
import pytest

from compexact.experiments.questions.answer import save_answer
from compexact.experiments.questions.weights import class_contributions
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError

CLASSES = ["grotto", "reef", "never"]
WEIGHTS = [[2.0, -1.0, 0.5, 0.0], [-3.0, 1.5, 0.25, 0.75], [1.0, 2.0, 3.0, 4.0]]


@pytest.fixture
def probe() -> Probe:
    """Unit 0 is active where the model says grotto, 1 where it says reef, 2 on half of each, 3 everywhere."""
    water, blue = np.arange(40) < 20, np.arange(40) % 2 == 0
    active = np.stack([water, ~water, blue, np.ones(40, dtype=bool)], axis=1)
    cells = from_arrays(np.stack([water, blue], axis=1), active, concept_names=["water", "blue"])
    arrays = {
        "predictions": (~water).astype(np.int64),
        "image_active": np.packbits(active, axis=1),
        "class_weights": np.array(WEIGHTS, dtype=np.float32),
    }
    return Probe(cells, {"kind": "vision"}, {"classes": CLASSES, "targets": [None] * 40}, arrays)


def rows_of(answer, name):
    return [row for row in answer.rows if row["class"] == name]


def test_the_units_with_the_greatest_and_the_least_weight_come_with_formula_and_coactivation(probe):
    most, least = rows_of(class_contributions(probe, probe.cells.unit_names, top=1), "grotto")
    assert (most["unit"], most["weight"], most["formula"]) == ("0", 2.0, "water")
    assert (most["correlation"], most["active_in_class"], most["active_elsewhere"]) == (pytest.approx(1), 1.0, 0.0)
    assert (least["unit"], least["weight"]) == ("1", -1.0)
    assert (least["correlation"], least["active_in_class"], least["active_elsewhere"]) == (pytest.approx(-1), 0.0, 1.0)
    assert most["predicted"] == 20


def test_a_unit_that_is_active_everywhere_has_no_correlation(probe):
    (row,) = [row for row in class_contributions(probe, ["3"], top=1).rows if row["class"] == "reef"]
    assert row["correlation"] is None
    assert row["active_in_class"] == 1.0


def test_half_active_units_do_not_correlate(probe):
    row = rows_of(class_contributions(probe, ["2"]), "reef")[0]
    assert row["correlation"] == pytest.approx(0)
    assert (row["active_in_class"], row["active_elsewhere"]) == (0.5, 0.5)


def test_classes_are_those_predicted_unless_they_are_named(probe):
    assert {row["class"] for row in class_contributions(probe, ["0"]).rows} == {"grotto", "reef"}
    (row,) = class_contributions(probe, ["0"], classes=["never"], top=1).rows
    assert (row["predicted"], row["correlation"], row["active_in_class"]) == (0, None, None)
    with pytest.raises(UsageError, match="no class 'grotta'; did you mean 'grotto'"):
        class_contributions(probe, ["0"], classes=["grotta"])


def test_roles_are_taken_over_the_weights_of_all_units_and_classes(probe):
    roles = {(row["class"], row["unit"]): row["role"] for row in class_contributions(probe, list("0123")).rows}
    assert {place for place, role in roles.items() if role == "inhibitor"} == {("reef", "0")}
    assert "contributor" not in roles.values()  # the greatest weight is to a class that is never predicted


def test_agreement_of_weight_and_correlation_is_told_with_n(probe):
    answer = class_contributions(probe, list("012"))
    assert "over 6 pairs of unit and class (2 of 3 classes are predicted at all)" in answer.summary[0]


def test_what_is_missing_is_named(probe):
    plain = replace(probe, arrays={})
    with pytest.raises(UsageError, match="no connection weights"):
        class_contributions(plain, ["0"])
    other_layer = replace(probe, arrays={**probe.arrays, "class_weights": np.zeros((3, 9), dtype=np.float32)})
    with pytest.raises(UsageError, match="of 9 inputs and 3 classes, but there are 4 units"):
        class_contributions(other_layer, ["0"])
    with pytest.raises(UsageError, match="at least 1"):
        class_contributions(probe, ["0"], top=0)


def test_the_figure_is_drawn(probe, tmp_path):
    folder = save_answer(class_contributions(probe, list("0123")), tmp_path / "answer")
    assert (folder / "figure.png").stat().st_size > 10_000
