"""A unit's activations on the points of the cells, and how well a formula goes with them, without a threshold.

AUC: the chance that the unit is higher on a point drawn from where the formula holds than on one drawn from elsewhere,
ties counting half (Bykov et al., INVERT, NeurIPS 2023).  With points ranked from 1, equal ones sharing their mean rank,
and S the sum of twice the ranks of the n points of the formula, of N in all,

    AUC = (S - n (n + 1)) / (2 n (N - n))

as n (n + 1) / 2 is the least that n ranks add up to (Mann and Whitney 1947).  So of a cell only its points and the sum
of twice their ranks matter, whole numbers both, and AUC is exact.  A formula that holds everywhere or nowhere has 1/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..cells import ConceptRows
from ..errors import DataError
from ..formula import Formula

MAX_POINTS = 1 << 30
"""Then twice the sum of all ranks, and the denominator of AUC, have 62 bits."""
HALF = Fraction(1, 2)


@dataclass(frozen=True, eq=False)
class GradedUnit:
    """One unit.

    concepts: the cells' rows.  cell_of: int (n_points,): the cell of each point.  values: float (n_points,), finite:
    its activation; of a search for where the unit is low, its negative.  unit: its name.
    Raises `DataError` for values that are not finite, and for more than 2**30 points.
    """

    concepts: ConceptRows
    cell_of: np.ndarray
    values: np.ndarray
    unit: str

    def __post_init__(self) -> None:
        if len(self.cell_of) != len(self.values):
            raise DataError(f"{len(self.values)} activations for {len(self.cell_of)} points")
        if not np.isfinite(self.values).all():
            raise DataError(f"unit {self.unit}: an activation is not a finite number")
        if len(self.values) > MAX_POINTS:
            raise DataError(f"{len(self.values):,} points; activations are ranked on at most {MAX_POINTS:,}")

    @property
    def n_points(self) -> int:
        """All points."""
        return len(self.values)

    @cached_property
    def weights(self) -> np.ndarray:
        """int64 (n_cells,): the points of each cell."""
        return np.bincount(self.cell_of, minlength=len(self.concepts))

    @cached_property
    def ranks(self) -> np.ndarray:
        """int64 (n_cells,): twice the sum of the ranks of each cell's points."""
        _, place, times = np.unique(self.values, return_inverse=True, return_counts=True)
        last = np.cumsum(times)
        twice = 2 * last - times + 1  # first and last of equal ranks, added
        sums = np.zeros(len(self.concepts), dtype=np.int64)
        np.add.at(sums, self.cell_of, twice[place])
        return sums

    def explain(self, formula: Formula) -> GradedExplanation:
        """The formula with what it counts."""
        mask = self.concepts.mask(formula)
        return GradedExplanation(formula, int(self.weights[mask].sum()), int(self.ranks[mask].sum()), self.n_points)

    def average_precision(self, formula: Formula) -> float:
        """The mean of the precisions of all thresholds, weighed by the recall that each adds; 0 where it holds nowhere.

        Here the unit is what predicts and the formula the truth.  Equal activations are above a threshold together.
        """
        held = self.concepts.mask(formula)[self.cell_of]
        if not held.any():
            return 0.0
        order = np.argsort(-self.values, kind="stable")
        last = np.flatnonzero(np.diff(self.values[order], append=np.nan) != 0)
        hits = np.cumsum(held[order])[last]
        return float((hits / (last + 1) * np.diff(hits, prepend=0)).sum() / hits[-1])

    def mean_difference(self, formula: Formula) -> float:
        """Mean activation where the formula holds minus elsewhere, in standard deviations of all; 0 where that is 0."""
        held = self.concepts.mask(formula)[self.cell_of]
        values = self.values / max(float(np.abs(self.values).max(initial=0)), 1.0)  # no sum of squares is too large
        spread = float(values.std())
        if held.all() or not held.any() or not spread:
            return 0.0
        return float((values[held].mean() - values[~held].mean()) / spread)

    def correlation(self, formula: Formula) -> float:
        """Pearson's, of the activation and whether the formula holds."""
        share = float(self.concepts.mask(formula)[self.cell_of].mean())
        return self.mean_difference(formula) * math.sqrt(share * (1 - share))


@dataclass(frozen=True)
class GradedExplanation:
    """A formula and what its AUC is made of: its points, twice the sum of their ranks, and all points."""

    formula: Formula
    points: int
    ranks: int
    n_points: int

    @property
    def pairs(self) -> tuple[int, int]:
        """Of pairs of a point of the formula and one elsewhere: twice those with the unit higher on the first, and all.

        Ties count half, so the first number is whole.
        """
        return self.ranks - self.points * (self.points + 1), 2 * self.points * (self.n_points - self.points)

    @property
    def auc(self) -> Fraction:
        """Exactly."""
        above, all_pairs = self.pairs
        return Fraction(above, all_pairs) if all_pairs else HALF
