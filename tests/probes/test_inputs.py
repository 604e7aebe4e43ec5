"""`probe.inputs`: one view of images and of sentence pairs, and one clear line where a probe lacks something."""

import numpy as np
import pytest

from compexact.probes.inputs import Activity, Inputs
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import DataError, UsageError

N_UNITS = 11
ACTIVE = np.random.default_rng(0).random((5, N_UNITS)) < 0.5


def probe_of(names=None, arrays=None) -> Probe:
    cells = from_arrays(np.eye(5, dtype=bool), ACTIVE, unit_names=[f"u{i}" for i in range(N_UNITS)])
    return Probe(cells, {}, names or {}, arrays or {})


@pytest.mark.parametrize("name", ["image_active", "unit_active"])
def test_packed_bits_come_back_for_one_unit_for_some_and_for_all(name):
    inputs = probe_of(arrays={name: np.packbits(ACTIVE, axis=1)}).inputs
    assert np.array_equal(inputs.activity.of_all(), ACTIVE)
    assert np.array_equal(inputs.active(["u9", "u0"]), ACTIVE[:, [9, 0]])
    for column in range(N_UNITS):
        assert np.array_equal(inputs.activity.of(column), ACTIVE[:, column])
    assert (len(inputs.activity), inputs.active([]).shape) == (5, (5, 0))


@pytest.mark.parametrize("shape", [(5, 1), (5, 3), (10,)])
def test_bits_that_are_too_few_or_too_many_for_the_units_are_refused(shape):
    with pytest.raises(DataError, match="do not fit each other; probe again"):
        Activity(np.zeros(shape, dtype=np.uint8), N_UNITS)


def test_images_are_told_apart_by_name_and_pairs_by_both_sentences():
    assert probe_of({"images": ["a.jpg", "b.jpg"]}).inputs.keys == [("a.jpg",), ("b.jpg",)]
    pairs = probe_of({"premises": ["A man runs."], "hypotheses": ["Nobody runs."]}).inputs
    assert (pairs.keys, pairs.images) == ([("A man runs.", "Nobody runs.")], [])


def test_gold_is_the_class_that_the_target_names():
    names = {"targets": ["no", None, "maybe", "yes"], "classes": ["yes", "no"]}
    inputs = probe_of(names).inputs
    assert inputs.gold.tolist() == [1, -1, -1, 0]
    assert inputs.labelled().tolist() == [True, False, False, True]


def test_without_targets_or_class_names_every_predicted_input_is_without_gold_label():
    predictions = np.array([0, 1, 1])
    for names in ({}, {"classes": ["yes", "no"]}, {"targets": ["yes", "no", "no"]}):
        assert probe_of(names, {"predictions": predictions}).inputs.gold.tolist() == [-1, -1, -1]


def test_weights_count_where_they_are_of_the_units_and_of_the_classes():
    fits = {"class_weights": np.ones((2, N_UNITS), dtype=np.float32)}
    assert probe_of({"classes": ["yes", "no"]}, fits).inputs.has("class_weights")
    assert probe_of({}, fits).inputs.class_weights.shape == (2, N_UNITS)
    other = probe_of({"classes": ["a", "b", "c"]}, fits).inputs
    assert not other.has("class_weights")
    with pytest.raises(UsageError, match="of 11 inputs and 2 classes, but there are 11 units and 3 class names"):
        _ = other.class_weights


LACKING = {
    "activity": "does not say on which inputs a unit is active; `compexact probe vision`",
    "class_weights": "no connection weights; probe a model whose last layer is linear",
    "keys": "does not name its inputs; `compexact probe vision`",
    "pictures": "no pictures; `compexact probe vision` keeps them",
    "point_cells": "no cells of its inputs' points; `compexact probe vision`",
    "predicted": "no predictions of the model; `compexact probe vision`",
    "thresholds": "no thresholds of its units; `compexact probe vision`",
    "top_pairs": "no pairs with the highest values; `compexact probe nli`",
    "unit_max": "no largest values of its units; `compexact probe vision`",
}


@pytest.mark.parametrize("part", LACKING)
def test_a_probe_of_plain_arrays_says_what_it_lacks_and_what_to_do(part):
    inputs = probe_of().inputs
    assert not inputs.has(part)
    with pytest.raises(UsageError, match=LACKING[part]):
        getattr(inputs, part)


def test_a_model_without_classes_has_no_predictions():
    inputs = probe_of(arrays={"predictions": np.full(5, -1)}).inputs
    assert not inputs.has("predicted")
    with pytest.raises(UsageError, match="no predictions"):
        _ = inputs.predicted


def test_only_what_is_asked_for_is_read(tmp_path):
    arrays = {"image_active": np.packbits(ACTIVE, axis=1), "unit_max": np.ones((5, N_UNITS), dtype=np.float32)}
    probe = save_probe(probe_of(arrays=arrays), tmp_path / "probe")
    (probe.path / "arrays/unit_max.npy").write_bytes(b"damaged")
    assert np.array_equal(probe.inputs.active(["u3"])[:, 0], ACTIVE[:, 3])
    assert isinstance(probe.inputs, Inputs)
    with pytest.raises(DataError, match="damaged"):
        _ = probe.inputs.unit_max
