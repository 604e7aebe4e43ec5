"""What formulas mean: normal form, equivalence, simplification, and sympy's notation.

Equivalence is decided on truth tables, which is exact and fast for the few concepts of an
explanation.  Simplification is sympy's (Quine-McCluskey), which takes up to 8 variables.
sympy is imported where it is needed: importing it takes longer than most searches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import UsageError
from .formula import And, Atom, Formula, Not, Or

if TYPE_CHECKING:
    import sympy

MAX_TABLE_CONCEPTS = 20
MAX_SIMPLIFY_CONCEPTS = 8


def negation_normal_form(formula: Formula) -> Formula:
    """The equivalent formula in which NOT stands on concepts only; length is kept.

    >>> a, b = Atom("a"), Atom("b")
    >>> negation_normal_form(~(a | ~b))
    <NOT a AND b>
    """
    return _pushed(formula, negate=False)


def _pushed(formula: Formula, negate: bool) -> Formula:
    if isinstance(formula, Atom):
        return Not(formula) if negate else formula
    if isinstance(formula, Not):
        return _pushed(formula.operand, not negate)
    join = Or if isinstance(formula, And) == negate else And
    return join(*(_pushed(part, negate) for part in formula.operands))


def truth_table(formula: Formula, names: list[str]) -> np.ndarray:
    """bool (2 ** len(names),): the formula's value where bit i of the row number is concept `names[i]`."""
    rows = np.arange(1 << len(names))
    return formula.mask({name: (rows >> bit & 1).astype(bool) for bit, name in enumerate(names)})


def are_equivalent(left: Formula, right: Formula) -> bool:
    """Whether the two hold on the same points whatever the concepts' masks are.

    Exact; raises `UsageError` where they have more than 20 concepts together.

    >>> a, b = Atom("a"), Atom("b")
    >>> are_equivalent(~(a & b), ~a | ~b), are_equivalent(a, a | b)
    (True, False)
    """
    names = sorted({*left.atoms(), *right.atoms()})
    if len(names) > MAX_TABLE_CONCEPTS:
        raise UsageError(f"equivalence is decided up to {MAX_TABLE_CONCEPTS} concepts; these have {len(names)}")
    return bool(np.array_equal(truth_table(left, names), truth_table(right, names)))


def simplify(formula: Formula) -> Formula | bool:
    """A shortest disjunctive or conjunctive normal form by sympy, or the formula itself where none is shorter.

    True or False where the formula always or never holds.  Up to 8 concepts; beyond them the
    minimisation takes minutes, and `UsageError` says so.

    >>> a, b = Atom("a"), Atom("b")
    >>> simplify((a & b) | (a & ~b)), simplify(a & ~a)
    (<a>, False)
    """
    names = sorted(set(formula.atoms()))
    if len(names) > MAX_SIMPLIFY_CONCEPTS:
        raise UsageError(f"simplification takes up to {MAX_SIMPLIFY_CONCEPTS} concepts; this has {len(names)}")
    import sympy
    from sympy.logic import simplify_logic

    expression, symbols = _expression(formula)
    shortest = simplify_logic(expression)
    if shortest in (sympy.true, sympy.false):
        return bool(shortest)
    found = _from_expression(shortest, {symbol: name for name, symbol in symbols.items()})
    return found if found.length < formula.length else formula


def to_sympy(formula: Formula) -> sympy.logic.boolalg.Boolean:
    """The formula as a sympy expression; a concept is the `Symbol` with its name.

    >>> to_sympy(Atom("water") & ~Atom("blue"))
    water & ~blue
    """
    return _expression(formula)[0]


def _expression(formula: Formula) -> tuple[Any, dict[str, Any]]:
    import sympy

    symbols = {name: sympy.Symbol(name) for name in sorted(set(formula.atoms()))}

    def build(part: Formula) -> Any:
        if isinstance(part, Atom):
            return symbols[part.name]
        if isinstance(part, Not):
            return sympy.Not(build(part.operand))
        join = sympy.And if isinstance(part, And) else sympy.Or
        return join(*map(build, part.operands))

    return build(formula), symbols


def _from_expression(expression: Any, names: dict[Any, str]) -> Formula:
    import sympy

    if expression in names:
        return Atom(names[expression])
    parts = [_from_expression(part, names) for part in sorted(expression.args, key=str)]
    if isinstance(expression, sympy.Not):
        return Not(parts[0])
    return And(*parts) if isinstance(expression, sympy.And) else Or(*parts)
