"""Which Boolean functions short AND/OR trees make, as truth tables.

A truth table of k variables is an integer: bit r is the value where exactly the variables i with bit i of r set
are true.  Trees have NOT on any leaf; their length is the number of leaves, and a variable may stand at several.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .formula import And, Atom, Formula, Not, Or


@lru_cache(maxsize=64)
def variables(k: int) -> tuple[int, ...]:
    """The truth tables of the k variables themselves.

    >>> [f"{table:04b}" for table in variables(2)]
    ['1010', '1100']
    """
    return tuple(sum(1 << r for r in range(1 << k) if r >> i & 1) for i in range(k))


@lru_cache(maxsize=64)
def tables_of_length(k: int, length: int) -> np.ndarray:
    """int64, ascending: the truth tables over k <= 5 variables of all trees with exactly so many leaves."""
    if length == 1:
        everything = (1 << (1 << k)) - 1
        return np.array(sorted({t ^ flip for t in variables(k) for flip in (0, everything)}), dtype=np.int64)
    made = []
    for part in range(1, length // 2 + 1):
        left, right = tables_of_length(k, length - part)[:, None], tables_of_length(k, part)
        made += [np.unique(left | right), np.unique(left & right)]
    return np.unique(np.concatenate(made))


@lru_cache(maxsize=64)
def functions(k: int, length: int) -> np.ndarray:
    """int64, ascending: the truth tables over k <= 5 variables, of trees of at most `length` leaves.

    Only those that depend on all k variables, because the others are functions of fewer; but the one that
    is always true counts as a function of one variable (`a OR NOT a`), and the one never true as none.
    """
    tables = np.unique(np.concatenate([tables_of_length(k, n) for n in range(1, length + 1)]))
    if k > 1:
        for i, variable in enumerate(variables(k)):
            tables = tables[(tables & variable) >> (1 << i) != tables & (variable >> (1 << i))]
    return np.asarray(tables[tables != 0])


def to_tree(table: int, names: Sequence[str], length: int) -> Formula:
    """A tree with the fewest leaves that has this truth table, its variables named; at most `length` leaves."""
    k = len(names)
    shortest = next(n for n in range(1, length + 1) if table in tables_of_length(k, n))
    if shortest == 1:
        if table in variables(k):
            return Atom(names[variables(k).index(table)])
        return Not(Atom(names[variables(k).index(table ^ (1 << (1 << k)) - 1)]))
    for part in range(1, shortest // 2 + 1):
        left, right = tables_of_length(k, shortest - part)[:, None], tables_of_length(k, part)
        for join, made in ((Or, left | right), (And, left & right)):
            places = np.argwhere(made == table)
            if len(places):
                first, second = left[places[0][0], 0], right[places[0][1]]
                return join(to_tree(int(first), names, length), to_tree(int(second), names, length))
    raise AssertionError("every table of this length is made of two shorter ones")
