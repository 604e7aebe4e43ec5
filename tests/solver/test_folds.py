"""Counts by fold are those of the fold's points counted by themselves, and whatever does not add up is refused."""

from dataclasses import replace

import numpy as np
import pytest

from compexact.solver.arrays import dense_rows, folds_of_rows, from_arrays
from compexact.solver.errors import DataError
from compexact.solver.folds import merge_folded
from compexact.solver.unit_counts import UnitCounts


def world(n=400, n_folds=4, seed=0):
    rng = np.random.default_rng(seed)
    concepts, neurons = rng.random((n, 7)) < 0.3, rng.random((n, 5)) < 0.2
    neurons[:, 4] = False
    return concepts, neurons, rng.integers(n_folds, size=n)


def counted(concepts, neurons, folds, n_folds=4, portions=1):
    rows = [
        dense_rows(concepts[part], None, None, neurons[part], None, None, None, folds[part])
        for part in np.array_split(np.arange(len(folds)), portions)
    ]
    return folds_of_rows(rows, n_folds)


def same(one, other):
    arrays = ("weights", "active")
    return (
        np.array_equal(one.concepts.dense(), other.concepts.dense())
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
        and one.unit_names == other.unit_names
    )


def test_a_fold_and_the_rest_are_those_points_counted_alone():
    concepts, neurons, dealt = world()
    folds = counted(concepts, neurons, dealt)
    assert same(folds.cells, from_arrays(concepts, neurons))
    for fold in folds.used:
        rest, here = folds.split(fold)
        assert same(here, from_arrays(concepts[dealt == fold], neurons[dealt == fold]))
        assert same(rest, from_arrays(concepts[dealt != fold], neurons[dealt != fold]))


def test_the_counts_of_a_unit_are_those_of_the_folds():
    folds = counted(*world())
    for unit in range(5):
        of_unit = folds.of_unit(unit)
        assert np.array_equal(of_unit.sum(axis=0), folds.cells.active.of(unit))
        for fold in range(4):
            alone = folds.cells.active.of(unit) * 0
            cells, _ = folds.cells.active.entries(unit)
            part = slice(folds.cells.active.indptr[unit], folds.cells.active.indptr[unit + 1])
            alone[cells] = folds.counts(fold)[part]
            assert np.array_equal(alone, of_unit[fold])


def test_portions_and_merged_parts_give_the_same_in_any_order():
    concepts, neurons, dealt = world()
    whole = counted(concepts, neurons, dealt)
    parts = [counted(concepts[p], neurons[p], dealt[p]) for p in np.array_split(np.arange(len(dealt)), 3)]
    for other in (counted(concepts, neurons, dealt, portions=5), merge_folded(parts), merge_folded(parts[::-1])):
        assert same(other.cells, whole.cells)
        for name in ("points", "active"):
            for array in ("indptr", "cells", "counts"):
                assert np.array_equal(getattr(getattr(other, name), array), getattr(getattr(whole, name), array))


def test_a_fold_without_points_is_not_used():
    concepts, neurons, dealt = world()
    folds = counted(concepts, neurons, np.where(dealt == 2, 3, dealt))
    assert (folds.n_folds, folds.used) == (4, (0, 1, 3))


def test_only_cells_of_several_folds_have_counts_of_their_own():
    concepts = np.eye(6, dtype=bool)[[0, 0, 1, 1, 2, 2]]
    folds = counted(concepts, np.ones((6, 1), bool), np.array([0, 1, 2, 2, 3, 3]))
    assert len(folds.active.counts) == 2
    assert folds.of_unit(0).sum(axis=1).tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize("change", ["points", "active", "elsewhere", "units"])
def test_folds_that_do_not_add_up_are_refused(change):
    folds = counted(*world())
    counts = folds.points if change == "points" else folds.active
    more = replace(counts, counts=counts.counts + (np.arange(len(counts.counts)) == 3))
    if change == "elsewhere":
        unit = 4 * folds.n_folds
        ends = counts.indptr.copy()
        ends[unit + 1 :] += 1
        more = UnitCounts(
            counts.n_cells, ends, np.insert(counts.cells, counts.indptr[unit], 0), np.insert(counts.counts, 0, 1)
        )
    if change == "units":
        more = counts.select(range(8))
    with pytest.raises(DataError, match="probe again"):
        replace(folds, **{"points" if change == "points" else "active": more})
