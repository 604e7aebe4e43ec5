"""Exact search over chains: branch and bound on the cells, with a certificate.

Read from its last operator inwards, a chain is a 1-decision list (Rivest 1987): `OR c` decides the cells of c
as 1, `AND NOT c` decides them as 0, `AND c` decides the cells outside c as 0, and what is left is the same
problem on the undecided cells with one concept less.  Branch and bound over such prefixes follows optimal
rule lists (CORELS: Angelino et al., KDD 2017).  Beyond that:

- Whether a formula beats IoU p/q is a linear question: give cell j the value `v = q * active - p * inactive`;
  the formula's cells must sum to more than `p * unit_points` (Dinkelbach 1967).  All is integers.
- Lengths 1, 2, ..., N are solved in turn for the same p/q.  The best value of r concepts bounds what r
  concepts can do below any prefix (Russian doll search: Verfaillie, Lemaitre, Schiex, AAAI 1996).
- Rules that may change places without changing the formula are tried in one order only.
- Prefixes with two concepts to come are swept: all pairs are counted at once.

A bound above the best formula is proven in the same way: by a search for anything above it that finds nothing.
Stopped early, the search gives the lowest such bound.
"""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np

from ..beam import search_beam
from ..certificate import Certificate
from ..chain import to_formula
from ..explanation import Explanation
from ..problem import Problem
from ..result import SearchResult
from ..stopping import Stopped, Stopping
from . import branch_walk as kernels
from . import state
from .branch_tables import prepared

WIDE_FROM, WIDTH = 5, 200
"""From this length on, a wider beam costs far less than the search that a better start saves."""
STEPS_BETWEEN_POLLS = 200_000
"""About a fiftieth of a second."""


def search_prefixes(
    problem: Problem, start: SearchResult, stopping: Stopping, *, proven: Certificate, ceiling: Fraction
) -> SearchResult:
    """The best chain of at most `start.max_length` concepts, or the best found and a proven bound.

    start: the best formulas so far.  proven: the best bound so far.  The rest as in `solver/exact.py`.
    """
    search = _Search(problem, start, stopping)
    proof = min(search.run(proven), proven, key=lambda certificate: certificate.bound)
    bounds = (*(start.bounds or (ceiling,) * start.max_length)[:-1], proof.bound)
    found = search.by_length()
    return SearchResult.of(problem, "exact", found, stopping, bounds=bounds, ceiling=ceiling, certificate=proof)


