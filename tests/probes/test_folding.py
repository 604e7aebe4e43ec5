"""Folds of a probe hold whole inputs, and what each holds is what a probe of these inputs alone counts."""

from dataclasses import replace

import numpy as np
import pytest

from compexact.probes.datasets.annotated_images import MEMBERS
from compexact.probes.folding import Dealing, fold_arrays, stored_folds
from compexact.probes.store import Probe, read_probe, save_probe
from compexact.probes.unreadable_images import SomeImages
from compexact.probes.vision.probe import VisionSettings, probe_vision
from compexact.solver.arrays import dense_rows, folds_of_rows
from compexact.solver.errors import DataError, UsageError

SETTINGS = VisionSettings(("2",), threshold="positive", batch_size=2, workers=0, folds=3)


def test_a_name_is_dealt_to_one_fold_whatever_else_is_there():
    names = [f"image{number}" for number in range(3000)]
    dealt = Dealing(10).folds(names)
    assert np.array_equal(Dealing(10).folds(names[::-1]), dealt[::-1])
    assert np.bincount(dealt, minlength=10).min() > 230
    assert 0.05 < np.mean(dealt == Dealing(10, seed=1).folds(names)) < 0.15


def test_a_fold_of_images_is_a_probe_of_these_images(tiny_images, tiny_model, plain_pixels, tmp_path):
    assert all(hasattr(tiny_images, member) for member in MEMBERS)
    probe = save_probe(probe_vision(tiny_model, tiny_images, plain_pixels, SETTINGS), tmp_path / "probe")
    dealt = Dealing(3).folds(tiny_images.keys)
    folds = read_probe(tmp_path / "probe").inputs.folds
    assert folds.used == tuple(np.unique(dealt).tolist())
    for fold in folds.used:
        some = SomeImages.of(tiny_images, np.flatnonzero(dealt == fold).tolist())
        alone = probe_vision(tiny_model, some, plain_pixels, replace(SETTINGS, folds=None)).cells
        here = folds.split(fold)[1]
        assert np.array_equal(here.concepts.dense(), alone.concepts.dense())
        assert np.array_equal(here.weights, alone.weights)
        assert np.array_equal(here.active, alone.active)
    assert probe.digest == probe_vision(tiny_model, tiny_images, plain_pixels, replace(SETTINGS, folds=None)).digest


def test_a_probe_without_folds_says_how_to_get_some(tiny_images, tiny_model, plain_pixels):
    probe = probe_vision(tiny_model, tiny_images, plain_pixels, replace(SETTINGS, folds=None))
    assert not probe.inputs.has("folds")
    with pytest.raises(UsageError, match="make it again with --folds 10"):
        _ = probe.inputs.folds


@pytest.mark.parametrize(("folds", "seed"), [(1, 0), (101, 0), (3, -1)])
def test_folds_that_cannot_be_are_refused(folds, seed):
    with pytest.raises(UsageError, match=r"folds must be from 2 to 100|fold_seed is"):
        replace(SETTINGS, folds=folds, fold_seed=seed)


@pytest.mark.parametrize("gone", ["fold_points_cells", "fold_active_counts"])
def test_a_probe_with_a_part_of_its_folds_is_damaged(gone):
    rng = np.random.default_rng(0)
    rows = dense_rows(rng.random((50, 3)) < 0.5, None, None, rng.random((50, 2)) < 0.5, None, None, None,
                      rng.integers(3, size=50))  # fmt: skip
    counted = folds_of_rows([rows], 3)
    arrays = fold_arrays(counted)
    assert np.array_equal(stored_folds(counted.cells, arrays).points, counted.points)
    del arrays[gone]
    with pytest.raises(DataError, match=f"no array '{gone}'"):
        stored_folds(Probe(counted.cells, {}).cells, arrays)
