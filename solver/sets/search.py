"""Exact search over short formulas, chains or trees: at most five concepts.

Not formulas are walked but sets of concepts.  A set S of k concepts splits the cells into 2**k regions; a formula
over S is a choice of regions.  Whether a formula beats IoU p/q is a linear question (Dinkelbach 1967): give cell j
the integer value `v = q * active - p * inactive`; the formula's cells must sum to more than `p * unit_points`.
Write V of a set of cells for the sum of its values, P and N for the sums of the positive ones, and of the
negative ones without their sign.  With the V of the regions,

- the best Boolean function over S has the value V*(S) = sum of max(0, V(region)), above all formulas over S; for chains
  without the region outside all of S, as they hold nowhere there;
- the best formula is the best of a fixed list of truth tables (`functions.py`), read off directly.

A formula of N leaves has at most N concepts.  Where its function does not depend on one of them, that one can go: in a
tree, fix it; in a chain, fix it as false, which turns OR and AND NOT with it into nothing and AND into a new start.
So each truth table is looked up only where all its variables count.

All sets of at most N concepts are walked depth first in one order of the concepts.  What stands below S is bounded by
V*(S) and what each further concept can add; `tables.py` has the proof.  Up to three concepts, the counts of pairs bound
most sets by themselves; `pairs.py` has that walk.  For four and five, `larger.py` leaves out most concepts before.  The
checker goes through the sets again (`solver/checking/sets.py`), so a certificate needs no content.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

from ..certificate import Certificate
from ..errors import UsageError
from ..explanation import Explanation
from ..formula import Atom
from ..problem import Problem
from ..result import SearchResult
from ..stopping import Stopped, Stopping
from . import larger, pairs, tables
from . import walk as kernels
from .functions import to_shortest
from .singles import best_of_one
from .stage import Stage

MAX_LENGTH = 5
STEPS_BETWEEN_POLLS = 250_000
"""Some hundredths of a second."""


def search_sets(
    problem: Problem, start: SearchResult, stopping: Stopping, *, space: str, ceiling: Fraction
) -> SearchResult:
    """The best formula of the space, of at most `start.max_length` <= 5 concepts, or the best found and a bound.

    start: the beam's answer.  The rest as in `solver/exact.py`.  The status is `bounded`, with the bound equal to
    the IoU where the search ended and 64 bits decide every comparison; `bounds` has one for every length.
    """
    length = start.max_length
    if not 1 <= length <= MAX_LENGTH:
        raise UsageError(f"sets are searched at lengths from 1 to {MAX_LENGTH}, not {length}")
    found, bounds = _by_length(problem, start, space, ceiling, stopping)
    proof = Certificate(space, length, bounds[-1], "ceiling" if bounds[-1] == ceiling else "sets")
    more = {"space": space, "bounds": bounds, "ceiling": ceiling, "certificate": proof}
    return SearchResult.of(problem, "exact", found, stopping, **more)


def _by_length(
    problem: Problem, start: SearchResult, space: str, top: Fraction, stopping: Stopping
) -> tuple[tuple[Explanation, ...], tuple[Fraction, ...]]:
    """The best formula, and a bound, for every length."""
    found: list[Explanation] = []
    bounds: list[Fraction] = []
    best = problem.explain(Atom(problem.concepts.names[0]))
    for length in range(1, start.max_length + 1):
        beam = start.by_length[length - 1] if start.by_length else best
        asked = stopping if length == start.max_length else stopping.formulas_only
        known = (*found, *(start.by_length or ())[len(found) : length])
        search = _Search(problem, length, space, max(best, beam, key=lambda each: each.iou), asked, known)
        bounds.append(search.run(top))
        best = search.best
        found.append(best)
    return tuple(found), tuple(bounds)


class _Search:
    """One problem at one length, and the best formula so far."""

    def __init__(
        self,
        problem: Problem,
        length: int,
        space: str,
        best: Explanation,
        stopping: Stopping,
        known: tuple[Explanation, ...] = (),
    ) -> None:
        """known: good formulas of up to 1, 2, ... concepts; may be none."""
        self.problem, self.length, self.space, self.best, self.stopping = problem, length, space, best, stopping
        self.known = known

    def run(self, top: Fraction) -> Fraction:
        """A bound: the incumbent's IoU, or what is proven when the time is up."""
        if self.length == 1:
            return self.run_singles()
        proven = top
        share = self.stopping.planned / 4
        try:
            while True:
                walk = _Walk(self, self.best.iou)
                if not walk.go(None if self.stopping.is_open else share):
                    proven = self.halve(proven, share / 2)
                    if walk.target >= self.best.iou and not walk.improved:
                        walk.go(None)
                    else:
                        continue
                if not walk.improved:
                    self.stopping.listener.proven(walk.target)
                    return min(walk.target, top)
        except Stopped as stopped:
            return stopped.args[0] if stopped.args else proven

    def run_singles(self) -> Fraction:
        """The best formula of one concept, and its IoU as the bound."""
        found = best_of_one(self.problem, self.space, self.best)
        if found.iou > self.best.iou:
            self.best = found
            self.stopping.listener.found(found)
        self.stopping.listener.proven(self.best.iou)
        return self.best.iou

    def halve(self, proven: Fraction, share: float) -> Fraction:
        """Lower bounds between the incumbent and what is proven, as far as they come quickly."""
        low = self.best.iou
        try:
            while proven - low > proven / 64:
                walk = _Walk(self, (low + proven) / 2)
                if not low < walk.target < proven:
                    break
                if walk.go(share) and not walk.improved:
                    proven = walk.target
                    self.stopping.listener.proven(proven)
                else:
                    low = max(walk.target, self.best.iou)
        except Stopped:
            raise Stopped(proven) from None
        return proven


class _Walk:
    """A walk over all sets, for formulas above one IoU; may be left and entered again."""

    def __init__(self, search: _Search, target: Fraction) -> None:
        self.search = search
        problem, length, space = search.problem, search.length, search.space
        way = next((way for way in (pairs, larger) if way.fits(problem, length)), tables)
        self.target: Fraction = way.target_for(problem, target, length)
        self.improved = False
        self.stages: Iterator[Stage] = way.stages(problem, self.target, length, space, search.known, search.stopping)
        self.stage: Stage | None = None

    def go(self, seconds: float | None) -> bool:
        """Whether the walk was ended; False when the seconds are over.  Raises `Stopped`."""
        until = None if seconds is None else time.perf_counter() + seconds
        while True:
            self.search.stopping.check()
            if self.stage is None:
                self.stage, self.seen = next(self.stages, None), 0
            if self.stage is None:
                return True
            ended = self.stage.go(STEPS_BETWEEN_POLLS) == kernels.CLOSED
            self.offer(self.stage)
            if ended:
                self.stage = None
            elif until is not None and time.perf_counter() > until:
                return False

    def offer(self, stage: Stage) -> None:
        """Keep the formula that was found."""
        if stage.walk.numbers[kernels.FOUND] == self.seen:
            return
        self.seen = int(stage.walk.numbers[kernels.FOUND])
        k, *rest = stage.walk.found.tolist()
        names = [self.search.problem.concepts.names[stage.columns[c]] for c in rest[:k]]
        found = self.search.problem.explain(to_shortest(self.search.space, rest[k], names, self.search.length))
        if found.iou > self.search.best.iou:
            self.search.best = found
            self.improved = True
            self.search.stopping.listener.found(found)
