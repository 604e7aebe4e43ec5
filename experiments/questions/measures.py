"""The scores of a formula that questions compare: the metrics of a search, and others made of the same four counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ...solver.explanation import Explanation
from ...solver.metrics import METRICS, confusion


@dataclass(frozen=True)
class Measure:
    """exact: orders formulas as the score does.  shown: its value."""

    name: str
    exact: Callable[[Explanation], Fraction]
    shown: Callable[[Explanation], float]


def counts(found: Explanation) -> tuple[int, int, int, int]:
    """(tp, fp, fn, tn)."""
    return confusion(found.intersection, found.formula_points, found.unit_points, found.n_points)


def _share(part: int, whole: int) -> Fraction:
    return Fraction(part, whole) if whole else Fraction(0)


def _specificity(found: Explanation) -> Fraction:
    _, fp, _, tn = counts(found)
    return _share(tn, tn + fp)


def _informedness(found: Explanation) -> Fraction:
    return found.score("recall") + _specificity(found) - 1


def _squared_mcc(found: Explanation) -> Fraction:
    """With the sign of the correlation, which is irrational itself."""
    tp, fp, fn, tn = counts(found)
    covariance = tp * tn - fp * fn
    return _share(covariance * abs(covariance), (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))


def _mcc(found: Explanation) -> float:
    squared = float(_squared_mcc(found))
    return math.copysign(math.sqrt(abs(squared)), squared)


def _of_metric(name: str) -> Measure:
    return Measure(name, lambda found: found.score(name), lambda found: float(found.score(name)))


MEASURES = (
    *map(_of_metric, METRICS),
    Measure("specificity", _specificity, lambda found: float(_specificity(found))),
    Measure("informedness", _informedness, lambda found: float(_informedness(found))),
    Measure("mcc", _squared_mcc, _mcc),
)
"""All rise with hits and fall with false positives, or stay; MCC where it is above 0."""
