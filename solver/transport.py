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

Time and memory.  The program and looking for near pairs are kept to a `Size`: where there is more, the heaviest cells
are taken.  What a program needs at least is estimated before it is made, and it is not begun where that is more than
the time left.  HiGHS itself hears nobody, so it runs in a thread that is left behind, to end at the time limit or with
the process, where somebody asks to stop.  Python's own end may abort the process when such a thread comes back to it:
where `is_left_behind`, leave by `os._exit`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from .cells import ConceptRows
from .certificate import Certificate
from .problem import Problem
from .stopping import Stopped, Stopping

WORK_BETWEEN_POLLS = 5_000_000
SECONDS_PER_WORK, SECONDS_PER_ENTRY = 5e-9, 1e-6
"""What counting takes, and what a linear program takes at least."""
STEPS = 1024
"""The bound is settled to this fraction of the ceiling."""
SECONDS_BETWEEN_POLLS = 0.02
THREAD = "compexact linear program"

Route = list[int]


@dataclass(frozen=True)
class Size:
    """How large the linear program is made.

    nearest: for each cell of positive value, the number of cells of negative value to pair it with, those that differ
    in the fewest concepts; heaviest: and of those of the most negative values.  entries: of the program, about; beyond,
    fewer pairs and fewer cells are taken.  work: common concepts that are counted, at most, to find near pairs; about a
    second.
    """

    nearest: int = 100
    heaviest: int = 10
    entries: int = 2_000_000
    work: int = 200_000_000


NORMAL = Size()


def transport_bound(
    problem: Problem,
    length: int,
    space: str,
    low: Fraction,
    ceiling: Fraction,
    stopping: Stopping | None = None,
    size: Size = NORMAL,
) -> Certificate:
    """The lowest bound between `low` and the ceiling for which a transport was found, or the ceiling.

    stopping: at most half of the time left is taken.
    """
    stopping = stopping or Stopping()
    stopping = stopping.within(stopping.seconds_left / 2)
    proven = Certificate(space, length, ceiling, "ceiling")
    # Targets have this denominator: times the points it stays below 2**52, so that every sum is exact.
    scale = 1 << max(0, min(20, 51 - problem.n_points.bit_length()))
    while proven.bound - low > ceiling / STEPS and not stopping.is_over:
        target = Fraction(round((low + proven.bound) / 2 * scale), scale)
        if not low < target < proven.bound:
            break
        try:
            routes = _routes(problem, target, length, stopping, size)
        except Stopped:
            break
        if routes is not None and _proves(problem, target, length, routes):
            proven = Certificate(space, length, target, "transport", routes)
        else:
            low = target
    return proven


def _values(problem: Problem, target: Fraction) -> np.ndarray:
    """int64 (n_cells,): v of the proof."""
    return np.asarray(target.denominator * problem.active - target.numerator * (problem.weights - problem.active))


def _routes(problem: Problem, target: Fraction, length: int, stopping: Stopping, size: Size) -> list[Route] | None:
    """A transport that sends as much, and separates as little, as the linear program finds; None where it fails.

    Its variables: the amounts f of all pairs, and the N largest w(c) as N t + sum of u_c with w(c) <= t + u_c.
    Raises `Stopped`, also where the time left is too short to begin.
    """
    from scipy.sparse import coo_array, eye_array, hstack, vstack

    values = _values(problem, target)
    if target.denominator * problem.n_points >= 2**52 or not (values > 0).any() or not (values < 0).any():
        return None
    senders, receivers = _pairs(problem.concepts, values, stopping, size)
    pair, concept = _separating(problem.concepts, senders, receivers)
    if len(pair) * SECONDS_PER_ENTRY > stopping.seconds_left:
        raise Stopped
    m, n, n_cells = len(senders), len(problem.concepts.names), len(values)

    def matrix(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> Any:
        return coo_array((np.ones(len(rows)), (rows, columns)), shape=shape)

    ends = matrix(senders, np.arange(m), (n_cells, m)) + matrix(receivers, np.arange(m), (n_cells, m))
    none = coo_array((n_cells, n + 1))
    above = hstack([matrix(concept, pair, (n, m)), -np.ones((n, 1)), -eye_array(n)])
    scale = float(np.abs(values).max())
    solution = _maximised(
        np.concatenate([np.ones(m), [-length], -np.ones(n)]),
        vstack([hstack([ends, none]), above]).tocsr(),
        np.concatenate([np.abs(values) / scale, np.zeros(n)]),
        stopping,
    )
    return None if solution is None else _rounded(senders, receivers, solution[:m] * scale, values)


def _maximised(objective: np.ndarray, rows: Any, limits: np.ndarray, stopping: Stopping) -> np.ndarray | None:
    """The x >= 0 with rows x <= limits and the largest objective; None where the solver finds none in its time."""
    from scipy.optimize import linprog

    left = stopping.seconds_left
    options = {} if left == math.inf else {"time_limit": left}

    def solve() -> Any:
        return linprog(-objective, A_ub=rows, b_ub=limits, bounds=(0, None), method="highs", options=options).x

    solution: np.ndarray | None = beside(solve, stopping)
    return solution


def beside(work: Callable[[], Any], stopping: Stopping) -> Any:
    """What the work gives, done in a thread; raises `Stopped` as soon as it is over, and leaves the thread behind."""
    done: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # raised where it is waited for
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True, name=THREAD)
    thread.start()
    while thread.is_alive():
        thread.join(SECONDS_BETWEEN_POLLS)
        if thread.is_alive():
            stopping.check()
    if failed:
        raise failed[0]
    return done[0]