class _Search:
    """One problem, the best formulas so far, and when to stop."""

    def __init__(self, problem: Problem, start: SearchResult, stopping: Stopping) -> None:
        assert start.best is not None
        self.problem, self.length, self.start, self.stopping = problem, start.max_length, start, stopping
        self.best = start.best
        self.found = list(start.by_length)
        if self.length >= WIDE_FROM:
            for found in search_beam(problem, stopping, self.length, beam_size=WIDTH).by_length:
                self.offer(found)

    def offer(self, found: Explanation) -> None:
        """Keep the formula where it is better than those of its length, and as the best if it is better than all."""
        if found.iou > self.best.iou or (
            found.iou == self.best.iou and found.formula.length < self.best.formula.length
        ):
            self.best = found
            self.stopping.listener.found(found)
        place = found.formula.length - 1
        if found.iou > self.found[place].iou:
            self.found[place] = found

    def by_length(self) -> tuple[Explanation, ...]:
        """The best formula found of every length, none worse than a shorter one; the last is the best of all."""
        rising: list[Explanation] = []
        for found in self.found:
            rising.append(found if not rising or found.iou > rising[-1].iou else rising[-1])
        return (*rising[:-1], self.best)

    def run(self, proven: Certificate) -> Certificate:
        """Prove that nothing beats the incumbent; out of time, what could be proven, or what was before."""
        share = self.stopping.planned / 4
        walk: IterativeDeepening | None = None
        try:
            while True:
                walk = IterativeDeepening(self, self.reachable(self.best.iou))
                if walk.go(None if self.stopping.is_open else share):
                    if walk.improved:
                        continue
                    return walk.certificate()
                break
            low, high = self.best.iou, proven.bound
            while high - low > high / 256:
                middle = _simple((low + high) / 2)
                if not low < middle < high:
                    break
                attempt = IterativeDeepening(self, self.reachable(middle))
                closed = attempt.go(share / 4)
                if closed and not attempt.improved:
                    proven, high = attempt.certificate(), attempt.target
                    self.stopping.listener.proven(high)
                else:
                    low = max(low, self.best.iou, middle)
            while not walk.go(None) or walk.improved:
                walk = IterativeDeepening(self, self.reachable(self.best.iou)) if walk.improved else walk
            return walk.certificate()
        except Stopped:
            return proven

    def reachable(self, target: Fraction) -> Fraction:
        """The target, or the least above it that 64 bits can decide."""
        return self.problem.reachable(target, 2**61 // (4 * self.length + 16))


class IterativeDeepening:
    """The searches at lengths 1, 2, ..., N for one target; may be left and entered again."""

    def __init__(self, search: _Search, target: Fraction) -> None:
        self.search, self.target = search, target
        self.values: list[int] = []
        self.trees: list[tuple[int, ...]] = []
        self.improved = False
        self.walk: tuple[state.Tables, state.Walk] | None = None
        self.seen = 0

    def go(self, seconds: float | None) -> bool:
        """Whether every length was closed; False when the seconds are over.  Raises `Stopped`."""
        until = None if seconds is None else time.perf_counter() + seconds
        while len(self.values) < self.search.length:
            r = len(self.values) + 1
            if self.walk is None:
                self.walk = prepared(
                    self.search.problem, self.target, r, self.threshold(r), self.values, self.search.stopping
                )
                self.seen = 0
            self.search.stopping.check()
            tables, walk = self.walk
            ended = kernels.walk(tables, walk, STEPS_BETWEEN_POLLS)
            self.offer(walk)
            if ended == kernels.FULL:
                self.walk = tables, walk._replace(log=np.concatenate([walk.log, np.zeros_like(walk.log)]))
            elif ended == kernels.CLOSED:
                self.close(walk)
            if self.improved:
                return True
            if ended == kernels.PAUSED and until is not None and time.perf_counter() > until:
                return False
        return True

    def offer(self, walk: state.Walk) -> None:
        """Hand the walk's best formula on, at once: the next look may end the search."""
        if walk.numbers[state.FOUND] == self.seen:
            return
        self.seen = int(walk.numbers[state.FOUND])
        n = len(self.search.problem.concepts.names)
        rules = walk.found[1 : 1 + walk.found[0]][::-1].tolist()
        while rules[0] >= n:
            rules = rules[1:]
        before = self.search.best.iou
        chain = tuple((rule // n, rule % n) for rule in rules)
        self.search.offer(self.search.problem.explain(to_formula(chain, self.search.problem.concepts.names)))
        self.improved |= self.search.best.iou > before

    def close(self, walk: state.Walk) -> None:
        """A length is done: keep what it reaches, and its tree."""
        log = walk.log[: walk.numbers[state.LOGGED]].reshape(-1, 2)
        self.values.append(int(walk.numbers[state.THRESHOLD]))
        self.trees.append(tuple((log[:, 0] * 3 * len(self.search.problem.concepts.names) + log[:, 1]).tolist()))
        self.walk = None

    def threshold(self, r: int) -> int:
        """What length r must exceed: at length N, p * unit_points.

        Below, any number would do; a low one takes longer to prove and helps more.  The value of the beam's formula is
        taken, plus what at length N lies between the best formula and the target.
        """
        last = self.target.numerator * self.search.problem.unit_points
        if r == self.search.length:
            return last
        return max(0, self.value(self.search.start.by_length[r - 1])) + max(0, last - self.value(self.search.best))

    def value(self, found: Explanation) -> int:
        """The sum of the formula's cells."""
        p, q = self.target.numerator, self.target.denominator
        return q * found.intersection - p * (found.formula_points - found.intersection)

    def certificate(self) -> Certificate:
        content = {"values": self.values, "trees": [list(tree) for tree in self.trees]}
        return Certificate("chain", self.search.length, self.target, "prefixes", content)


def _simple(value: Fraction) -> Fraction:
    return Fraction(-(-value.numerator * 2**20 // value.denominator), 2**20)
