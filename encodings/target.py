"""From IoU to a linear question, and from a linear bound back to a bound on the IoU.

For a formula that holds on the cells L let A and B be its active and inactive points, P the unit's points.
Its IoU is A / (P + B).  For a target p/q let v_j = q a_j - p b_j, and V = sum of v_j over L = q A - p B. Then

    IoU > p/q  <=>  q A > p (P + B)  <=>  V > p P.

So a formula that maximises V either beats the target, and its IoU becomes the next one (Dinkelbach 1967), or
proves that nothing does.  A formula at the target has V = p P exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

from ..solver.errors import UsageError

if TYPE_CHECKING:
    from ..solver.problem import Problem

CPSAT_LIMIT = 2**60
"""CP-SAT refuses models whose objective coefficients add up to more."""


@dataclass(frozen=True)
class Target:
    """The linear question for one target.

    iou: the target p/q.  values: v_j / scale for every cell.  floor: p P / scale, rounded up; a formula reaches
    the target exactly where its value is at least this.  scale: the greatest common divisor of the v_j.
    """

    iou: Fraction
    values: tuple[int, ...]
    floor: int
    scale: int

    @classmethod
    def of(cls, problem: Problem, iou: Fraction) -> Target:
        """The question whether some formula of the problem has a higher IoU."""
        p, q = iou.numerator, iou.denominator
        active, weights = problem.active.tolist(), problem.weights.tolist()
        values = [q * a - p * (w - a) for a, w in zip(active, weights, strict=True)]
        scale = gcd(*values) or 1
        return cls(iou, tuple(v // scale for v in values), -(-p * problem.unit_points // scale), scale)

    @property
    def most(self) -> int:
        """The value of all cells with a positive one: no formula has more."""
        return sum(value for value in self.values if value > 0)

    def check_size(self, unit: str) -> None:
        """Refuse what CP-SAT cannot count."""
        total = sum(abs(value) for value in self.values)
        if total >= CPSAT_LIMIT:
            raise UsageError(
                f"unit {unit}: the objective needs {total.bit_length()} bits and CP-SAT counts with 60; "
                "take --sample, or the engine maxsat or exact"
            )


class Frontier:
    """The most active points that any set of cells has for its inactive ones, and IoU bounds from that.

    Cells are sorted by a_j / b_j, falling.  Taking them in this order, the last one in part, gives the curve of the
    pairs (A, B) with the largest A for each B that a fractional choice of cells has (a knapsack's relaxation).
    No formula lies above it.
    """

    def __init__(self, problem: Problem, ceiling: Fraction) -> None:
        pairs = zip(problem.active.tolist(), (problem.weights - problem.active).tolist(), strict=True)
        useful = [(a, b) for a, b in pairs if a]
        # Two different shares of counts below 2**52 differ by more than 2**-104: so their multiples tell them apart.
        self._cells = sorted(useful, key=lambda cell: (cell[0] << 106) // (cell[0] + cell[1]), reverse=True)
        self._points, self._n_points, self._ceiling = problem.unit_points, problem.n_points, ceiling

    def iou_bound(self, target: Fraction, linear: int) -> Fraction:
        """An IoU that no formula exceeds, given that none has a V above `linear`.

        target: p/q, at most the ceiling.  linear: a bound U on V = q A - p B, not scaled.

        Proof.  If U <= p P, no IoU is above p/q (module text).  Else follow the curve from (0, 0).  V rises while
        a_j / b_j > p/q, and the IoU rises while a_j / b_j is above it: both at least up to the ceiling's point.  If V
        stays at most U up to there, the ceiling is the bound.  Else let X = (A*, B*) be the point where V is U.
        A formula (A, B) with B >= B* has A <= (U + p B) / q, so its IoU is at most (U + p B) / (q (P + B)).
        That falls in B because U > p P, and at B* it is the IoU of X.  A formula with B < B* has an A at most
        the curve's at B, where the IoU has not reached that of X yet.

        The answer is rounded down to the next fraction whose denominator is at most the number of points:
        every IoU is such a fraction.
        """
        p, q = target.numerator, target.denominator
        if linear <= p * self._points:
            return target
        both = inactive = value = 0
        for a, b in self._cells:
            gain = q * a - p * b
            if gain <= 0 or Fraction(both, self._points + inactive) >= self._ceiling:
                break
            if value + gain > linear:
                part = Fraction(linear - value, gain)
                iou = (both + part * a) / (self._points + inactive + part * b)
                return min(self._ceiling, largest_fraction(iou, self._n_points))
            both, inactive, value = both + a, inactive + b, value + gain
        return self._ceiling


def largest_fraction(value: Fraction, denominator: int) -> Fraction:
    """The largest fraction not above the value whose denominator is at most this.

    Walks the continued fraction of the value, as `Fraction.limit_denominator` does, and takes of the two last
    convergents' neighbours the one below.

    >>> largest_fraction(Fraction(355, 113), 100), largest_fraction(Fraction(1, 3), 7)
    (Fraction(311, 99), Fraction(1, 3))
    """
    if value.denominator <= denominator:
        return value
    p0, q0, p1, q1 = 0, 1, 1, 0
    n, d = value.numerator, value.denominator
    while (q2 := q0 + (a := n // d) * q1) <= denominator:
        p0, q0, p1, q1 = p1, q1, p0 + a * p1, q2
        n, d = d, n - a * d
    k = (denominator - q0) // q1
    return min(Fraction(p1, q1), Fraction(p0 + k * p1, q0 + k * q1))
