"""The functions of one, two and three concepts that chains make, and how each counts what concepts share.

A chain that names a concept twice is a function of a shorter one: after x op y, a further x gives x, y AND NOT x, x AND
NOT y, x OR y, x AND y, or nothing.  The others are, of three concepts, 23 functions.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..chain import OPERATORS, Chain


@dataclass(frozen=True)
class SmallFunction:
    """A function of so many concepts: its truth table, and the first chain that is it, over concepts 0, 1, 2."""

    table: int
    steps: Chain


@lru_cache(maxsize=3)
def functions_of(n: int) -> tuple[SmallFunction, ...]:
    """Those of chains that name each of n concepts once, in the order of the chains."""
    regions = np.arange(1 << n)
    found: dict[int, SmallFunction] = {}
    for order in itertools.permutations(range(n)):
        for operators in itertools.product(range(len(OPERATORS)), repeat=n - 1):
            steps = tuple(zip((0, *operators), order))
            held = regions >> order[0] & 1
            for operator, concept in steps[1:]:
                held = OPERATORS[operator].mask(held, regions >> concept & 1)
            table = int((held << regions).sum())
            found.setdefault(table, SmallFunction(table, steps))
    return tuple(found.values())


def without_third(n: int) -> np.ndarray:
    """int64 (n_functions, 3): how often the points where z does not hold are those of x, y, xy."""
    held = _regions(n)
    return np.stack([held[1], held[2], held[3] - held[1] - held[2]], axis=1)


def third() -> np.ndarray:
    """int64 (n_functions, 4): how often the points that z adds or takes are those of z, xz, yz, xyz."""
    held = _regions(3)
    none, x, y, both = held[4:] - held[:4]
    return np.stack([none, x - none, y - none, none - x - y + both], axis=1)


def _regions(n: int) -> np.ndarray:
    """int64 (2 ** n, n_functions): whether a function of n concepts holds in each region; x is bit 0 of its number."""
    held = [[each.table >> region & 1 for each in functions_of(n)] for region in range(1 << n)]
    return np.array(held, dtype=np.int64)
