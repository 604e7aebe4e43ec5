"""How well a formula matches a unit: four counts of points, and the fractions made of them.

All counts are integers and every comparison is exact.  Floats are for printing only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Pair = tuple[Any, Any]
"""(numerator, denominator): integers, or integer arrays of one shape."""


@dataclass(frozen=True)
class Metric:
    """A score in [0, 1] made of counts.

    pair: from (tp, fp, fn, tn), the points where formula and unit hold, only the formula, only the unit, and neither,
        to numerator and denominator.  Only `+`, `-`, `*`, `**` and `abs`: it is given integers and arrays of them.
    meaning: the sentence that help texts and reports show.
    """

    name: str
    pair: Callable[[Any, Any, Any, Any], Pair]
    meaning: str

    def __call__(self, tp: int, fp: int, fn: int, tn: int) -> Fraction:
        """The score; 0 where its denominator is 0."""
        numerator, denominator = self.pair(tp, fp, fn, tn)
        return Fraction(numerator, denominator) if denominator else Fraction(0)

    def largest(self, n_points: int) -> int:
        """On `n_points` neither numerator nor denominator, nor anything on the way to them, is larger than this."""
        return max(_size(each) for each in self.pair(*(_Magnitude(max(n_points, 1)),) * 4))


METRICS = {
    metric.name: metric
    for metric in (
        Metric("iou", lambda tp, fp, fn, tn: (tp, tp + fp + fn), "TP / (TP + FP + FN)"),
        Metric("precision", lambda tp, fp, fn, tn: (tp, tp + fp), "TP / (TP + FP)"),
        Metric("recall", lambda tp, fp, fn, tn: (tp, tp + fn), "TP / (TP + FN)"),
        Metric(
            "f1",
            lambda tp, fp, fn, tn: (2 * tp, 2 * tp + fp + fn),
            "2 TP / (2 TP + FP + FN); orders formulas as IoU does",
        ),
    )
}
"""To add a metric, add a row: the counts it is made of.  Its value must lie in [0, 1]."""


def confusion(intersection: Any, formula: Any, unit: int, everything: int) -> tuple[Any, Any, Any, Any]:
    """(tp, fp, fn, tn), from the points where formula and unit hold, the formula, the unit, and all; also of arrays."""
    return intersection, formula - intersection, unit - intersection, everything - formula - unit + intersection


@dataclass(frozen=True)
class _Magnitude:
    """An integer from -value to value: what is computed with it is within its value, too.

    |a + b| and |a - b| are at most |a| + |b|, and |a * b| is |a| * |b|.
    """

    value: int

    def __add__(self, other: _Magnitude | int) -> _Magnitude:
        return _Magnitude(self.value + _size(other))

    def __mul__(self, other: _Magnitude | int) -> _Magnitude:
        return _Magnitude(self.value * _size(other))

    def __pow__(self, exponent: int) -> _Magnitude:
        return _Magnitude(self.value**exponent)

    def __abs__(self) -> _Magnitude:
        return self

    __radd__ = __sub__ = __rsub__ = __add__
    __rmul__, __neg__ = __mul__, __abs__


def _size(number: _Magnitude | int) -> int:
    return number.value if isinstance(number, _Magnitude) else abs(number)


def rounded_up(value: Fraction) -> float:
    """The least double that is not below the fraction: how bounds are printed."""
    nearest = float(value)
    return nearest if Fraction(nearest) >= value else math.nextafter(nearest, math.inf)
