"""How well a formula matches a unit: three counts of points, and the fractions made of them.

All counts are integers and every comparison is exact.  Floats are for printing only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Pair = tuple[Any, Any]
"""(numerator, denominator): integers, or int64 arrays of one shape."""


@dataclass(frozen=True)
class Metric:
    """A score in [0, 1] made of counts.

    pair: from (both, formula, unit), the points where formula and unit hold, where the formula holds,
        and where the unit is active, to numerator and denominator.  Works on integers and int64 arrays.
    meaning: the sentence that help texts and reports show.
    """

    name: str
    pair: Callable[[Any, Any, Any], Pair]
    meaning: str

    def __call__(self, both: int, formula: int, unit: int) -> Fraction:
        """The score; 0 where its denominator is 0."""
        numerator, denominator = self.pair(both, formula, unit)
        return Fraction(numerator, denominator) if denominator else Fraction(0)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("iou", lambda both, formula, unit: (both, formula + unit - both), "both / either"),
        Metric("precision", lambda both, formula, unit: (both, formula), "both / points of the formula"),
        Metric("recall", lambda both, formula, unit: (both, unit), "both / active points of the unit"),
        Metric(
            "f1",
            lambda both, formula, unit: (2 * both, formula + unit),
            "2 both / (points of the formula + active points); orders formulas as IoU does",
        ),
    )
}
"""To add a metric, add a row: the counts it is made of.  Its value must lie in [0, 1]."""


def rounded_up(value: Fraction) -> float:
    """The least double that is not below the fraction: how bounds are printed."""
    nearest = float(value)
    return nearest if Fraction(nearest) >= value else math.nextafter(nearest, math.inf)
