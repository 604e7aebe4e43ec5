"""A bound for any length: what N literals cannot separate.

A literal is a concept or its negation.  AND and OR never turn from true to false when more of their parts hold, so a
formula of a set S of literals that holds on cell j and not on cell k has a literal that holds on j and not on k: a
concept that j has and k lacks, or the negation of one that k has and j lacks.  So good cells cannot be taken without
the bad ones that look like them.  As a linear program: let y_j say whether the formula holds on cell j, x_l whether
literal l is in S, a_j and b_j be the active and inactive points of cell j, U all active points;

    maximise   sum of a_j y_j / (U + sum of b_j y_j)
    where      y_j - y_k <= sum of x_l over the l that hold on j and not on k,  sum of x_l <= N,  0 <= x, y <= 1.

No formula of N leaves has a larger IoU, chain or tree.  Multiplied by t = 1 / (U + sum of b_j y_j) all is linear
(Charnes and Cooper 1962), and the dual is

    minimise   theta   where   sum of r_j + N tau + sum of u_l <= U theta,
                               out_j - in_j + r_j >= a_j - theta b_j      for each cell,
                               sum of f_jk over the pairs that l separates <= tau + u_l,      all variables >= 0,

out_j being the sum of f_jk over k, in_j that of f_kj: a transport f from cells of positive value a - theta b to cells
of negative value.  Rounded to integers it is a certificate, whose proof stands in `solver/checking/transport.py`.  Any
feasible transport proves something, so floating point, and leaving out most of the pairs j, k, cost tightness and never
truth.

scipy's HiGHS solves it.  Which pairs are worth having depends on the bound, so it is solved twice: first with the pairs
for a bound half way to the ceiling, then with those for the bound found.

Time and memory.  The program and looking for near pairs are kept to a `Size`: where there is more, the heaviest cells
are taken.  What a program needs at least is estimated before it is made, and it is not begun where that is more than
the time left.  HiGHS itself hears nobody, so it runs in a thread that is left behind, to end at the time limit or with
the process, where somebody asks to stop.  Python's own end may abort the process when such a thread comes back to it:
where `is_left_behind`, leave by `os._exit`.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from .cells import ConceptRows
from .certificate import Certificate
from .problem import Problem
from .stopping import Stopped, Stopping

WORK_BETWEEN_POLLS = 5_000_000
SECONDS_PER_WORK, SECONDS_PER_ENTRY = 5e-9, 1e-6
"""What counting takes, and what a linear program takes at least."""
ROUNDS = 2
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
    guess = (low + ceiling) / 2
    for _ in range(ROUNDS):
        if not low < proven.bound or stopping.is_over:
            break
        try:
            found = _solved(problem, guess, length, stopping, size)
        except Stopped:
            break
        if found is None:
            break
        for target in _targets(problem, found.theta, proven.bound):
            routes = _rounded(found, _values(problem, target), target.denominator)
            if _proves(problem, target, length, routes):
                proven = Certificate(space, length, target, "transport", routes)
                break
        guess = max(low, proven.bound)
    return proven


def _targets(problem: Problem, theta: float, below: Fraction) -> Iterator[Fraction]:
    """Fractions from theta on, ever farther above it: what rounding costs is not known beforehand.

    They have one denominator; times the points it stays below 2**52, so that every sum is exact.
    """
    scale = 1 << max(0, min(20, 51 - problem.n_points.bit_length()))
    nearest = math.ceil(theta * scale)
    for more in itertools.chain([0], (1 << power for power in range(20))):
        target = Fraction(nearest + more, scale)
        if target >= below:
            return
        yield target


def _values(problem: Problem, target: Fraction) -> np.ndarray:
    """int64 (n_cells,): target's denominator times the active points, less its numerator times the inactive ones."""
    return np.asarray(target.denominator * problem.active - target.numerator * (problem.weights - problem.active))


class _Transport(NamedTuple):
    """The linear program's bound, and what each pair of cells sends, in points."""

    theta: float
    senders: np.ndarray
    receivers: np.ndarray
    amounts: np.ndarray


