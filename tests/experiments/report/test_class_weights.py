"""Classes by a unit's weights, and accuracy where the unit is active."""

import numpy as np
import pytest

from compexact.experiments.report.class_weights import Accuracy, Classes
from compexact.probes.store import Probe
from compexact.solver.cells import Cells, concept_rows
from compexact.solver.errors import DataError

ROWS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], dtype=bool)


WEIGHTS = np.array([100, 20, 30, 5, 40, 6, 7, 1])


def make_probe(active: np.ndarray | None = None, **more) -> Probe:
    """Eight cells over water, river, blue; unit `good` is `(water OR river) AND NOT blue`, `odd` its half."""
    good = WEIGHTS * ((ROWS[:, 0] | ROWS[:, 1]) & ~ROWS[:, 2])
    counts = np.stack([good, good // 2], axis=1) if active is None else active
    rows = concept_rows(("water", "river", "blue"), ("object", "object", "color"), ROWS)
    return Probe(Cells(rows, WEIGHTS, counts, ("good", "odd")), {"kind": "arrays", "model": "m"}, **more)


def classes(**changes) -> Classes:
    """Four inputs, two units: unit 0 is active on the first three, unit 1 nowhere."""
    arrays = {
        "predictions": np.array([0, 0, 1, 1]),
        "class_weights": np.array([[0.5, -1.0], [-0.25, 2.0], [0.0, -3.0]]),
        "unit_active": np.packbits(np.array([[1, 0], [1, 0], [1, 0], [0, 0]], dtype=bool), axis=1),
    }
    kept = {name: array for name, array in (arrays | changes).items() if array is not None}
    names = {"classes": ["a", "b", "c"], "targets": ["a", "b", None, "b"]}
    return Classes(make_probe(names=names, arrays=kept).inputs)


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
    assert classes(class_weights=None).most_and_least(0) == ([], [])


def test_arrays_of_classes_that_do_not_fit_are_refused():
    probe = make_probe(names={"targets": ["a"]}, arrays={"predictions": np.array([0, 1])})
    with pytest.raises(DataError, match="do not fit"):
        Classes(probe.inputs)
