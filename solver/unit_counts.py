"""On how many points of each cell each unit is active, as sparse as it is.

A unit is active on a few cells of a hundred, so only those are kept, unit by unit: a search reads its own unit's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .errors import DataError
from .integers import integers

_CELLS_AT_ONCE = 2**24
"""So many numbers of a dense matrix are looked at together."""


@dataclass(frozen=True, eq=False)
class UnitCounts:
    """A matrix (n_cells, n_units) of integers, in compressed sparse column form; 0 where nothing is stored.

    indptr: int64 (n_units + 1,).  cells: int32 (n,), unit u's are `cells[indptr[u]:indptr[u + 1]]`, ascending, each
    once.  counts: int64 (n,), on how many points of that cell, at least 1.  Other integers are converted.

    `numpy.asarray` makes the dense matrix of it; `counts[:, u]`, `counts[:, [u, v]]` and `counts.sum(axis=0)` are as of
    that, and cost what the named units hold.

    Raises `DataError` for anything else.

    >>> counts = UnitCounts.of_matrix(np.array([[0, 2], [1, 0], [0, 3]]))
    >>> counts.shape, counts.indptr, counts.cells, counts.counts
    ((3, 2), array([0, 1, 3]), array([1, 0, 2], dtype=int32), array([1, 2, 3]))
    >>> counts[:, 1], counts.sum(axis=0)
    (array([2, 0, 3]), array([1, 5]))
    """

    n_cells: int
    indptr: np.ndarray
    cells: np.ndarray
    counts: np.ndarray

    def __post_init__(self) -> None:
        for what, dtype in (("indptr", np.int64), ("cells", np.int32), ("counts", np.int64)):
            object.__setattr__(self, what, integers(getattr(self, what), 1, f"active ({what})", dtype))
        indptr, cells = self.indptr, self.cells
        rising = len(indptr) > 0 and indptr[0] == 0 and bool((indptr[1:] >= indptr[:-1]).all())
        if not rising or not indptr[-1] == len(cells) == len(self.counts):
            raise DataError("the units' counts are damaged: their ends do not rise from 0 to the number of entries")
        if len(cells) and not 0 <= int(cells.min()) <= int(cells.max()) < self.n_cells:
            raise DataError(
                f"a cell number is outside 0 to {self.n_cells - 1}: {int(cells.min())} or {int(cells.max())}"
            )
        begins = np.zeros(len(cells) + 1, dtype=bool)
        begins[indptr] = True
        if ((cells[1:] <= cells[:-1]) & ~begins[1:-1]).any():
            raise DataError("a unit's counts do not list their cells ascending, each once")
        if len(self.counts) and int(self.counts.min()) < 1:
            raise DataError("a unit is active on no point, or a negative number of points, of a cell that is listed")

    @classmethod
    def of_matrix(cls, matrix: np.ndarray) -> UnitCounts:
        """Of a dense matrix (n_cells, n_units), integers or bool; `DataError` where a number is negative."""
        matrix = np.asarray(matrix)
        if matrix.dtype != bool or matrix.ndim != 2:
            matrix = integers(matrix, 2, "active")
        n_cells, n_units = matrix.shape
        if matrix.size and int(matrix.min()) < 0:
            raise DataError("a cell has a negative number of active points")
        at_once = max(_CELLS_AT_ONCE // max(n_cells, 1), 1)
        cells, counts, sizes = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)], [np.zeros(1, np.int64)]
        for first in range(0, n_units, at_once):
            block = np.ascontiguousarray(matrix[:, first : first + at_once].T)
            unit, cell = np.nonzero(block)
            cells.append(cell.astype(np.int32))
            counts.append(block[unit, cell].astype(np.int64))
            sizes.append(np.bincount(unit, minlength=len(block)))
        return cls(n_cells, np.cumsum(np.concatenate(sizes)), np.concatenate(cells), np.concatenate(counts))

    @classmethod
    def of_rows(cls, indptr: np.ndarray, units: np.ndarray, counts: np.ndarray, n_units: int) -> UnitCounts:
        """From compressed sparse rows: row i has `units[indptr[i]:indptr[i + 1]]`, in any order.

        indptr: int64 (n_rows + 1,), rising from 0 to the number of units.  Numbers are from 0 to below `n_units`.
        Raises `DataError` where a row has a unit twice.
        """
        row_of = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        by_unit = np.lexsort((row_of, units))
        rows, columns = row_of[by_unit], units[by_unit]
        twice = np.flatnonzero((rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1]))
        if len(twice):
            raise DataError(f"row {rows[twice[0]]} (from 0) lists unit {columns[twice[0]]} (from 0) twice")
        ends = np.concatenate([[0], np.cumsum(np.bincount(units, minlength=n_units))])
        return cls(len(indptr) - 1, ends, rows, counts[by_unit])

    @property
    def shape(self) -> tuple[int, int]:
        """Cells and units."""
        return self.n_cells, len(self.indptr) - 1

    def entries(self, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """int32, int64: the cells on which the unit in this column is active, ascending, and its counts there."""
        part = slice(self.indptr[unit], self.indptr[unit + 1])
        return self.cells[part], self.counts[part]

    def of(self, unit: int) -> np.ndarray:
        """int64 (n_cells,): the counts of the unit in this column, from 0."""
        column = np.zeros(self.n_cells, dtype=np.int64)
        cells, counts = self.entries(range(self.shape[1])[unit])
        column[cells] = counts
        return column

    @cached_property
    def totals(self) -> np.ndarray:
        """int64 (n_units,): on how many points each unit is active.  Exact where these are fewer than 2**63."""
        sums = np.concatenate([[0], np.cumsum(self.counts)])
        return np.asarray(np.diff(sums[self.indptr]))

    def select(self, units: Sequence[int]) -> UnitCounts:
        """Of these columns alone, in this order."""
        parts = [self.entries(unit) for unit in units]
        indptr = np.cumsum([0, *(len(cells) for cells, _ in parts)])
        none = np.zeros(0, np.int64)
        cells, counts = (np.concatenate([none, *arrays]) for arrays in zip(*parts)) if parts else (none, none)
        return UnitCounts(self.n_cells, indptr, cells, counts)

    def exceeds(self, weights: np.ndarray) -> bool:
        """Whether a count is above its cell's weight, int64 (n_cells,)."""
        return bool((self.counts > weights[self.cells]).any())

    def sum(self, axis: int | None = None) -> Any:
        """int64: by unit (`axis=0`), by cell (1), or of all."""
        if axis == 1:
            by_cell = np.zeros(self.n_cells, dtype=np.int64)
            np.add.at(by_cell, self.cells, self.counts)
            return by_cell
        return self.totals if axis == 0 else self.totals.sum()

    def __getitem__(self, index: Any) -> np.ndarray:
        """As of the dense matrix; only the columns that are asked for are made."""
        rows, columns = index if isinstance(index, tuple) else (index, slice(None))
        chosen = np.arange(self.shape[1])[columns]
        if chosen.ndim == 0:
            return np.asarray(self.of(int(chosen))[rows])
        dense = np.zeros((self.n_cells, len(chosen)), dtype=np.int64)
        for place, unit in enumerate(chosen.tolist()):
            cells, counts = self.entries(unit)
            dense[cells, place] = counts
        return dense[rows]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or np.int64, copy=False)

    def __len__(self) -> int:
        return self.n_cells