def _solved(problem: Problem, guess: Fraction, length: int, stopping: Stopping, size: Size) -> _Transport | None:
    """The linear program with the pairs that matter at a bound near the guess; None where it fails.

    Its variables: theta, tau, u of all literals, r of all cells, f of all pairs.
    Raises `Stopped`, also where the time left is too short to begin.
    """
    from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack

    values = problem.active - float(guess) * (problem.weights - problem.active)
    if problem.n_points >= 2**52 or not (values > 0).any() or not (values < 0).any():
        return None
    senders, receivers = _pairs(problem.concepts, values, stopping, size)
    pair, literal = _separating(problem.concepts, senders, receivers)
    if len(pair) * SECONDS_PER_ENTRY > stopping.seconds_left:
        raise Stopped
    m, n, n_cells = len(senders), 2 * len(problem.concepts.names), len(values)
    scale = float(problem.weights.max())
    active, inactive = problem.active / scale, (problem.weights - problem.active) / scale

    def matrix(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int], sign: float = 1.0) -> Any:
        return coo_array((np.full(len(rows), sign), (rows, columns)), shape=shape)

    ends = matrix(receivers, np.arange(m), (n_cells, m)) + matrix(senders, np.arange(m), (n_cells, m), -1.0)
    row = np.concatenate([[-problem.unit_points / scale, length], np.ones(n + n_cells), np.zeros(m)])
    of_cells = [coo_array(-inactive[:, None]), coo_array((n_cells, n + 1)), -eye_array(n_cells), ends]
    of_literals = [
        coo_array((n, 1)),
        -np.ones((n, 1)),
        -eye_array(n),
        coo_array((n, n_cells)),
        matrix(literal, pair, (n, m)),
    ]
    solution = _minimised(
        np.concatenate([[1.0], np.zeros(len(row) - 1)]),
        vstack([csr_array(row[None, :]), hstack(of_cells), hstack(of_literals)]).tocsr(),
        np.concatenate([[0.0], -active, np.zeros(n)]),
        stopping,
    )
    return None if solution is None else _Transport(solution[0], senders, receivers, solution[-m:] * scale)


def _minimised(objective: np.ndarray, rows: Any, limits: np.ndarray, stopping: Stopping) -> np.ndarray | None:
    """The x >= 0 with rows x <= limits and the smallest objective; None where the solver finds none in its time."""
    from scipy.optimize import linprog

    left = stopping.seconds_left
    options = {} if left == math.inf else {"time_limit": left}

    def solve() -> Any:
        return linprog(objective, A_ub=rows, b_ub=limits, bounds=(0, None), method="highs", options=options).x

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
    """(pair, literal) for every literal that holds on the sender alone; NOT c has the number n_concepts + c."""
    rows = _matrix(concepts)
    difference = (rows[senders] - rows[receivers]).tocoo()
    (pair, concept), sign = difference.coords, difference.data
    held = sign != 0
    literal = concept + len(concepts.names) * (sign < 0)
    return pair[held].astype(np.int64), literal[held].astype(np.int64)


def _rounded(found: _Transport, values: np.ndarray, scale: int) -> list[Route]:
    """The amounts, times the scale, as integers that no cell's value falls short of."""
    left = np.abs(values).tolist()
    amounts = np.floor(found.amounts * scale).astype(np.int64)
    routes = []
    for j, k, amount in zip(found.senders.tolist(), found.receivers.tolist(), amounts.tolist()):
        sent = min(amount, left[j], left[k])
        if sent > 0 and values[j] > 0 > values[k]:
            left[j] -= sent
            left[k] -= sent
            routes.append([j, k, sent])
    return routes


def _proves(problem: Problem, target: Fraction, length: int, routes: list[Route]) -> bool:
    """Whether all that is not sent, and the N largest sums that a literal separates, stay within the target."""
    values = _values(problem, target)
    senders, receivers, amounts = np.array(routes, dtype=np.int64).reshape(-1, 3).T
    pair, literal = _separating(problem.concepts, senders, receivers)
    separates = np.zeros(2 * len(problem.concepts.names), dtype=np.int64)
    np.add.at(separates, literal, amounts[pair])
    kept = int(values[values > 0].sum()) - int(amounts.sum())
    return kept + int(np.sort(separates)[-length:].sum()) <= target.numerator * problem.unit_points
