"""The numbers of an answer, counted again from the cells: this shares no code with the searches.

No sum here can leave 64 bits: int64 is added in halves, and products that would not fit are of Python's integers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from .checker import _length
from .error_weights import Errors

HALF = 31


class Rows:
    """The cells of every concept.

    indptr: int64 (n_cells + 1,).  indices: (n_set,): the concepts of each cell.
    """

    def __init__(self, indptr: np.ndarray, indices: np.ndarray, n_concepts: int) -> None:
        self.n_concepts, self.widths = n_concepts, np.diff(indptr)
        cells = np.repeat(np.arange(len(self.widths)), self.widths)
        self.cells = cells[np.argsort(indices, kind="stable")]
        self.ends = np.concatenate([[0], np.cumsum(np.bincount(indices, minlength=n_concepts))])

    def mask(self, formula: Any) -> np.ndarray:
        """bool (n_cells,): where a formula of nested lists holds, as certificates have it (`checking/claim.py`)."""
        if type(formula) is int:
            mask = np.zeros(len(self.widths), dtype=bool)
            mask[self.cells[self.ends[formula] : self.ends[formula + 1]]] = True
            return mask
        operator, first, *others = formula
        mask = self.mask(first)
        if operator == "NOT":
            return ~mask
        for part in others:
            mask = mask & self.mask(part) if operator == "AND" else mask | self.mask(part)
        return mask

    def length(self, formula: Any, space: str) -> int:
        """The number of concepts it names; `CertificateError` where it is no formula of the space."""
        return _length(formula, self.n_concepts, space)


class UnitPoints:
    """The points of one unit.

    weights, active: int64 (n_cells,), not negative, active at most weights.  errors: what formulas are scored by.
    """

    def __init__(self, rows: Rows, weights: np.ndarray, active: np.ndarray, errors: Errors | None = None) -> None:
        self.rows, self.active, self.inactive, self.errors = rows, active, weights - active, errors or Errors()
        self.unit_points = exact_sum(active)
        self.n_points = self.unit_points + exact_sum(self.inactive)

    @property
    def is_degenerate(self) -> bool:
        """Whether the unit is active nowhere or everywhere."""
        return self.unit_points in (0, self.n_points)

    @property
    def meets_a_concept(self) -> bool:
        """Whether some concept shares a point with the unit."""
        return bool((self.active[self.rows.widths > 0] > 0).any())

    def counts(self, mask: np.ndarray) -> tuple[int, int]:
        """(points where mask and unit hold, points where either does)."""
        return exact_sum(self.active[mask]), self.unit_points + exact_sum(self.inactive[mask])

    def score(self, both: int, either: int) -> Fraction:
        """The score of a formula with these counts: its IoU, or where errors are weighed its Tversky index."""
        return self.errors.score(both, either - self.unit_points, self.unit_points - both)

    def ceiling(self) -> Fraction:
        """The highest score of any set of cells.

        Proof.  A set of cells with a active and b inactive points has the score a / (a + F b + G (P - a)), P the unit's
        points, F and G the weights of errors.  That is above p/q where the sum over its cells of
        v = (q - p + p G) active - p F inactive is above p G P; and no set has a larger sum than the cells with v above
        0.  So these have a score above p/q, or no set has.  From p/q = 0 on, each such set gives the next p/q: it
        rises, through the scores of sets, of which there are finitely many, and ends at the best.
        """
        best, found = Fraction(-1), Fraction(0)
        while self.unit_points and found > best:
            best = found
            found = self.score(*self.counts(self._gains(best)))
        return found

    def _gains(self, threshold: Fraction) -> np.ndarray:
        """bool (n_cells,): where v is above 0."""
        p, q = threshold.numerator, threshold.denominator
        of_active, of_inactive = q - p + p * self.errors.fn, p * self.errors.fp
        scale = of_active.denominator * of_inactive.denominator
        q, p = int(scale * of_active), int(scale * of_inactive)
        active, inactive = self.active, self.inactive
        if q * int(active.max()) + p * int(inactive.max()) >= 2**62:
            active, inactive = active.astype(object), inactive.astype(object)
        return np.asarray(q * active - p * inactive > 0, dtype=bool)


def exact_sum(values: np.ndarray) -> int:
    """The sum of int64 that are not negative, fewer than 2**31 of them."""
    low, high = values & ((1 << HALF) - 1), values >> HALF
    return (int(high.sum()) << HALF) + int(low.sum())
