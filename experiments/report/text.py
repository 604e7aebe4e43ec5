"""Numbers and formulas as the report's pages show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ...solver.formula import OPERATOR_WORDS, Atom, Formula, Not, quoted


def ratio(value: float | Fraction) -> str:
    """Three digits of a number in [0, 1], at most four behind the point.  Only 1 itself reads 1, only 0 reads 0.

    >>> ratio(Fraction(10**9 - 1, 10**9)), ratio(1), ratio(0), ratio(1e-9), ratio(0.14801), ratio(0.0461)
    ('0.999', '1', '0', '<0.0001', '0.148', '0.0461')
    """
    if value in (0, 1):
        return str(int(value))
    text = f"{float(value):.{3 if value >= 0.0995 else 4}f}"
    return {"1.000": "0.999", "0.0000": "<0.0001"}.get(text, text)


def count(number: int) -> str:
    """
    >>> count(12807307)
    '12,807,307'
    """
    return f"{number:,}"


def decimal(value: float) -> str:
    """Three digits that count; whole numbers keep all of theirs.

    >>> decimal(20.25), decimal(-0.138), decimal(1234.5), decimal(123456.7), decimal(0)
    ('20.2', '-0.138', '1,234', '123,457', '0')
    """
    if not value:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def percent(part: int, whole: int) -> str:
    """A share in percent; only nothing reads 0 %, and only the whole reads 100 %.

    >>> percent(1, 3), percent(999_999, 1_000_000), percent(1, 1_000_000), percent(0, 5), percent(5, 5), percent(0, 0)
    ('33.3 %', '99.9 %', '<0.1 %', '0 %', '100 %', '-')
    """
    if not whole:
        return "-"
    if part in (0, whole):
        return "100 %" if part else "0 %"
    text = f"{100 * part / whole:.1f}"
    return {"0.0": "<0.1", "100.0": "99.9"}.get(text, text) + " %"


def share(value: float) -> str:
    """How much more, in percent.

    >>> share(0.1391), share(0.004), share(1e-9), share(2.5)
    ('14 %', '0.4 %', '<0.1 %', '250 %')
    """
    return f"{100 * value:.0f} %" if value >= 0.0095 else f"{100 * value:.1f} %" if value >= 0.0005 else "<0.1 %"


def heading(column: str) -> str:
    """The name of a table's column in words.

    >>> heading("mean_held_out_iou"), heading("p_value")
    ('mean held out IoU', 'p value')
    """
    return " ".join("IoU" if word == "iou" else word for word in column.split("_"))


@dataclass(frozen=True)
class Token:
    """A piece of a formula's text.  kind: `concept`, `operator` or `mark` (parentheses and blanks).

    concept: the name, unquoted, where the piece is one; else "".
    """

    kind: str
    text: str
    concept: str = ""


def tokens(formula: Formula) -> Iterator[Token]:
    """The pieces of `str(formula)`, in order.

    >>> [token.text for token in tokens(~Atom("sky") & Atom("shop window"))]
    ['NOT', ' ', 'sky', ' ', 'AND', ' ', '"shop window"']
    """
    if isinstance(formula, Atom):
        yield Token("concept", quoted(formula.name), formula.name)
    elif isinstance(formula, Not):
        yield Token("operator", OPERATOR_WORDS[2])
        yield Token("mark", " ")
        yield from _operand(formula.operand)
    else:
        for place, part in enumerate(formula.operands):
            if place:
                yield Token("mark", " ")
                yield Token("operator", getattr(formula, "word"))  # noqa: B009 (only And and Or come here)
                yield Token("mark", " ")
            yield from _operand(part)


def _operand(part: Formula) -> Iterator[Token]:
    if isinstance(part, Atom | Not):
        yield from tokens(part)
    else:
        yield Token("mark", "(")
        yield from tokens(part)
        yield Token("mark", ")")
