"""Counts by unit, sparse: they say the same as the dense matrix, however they come."""

from __future__ import annotations

import numpy as np
import pytest

from compexact.solver.cells import CellBuilder, Cells, concept_rows
from compexact.solver.count_sums import CountSums
from compexact.solver.errors import DataError
from compexact.solver.unit_counts import UnitCounts


def matrix_of(rng: np.random.Generator, n_cells: int, n_units: int) -> np.ndarray:
    return rng.integers(0, 9, (n_cells, n_units)) * (rng.random((n_cells, n_units)) < 0.3)


@pytest.mark.parametrize("seed", range(20))
def test_they_are_read_as_the_dense_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = matrix_of(rng, int(rng.integers(1, 12)), int(rng.integers(1, 12)))
    counts = UnitCounts.of_matrix(dense)
    columns = rng.permutation(dense.shape[1])[:3]
    assert np.array_equal(np.asarray(counts), dense)
    assert np.array_equal(counts[:, columns], dense[:, columns])
    assert np.array_equal(counts[1:, -1], dense[1:, -1])
    assert np.array_equal(np.asarray(counts.select(columns.tolist())), dense[:, columns])
    assert [counts.sum(axis).tolist() for axis in (0, 1)] == [dense.sum(axis).tolist() for axis in (0, 1)]
    assert counts.sum() == dense.sum()


@pytest.mark.parametrize("seed", range(20))
def test_rows_in_any_order_give_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = matrix_of(rng, 7, 5)
    rows, units = np.nonzero(dense)
    shuffled = np.lexsort((rng.random(len(rows)), rows))
    indptr = np.searchsorted(rows, np.arange(8))
    counts = UnitCounts.of_rows(indptr, units[shuffled], dense[rows, units][shuffled], 5)
    assert np.array_equal(np.asarray(counts), dense)


def test_a_row_with_a_unit_twice_is_refused() -> None:
    with pytest.raises(DataError, match=r"row 1 \(from 0\) lists unit 2 \(from 0\) twice"):
        UnitCounts.of_rows(np.array([0, 1, 4]), np.array([0, 2, 1, 2]), np.ones(4, int), 3)


GOOD = {"n_cells": 3, "indptr": np.array([0, 2, 3]), "cells": np.array([0, 2, 1]), "counts": np.array([1, 4, 2])}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"indptr": np.array([0, 3, 2])}, "ends do not rise"),
        ({"indptr": np.array([1, 2, 3])}, "ends do not rise"),
        ({"indptr": np.array([0, 2, 4])}, "ends do not rise"),
        ({"counts": np.array([1, 4])}, "ends do not rise"),
        ({"cells": np.array([0, 3, 1])}, "outside 0 to 2"),
        ({"cells": np.array([0, -1, 1])}, "outside 0 to 2"),
        ({"cells": np.array([2, 2, 1])}, "ascending, each once"),
        ({"cells": np.array([2, 0, 1])}, "ascending, each once"),
        ({"counts": np.array([1, 0, 2])}, "active on no point"),
        ({"counts": np.array([1.0, 4.0, 2.0])}, "must be integers"),
    ],
)
def test_damaged_counts_are_refused(wrong: dict, said: str) -> None:
    UnitCounts(**GOOD)
    with pytest.raises(DataError, match=said):
        UnitCounts(**(GOOD | wrong))


def test_cells_refuse_more_active_points_than_there_are() -> None:
    concepts = concept_rows(["a", "b"], ["", ""], np.array([[0, 0], [0, 1], [1, 0]], dtype=bool))
    Cells(concepts, np.array([1, 2, 4]), UnitCounts(**GOOD), ("u", "v"))
    with pytest.raises(DataError, match="active on more points"):
        Cells(concepts, np.array([1, 2, 3]), UnitCounts(**GOOD), ("u", "v"))


@pytest.mark.parametrize("seed", range(10))
def test_sums_do_not_depend_on_the_order_in_which_counts_come(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [matrix_of(rng, 6, 4) for _ in range(9)]
    sums = CountSums(4, at_least=5)
    for part in parts:
        cells, units = np.nonzero(part + 1)
        sums.add(cells, units, part[cells, units])
    place = rng.permutation(6)
    assert np.array_equal(sums.counts(place)[place, :], sum(parts))


def test_a_builder_takes_the_columns_of_some_units() -> None:
    builder = CellBuilder(["a"], [""], ["u", "v", "w"])
    builder.add([(0,), ()], np.array([3, 4]), np.array([[1, 2], [0, 4]]), units=np.array([2, 0]))
    builder.add([()], np.array([2]), np.array([[0, 1, 2]]))
    cells, _ = builder.cells()
    assert (cells.weights.tolist(), np.asarray(cells.active).tolist()) == ([6, 3], [[4, 1, 2], [2, 0, 1]])
