"""The ceiling: the best IoU of any Boolean function of the concepts, of any length.

It tells "no formula over these concepts can explain this unit" from "a longer formula could".
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .problem import Problem


def ceiling(problem: Problem) -> Fraction:
    """The highest IoU that any set of cells reaches.

    Proof.  A Boolean function of the concepts is a set of cells.  Let set S have the highest IoU, p/q, and
    let cell j have a_j active and b_j inactive points.  Adding j to a set changes the IoU from I/U to
    (I + a_j) / (U + b_j), because the active points are in the union already.  That is higher exactly
    where a_j / b_j > I/U.  So S can hold every cell with a_j / b_j > p/q and no cell with
    a_j / b_j < p/q, and cells at equality change nothing: S is a prefix of the cells sorted by
    a_j / b_j, falling, and trying all prefixes finds it.  Cells without an active point come last, and no IoU
    rises by them: they are left out.

    The sort is by floats; where two cells' ratios are too near to tell, the exact order is settled in integers.
    """
    active = problem.active[problem.own_cells]
    inactive = problem.weights[problem.own_cells] - active
    with np.errstate(divide="ignore"):
        ratio = active / inactive
    order = np.argsort(-ratio, kind="stable")
    order = _settle_ties(order, ratio, active, inactive)
    intersection = np.cumsum(active[order])
    union = problem.unit_points + np.cumsum(inactive[order])
    return best_fraction(intersection, union)


def _settle_ties(order: np.ndarray, ratio: np.ndarray, active: np.ndarray, inactive: np.ndarray) -> np.ndarray:
    """Sort runs of equal floats by the exact ratio; only counts above 2**26 can need it."""
    if max(int(active.max(initial=0)), int(inactive.max(initial=0))) < 2**26:
        return order
    exact = sorted(
        order.tolist(),
        key=lambda j: (
            -ratio[j],
            -Fraction(int(active[j]), int(inactive[j])) if inactive[j] else Fraction(0),
        ),
    )
    return np.array(exact, dtype=order.dtype)


def best_fraction(numerators: np.ndarray, denominators: np.ndarray) -> Fraction:
    """The largest of the fractions, exactly; 0 where every denominator is 0.

    Division in float64 is correctly rounded and so keeps the order up to ties; ties are settled in integers.
    """
    valid = denominators > 0
    if not valid.any():
        return Fraction(0)
    numerators, denominators = numerators[valid], denominators[valid]
    value = numerators / denominators
    near = np.flatnonzero(value == value.max())
    return max(Fraction(int(numerators[i]), int(denominators[i])) for i in near)
