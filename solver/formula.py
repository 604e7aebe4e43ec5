"""What a formula is: concepts joined by AND, OR and NOT (Mu and Andreas 2020, section 2).

A formula is an immutable value.  Two formulas are equal when they are the same formula up to the
order of operands and the grouping of equal operators: `A OR (B OR C)` equals `(C OR A) OR B`.
They are not compared by meaning: `A OR A` differs from `A` (`solver/logic.py` decides equivalence).

>>> water, river, blue = Atom("water"), Atom("river"), Atom("blue")
>>> formula = And(Or(water, river), Not(blue))
>>> print(formula)
(water OR river) AND NOT blue
>>> formula.length, formula == And(Not(blue), Or(river, water))
(3, True)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, reduce

import numpy as np

OPERATOR_WORDS = ("AND", "OR", "NOT")


def quoted(name: str) -> str:
    r"""The name as it stands in a formula: in double quotes where the grammar needs them.

    >>> print(quoted("water"), quoted("shop window"), quoted("AND"), quoted('5" disk'))
    water "shop window" "AND" "5\" disk"
    """
    plain = name and name.upper() not in OPERATOR_WORDS and not any(c.isspace() or c in '()"' for c in name)
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Formula:
    """One of `Atom`, `Not`, `And`, `Or`."""

    __slots__ = ("__dict__",)

    @property
    def operands(self) -> tuple[Formula, ...]:
        """The parts that this formula joins; empty for a concept."""
        raise AttributeError("operands")

    @cached_property
    def length(self) -> int:
        """The number of concept occurrences: the paper's N.  NOT costs nothing."""
        return sum(part.length for part in self.operands)

    @cached_property
    def depth(self) -> int:
        """How many operators stand above the deepest concept."""
        return 1 + max(part.depth for part in self.operands)

    @cached_property
    def reference_length(self) -> int:
        """The length that the paper's code reports: there every NOT counts one, too."""
        return sum(part.reference_length for part in self.operands)

    @cached_property
    def key(self) -> str:
        """The same text for equal formulas, and for no others."""
        raise AttributeError("key")

    def atoms(self) -> Iterator[str]:
        """The concept names from left to right, repeated where they repeat."""
        for part in self.operands:
            yield from part.atoms()

    def mask(self, concept: Callable[[str], np.ndarray] | Mapping[str, np.ndarray]) -> np.ndarray:
        """Where the formula holds.

        concept: gives for a concept name its boolean mask; all masks have one shape, and so has the
            answer.  A mapping from names to masks serves as well.

        >>> (~Atom("a")).mask({"a": np.array([True, False])})
        array([False,  True])
        """
        lookup = concept.__getitem__ if isinstance(concept, Mapping) else concept
        return self._evaluate(lookup)

    def _evaluate(self, lookup: Callable[[str], np.ndarray]) -> np.ndarray:
        raise AttributeError("_evaluate")

    def __and__(self, other: Formula) -> Formula:
        return And(self, other)

    def __or__(self, other: Formula) -> Formula:
        return Or(self, other)

    def __invert__(self) -> Formula:
        return Not(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"formulas are immutable; cannot set {name!r}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self.operands

    def __repr__(self) -> str:
        return f"<{self}>"

    def _repr_latex_(self) -> str:
        return f"${to_latex(self)}$"


class Atom(Formula):
    """A single concept."""

    __slots__ = ("name",)
    name: str

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise ValueError(f"a concept's name must be a text that is not empty, not {name!r}")
        object.__setattr__(self, "name", name)

    @property
    def operands(self) -> tuple[Formula, ...]:
        return ()

    @cached_property
    def length(self) -> int:
        return 1

    @cached_property
    def depth(self) -> int:
        return 0

    @cached_property
    def reference_length(self) -> int:
        return 1

    @cached_property
    def key(self) -> str:
        return quoted(self.name)

    def atoms(self) -> Iterator[str]:
        yield self.name

    def __reduce__(self) -> tuple[object, ...]:
        return Atom, (self.name,)

    def _evaluate(self, lookup: Callable[[str], np.ndarray]) -> np.ndarray:
        return np.asarray(lookup(self.name), dtype=bool)

    def __str__(self) -> str:
        return quoted(self.name)


class Not(Formula):
    """The points where the operand does not hold."""

    __slots__ = ("operand",)
    operand: Formula

    def __init__(self, operand: Formula) -> None:
        object.__setattr__(self, "operand", operand)

    @property
    def operands(self) -> tuple[Formula, ...]:
        return (self.operand,)

    @cached_property
    def reference_length(self) -> int:
        return 1 + self.operand.reference_length

    @cached_property
    def key(self) -> str:
        return f"NOT({self.operand.key})"

    def _evaluate(self, lookup: Callable[[str], np.ndarray]) -> np.ndarray:
        return np.asarray(np.logical_not(self.operand._evaluate(lookup)))

    def __str__(self) -> str:
        return f"NOT {_grouped(self.operand)}"


class _Join(Formula):
    """Two or more operands under one associative and commutative operator, kept in the order given."""

    __slots__ = ("_operands",)
    word: str
    ufunc: np.ufunc
    _operands: tuple[Formula, ...]

    def __init__(self, *operands: Formula) -> None:
        flat = tuple(part for whole in operands for part in (whole.operands if type(whole) is type(self) else (whole,)))
        if len(flat) < 2:
            raise ValueError(f"{self.word} joins two formulas or more, not {len(flat)}")
        object.__setattr__(self, "_operands", flat)

    @property
    def operands(self) -> tuple[Formula, ...]:
        return self._operands

    @cached_property
    def key(self) -> str:
        return f"{self.word}({' '.join(sorted(part.key for part in self._operands))})"

    def _evaluate(self, lookup: Callable[[str], np.ndarray]) -> np.ndarray:
        return np.asarray(reduce(self.ufunc, (part._evaluate(lookup) for part in self._operands)))

    def __str__(self) -> str:
        return f" {self.word} ".join(_grouped(part) for part in self._operands)


class And(_Join):
    """The points where all operands hold."""

    __slots__ = ()
    word = "AND"
    ufunc = np.logical_and


class Or(_Join):
    """The points where at least one operand holds."""

    __slots__ = ()
    word = "OR"
    ufunc = np.logical_or


def _grouped(part: Formula) -> str:
    """The text of an operand.  Mixed operators always get parentheses: nobody has to know which binds tighter."""
    return f"({part})" if isinstance(part, _Join) else str(part)


def is_chain(formula: Formula) -> bool:
    """Whether the formula is of the paper's space: `((c1 op c2) op c3)...`, op in {OR, AND, AND NOT}.

    >>> a, b, c, d = map(Atom, "abcd")
    >>> is_chain((a | b) & ~c), is_chain(~c & (a | b)), is_chain(a | ~b), is_chain((a & b) | (c & d))
    (True, True, False, False)
    """
    while isinstance(formula, _Join):
        inner = [part for part in formula.operands if isinstance(part, _Join)]
        leaves = [part for part in formula.operands if not isinstance(part, _Join)]
        negated = [part for part in leaves if isinstance(part, Not)]
        if len(inner) > 1 or not all(isinstance(part.operand, Atom) for part in negated):
            return False
        if negated and (isinstance(formula, Or) or not (inner or len(negated) < len(leaves))):
            return False
        if not inner:
            return True
        formula = inner[0]
    return isinstance(formula, Atom)


def to_latex(formula: Formula) -> str:
    r"""The formula in LaTeX's mathematics mode.

    >>> print(to_latex((Atom("water") | Atom("50%")) & ~Atom("blue")))
    (\text{water} \lor \text{50\%}) \land \lnot \text{blue}
    """
    if isinstance(formula, Atom):
        return rf"\text{{{_escaped(formula.name)}}}"
    if isinstance(formula, Not):
        return rf"\lnot {_grouped_latex(formula.operand)}"
    word = r" \land " if isinstance(formula, And) else r" \lor "
    return word.join(map(_grouped_latex, formula.operands))


def _grouped_latex(part: Formula) -> str:
    return f"({to_latex(part)})" if isinstance(part, And | Or) else to_latex(part)


_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{c: "\\" + c for c in "&%$#_{}"},
}  # fmt: skip


def _escaped(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}]", lambda match: _LATEX[match[0]], text)