def is_left_behind() -> bool:
    """Whether a linear program that was to stop is still at work."""
    return any(thread.name == THREAD for thread in threading.enumerate())


def _pairs(concepts: ConceptRows, values: np.ndarray, stopping: Stopping, size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Senders and receivers, int64 (m,) each: every sender with its nearest and the heaviest receivers."""
    widths = np.diff(concepts.indptr)
    entries = 1 + 2 * int(widths.mean())
    good = _heaviest(values, max(1, size.entries // (entries * (1 + size.heaviest))))
    shared = max(1, int(widths.mean() ** 2 / len(concepts.names)))
    bad = _heaviest(-values, max(1, size.work // (shared * len(good))))
    per_sender = shared * len(bad)
    if per_sender * len(good) * SECONDS_PER_WORK > stopping.seconds_left:
        raise Stopped
    nearest = min(size.nearest, len(bad), max(1, size.entries // (len(good) * entries)))
    heaviest = bad[np.argsort(values[bad], kind="stable")[: size.heaviest]]
    rows = _matrix(concepts)
    columns = rows[bad].T.tocsr()
    pairs = []
    step = max(1, min(256, WORK_BETWEEN_POLLS // per_sender))
    for at in stopping.each(range(0, len(good), step)):
        chunk = good[at : at + step]
        intersection = (rows[chunk] @ columns).toarray()
        differ = widths[chunk][:, None] + widths[bad][None, :] - 2 * intersection
        # Among equally near cells, the heavier ones can take more.
        key = differ - 1e-3 * np.log1p(-values[bad].astype(float))[None, :]
        near = bad[np.argpartition(key, nearest - 1, axis=1)[:, :nearest]]
        pairs += [(j, k) for j, row in zip(chunk.tolist(), near.tolist()) for k in {*row, *heaviest.tolist()}]
    both_ends = np.array(sorted(pairs), dtype=np.int64)
    return both_ends[:, 0], both_ends[:, 1]


def _heaviest(values: np.ndarray, most: int) -> np.ndarray:
    """int64, ascending: the cells of positive value; of more than `most`, those of the largest values."""
    positive = np.flatnonzero(values > 0)
    if len(positive) <= most:
        return positive
    return np.sort(positive[np.argsort(-values[positive], kind="stable")[:most]])


def _matrix(concepts: ConceptRows) -> Any:
    """The concept rows as a sparse matrix of ones."""
    from scipy.sparse import csr_array

    ones = np.ones(len(concepts.indices), dtype=np.int32)
    return csr_array((ones, concepts.indices, concepts.indptr), shape=(len(concepts), len(concepts.names)))


def _separating(concepts: ConceptRows, senders: np.ndarray, receivers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(pair, concept) for every concept that has exactly one cell of the pair."""
    rows = _matrix(concepts)
    pair, concept = (rows[senders] - rows[receivers]).nonzero()
    return pair.astype(np.int64), concept.astype(np.int64)


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
