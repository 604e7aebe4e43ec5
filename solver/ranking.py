"""The order of formulas by penalised score: exact in integers, and fast by doubles, which keep it up to ties."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from .metrics import Metric, confusion
from .problem import Problem
from .stopping import Stopping

MAX_LENGTH = 64
EXACT_IN_DOUBLES = 2**53
LOOK_EVERY = 64


class Order(ABC):
    """An order of formulas that come as two sums over their cells, and their length.

    The sums are of active points and of points; or of whatever else takes the place of the first.
    """

    @abstractmethod
    def score(self, intersection: int, points: int, length: int) -> int:
        """An integer, not below 0, that orders formulas of all lengths exactly."""

    @abstractmethod
    def approximate(self, intersection: np.ndarray, points: np.ndarray, length: int) -> np.ndarray:
        """The scores as float64; among formulas of one length they keep the exact order, up to ties."""

    def least_share(self, least: float, length: int) -> float:
        """What an intersection must be of the union, a hair less, for a score of at least `least`; 0 if unknown."""
        return 0.0

    def best_first(
        self,
        places: np.ndarray,
        intersection: np.ndarray,
        points: np.ndarray,
        length: int,
        few: int | None,
        stopping: Stopping,
    ) -> Iterator[tuple[int, int, int]]:
        """(place, intersection, points) of each formula, best score first; of equal scores the least place first.

        few: how many the caller may want; None for all.  Only a window of the best is sorted; it grows while more is
        asked for.  It is cut by the approximate score, and ties are taken in whole: whatever is outside scores less
        than everything inside.
        """
        approximate = self.approximate(intersection, points, length)
        given, window = 0, len(places) if few is None else 4 * few
        while given < len(places):
            window = min(window, len(places))
            inside = approximate >= np.partition(approximate, -window)[-window]
            counted = zip(places[inside].tolist(), intersection[inside].tolist(), points[inside].tolist())
            looked = stopping.each(counted, LOOK_EVERY)
            order = sorted((-self.score(own, all_, length), place, own, all_) for place, own, all_ in looked)
            yield from (entry[1:] for entry in order[given:])
            given, window = len(order), 4 * len(order)


class Ranking(Order):
    """Scores of formulas for one problem: the metric times `penalty ** (length - 1)`.

    penalty: above 0 and at most 1.  A formula comes as its intersection with the unit, its points, and its length.
    """

    def __init__(self, problem: Problem, metric: Metric, penalty: Fraction) -> None:
        self.metric, self.penalty = metric, penalty
        self.totals = problem.unit_points, problem.n_points
        largest = metric.largest(problem.n_points)
        self.number = np.int64 if largest < EXACT_IN_DOUBLES else object
        self.bits = largest.bit_length() + MAX_LENGTH * (penalty.denominator - 1).bit_length()

    def score(self, intersection: int, points: int, length: int) -> int:
        """An integer that orders formulas of all lengths exactly as their penalised scores do.

        Two different fractions with denominators below 2**k differ by more than 2**-2k, so their multiples
        by 2**(2k + 1), rounded down, differ in the same direction.  The metric's denominators are at most its largest
        number; the penalty's denominator joins in `length - 1` times, at most MAX_LENGTH times.
        """
        numerator, denominator = self.metric.pair(*confusion(intersection, points, *self.totals))
        numerator *= self.penalty.numerator ** (length - 1)
        denominator *= self.penalty.denominator ** (length - 1)
        return int((numerator << (2 * self.bits + 1)) // denominator) if denominator else 0

    def approximate(self, intersection: np.ndarray, points: np.ndarray, length: int) -> np.ndarray:
        """The scores as float64; among formulas of one length they keep the exact order, up to ties.

        Of integers below 2**53, which are doubles without loss, and of Python's, the division is correctly rounded:
        it keeps the order.  So does the product with one and the same number.
        """
        counts = (count.astype(self.number, copy=False) for count in confusion(intersection, points, *self.totals))
        numerator, denominator = self.metric.pair(*counts)
        value = np.asarray(numerator / np.maximum(denominator, 1), dtype=np.float64)
        return value * float(self.penalty) ** (length - 1)

    def least_share(self, least: float, length: int) -> float:
        """As `Order` says."""
        return least / float(self.penalty) ** (length - 1) * (1 - 1e-9) if self.metric.name == "iou" else 0.0
