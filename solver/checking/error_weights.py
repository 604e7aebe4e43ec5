"""Scores where false positives and false negatives do not count alike, and what certificates say of them.

A formula's score is T = TP / (TP + fp FP + fn FN).  Certificates know only IoU, so they are about the cells with each
active point counted s times and each inactive one r times, where fp / fn = r / s: there the formula's IoU is
J = s TP / (s (TP + FN) + r FP).

Claim.  J = fn T / (1 - (1 - fn) T), which rises with T; so T is at most t where J is at most what this makes of t.

Proof.  Both are 0 where TP is.  Else divide by s TP: 1/J = 1 + (FN + (fp/fn) FP) / TP.  And 1/T = 1 + fn (FN + (fp/fn)
FP) / TP.  So 1/J = 1 + (1/T - 1) / fn = (1/T - (1 - fn)) / fn, which falls as T rises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np

from .errors import CertificateError
from .given import MAX_POINTS


@dataclass(frozen=True)
class Errors:
    """fp, fn: how often each false positive and each false negative counts; above 0."""

    fp: Fraction = Fraction(1)
    fn: Fraction = Fraction(1)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Errors:
        """Those of a run's settings, or of a line; where nothing is said, both count once."""
        return cls(Fraction(said.get("fp_weight", "1")), Fraction(said.get("fn_weight", "1")))

    @property
    def are_even(self) -> bool:
        """Whether the score is IoU."""
        return self.fp == self.fn == 1

    def score(self, tp: int, fp: int, fn: int) -> Fraction:
        """T of the counts."""
        return 1 / (1 + (self.fp * fp + self.fn * fn) / tp) if tp else Fraction(0)

    def iou_of(self, score: Fraction) -> Fraction:
        """J of a formula of this score.  A bound above 1 says no more than 1."""
        score = min(score, Fraction(1))
        return self.fn * score / (1 - (1 - self.fn) * score)

    def cells(self, weights: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(points, active points) of the cells, int64 (n_cells,), with every point counted as often as it weighs.

        Raises `CertificateError` where there would be too many.
        """
        r = self.fp.numerator * self.fn.denominator
        s = self.fn.numerator * self.fp.denominator
        r, s = r // gcd(r, s), s // gcd(r, s)
        if max(r, s) * sum(weights.tolist()) >= MAX_POINTS:
            raise CertificateError(f"with weights {self.fp} and {self.fn} there are too many points to be counted")
        inactive = weights - active
        return s * active + r * inactive, s * active
