"""From a formula to its place in a shape: the inverse of `decode`, for hints, and the proof of the rules S1 to S6."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..solver.formula import And, Atom, Formula, Not, is_chain
from ..solver.logic import negation_normal_form
from .shape import Alphabet, Choice, Shape, Span


@dataclass(frozen=True)
class _Part:
    """A leaf (literal, no parts) or an n-ary operator with sorted parts."""

    literal: int
    conjunctive: bool = False
    parts: tuple[_Part, ...] = ()

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts) or 1

    @property
    def first(self) -> int:
        return self.parts[0].first if self.parts else self.literal


def place(formula: Formula, shape: Shape, alphabet: Alphabet) -> Choice | None:
    """The choice that stands for the formula; None where it is too long or not of the space."""
    if shape.space == "chain" and not is_chain(formula):
        return None
    part = _sorted_part(negation_normal_form(formula), alphabet)
    missing = shape.length - part.size
    if missing < 0:
        return None
    part = _padded(part, missing) if missing else part
    literals: list[int] = []
    splits: dict[Span, tuple[int, bool]] = {}
    _lay_out(part, literals, splits)
    return Choice(tuple(literals), splits)


def _sorted_part(formula: Formula, alphabet: Alphabet) -> _Part:
    """The n-ary tree with S2 to S6: nested equal operators merged, copies dropped, parts in order."""
    if isinstance(formula, Atom):
        return _Part(alphabet.literal(formula.name, False))
    if isinstance(formula, Not):
        return _Part(alphabet.literal(next(formula.atoms()), True))
    conjunctive = isinstance(formula, And)
    found: dict[_Part, None] = {}
    for operand in formula.operands:
        part = _sorted_part(operand, alphabet)
        found |= dict.fromkeys(part.parts if part.parts and part.conjunctive == conjunctive else (part,))
    parts = tuple(sorted(found, key=lambda part: (-part.size, part.first)))
    return _Part(-1, conjunctive, parts) if len(parts) > 1 else parts[0]


def _padded(part: _Part, missing: int) -> _Part:
    """The part with this many copies of its first leaf."""
    if not part.parts:
        return _Part(-1, False, (part,) * (missing + 1))
    head, *rest = part.parts
    if not head.parts and not part.conjunctive:
        return replace(part, parts=(head,) * (missing + 1) + tuple(rest))
    return replace(part, parts=(_padded(head, missing), *rest))


def _lay_out(part: _Part, literals: list[int], splits: dict[Span, tuple[int, bool]]) -> None:
    """Append the part's leaves, and split its spans from left to right."""
    if not part.parts:
        literals.append(part.literal)
        return
    first = len(literals)
    for place, operand in enumerate(part.parts):
        _lay_out(operand, literals, splits)
        if place:
            splits[first, len(literals)] = (operand.size, part.conjunctive)
