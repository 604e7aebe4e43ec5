"""A formula for a unit, and the counts that speak for it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .formula import Formula
from .metrics import METRICS, confusion


@dataclass(frozen=True)
class Explanation:
    """A formula and the counts that speak for it.

    intersection: points where the formula holds and the unit is active.  formula_points: where the formula
    holds.  unit_points: where the unit is active.  n_points: all.
    """

    formula: Formula
    intersection: int
    formula_points: int
    unit_points: int
    n_points: int

    @property
    def union(self) -> int:
        """The denominator of the IoU."""
        return self.formula_points + self.unit_points - self.intersection

    def score(self, metric: str = "iou") -> Fraction:
        """The exact value of a metric of `METRICS`."""
        return METRICS[metric](*confusion(self.intersection, self.formula_points, self.unit_points, self.n_points))

    @property
    def iou(self) -> Fraction:
        """Intersection over union, exactly."""
        return self.score()

    def record(self) -> dict[str, Any]:
        """The fields that JSON lines show."""
        return {
            "formula": str(self.formula),
            "length": self.formula.length,
            "intersection": self.intersection,
            "union": self.union,
            "iou": float(self.iou),
        }
