"""What probes keep of activations: every value, in the order of points, and no more than is read again."""

import numpy as np
import pytest

from compexact.probes import kept_activations as module
from compexact.probes.kept_activations import activation_arrays, kept_activations
from compexact.solver.errors import DataError, UsageError

RNG = np.random.default_rng(5)
VALUES = RNG.normal(size=(37, 9)).astype(np.float32) * (RNG.random((37, 9)) < RNG.random(9))
CELLS = {"activation_cells": np.zeros(37, dtype=np.int32)}


def shuffled(at_once):
    """Goes through the points in a random order, some at a time."""
    order = RNG.permutation(37)
    return lambda: ((order[i : i + at_once], VALUES[order[i : i + at_once]]) for i in range(0, 37, at_once))


@pytest.mark.parametrize("n_bytes", [1, 37 * 4 * 2, 2**20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_value_comes_back_however_it_came(n_bytes, dtype, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", n_bytes)
    arrays = activation_arrays(shuffled(5), 37, 9, tmp_path, dtype)
    kept = kept_activations(arrays | CELLS, 9, 1)
    assert all(np.array_equal(kept.of(unit), VALUES[:, unit].astype(dtype)) for unit in range(9))
    assert list(tmp_path.iterdir()) == []
    assert (
        sum(array.nbytes for array in arrays.values())
        == 9 * 5 + 10 * 8 + np.dtype(dtype).itemsize * (VALUES != 0).sum()
    )


def test_units_that_are_nowhere_active_are_kept():
    arrays = activation_arrays(lambda: [(slice(None), np.zeros((37, 9), np.float32))], 37, 9, None)
    assert not kept_activations(arrays | CELLS, 9, 1).of(3).any()


def test_more_than_is_read_again_is_refused_at_once(monkeypatch):
    monkeypatch.setenv("COMPEXACT_MAX_BYTES", "400")
    with pytest.raises(UsageError, match=r"take more than the 400 bytes .* \(COMPEXACT_MAX_BYTES\); take fewer inputs"):
        activation_arrays(shuffled(5), 37, 9, None)
    with pytest.raises(UsageError, match="more than the 400 bytes"):
        activation_arrays(lambda: [], 10_000, 9, None)


def test_what_does_not_fit_is_refused():
    arrays = activation_arrays(shuffled(5), 37, 9, None) | CELLS
    with pytest.raises(UsageError, match="make it again with --keep-activations"):
        kept_activations(CELLS, 9, 1)
    for wrong in (
        {"activation_cells": np.ones(37, dtype=np.int32)},
        {"activation_cells": np.zeros(50, dtype=np.int32)},
        {"activation_values": arrays["activation_values"][:-1]},
        {"activation_ends": arrays["activation_ends"][:-1]},
    ):
        with pytest.raises(DataError, match="do not fit its units and cells"):
            kept_activations(arrays | wrong, 9, 1)
    shifted = arrays["activation_bits"].copy()
    shifted[2, 0] ^= 128
    with pytest.raises(DataError, match="do not fit"):
        kept_activations(arrays | {"activation_bits": shifted}, 9, 1).of(2)
