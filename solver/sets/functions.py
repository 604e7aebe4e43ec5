"""Which Boolean functions short formulas make, as truth tables.

A truth table of k variables is an integer: bit r is the value where exactly the variables i with bit i of r set
are true.  A variable may stand at several leaves.  Two spaces: a *chain* starts with a variable, and each step joins
one more by OR, AND or AND NOT; a *tree* joins trees by OR and AND, with NOT on any leaf.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ..chain import Chain, to_formula
from ..errors import UsageError
from ..formula import And, Atom, Formula, Not, Or

SPACES = ("chain", "tree")
OR, AND, AND_NOT = 0, 1, 2
"""The places of the operators in `chain.OPERATORS`."""


@lru_cache(maxsize=64)
def variables(k: int) -> tuple[int, ...]:
    """The truth tables of the k variables themselves.

    >>> [f"{table:04b}" for table in variables(2)]
    ['1010', '1100']
    """
    return tuple(sum(1 << r for r in range(1 << k) if r >> i & 1) for i in range(k))


@lru_cache(maxsize=128)
def functions(space: str, k: int, length: int) -> np.ndarray:
    """int64, ascending: the truth tables over k <= 5 variables, of formulas with at most `length` leaves.

    Only those that depend on all k variables, because the others are functions of fewer; but the one that
    is always true counts as a function of one variable (`a OR NOT a`), and the one never true as none.
    """
    if space not in SPACES:
        raise UsageError(f"the space is {' or '.join(SPACES)}, not {space!r}")
    of_length = _chains if space == "chain" else _trees
    tables = np.unique(np.concatenate([of_length(k, n) for n in range(1, length + 1)]))
    if k > 1:
        for i, variable in enumerate(variables(k)):
            tables = tables[(tables & variable) >> (1 << i) != tables & (variable >> (1 << i))]
    return np.asarray(tables[tables != 0])


def to_shortest(space: str, table: int, names: Sequence[str], length: int) -> Formula:
    """A formula with the fewest leaves that has this truth table, its variables named; at most `length` leaves."""
    k = len(names)
    leaves = shortest_length(space, table, k, length)
    return _tree(table, names, leaves) if space == "tree" else to_formula(_chain(table, k, leaves), names)


def shortest_length(space: str, table: int, k: int, length: int) -> int:
    """The fewest leaves of a formula with this truth table of k variables; at most `length`."""
    of_length = _chains if space == "chain" else _trees
    return next(n for n in range(1, length + 1) if table in of_length(k, n))


@lru_cache(maxsize=128)
def _chains(k: int, length: int) -> np.ndarray:
    """int64, ascending: the truth tables of all chains with exactly this many leaves."""
    each = np.array(variables(k), dtype=np.int64)
    if length == 1:
        return np.sort(each)
    shorter = _chains(k, length - 1)[:, None]
    return np.unique(np.concatenate([shorter | each, shorter & each, shorter & ~each]))


def _chain(table: int, k: int, length: int) -> Chain:
    if length == 1:
        return ((OR, variables(k).index(table)),)
    for shorter in _chains(k, length - 1).tolist():
        for concept, each in enumerate(variables(k)):
            for operator, made in ((OR, shorter | each), (AND, shorter & each), (AND_NOT, shorter & ~each)):
                if made == table:
                    return (*_chain(shorter, k, length - 1), (operator, concept))
    raise AssertionError("every table of this length is made of a shorter one")


@lru_cache(maxsize=128)
def _trees(k: int, length: int) -> np.ndarray:
    """int64, ascending: the truth tables of all trees with exactly this many leaves."""
    if length == 1:
        everything = (1 << (1 << k)) - 1
        return np.array(sorted({t ^ flip for t in variables(k) for flip in (0, everything)}), dtype=np.int64)
    made = []
    for part in range(1, length // 2 + 1):
        left, right = _trees(k, length - part)[:, None], _trees(k, part)
        made += [np.unique(left | right), np.unique(left & right)]
    return np.unique(np.concatenate(made))


def _tree(table: int, names: Sequence[str], length: int) -> Formula:
    k = len(names)
    if length == 1:
        if table in variables(k):
            return Atom(names[variables(k).index(table)])
        return Not(Atom(names[variables(k).index(table ^ (1 << (1 << k)) - 1)]))
    for part in range(1, length // 2 + 1):
        left, right = _trees(k, length - part)[:, None], _trees(k, part)
        for join, made in ((Or, left | right), (And, left & right)):
            places = np.argwhere(made == table)
            if len(places):
                halves = (int(left[places[0][0], 0]), length - part), (int(right[places[0][1]]), part)
                return join(*(_tree(half, names, leaves) for half, leaves in halves))
    raise AssertionError("every table of this length is made of two shorter ones")
