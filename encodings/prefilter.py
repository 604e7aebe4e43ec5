"""Which ANDs a chain that reaches the target may have.

Let F(k) bound the value of the chains of at most k concepts without AND, and P(e) be the sum of the positive values of
e's cells.  Let e be the outermost AND of a chain of N concepts and of a value of at least T.  Leave out the AND and all
that is inside it, two rules at least: the chain that is left has no AND, and what is lost lies in cells of e.  So

    T <= F(N - 2) + P(e)

Let there be a further AND x inside it.  Then three rules go, so T <= F(N - 3) + P(e).  Or leave out only x and all
inside it: what is lost lies in cells of both, and what is left, N - 2 rules, either has nothing inside e, and without
that AND no other, or by the same argument at most F(N - 4) + P(e).  So with P(e, x) of the cells of both

    T <= max(F(N - 3), F(N - 4) + P(e)) + P(e, x)        the second only for N > 3
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .roles import sums
from .shape import Alphabet
from .target import Target


def useful_ands(
    length: int, alphabet: Alphabet, target: Target, least: int, free: Callable[[int], int]
) -> dict[int, tuple[int, ...]]:
    """The concepts e whose AND e may be in a chain of value `least`, in the form of `roles.encode`.

    free: gives F(k), for k from 0; where it is asked of more, it may give more.
    """
    if length < 2:
        return {}
    gains, _ = sums(alphabet.matrix, target)
    useful = [e for e, gain in enumerate(gains) if gain]
    reached = free(length - 2)
    outermost = [e for e in useful if reached + gains[e] >= least]
    found: dict[int, tuple[int, ...]] = dict.fromkeys(outermost, ())
    if length > 2:
        three, four = free(length - 3), free(length - 4) if length > 3 else None
        both = _shared_gains(alphabet.matrix, target)
        around: dict[int, list[int]] = {}
        for e in (e for e in outermost if three + gains[e] >= least):
            left = three if four is None else max(three, four + gains[e])
            for x in useful:
                if x != e and both[e][x] and left + both[e][x] >= least:
                    around.setdefault(x, []).append(e)
        found = {x: tuple(outer) for x, outer in around.items()} | found
    return found


def most_of_free(length: int, alphabet: Alphabet, target: Target) -> int:
    """A simple F: the sum of the largest P."""
    gains, _ = sums(alphabet.matrix, target)
    return sum(sorted(gains, reverse=True)[:length]) if length > 0 else 0


def _shared_gains(matrix: np.ndarray, target: Target) -> list[list[int]]:
    """For every two concepts the sum of the positive values of the cells that have both."""
    positive = np.array([max(value, 0) for value in target.values], dtype=object)
    if positive.sum() < 2**62:
        dense = matrix.astype(np.int64)
        return (dense.T @ (dense * positive.astype(np.int64)[:, None])).tolist()
    return (matrix.T.astype(object) @ (matrix * positive[:, None])).tolist()
