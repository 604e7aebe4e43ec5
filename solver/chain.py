"""Chains: the paper's space of formulas, `((c1 op c2) op c3)...` with op in {OR, AND, AND NOT}.

A chain is kept as a tuple of steps (operator, concept column).  The first step's operator is OR: a
chain starts from nothing and takes its first concept in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .formula import And, Atom, Formula, Not, Or

Chain = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Operator:
    """One way to lengthen a formula by a concept.

    join: the new formula.  mask: its mask, from the two masks, bool or packed bits.  count: its points, from the
    points of the formula, of every concept, and of the two (the same for the active points).
    """

    word: str
    join: Callable[[Formula, Formula], Formula]
    mask: Callable[[np.ndarray, np.ndarray], np.ndarray]
    count: Callable[[Any, Any, Any], Any]

    @property
    def factors(self) -> tuple[int, int, int, int]:
        """What `count`, a sum, multiplies its three numbers by; and whether the new formula may be just the concept."""
        return self.count(1, 0, 0), self.count(0, 1, 0), self.count(0, 0, 1), self.word != "AND NOT"


OPERATORS = [
    Operator("OR", Or, np.bitwise_or, lambda formula, concept, intersection: formula + concept - intersection),
    Operator("AND", And, np.bitwise_and, lambda formula, concept, intersection: intersection),
    Operator(
        "AND NOT",
        lambda formula, concept: And(formula, Not(concept)),
        lambda formula, concept: formula & ~concept,
        lambda formula, concept, intersection: formula - intersection,
    ),
]
"""In the order in which the paper's code tries them; ties are settled in this order."""


def to_formula(chain: Chain, names: Sequence[str]) -> Formula:
    """The formula that the chain stands for."""
    formula: Formula = Atom(names[chain[0][1]])
    for operator, concept in chain[1:]:
        formula = OPERATORS[operator].join(formula, Atom(names[concept]))
    return formula


def to_chain(formula: Formula, position: Mapping[str, int]) -> Chain:
    """The steps of a formula for which `is_chain` holds.  position: the column of every concept.

    >>> a, b, c = map(Atom, "abc")
    >>> to_chain(~c & (a | b), {"a": 0, "b": 1, "c": 2})
    ((0, 0), (0, 1), (2, 2))
    """
    if isinstance(formula, Atom):
        return ((0, position[formula.name]),)
    join = 0 if isinstance(formula, Or) else 1
    plain = [part for part in formula.operands if isinstance(part, Atom)]
    negated = [part for part in formula.operands if isinstance(part, Not)]
    inner = [part for part in formula.operands if not isinstance(part, Atom | Not)]
    operands: list[Formula] = [*inner, *plain, *negated]
    first, *others = operands
    steps = ((2 * join if isinstance(part, Not) else join, position[next(part.atoms())]) for part in others)
    return (*to_chain(first, position), *steps)
