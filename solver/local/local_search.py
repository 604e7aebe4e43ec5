"""The engine `local`: a large-neighbourhood search over chains of any length.  It proves nothing.

It starts from the beam's answers and goes through the lengths 2, 3, ..., N.  At each it begins with the better of the
beam's chain and the best one found so far.  A fixed number of times it takes out up to four rules and puts as many
back, one after the other, mostly the best of all that could stand at any place (`rounds.py`; removing and repairing:
Shaw 1998).  A chain somewhat worse than the current one may take its place, the less worse the later (simulated
annealing: Kirkpatrick et al. 1983), and now and then the search goes back to the best.

What a chain is worth is the linear value of `docs/exact.md` for the best IoU so far, in integers; what is above the
threshold is counted again on the cells, and taken where its IoU is higher as a fraction.

The draws depend on seed and length alone, and the rounds on the size of the cells: so the answer is the same on every
machine, and that for a length is the same whatever length was asked for.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

import numpy as np

from ..beam import search_beam
from ..chain import Chain, to_chain, to_formula
from ..compiled import CellArrays
from ..explanation import Explanation
from ..problem import Problem
from ..result import SearchResult
from ..stopping import Stopped, Stopping
from . import rounds as kernels

ROUNDS = 900
"""At each length,"""
WORK = 200_000_000
"""or as many as go with this many steps through the concepts of cells, for large inputs: about half a second."""
WORK_BETWEEN_POLLS = 10_000_000
"""Some hundredths of a second."""
PASSES = 6
"""Passes over all concepts of all cells that a round takes, about."""
HEAT = 0.3
"""By how much of the best IoU a chain may be worse at first, at most, to be gone on from; it falls to 0."""
ROUNDS_BEFORE_BEST = 200
"""After so many, the search goes back to the best."""
HEADROOM = 2**61


def local_search(
    problem: Problem,
    *,
    max_length: int = 3,
    beam_size: int | None = 10,
    seed: int = 0,
    time_limit: float | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The best chains that the search finds, for every length up to `max_length`; never worse than the beam's.

    seed: of the draws.  time_limit: seconds of wall clock.  should_stop: asked every few milliseconds.  The status is
    `feasible`: nothing is proven.  Raises `UsageError` for settings out of range, as `beam_search` does.
    """
    return search_local(problem, Stopping.after(time_limit, should_stop), max_length, beam_size=beam_size, seed=seed)


def search_local(
    problem: Problem, stopping: Stopping, max_length: int, *, beam_size: int | None = 10, seed: int = 0
) -> SearchResult:
    """`local_search` until `stopping`."""
    return improved(problem, search_beam(problem, stopping, max_length, beam_size=beam_size), stopping, seed)


def improved(problem: Problem, start: SearchResult, stopping: Stopping, seed: int = 0) -> SearchResult:
    """The search from another's answer, whose formulas are chains; no length gets worse."""
    found = list(start.by_length)
    if start.best is not None and not problem.is_degenerate:
        with suppress(Stopped):
            climb = _Climb(problem, stopping, seed)
            for place in range(1, len(found)):
                found[place:] = (max(better, found[place - 1], key=_iou) for better in found[place:])
                found[place] = climb.best(found[place], place + 1)
    return SearchResult.of(problem, "local", found, stopping, max_length=start.max_length, ceiling=start.ceiling)


def _iou(found: Explanation) -> Fraction:
    return found.iou


