"""Where a unit counts as active: above a threshold, strictly.

The default is the paper's: the threshold that a share of 0.005 of a unit's values exceeds.  It is exact.  The
top values of every unit are kept while values stream by; sketches and `torch.quantile` (which
refuses more than 16 million values) are not needed, because only the tail matters.
"""

from __future__ import annotations

import math

import numpy as np

from ..solver.errors import UsageError


class TopQuantile:
    """The (1 - share) quantile of each unit's values, by linear interpolation as `numpy.quantile` has it.

    n_values: how many values each unit will be given in all.  Memory: `2 * share * n_values` floats a unit.

    >>> top = TopQuantile(n_units=1, n_values=5, share=0.25)
    >>> top.add(np.array([[3, 1, 2, 5, 4]], dtype=np.float32))
    >>> top.thresholds()
    array([4.])
    """

    def __init__(self, n_units: int, n_values: int, share: float) -> None:
        if not 0 < share < 1:
            raise UsageError(f"the quantile is a share between 0 and 1, such as 0.005, not {share}")
        self.position = (n_values - 1) * (1 - share)
        self.keep = n_values - math.floor(self.position)
        self.n_values, self.seen = n_values, 0
        self._kept = np.full((n_units, 2 * self.keep), -np.inf, dtype=np.float32)
        self._filled = np.zeros(n_units, dtype=np.int64)
        self._floor = np.full(n_units, -np.inf, dtype=np.float32)

    def add(self, values: np.ndarray) -> None:
        """Take in float32 (n_units, n) finite values, in any portions."""
        self.seen += values.shape[1]
        for start in range(0, values.shape[1], self.keep):
            self._add_portion(values[:, start : start + self.keep])

    def _add_portion(self, values: np.ndarray) -> None:
        """At most `keep` values a unit.  Values at or below the keep-th largest so far cannot change it."""
        unit, place = np.nonzero(values > self._floor[:, None])
        counts = np.bincount(unit, minlength=len(values))
        if (self._filled + counts > self._kept.shape[1]).any():
            self._compact()
        starts = np.cumsum(counts) - counts
        slot = np.arange(len(unit)) - starts[unit] + self._filled[unit]
        self._kept[unit, slot] = values[unit, place]
        self._filled += counts

    def _compact(self) -> None:
        """Keep the largest `keep` values of each unit; empty places count as minus infinity."""
        self._kept.partition(self.keep, axis=1)
        self._kept[:, : self.keep] = self._kept[:, self.keep :]
        self._kept[:, self.keep :] = -np.inf
        self._floor = self._kept[:, : self.keep].min(axis=1)
        self._filled[:] = self.keep

    def thresholds(self) -> np.ndarray:
        """float64 (n_units,), once all values were given."""
        if self.seen != self.n_values:
            raise ValueError(f"{self.seen} values were given of {self.n_values} announced")
        self._compact()
        ascending = np.sort(self._kept[:, : self.keep], axis=1).astype(np.float64)
        below, above = ascending[:, 0], ascending[:, min(1, self.keep - 1)]
        return np.asarray(below + (above - below) * (self.position - math.floor(self.position)))


def as_float32_below(thresholds: np.ndarray) -> np.ndarray:
    """float32: for every float32 x, `x > result` exactly where `x > threshold` in full precision."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)
