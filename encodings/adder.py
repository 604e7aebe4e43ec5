"""Sums of weighted literals in binary, as clauses (Warners 1998): what a SAT solver needs to compare values.

Each weight puts its literal into the columns of its set bits.  Full and half adders bring every column down to
one literal, from the lowest bit up: the digits of the sum.  The clauses grow with the number of literals times
the bits of the weights, whatever the weights are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Clause = list[int]


def weighted_sum(
    weighted: Sequence[tuple[int, int]], fresh: Callable[[], int], add: Callable[[Clause], None]
) -> list[int | None]:
    """The literals of the sum's binary digits, lowest first; None where a digit is always 0.

    weighted: (positive weight, literal) pairs.  fresh: gives a new variable.  add: takes each clause.
    Adders are written in both directions, so the digits are exact whatever is asked of them later.
    """
    columns: list[list[int]] = [[] for _ in range(sum(weight for weight, _ in weighted).bit_length() + 1)]
    for weight, literal in weighted:
        for bit in range(weight.bit_length()):
            if weight >> bit & 1:
                columns[bit].append(literal)
    digits: list[int | None] = []
    for bit, column in enumerate(columns):
        while len(column) > 1:
            inputs, column = column[:3], column[3:]
            digit, carry = fresh(), fresh()
            _add_adder(inputs, digit, carry, add)
            column.append(digit)
            columns[bit + 1].append(carry)
        digits.append(column[0] if column else None)
    return digits


def _add_adder(inputs: list[int], digit: int, carry: int, add: Callable[[Clause], None]) -> None:
    """digit and carry of two or three literals: one clause for each row of the truth table."""
    for row in range(1 << len(inputs)):
        differs = [-literal if row >> place & 1 else literal for place, literal in enumerate(inputs)]
        ones = row.bit_count()
        add([*differs, digit if ones % 2 else -digit])
        add([*differs, carry if ones > 1 else -carry])


def at_most(digits: Sequence[int | None], bound: int) -> list[Clause]:
    """Clauses that say: the number with these binary digits is at most the bound, 0 or more.

    A number is above the bound exactly where it has, at some place, a 1 for the bound's 0, and 1s at all higher places
    where the bound has them.
    """
    clauses = []
    for place, digit in enumerate(digits):
        if digit is not None and not bound >> place & 1:
            higher = [(d, p) for p, d in enumerate(digits) if p > place and bound >> p & 1]
            if all(d is not None for d, _ in higher):
                clauses.append([-digit, *(-d for d, _ in higher if d is not None)])
    return clauses if bound >> len(digits) == 0 else []
