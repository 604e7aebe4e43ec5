"""What becomes of a formula when one of its leaves is negated: does the leaf matter?

The original report has a row of images for such a "minor negation", too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...solver.error_weights import ErrorWeights
from ...solver.explanation import Explanation
from ...solver.formula import And, Atom, Formula, Not, Or
from ...solver.problem import Problem

KEPT = Fraction(4, 5)
"""A negation that keeps so much of the score is worth a look."""


@dataclass(frozen=True, eq=False)
class Negation:
    """A formula with one leaf negated.

    leaf: as it stands in the formula.  found: the changed formula with its counts.  cell_mask: bool (n_cells,): where
    it holds.  changed: points on which the two formulas differ.
    """

    leaf: Formula
    found: Explanation
    cell_mask: np.ndarray
    changed: int


def negate_leaf(formula: Formula, place: int) -> Formula:
    """The formula with its leaf number `place`, counted from the left and from 0, negated; NOT NOT cancels.

    >>> a, b, c = map(Atom, "abc")
    >>> negate_leaf((a | b) & ~c, 2), negate_leaf((a | b) & ~c, 0)
    (<(a OR b) AND c>, <(NOT a OR b) AND NOT c>)
    """
    if isinstance(formula, Atom):
        return Not(formula)
    if isinstance(formula, Not):
        inner = formula.operand
        return inner if isinstance(inner, Atom) else Not(negate_leaf(inner, place))
    parts = list(formula.operands)
    for number, part in enumerate(parts):
        if place < part.length:
            parts[number] = negate_leaf(part, place)
            break
        place -= part.length
    return And(*parts) if isinstance(formula, And) else Or(*parts)


def negations(problem: Problem, formula: Formula, cell_mask: np.ndarray) -> list[Negation]:
    """The formula with each of its leaves negated, from left to right.

    cell_mask: bool (n_cells,): where the formula holds.
    """
    found = []
    for place, leaf in enumerate(_leaves(formula)):
        changed = negate_leaf(formula, place)
        mask = problem.concepts.mask(changed)
        difference = int(problem.weights[mask != cell_mask].sum())
        found.append(Negation(leaf, problem.explain_mask(changed, mask), mask, difference))
    return found


def smallest(found: Sequence[Negation]) -> Negation | None:
    """The minor negation: the one that changes fewest points, of equal ones the last; none changes nothing."""
    return min((each for each in reversed(found) if each.changed), key=lambda each: each.changed, default=None)


def telling(found: Sequence[Negation], best: Fraction, errors: ErrorWeights) -> list[Negation]:
    """Those that keep most of the score `best`: their leaves matter little.  What all leaves do says nothing."""
    return [each for each in found if errors.score(each.found) >= KEPT * best]


def _leaves(formula: Formula) -> list[Formula]:
    """Atoms, each with a NOT right above it."""
    if isinstance(formula, Atom) or (isinstance(formula, Not) and isinstance(formula.operand, Atom)):
        return [formula]
    return [leaf for part in formula.operands for leaf in _leaves(part)]
