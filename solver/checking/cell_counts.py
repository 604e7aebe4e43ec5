"""The cells of one unit, counted anew, and sums over what concepts share.

Why no sum wraps.  Counts are those of `given.py`: any sum of them is below 2**52.  A part is a value of 0 or more for
each cell, its sum over all cells below 2**62: each proof makes sure of that in Python's integers before it makes parts
of p, q and the counts.  A row lists a concept once, so a sum over the cells that two concepts share takes each cell
once and is no larger.  The rest counts entries of arrays that are in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .given import Given


class Counted:
    """The concept rows, by row and by concept, and the counts."""

    def __init__(self, given: Given) -> None:
        self.n = len(given.names)
        self.widths = np.diff(given.indptr)
        self.starts, self.indices = given.indptr, given.indices
        self.row = np.repeat(np.arange(len(given.weights)), self.widths)
        # Numbers of 16 bits are sorted in half the time.
        small = self.indices.astype(np.int16) if self.n < 2**15 else self.indices
        by_concept = np.argsort(small, kind="stable")
        self.rows = self.row[by_concept]
        self.ends = np.concatenate([[0], np.cumsum(np.bincount(self.indices, minlength=self.n))])
        self.active, self.inactive = given.active, given.weights - given.active
        self.unit_points = int(self.active.sum())

    def rows_of(self, c: int) -> np.ndarray:
        """The cells that have the concept, ascending."""
        return self.rows[self.ends[c] : self.ends[c + 1]]

    def concepts_of(self, cell: int) -> np.ndarray:
        """The concepts that the cell has, ascending."""
        return self.indices[self.starts[cell] : self.starts[cell + 1]]

    def shared(self, concepts: np.ndarray, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """For each part (int64 (n_cells,), not negative): its sums over the cells two concepts share, (n_given, n)."""
        counts = self.ends[concepts + 1] - self.ends[concepts]
        which = np.repeat(np.arange(len(concepts)), counts)
        offset = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = self.rows[np.repeat(self.ends[concepts], counts) + offset]
        useful = np.zeros(len(self.active), dtype=bool)
        for part in parts:
            useful |= part != 0
        which, rows = which[useful[rows]], rows[useful[rows]]
        widths = self.widths[rows]
        place = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
        code = np.repeat(which, widths) * self.n + self.indices[np.repeat(self.starts[rows], widths) + place]
        each = np.repeat(rows, widths)
        size = len(concepts) * self.n
        return [_sums(code, part[each], size).reshape(len(concepts), self.n) for part in parts]

    def singles(self, part: np.ndarray) -> np.ndarray:
        """int64 (n,): the sums of the part (int64 (n_cells,), not negative) over the cells of each concept."""
        return np.asarray(_sums(self.indices, part[self.row], self.n))


def _sums(code: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """int64 (size,): exact sums by code, of values from 0 to below 2**62.

    bincount adds in float64, exactly where nothing reaches 2**53; so many or large values go in parts.  Of at most
    2**26 values the low 26 bits are below 2**26 each, which is small enough, and the high ones become so in turn.
    """
    most = 1 << 26
    if len(values) > most:
        halves = (slice(0, len(values) // 2), slice(len(values) // 2, None))
        return np.asarray(sum(_sums(code[half], values[half], size) for half in halves))
    if not len(values) or int(values.max()) * len(values) < 2**53:
        return np.bincount(code, values, size).astype(np.int64)
    low, high = values & (most - 1), values >> 26
    return np.asarray(_sums(code, low, size) + (_sums(code, high, size) << 26))
