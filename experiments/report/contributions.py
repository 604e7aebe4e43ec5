"""What each concept of a formula does: the points that it brings in, or that it takes away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...solver.explanation import Explanation
from ...solver.formula import And, Atom, Formula, Not
from ...solver.problem import Problem
from .negation import Negation


@dataclass(frozen=True, eq=False)
class Contribution:
    """A leaf of a formula.

    leaf: an atom, or one with a NOT right above it.  takes_away: whether it is joined by AND; then the points are those
    that the formula would hold on but for the leaf, else those that it holds on because of it.
    cell_mask: bool (n_cells,): these points.  points: how many, and on how many of them the unit is active.
    """

    leaf: Formula
    takes_away: bool
    cell_mask: np.ndarray
    points: Explanation

    @property
    def n(self) -> int:
        """Points that it brings in or takes away."""
        return self.points.formula_points

    @property
    def n_active(self) -> int:
        """On how many of them the unit is active."""
        return self.points.intersection


def contributions(problem: Problem, formula: Formula, negations: Sequence[Negation]) -> list[Contribution]:
    """Of each leaf, from left to right.  negations: the formula with each leaf negated (`negation.negations`).

    A leaf decides the points on which the formula and the one with the leaf negated differ.
    """
    holds, found = problem.concepts.mask(formula), []
    for negation, takes_away in zip(negations, _narrowing(formula, False)):
        mask = ~holds & negation.cell_mask if takes_away else holds & ~negation.cell_mask
        found.append(Contribution(negation.leaf, takes_away, mask, problem.explain_mask(negation.leaf, mask)))
    return found


def _narrowing(formula: Formula, narrows: bool) -> Iterator[bool]:
    """For each leaf, whether it narrows what stands beside it.

    >>> a, b, c = map(Atom, "abc")
    >>> list(_narrowing((a | b) & ~c, False)), list(_narrowing(~a & b, False))
    ([False, False, True], [True, False])
    """
    if isinstance(formula, Atom) or (isinstance(formula, Not) and isinstance(formula.operand, Atom)):
        yield narrows
        return
    parts = formula.operands
    is_and = isinstance(formula, And)
    narrowed = next((part for part in parts if not isinstance(part, Not)), parts[0]) if is_and else None
    for part in parts:
        yield from _narrowing(part, part is not narrowed if is_and else narrows and len(parts) == 1)
