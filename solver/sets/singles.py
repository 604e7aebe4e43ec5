"""Length one: every concept, and in trees its complement, is scored from its own two counts."""

from __future__ import annotations

from ..explanation import Explanation
from ..formula import Atom, Formula, Not
from ..overlap import Overlaps
from ..problem import Problem


def best_of_one(problem: Problem, space: str, best: Explanation) -> Explanation:
    """The formula of one concept with the highest IoU; `best`, if none is above it.

    An IoU is a pair (a, b), a / b; they are compared by products, in Python's integers.
    """
    points, active = (counts.tolist() for counts in Overlaps(problem).totals)
    a, b = best.iou.numerator, best.iou.denominator
    formula: Formula | None = None
    unit, every = problem.unit_points, problem.n_points
    for name, own, both in zip(problem.concepts.names, points, active):
        sides: list[tuple[Formula, int, int]] = [(Atom(name), both, own)]
        if space == "tree":
            sides.append((Not(Atom(name)), unit - both, every - own))
        for each, shared, held in sides:
            union = unit + held - shared
            if shared * b > a * union:
                a, b, formula = shared, union, each
    return best if formula is None else problem.explain(formula)
