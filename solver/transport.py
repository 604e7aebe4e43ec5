"""A bound for any length: what N concepts cannot separate.

A function of a set S of concepts has one value on two cells unless some concept of S has exactly one of them.  So
good cells cannot be taken without the bad ones that look like them.  As a linear program: let cell j have the value
v_j = q * active - p * inactive, let y_j say whether the function holds there and x_c whether c is in S;

    maximise   sum of v_j y_j   where   y_j - y_k <= sum of x_c over the c that have exactly one of j, k,
                                        sum of x_c <= N,   0 <= x, y <= 1.

If the maximum is at most p * (active points), no Boolean function of N concepts has an IoU above p/q: a bound for
chains and trees alike.  The dual is a transport from cells of positive value to cells of negative value; rounded to
integers it is a certificate, whose proof stands in `solver/checking/transport.py`.  Any feasible transport proves
something, so floating point, and leaving out most of the pairs j, k, cost tightness and never truth.

scipy's HiGHS solves it.  The lowest p/q that can be proven is found by bisection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from .cells import ConceptRows
from .certificate import Certificate
from .problem import Problem

NEAREST = 100
"""For each cell of positive value, so many cells of negative value that differ in the fewest concepts."""
HEAVIEST = 10
"""And the cells of the most negative values."""
MOST_ENTRIES = 2_000_000
"""The linear program is kept to about so many entries; beyond, fewer pairs are taken."""
STEPS = 1024
"""The bound is settled to this fraction of the ceiling."""

Route = list[int]


def transport_bound(
    problem: Problem,
    length: int,
    space: str,
    low: Fraction,
    ceiling: Fraction,
    time_limit: float | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Certificate:
    """The lowest bound between `low` and the ceiling for which a transport was found, or the ceiling.

    time_limit: seconds; at most half of it is taken.
    """
    until = None if time_limit is None else time.perf_counter() + time_limit / 2
    proven = Certificate(space, length, ceiling, "ceiling")
    # Targets have this denominator: times the points it stays below 2**52, so that every sum is exact.
    scale = 1 << max(0, min(20, 51 - problem.n_points.bit_length()))
    while proven.bound - low > ceiling / STEPS and not (should_stop is not None and should_stop()):
        left = None if until is None else until - time.perf_counter()
        if left is not None and left <= 0:
            break
        target = Fraction(round((low + proven.bound) / 2 * scale), scale)
        if not low < target < proven.bound:
            break
        routes = _routes(problem, target, length, left)
        if routes is not None and _proves(problem, target, length, routes):
            proven = Certificate(space, length, target, "transport", routes)
        else:
            low = target
    return proven


def _values(problem: Problem, target: Fraction) -> np.ndarray:
    """int64 (n_cells,): v of the proof."""
    return np.asarray(target.denominator * problem.active - target.numerator * (problem.weights - problem.active))


def _routes(problem: Problem, target: Fraction, length: int, time_limit: float | None) -> list[Route] | None:
    """A transport that sends as much, and separates as little, as the linear program finds; None where it fails.

    Its variables: the amounts f of all pairs, and the N largest w(c) as N t + sum of u_c with w(c) <= t + u_c.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, eye_array, hstack, vstack

    values = _values(problem, target)
    if target.denominator * problem.n_points >= 2**52 or not (values > 0).any() or not (values < 0).any():
        return None
    senders, receivers = _pairs(problem.concepts, values)
    pair, concept = _separating(problem.concepts, senders, receivers)
    m, n, n_cells = len(senders), len(problem.concepts.names), len(values)

    def matrix(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> Any:
        return coo_array((np.ones(len(rows)), (rows, columns)), shape=shape)

    ends = matrix(senders, np.arange(m), (n_cells, m)) + matrix(receivers, np.arange(m), (n_cells, m))
    none = coo_array((n_cells, n + 1))
    above = hstack([matrix(concept, pair, (n, m)), -np.ones((n, 1)), -eye_array(n)])
    scale = float(np.abs(values).max())
    solved = linprog(
        np.concatenate([-np.ones(m), [length], np.ones(n)]),
        A_ub=vstack([hstack([ends, none]), above]).tocsr(),
        b_ub=np.concatenate([np.abs(values) / scale, np.zeros(n)]),
        bounds=(0, None),
        method="highs",
        options={} if time_limit is None else {"time_limit": time_limit},
    )
    if solved.x is None:
        return None
    return _rounded(senders, receivers, solved.x[:m] * scale, values)


def _pairs(concepts: ConceptRows, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Senders and receivers, int64 (m,) each: every sender with its nearest and the heaviest receivers."""
    from scipy.sparse import csr_array

    rows = csr_array(
        (np.ones(len(concepts.indices)), concepts.indices, concepts.indptr), shape=(len(concepts), len(concepts.names))
    )
    size = np.diff(concepts.indptr)
    good, bad = np.flatnonzero(values > 0), np.flatnonzero(values < 0)
    nearest = min(NEAREST, len(bad), max(1, MOST_ENTRIES // (len(good) * (1 + 2 * int(size.mean())))))
    heaviest = bad[np.argsort(values[bad], kind="stable")[:HEAVIEST]]
    pairs = []
    for at in range(0, len(good), 256):
        chunk = good[at : at + 256]
        both = (rows[chunk] @ rows[bad].T).toarray()
        differ = size[chunk][:, None] + size[bad][None, :] - 2 * both
        # Among equally near cells, the heavier ones can take more.
        key = differ - 1e-3 * np.log1p(-values[bad].astype(float))[None, :]
        near = bad[np.argpartition(key, nearest - 1, axis=1)[:, :nearest]]
        pairs += [(j, k) for j, row in zip(chunk.tolist(), near.tolist()) for k in {*row, *heaviest.tolist()}]
    both_ends = np.array(sorted(pairs), dtype=np.int64)
    return both_ends[:, 0], both_ends[:, 1]


def _separating(concepts: ConceptRows, senders: np.ndarray, receivers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(pair, concept) for every concept that has exactly one cell of the pair."""
    bounds, indices = concepts.indptr.tolist(), concepts.indices
    sets = [frozenset(indices[a:b].tolist()) for a, b in pairwise(bounds)]
    apart = [sets[j] ^ sets[k] for j, k in zip(senders.tolist(), receivers.tolist())]
    pair = np.repeat(np.arange(len(apart)), [len(each) for each in apart])
    return pair, np.fromiter((c for each in apart for c in each), dtype=np.int64, count=len(pair))


def _rounded(senders: np.ndarray, receivers: np.ndarray, amounts: np.ndarray, values: np.ndarray) -> list[Route]:
    """The amounts as integers that no cell's value falls short of."""
    left = np.abs(values).tolist()
    routes = []
    for j, k, amount in zip(senders.tolist(), receivers.tolist(), np.floor(amounts).astype(np.int64).tolist()):
        sent = min(amount, left[j], left[k])
        if sent > 0:
            left[j] -= sent
            left[k] -= sent
            routes.append([j, k, sent])
    return routes


def _proves(problem: Problem, target: Fraction, length: int, routes: list[Route]) -> bool:
    """Whether all that is not sent, and the N largest w(c), stay within the target."""
    values = _values(problem, target)
    senders, receivers, amounts = np.array(routes, dtype=np.int64).reshape(-1, 3).T
    pair, concept = _separating(problem.concepts, senders, receivers)
    separates = np.zeros(len(problem.concepts.names), dtype=np.int64)
    np.add.at(separates, concept, amounts[pair])
    kept = int(values[values > 0].sum()) - int(amounts.sum())
    return kept + int(np.sort(separates)[-length:].sum()) <= target.numerator * problem.unit_points
