"""Classes by a unit's weights, and accuracy where the unit is active."""

from dataclasses import replace

import numpy as np
import pytest

from compexact.experiments.report.class_weights import Accuracy, Classes
from compexact.solver.errors import DataError


@pytest.fixture
def classes(watery):
    """Makes the classes of four inputs, two units: unit 0 is active on the first three, unit 1 nowhere."""

    def make(**changes) -> Classes:
        arrays = {
            "predictions": np.array([0, 0, 1, 1]),
            "class_weights": np.array([[0.5, -1.0], [-0.25, 2.0], [0.0, -3.0]]),
            "unit_active": np.packbits(np.array([[1, 0], [1, 0], [1, 0], [0, 0]], dtype=bool), axis=1),
        }
        kept = {name: array for name, array in (arrays | changes).items() if array is not None}
        names = {"classes": ["a", "b", "c"], "targets": ["a", "b", None, "b"]}
        return Classes(replace(watery, names=names, arrays=kept).inputs)

    return make


def test_accuracy_counts_labelled_inputs_where_the_unit_is_active(classes):
    assert classes().accuracy(0) == Accuracy(1, 2)
    assert classes().accuracy(1) is None
    assert classes(predictions=None).accuracy(0) is None


def test_classes_are_listed_by_weight_both_ways(classes):
    found = classes()
    assert (found.strongest(1).label, found.strongest(1).value) == ("b", 2.0)
    most, least = found.most_and_least(1)
    assert [each.label for each in most] == ["b"]
    assert [each.label for each in least] == ["c", "a"]
    assert classes(class_weights=None).most_and_least(0) == ([], [])


def test_arrays_of_classes_that_do_not_fit_are_refused(watery):
    probe = replace(watery, names={"targets": ["a"]}, arrays={"predictions": np.array([0, 1])})
    with pytest.raises(DataError, match="do not fit"):
        Classes(probe.inputs)