class _Climb:
    """One problem's cells and the room for rounds.  Raises `Stopped`."""

    def __init__(self, problem: Problem, stopping: Stopping, seed: int) -> None:
        stopping.check()
        self.problem, self.stopping, self.seed = problem, stopping, seed
        self.n = len(problem.concepts.names)
        self.starts, self.rows = problem.concepts.by_column
        work = PASSES * len(self.rows) + 1
        self.rounds = max(1, min(ROUNDS, WORK // work))
        self.between_polls = max(1, WORK_BETWEEN_POLLS // work)

    def best(self, best: Explanation, length: int) -> Explanation:
        """The best chain of at most `length` concepts that is found from this one."""
        chances, heat = self.draws(length)
        room, walk = _room(len(self.problem.weights), self.n, length)
        done = 0
        cells, totals, threshold, scale = self.aim(best, walk)
        while done < self.rounds:
            if self.stopping.is_over:
                return best
            stop = min(done + self.between_polls, done // ROUNDS_BEFORE_BEST * ROUNDS_BEFORE_BEST + ROUNDS_BEFORE_BEST)
            slack = (heat[done:stop] * scale).astype(np.int64)
            done += kernels.run_rounds(cells, totals, length, threshold, chances[done:stop], slack, walk, room)
            if walk.numbers[kernels.FOUND] > threshold:
                best = max(best, self.counted(walk), key=_iou)
                self.stopping.listener.found(best)
            if walk.numbers[kernels.FOUND] > threshold or done % ROUNDS_BEFORE_BEST == 0:
                cells, totals, threshold, scale = self.aim(best, walk)
        return self.shortened(best)

    def draws(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """What `run_rounds` draws from, and for every round how much worse a chain may be, as a share of the IoU."""
        draw = random.Random(f"{self.seed} {length}").random
        shape = self.rounds, 3 + kernels.MOST_REMOVED + length
        numbers = np.array([draw() for _ in range(shape[0] * shape[1])]).reshape(shape)
        # Contiguous however few rows: a kernel is compiled for each layout.
        return np.ascontiguousarray(numbers[:, 1:]), HEAT * numbers[:, 0] * np.arange(self.rounds, 0, -1) / self.rounds

    def aim(self, best: Explanation, walk: kernels.Walk) -> tuple[CellArrays, np.ndarray, int, int]:
        """Set the walk to the best chain.

        Gives the cells with their values, V of every concept, what is to be exceeded, and by how much V changes where
        the IoU does by the whole of itself.
        """
        problem = self.problem
        target = problem.reachable(best.iou, HEADROOM)
        p, q = target.numerator, target.denominator
        values = np.asarray(q * problem.active - p * (problem.weights - problem.active))
        cells = CellArrays(problem.concepts.indptr, problem.concepts.indices, self.starts, self.rows, values)
        chain = to_chain(best.formula, problem.concepts.position)
        walk.rules[: len(chain)] = [operator * self.n + concept for operator, concept in chain]
        walk.numbers[kernels.LENGTH] = len(chain)
        walk.numbers[kernels.VALUE] = q * best.intersection - p * (best.formula_points - best.intersection)
        return cells, kernels.sums_of_concepts(self.starts, self.rows, values), p * problem.unit_points, p * best.union

    def counted(self, walk: kernels.Walk) -> Explanation:
        """The walk's chain with its counts."""
        rules = walk.rules[: walk.numbers[kernels.LENGTH]].tolist()
        return self.explain(tuple(divmod(rule, self.n) for rule in rules))

    def explain(self, chain: Chain) -> Explanation:
        """The chain with its counts."""
        return self.problem.explain(to_formula(chain, self.problem.concepts.names))

    def shortened(self, best: Explanation) -> Explanation:
        """The chain without the rules that it does not need."""
        chain = to_chain(best.formula, self.problem.concepts.position)
        for place in reversed(range(len(chain))):
            rest = chain[:place] + chain[place + 1 :]
            if rest and (found := self.explain(((0, rest[0][1]), *rest[1:]))).iou >= best.iou:
                best, chain = found, ((0, rest[0][1]), *rest[1:])
        return best


def _room(n_cells: int, n: int, length: int) -> tuple[kernels.Room, kernels.Walk]:
    def zeros(size: int) -> np.ndarray:
        return np.zeros(size, dtype=np.int64)

    room = kernels.Room(
        state=np.zeros(n_cells, dtype=np.int8),
        holds=np.zeros(n_cells, dtype=np.bool_),
        order=zeros(n_cells),
        ends=zeros(length + 1),
        within=zeros(n),
        held=zeros(n),
        values=zeros(kernels.N_BEST),
        moves=zeros(kernels.N_BEST),
        rules=zeros(length),
    )
    return room, kernels.Walk(zeros(length), zeros(3))
