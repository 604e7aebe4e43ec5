"""The cells of one unit, counted anew: whatever a checker sums, it sums here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .errors import CertificateError


class Counted:
    """The concept rows, by row and by concept, and the counts."""

    def __init__(
        self, indptr: np.ndarray, indices: np.ndarray, weights: np.ndarray, active: np.ndarray, n: int
    ) -> None:
        self.n = n
        self.widths = np.diff(indptr)
        self.starts = np.asarray(indptr, dtype=np.int64)
        self.indices = np.asarray(indices, dtype=np.int64)
        self.row = np.repeat(np.arange(len(weights)), self.widths)
        # Numbers of 16 bits are sorted in half the time.
        by_concept = np.argsort(self.indices.astype(np.int16) if n < 2**15 else self.indices, kind="stable")
        self.rows = self.row[by_concept]
        self.ends = np.concatenate([[0], np.cumsum(np.bincount(self.indices, minlength=n))])
        self.active = np.asarray(active, dtype=np.int64)
        self.inactive = np.asarray(weights, dtype=np.int64) - self.active
        if (self.active < 0).any() or (self.inactive < 0).any():
            raise CertificateError("a cell has more active points than points")
        self.unit_points = int(self.active.sum())

    def rows_of(self, c: int) -> np.ndarray:
        """The cells that have the concept, ascending."""
        return self.rows[self.ends[c] : self.ends[c + 1]]

    def concepts_of(self, cell: int) -> np.ndarray:
        """The concepts that the cell has, ascending."""
        return self.indices[self.starts[cell] : self.starts[cell + 1]]

    def shared(self, concepts: np.ndarray, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """For each part (int64 (n_cells,)): its sums over the cells that two concepts share, (n_given, n)."""
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
    """int64 (size,): exact sums by code.  bincount adds in float64, so many or large values go in parts."""
    most = 1 << 26
    if len(values) > most:
        halves = (slice(0, len(values) // 2), slice(len(values) // 2, None))
        return np.asarray(sum(_sums(code[half], values[half], size) for half in halves))
    if not len(values) or int(values.max()) * len(values) < 2**53:
        return np.bincount(code, values, size).astype(np.int64)
    low, high = values & (most - 1), values >> 26
    return np.asarray(_sums(code, low, size) + (_sums(code, high, size) << 26))
