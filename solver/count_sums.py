"""Counts by unit and cell that come in any order and are added up, in memory that follows what differs."""

from __future__ import annotations

import numpy as np

from .unit_counts import UnitCounts


class CountSums:
    """Sums of integers by (unit, cell).

    at_least: as many entries wait before they are added to the sums, and never fewer than there are sums, so that the
    work is that of sorting a few times.

    >>> sums = CountSums()
    >>> sums.add(np.array([3, 3]), np.array([0, 1]), np.array([5, 1]))
    >>> sums.add(np.array([3]), np.array([0]), np.array([2]))
    >>> sums.counts(np.arange(4), 2).of(0)
    array([0, 0, 0, 7])
    """

    def __init__(self, at_least: int = 2**18) -> None:
        self._at_least = at_least
        self._keys, self._sums = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self._n_waiting = 0

    def add(self, cells: np.ndarray, units: np.ndarray, counts: np.ndarray) -> None:
        """Add counts, each to the sum of its cell and unit; those of a cell below 0 are left out.

        cells, units: integers below 2**31.
        """
        nonzero = (counts != 0) & (cells >= 0)
        keys = (units[nonzero].astype(np.int64) << 32) | cells[nonzero]
        self._waiting.append((keys, counts[nonzero].astype(np.int64)))
        self._n_waiting += len(keys)
        if self._n_waiting >= max(self._at_least, len(self._keys)):
            self._add_up()

    def counts(self, place: np.ndarray, n_units: int) -> UnitCounts:
        """The sums, each cell under its new number.  place: int64 (n_cells,), a permutation."""
        self._add_up()
        units, cells = self._keys >> 32, place[self._keys & 0xFFFFFFFF]
        order = np.lexsort((cells, units))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(units, minlength=n_units))])
        return UnitCounts(len(place), indptr, cells[order], self._sums[order])

    def _add_up(self) -> None:
        keys = np.concatenate([self._keys, *(keys for keys, _ in self._waiting)])
        counts = np.concatenate([self._sums, *(counts for _, counts in self._waiting)])
        self._waiting, self._n_waiting = [], 0
        order = np.argsort(keys, kind="stable")  # merges what is sorted already
        keys = keys[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
        self._keys = keys[starts]
        self._sums = np.add.reduceat(counts[order], starts) if len(keys) else counts
