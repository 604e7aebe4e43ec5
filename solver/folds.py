"""Counts by fold: how many of a cell's points, and of those where a unit is active, are in each part of the inputs.

Whole inputs (images, sentence pairs, documents) are in one fold, so a formula that was found without a fold is scored
on inputs that nobody looked at.  The cells are those of all inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .cell_parts import part_of
from .cells import CellBuilder, Cells
from .count_sums import CountSums
from .errors import DataError
from .unit_counts import UnitCounts


@dataclass(frozen=True, eq=False)
class FoldCounts:
    """Cells, and what of their counts is in each fold.

    points: (n_cells, n_folds).  active: (n_cells, n_units * n_folds), unit u in fold f at column u * n_folds + f; only
    of cells that are in several folds: in any other, a unit's count is all in the cell's one fold.

    Raises `DataError` where the folds do not add up to the cells.

    >>> from .arrays import from_arrays
    >>> cells = from_arrays([[1], [1], [0]], [[1], [0], [1]])
    >>> sums = FoldSums(n_folds=2, n_units=1)
    >>> sums.add(np.array([1, 1, 0]), np.array([0, 1, 1]), np.ones(3, int), UnitCounts.of_matrix([[1], [0], [1]]))
    >>> folds = sums.counts(cells, np.arange(2))
    >>> folds.weights(0), folds.weights(1), folds.of_unit(0).tolist()
    (array([0, 1]), array([1, 1]), [[0, 1], [1, 0]])
    """

    cells: Cells
    points: UnitCounts
    active: UnitCounts

    def __post_init__(self) -> None:
        n_cells, n_units = self.cells.active.shape
        if self.points.n_cells != n_cells or self.active.shape != (n_cells, n_units * self.n_folds):
            raise DataError("the counts by fold are not of the probe's cells and units; probe again")
        given = np.zeros(len(self.cells.active.counts), dtype=np.int64)
        place = self._place
        if (place < 0).any():
            raise DataError("a unit is active in a fold on a cell where it is active nowhere; probe again")
        np.add.at(given, place, self.active.counts)
        own = self._one_fold[self.cells.active.cells] < 0
        points_add_up = np.array_equal(self.points.sum(axis=1), self.cells.weights)
        if not points_add_up or not np.array_equal(given, np.where(own, self.cells.active.counts, 0)):
            raise DataError("the counts by fold do not add up to those of all inputs; probe again")

    @property
    def n_folds(self) -> int:
        """How many there are, with those that no input was dealt to."""
        return self.points.shape[1]

    @cached_property
    def used(self) -> tuple[int, ...]:
        """The folds that have a point."""
        return tuple(np.flatnonzero(self.points.totals).tolist())

    @cached_property
    def _one_fold(self) -> np.ndarray:
        """int64 (n_cells,): the fold that has all points of the cell, -1 where there are several."""
        fold_of = np.repeat(np.arange(self.n_folds), np.diff(self.points.indptr))
        found = np.full(self.points.n_cells, -1, dtype=np.int64)
        found[self.points.cells] = fold_of
        found[np.bincount(self.points.cells, minlength=len(found)) > 1] = -1
        return found

    @cached_property
    def _place(self) -> np.ndarray:
        """int64: of each entry of `active` the entry of `cells.active` that it is a part of; -1 where there is none."""
        n_cells, n_units = self.cells.active.shape
        whole = _keys(self.cells.active, n_cells, np.arange(n_units))
        parts = _keys(self.active, n_cells, np.arange(n_units * self.n_folds) // max(self.n_folds, 1))
        place = np.searchsorted(whole, parts)
        is_there = (place < len(whole)) & (whole[np.minimum(place, max(len(whole) - 1, 0))] == parts)
        return np.where(is_there, place, -1) if len(whole) else np.full(len(parts), -1)

    def weights(self, fold: int) -> np.ndarray:
        """int64 (n_cells,): the points of each cell that are in the fold."""
        return self.points.of(fold)

    def counts(self, fold: int) -> np.ndarray:
        """int64: what of each of `cells.active.counts` is in the fold."""
        own = self._one_fold[self.cells.active.cells] == fold
        found = np.where(own, self.cells.active.counts, 0)
        columns = np.repeat(np.arange(self.active.shape[1]), np.diff(self.active.indptr))
        here = columns % self.n_folds == fold
        found[self._place[here]] += self.active.counts[here]
        return found

    def of_unit(self, unit: int) -> np.ndarray:
        """int64 (n_folds, n_cells): on how many points of each cell the unit in this column is active, by fold."""
        found = np.zeros((self.n_folds, self.points.n_cells), dtype=np.int64)
        cells, counts = self.cells.active.entries(unit)
        fold = self._one_fold[cells]
        found[fold[fold >= 0], cells[fold >= 0]] = counts[fold >= 0]
        for number in range(self.n_folds):
            cells, counts = self.active.entries(unit * self.n_folds + number)
            found[number, cells] = counts
        return found

    def split(self, *folds: int) -> tuple[Cells, Cells]:
        """The cells of all other folds, and those of these, one or more."""
        weights, counts = (np.sum([of(fold) for fold in folds], axis=0) for of in (self.weights, self.counts))
        rest = part_of(self.cells, self.cells.weights - weights, self.cells.active.counts - counts)
        return rest, part_of(self.cells, weights, counts)


def _keys(counts: UnitCounts, n_cells: int, unit_of: np.ndarray) -> np.ndarray:
    """int64: a number for unit and cell of each entry.  unit_of: int64 (n_columns,)."""
    return np.asarray(np.repeat(unit_of, np.diff(counts.indptr)) * n_cells + counts.cells)


class FoldSums:
    """Adds up counts by fold beside a `CellBuilder`, whose ids they are of; memory follows what differs."""

    def __init__(self, n_folds: int, n_units: int) -> None:
        self.n_folds, self.n_units = n_folds, n_units
        self._points, self._active = CountSums(n_folds), CountSums(n_units * n_folds)

    def add(
        self,
        ids: np.ndarray,
        folds: np.ndarray,
        weights: np.ndarray,
        active: UnitCounts,
        units: np.ndarray | None = None,
    ) -> None:
        """Add counted points: ids, folds and weights (n_rows,), the rest as `CellBuilder.add_rows` takes it."""
        columns = np.arange(self.n_units) if units is None else units
        self._points.add(ids, folds, weights)
        by_entry = np.repeat(columns, np.diff(active.indptr)) * self.n_folds + folds[active.cells]
        self._active.add(ids[active.cells], by_entry, active.counts)

    def counts(self, cells: Cells, place: np.ndarray) -> FoldCounts:
        """The folds of the cells that the builder gave, with the place of each id."""
        points, active = self._points.counts(place), self._active.counts(place)
        in_several = np.bincount(points.cells, minlength=points.n_cells) > 1
        kept = in_several[active.cells]
        ends = np.concatenate([[0], np.cumsum(kept)])[active.indptr]
        return FoldCounts(cells, points, UnitCounts(len(place), ends, active.cells[kept], active.counts[kept]))


def merge_folded(parts: Sequence[FoldCounts]) -> FoldCounts:
    """Cells and folds of all parts together, which have the same concepts, units and folds."""
    first = parts[0]
    concepts, units = first.cells.concepts, first.cells.unit_names
    builder = CellBuilder(concepts.names, concepts.categories, units)
    sums = FoldSums(first.n_folds, len(units))
    for part in parts:
        if part.n_folds != first.n_folds:
            raise DataError(f"{first.n_folds} folds cannot be merged with {part.n_folds}")
        ids = builder.add_cells(part.cells)
        for fold in part.used:
            active = part.cells.active
            counts = part.counts(fold)
            some = counts > 0
            ends = np.concatenate([[0], np.cumsum(some)])[active.indptr]
            of_fold = UnitCounts(active.n_cells, ends, active.cells[some], counts[some])
            sums.add(ids, np.full(len(ids), fold), part.weights(fold), of_fold)
    return sums.counts(*builder.cells())
