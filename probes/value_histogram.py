"""How units' values are spread: how many of them are in each of so many bins of one width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..solver.errors import DataError

BINS = 40
ARRAYS = ("histogram", "lowest", "highest")
"""What a probe keeps of it: int (n_units, n_bins), and float32 (n_units,) each, the edges of all bins together."""


class HistogramTally:
    """Filled while the values stream by, in any order and any portions.

    lowest, highest: float32 (n_units,), of all the values that will be given.  counts: int64 (n_units, BINS).
    """

    def __init__(self, lowest: np.ndarray, highest: np.ndarray) -> None:
        self.lowest = lowest
        self.counts = np.zeros((len(lowest), BINS), dtype=np.int64)
        # Of a unit that has one value everywhere all values lie in the first bin.
        spread = np.maximum(highest.astype(np.float64) - lowest, BINS / np.finfo(np.float32).max)
        self._scale = (BINS / spread).astype(np.float32)

    def add(self, values: np.ndarray) -> None:
        """Take in float32 (n, n_units)."""
        n_units = len(self.counts)
        with np.errstate(over="ignore"):  # of values that are further apart than the largest float32
            bins = np.minimum((values - self.lowest) * self._scale, BINS - 1).astype(np.int32)
        bins += np.arange(n_units, dtype=np.int32) * BINS
        self.counts += np.bincount(bins.ravel(), minlength=n_units * BINS).reshape(n_units, BINS)


@dataclass(frozen=True, eq=False)
class StoredHistogram:
    """What a probe keeps (`ARRAYS`).  Raises `DataError` where the arrays do not fit each other."""

    counts: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    def __post_init__(self) -> None:
        if self.counts.ndim != 2 or not len(self.counts) == len(self.lowest) == len(self.highest):
            raise DataError("the probe's histograms do not fit its units; probe again")
