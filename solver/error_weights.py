"""What an error counts: a false positive `fp` times, a false negative `fn` times (Tversky 1977).

The index of a formula is T = TP / (TP + fp FP + fn FN).  At 1, 1 that is IoU, at 1/2, 1/2 it is F1, and at
1 / (1 + b^2), b^2 / (1 + b^2) it is F-beta for beta = b.

Any search for IoU is one for T.  Of a formula with a > 0 active and b inactive points, for a unit of U points, TP = a,
FP = b and FN = U - a, so 1/T = 1 + (fp b + fn (U - a)) / a = (1 - fn) + fn (U + (fp / fn) b) / a.  Now
J = a / (U + (fp / fn) b) is the IoU that the formula has where every inactive point counts fp / fn times, and

    T = J / (fn + (1 - fn) J),    whose derivative by J is fn / (fn + (1 - fn) J)^2 > 0.

(For 0 <= J <= 1 the denominator is between fn and 1, so above 0; where a = 0 both are 0.)  Hence the formulas of
highest T are those of highest J, and what no J exceeds, mapped, no T exceeds.  With fp / fn = r / s in lowest terms,
J is the IoU of whole numbers again: each active point counts s times, each inactive one r times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm
from typing import Any

from .cells import MAX_POINTS
from .errors import UsageError
from .explanation import Explanation
from .metrics import rounded_up
from .problem import Problem

METRIC = "tversky"
"""What lines call the index; a search for another metric has no weights."""
NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?|\d{1,18}/\d{1,18}", re.ASCII)
LARGEST = 2**63
SCALE = 2**52


@dataclass(frozen=True)
class ErrorWeights:
    """fp, fn: how often a false positive and a false negative count; both above 0."""

    fp: Fraction = Fraction(1)
    fn: Fraction = Fraction(1)

    @classmethod
    def of(cls, fp: str, fn: str) -> ErrorWeights:
        """From the texts of `--fp-weight` and `--fn-weight`; `UsageError` where one is no number above 0."""
        return cls(_number("fp", fp), _number("fn", fn))

    @property
    def are_even(self) -> bool:
        """Whether the index is IoU."""
        return self.fp == self.fn == 1

    @property
    def measure(self) -> str:
        """What the index is called."""
        return "IoU" if self.are_even else "Tversky score"

    @property
    def sentence(self) -> str:
        """What people are told of the weights."""
        return f"{self.measure}, false positives count {self.fp}, false negatives count {self.fn}"

    def record(self) -> dict[str, str]:
        """As settings and lines have them; nothing where the index is IoU, as in those of before."""
        return {} if self.are_even else {"fp_weight": str(self.fp), "fn_weight": str(self.fn)}

    def score_record(self, score: Fraction) -> dict[str, Any]:
        """A score as lines have it; nothing where it is the IoU, which stands there by itself."""
        return {} if self.are_even else {"score": float(score), "score_fraction": list(score.as_integer_ratio())}

    def known_record(self, best: Explanation | None, bound: Fraction | None) -> dict[str, Any]:
        """The fields that JSON lines show of the best formula known and a bound; None for what is not known."""
        score = self.score(best) if best else Fraction(0)
        nothing = {"formula": None, "length": None, "intersection": 0, "union": 0, "iou": 0.0}
        return {
            **(best.record() if best else nothing),
            **self.score_record(score),
            "bound": None if bound is None else rounded_up(bound),
            "bound_fraction": None if bound is None else [bound.numerator, bound.denominator],
            "gap": None if bound is None else rounded_up(bound - score),
        }

    def score(self, found: Explanation) -> Fraction:
        """The formula's T, exactly."""
        both = found.intersection
        errors = self.fp * (found.formula_points - both) + self.fn * (found.unit_points - both)
        return both / (both + errors) if both else Fraction(0)

    def of_iou(self, iou: Fraction) -> Fraction:
        """T of a formula whose IoU of the weighed problem is J; and so a bound on T of one on J."""
        return iou / (self.fn + (1 - self.fn) * iou)

    def bound(self, iou: Fraction) -> Fraction:
        """A bound on T that has 63 bits: that of a bound on J, or where this is too long, a little above it."""
        exact = self.of_iou(iou)
        return exact if exact.denominator < LARGEST else min(Fraction(ceil(exact * SCALE), SCALE), Fraction(1))

    def weighed(self, problem: Problem) -> Problem:
        """The problem whose IoU is J: to be searched by any engine and checked by any proof as it is.

        Raises `UsageError` where the counts would be too large to be exact.
        """
        ratio = self.fp / self.fn
        inactive, active = ratio.numerator, ratio.denominator
        # No count, and no numerator or denominator of a score, is larger than this.
        scale = lcm(self.fp.denominator, self.fn.denominator) * max(Fraction(1), self.fp, self.fn)
        if max(inactive, active, ceil(scale)) * problem.n_points >= MAX_POINTS:
            raise UsageError(
                f"--fp-weight {self.fp} and --fn-weight {self.fn} are too fine for {problem.n_points:,} points: counts "
                f"are exact up to {MAX_POINTS:,}; take rounder ones, whose fractions have smaller numbers"
            )
        if ratio == 1:
            return problem
        weighed = active * problem.active
        weights = weighed + inactive * (problem.weights - problem.active)
        return Problem(problem.concepts, weights, weighed, problem.unit)


EVEN = ErrorWeights()


def _number(of: str, text: str) -> Fraction:
    try:
        value = Fraction(text) if NUMBER.fullmatch(text) else Fraction(0)
    except ZeroDivisionError:
        value = Fraction(0)
    if not value:
        raise UsageError(f"--{of}-weight takes a number above 0, such as 2, 0.5 or 1/3, not {text!r}")
    return value
