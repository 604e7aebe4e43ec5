"""The IoU of formulas on inputs that they were not found on: pooled over folds, with a standard error and an interval.

For each fold a formula is found on all others and counted on it.  Of the pooled IoU R = sum I / sum U, a ratio of two
sums over K folds, the standard error is that of its linearisation (Cochran 1977, Sampling Techniques, chapter 6): with
residuals e_f = I_f - R U_f, the square root of K / (K - 1) sum e_f ** 2, divided by sum U.  The interval is Student's,
K - 1 degrees of freedom, around the logit of R, so that it stays between 0 and 1; docs/evidence.md says what it
promises.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class HeldOutCounts:
    """Points of formula and unit together, and of either, in each fold that the formula was not found on.

    intersections, unions: int64 (n_folds, ...), of several units and lengths at once.
    """

    intersections: np.ndarray
    unions: np.ndarray

    @cached_property
    def iou(self) -> np.ndarray:
        """float64 (...): the pooled IoU, 0 where there is no union."""
        return self.intersections.sum(axis=0) / self._union

    @cached_property
    def _union(self) -> np.ndarray:
        return np.maximum(self.unions.sum(axis=0), 1)

    @cached_property
    def influence(self) -> np.ndarray:
        """float64 (n_folds, ...): by how much each fold moves the pooled IoU; they add up to 0."""
        return (self.intersections - self.iou * self.unions) / self._union

    @property
    def n_folds(self) -> int:
        """How many folds there are."""
        return len(self.unions)

    @cached_property
    def standard_error(self) -> np.ndarray:
        """float64 (...)."""
        return standard_error(self.influence)

    def interval(self, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
        """Both ends, float64 (...); all from 0 to 1 where no point, or every one, is in the intersection."""
        inside = (self.iou > 0) & (self.iou < 1)
        iou = np.where(inside, self.iou, 0.5)
        half = scipy.stats.t.ppf((1 + level) / 2, self.n_folds - 1) * self.standard_error / (iou * (1 - iou))
        low, high = (scipy.special.expit(scipy.special.logit(iou) + side * half) for side in (-1, 1))
        return np.where(inside, low, 0.0), np.where(inside, high, 1.0)


def standard_error(influence: np.ndarray) -> np.ndarray:
    """float64 (...), of what folds move as `influence` says, (n_folds, ...)."""
    n = len(influence)
    return np.asarray(np.sqrt(n / (n - 1) * (influence**2).sum(axis=0)))


def shortest_within_one(means: np.ndarray, errors: np.ndarray) -> int:
    """The first place whose mean is within one standard error of the best mean (Breiman et al. 1984, 3.4.3).

    >>> shortest_within_one(np.array([0.1, 0.28, 0.3, 0.29]), np.array([0.01, 0.02, 0.03, 0.01]))
    1
    """
    best = int(np.argmax(means))
    return int(np.flatnonzero(means >= means[best] - errors[best])[0])
