"""Counts by unit and cell that come in any order and are added up, in memory that follows what differs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .unit_counts import UnitCounts


class _Run(NamedTuple):
    """Sums as `UnitCounts` has them, but for cells that are not numbered in their last order."""

    indptr: np.ndarray
    cells: np.ndarray
    counts: np.ndarray


class CountSums:
    """Sums of integers by (unit, cell).

    at_least: as many entries wait before they are sorted into a run.  Runs are merged once they have twice as many
    entries as they had after the last merge, so that the work stays that of sorting a few times.

    >>> sums = CountSums(n_units=2)
    >>> sums.add(cells=np.array([3, 3]), units=np.array([0, 1]), counts=np.array([5, 1]))
    >>> sums.add(cells=np.array([3]), units=np.array([0]), counts=np.array([2]))
    >>> sums.counts(place=np.arange(4)).of(0)
    array([0, 0, 0, 7])
    """

    def __init__(self, n_units: int, at_least: int = 2**20) -> None:
        self._n_units, self._at_least = n_units, at_least
        self._waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._n_waiting = self._n_merged = 0
        self._runs: list[_Run] = []

    def add(self, cells: np.ndarray, units: np.ndarray, counts: np.ndarray) -> None:
        """Add counts, each to the sum of its cell and unit.  cells, units: integers from 0 to below 2**31."""
        self._waiting.append((cells.astype(np.int32), units.astype(np.int32), counts.astype(np.int64)))
        self._n_waiting += len(cells)
        if self._n_waiting >= self._at_least:
            self._close_run()
            if sum(len(run.cells) for run in self._runs) >= 2 * self._n_merged + self._at_least:
                self._runs = [self._merged(None)]
                self._n_merged = len(self._runs[0].cells)

    def counts(self, place: np.ndarray) -> UnitCounts:
        """The sums, each cell under its last number.  place: int64 (n_cells,), a permutation."""
        self._close_run()
        return UnitCounts(len(place), *self._merged(place.astype(np.int32)))

    def _close_run(self) -> None:
        if not self._waiting:
            return
        cells, units, counts = (np.concatenate(column) for column in zip(*self._waiting))
        self._waiting, self._n_waiting = [], 0
        order = np.lexsort((cells, units))
        cells, units, counts = cells[order], units[order], counts[order]
        is_new = np.concatenate([[True], (cells[1:] != cells[:-1]) | (units[1:] != units[:-1])])[: len(cells)]
        starts = np.flatnonzero(is_new)
        sums = np.add.reduceat(counts, starts) if len(starts) else counts
        kept = sums > 0
        indptr = np.concatenate([[0], np.cumsum(np.bincount(units[starts][kept], minlength=self._n_units))])
        self._runs.append(_Run(indptr, cells[starts][kept], sums[kept]))

    def _merged(self, place: np.ndarray | None) -> _Run:
        """All runs as one, unit by unit."""
        most = sum(len(run.cells) for run in self._runs)
        cells, counts = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int64)
        ends = [0]
        for unit in range(self._n_units):
            parts = [(run, slice(run.indptr[unit], run.indptr[unit + 1])) for run in self._runs]
            own = np.concatenate([np.zeros(0, np.int32), *(run.cells[part] for run, part in parts)])
            order = np.argsort(own if place is None else place[own], kind="stable")
            own = own[order] if place is None else place[own][order]
            starts = np.flatnonzero(np.concatenate([[True], own[1:] != own[:-1]])[: len(own)])
            end = ends[-1] + len(starts)
            if len(starts):
                of_unit = np.concatenate([run.counts[part] for run, part in parts])[order]
                cells[ends[-1] : end], counts[ends[-1] : end] = own[starts], np.add.reduceat(of_unit, starts)
            ends.append(end)
        return _Run(np.array(ends), cells[: ends[-1]], counts[: ends[-1]])
