"""All formulas of at most five concepts whose IoU is at least a cut, each Boolean function of the concepts once.

The walk is the one for the optimum (`search.py`), with the cut as its target and a threshold that stays.  Up to three
concepts, or where a formula of fewer is above the cut, it is that of `tables.py`; functions of exactly four and five
are else met by the walks of `larger.py`, over the few concepts that add enough.

Claim.  A function of k concepts with V >= p * unit_points is met.  Take its concepts in the order of the walk, and let
S be the first i of them.  V*(all of them) >= V, as V* is the best that any function of them reaches; and by the bound
of `tables.py`, V*(S) + the reach of the next one and of those after it is at least V* of all.  The walk leaves S, or
ends the list of its next concepts, only where such a sum is at most p * unit_points - 1.  So it comes to the set, and
as V* is above that threshold there, too, looks up each of its truth tables.  In a walk of `larger.py` the function is
above T = p * unit_points - 1, and none of fewer concepts is above B <= T: its proof is that of all such functions.

Each function is met once: a table stands in the list of k concepts only if it depends on all of them, and a set is
walked once.  The one that is always true depends on none and would be met with every concept; it is kept with the
first.  Concepts that hold on the same cells (in trees: or on the others) are walked as one.

Where 64 bits cannot decide the cut, the walk has one a little below; the exact one is asked of the counts afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np

from ..errors import DisagreementError, UsageError
from ..explanation import Explanation
from ..problem import Problem
from ..stopping import Stopped, Stopping
from . import collect as kernels
from . import larger, pairs, tables
from .search import STEPS_BETWEEN_POLLS
from .walk import THRESHOLD, Tables, Walk, begin

MOST_KEPT = 1 << 21
"""Functions; 128 MiB of tables."""
ROOM = 1 << 15


@dataclass(frozen=True, eq=False)
class Functions:
    """Boolean functions of concepts: those above a cut, in no order that means anything.

    concepts: int64 (n, length): the columns that each depends on, -1 after them.  what: int64 (n, 2): how many these
    are, and the truth table over them (`functions.py`).  hits, points: int64 (n,): the unit's points where it holds,
    and all.  walked: int64: the columns that stand for all.  is_complete: whether there are no others.
    """

    concepts: np.ndarray
    what: np.ndarray
    hits: np.ndarray
    points: np.ndarray
    walked: np.ndarray
    is_complete: bool

    def chosen(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """concepts, what, hits and points of those at the places."""
        return self.concepts[places], self.what[places], self.hits[places], self.points[places]


def functions_above(
    problem: Problem,
    cut: Fraction,
    length: int,
    space: str,
    stopping: Stopping,
    known: Sequence[Explanation] = (),
) -> Functions:
    """All functions of formulas of the space, of at most `length` concepts, with an IoU of at least the cut, above 0.

    Not complete where it was stopped, or where there are more than two million.
    known: good formulas of up to 1, 2, ... concepts; they save time.
    length: at most 5.  Raises `DisagreementError` where a value, counted again, is another.
    """
    target = _decidable(problem, cut, max(length + 2, pairs.LARGEST_SUM))
    walked = _Walked(problem, target, length, space, known)
    is_complete = walked.all(stopping)
    columns, kept = walked.columns, walked.kept
    n = int(kept.size[0])
    what, values, concepts = kept.what[:n], kept.values[:n], kept.concepts[:n]
    own = (what[:, 1] != 3) | (what[:, 0] != 1) | (concepts[:, 0] == columns[0])  # `x OR NOT x` with one x
    concepts, what, values = concepts[own], np.ascontiguousarray(what[own]), values[own]
    hits, points = sums_over(problem, np.stack([problem.active, problem.weights], axis=1), concepts, what).T
    p, q = target.numerator, target.denominator
    if not np.array_equal(q * hits - p * (points - hits), values):
        raise DisagreementError(f"unit {problem.unit}: the walk over sets and the cells give other counts of a formula")
    above = _at_least(problem, cut, hits, points)
    found = Functions(concepts, what, hits, points, np.sort(columns), is_complete)
    return Functions(*found.chosen(np.flatnonzero(above)), found.walked, is_complete)


def sums_over(problem: Problem, amounts: np.ndarray, concepts: np.ndarray, what: np.ndarray) -> np.ndarray:
    """int64 (n, m): of each function the amounts, int64 (n_cells, m), of the cells on which it holds, added up."""
    sums = np.zeros((len(what), amounts.shape[1]), dtype=np.int64)
    amounts = np.ascontiguousarray(amounts)
    kernels.sums_of(*problem.concepts.by_column, amounts, amounts.sum(axis=0), concepts, what, sums)
    return sums


def _decidable(problem: Problem, cut: Fraction, sums: int) -> Fraction:
    """The cut, or a fraction a little below that keeps so many sums over cells within 64 bits (`tables.decidable`)."""
    headroom = 2**62 // sums
    a, b = problem.unit_points, problem.n_points - problem.unit_points
    if cut.denominator * a + cut.numerator * b < headroom:
        return cut
    most = headroom // (a + b + 1)
    if most < 1:
        raise UsageError(f"unit {problem.unit}: {problem.n_points:,} points are too many to search exactly")
    return Fraction(floor(cut * most), most)


class _Walked:
    """What walks have kept, concepts as columns.  columns: those that stand for all."""

    def __init__(
        self, problem: Problem, target: Fraction, length: int, space: str, known: Sequence[Explanation]
    ) -> None:
        self.problem, self.target, self.length, self.space, self.known = problem, target, length, space, known
        self.columns = tables.distinct(problem.concepts, space)
        self.kept = kernels.Kept(
            size=np.zeros(1, dtype=np.int64),
            concepts=np.full((ROOM, length), -1, dtype=np.int64),
            what=np.zeros((ROOM, 2), dtype=np.int64),
            values=np.zeros(ROOM, dtype=np.int64),
        )

    def all(self, stopping: Stopping) -> bool:
        """Whether all functions are kept: no time limit came before, and there was room."""
        try:
            return self._of_all_sizes(stopping)
        except Stopped:
            return False

    def _of_all_sizes(self, stopping: Stopping) -> bool:
        length = self.length
        by_size = larger.fits(self.problem, length)
        small = range(1, larger.LENGTHS[0] if by_size else length + 1)
        self.columns, ready, walk = self._prepared(small, stopping)
        if not self._walk(self.columns, ready, walk, stopping):
            return False
        for k in range(small.stop, length + 1):
            if self.kept.size[0]:
                return self._walk(*self._prepared(range(k, length + 1), stopping), stopping)
            most = self._most_of_fewer(k, stopping)
            least = self.target.numerator * self.problem.unit_points - 1
            between = min(most, least), least
            made = larger.prepared(self.problem, self.target, k, length, self.space, between, stopping)
            if made is not None and not self._walk(*made, stopping):
                return False
        return True

    def _prepared(self, sizes: range, stopping: Stopping) -> tuple[np.ndarray, Tables, Walk]:
        return tables.prepared(self.problem, self.target, self.length, self.space, stopping, sizes)

    def _most_of_fewer(self, k: int, stopping: Stopping) -> int:
        """What no formula over fewer than k concepts exceeds."""
        walks = larger.fewer(self.problem, self.target, k, self.length, self.space, self.known, stopping)
        while True:
            try:
                stage = next(walks)
            except StopIteration as ended:
                return int(ended.value)
            while stage.go(STEPS_BETWEEN_POLLS) != kernels.CLOSED:
                stopping.check()

    def _walk(self, columns: np.ndarray, ready: Tables, walk: Walk, stopping: Stopping) -> bool:
        """Keep what the walk meets; whether there was room for all.  Raises `Stopped`."""
        first = int(self.kept.size[0])
        walk.numbers[THRESHOLD] = self.target.numerator * self.problem.unit_points - 1  # those at the cut, too
        begin(ready, walk)
        try:
            while True:
                stopping.check()
                state = kernels.walk(ready, walk, self.kept, STEPS_BETWEEN_POLLS)
                if state == kernels.CLOSED:
                    return True
                if state == kernels.FULL:
                    if len(self.kept.values) >= MOST_KEPT:
                        return False
                    self.kept = _roomier(self.kept)
        finally:
            new = self.kept.concepts[first : int(self.kept.size[0])]
            new[:] = np.where(new < 0, -1, columns[new])


def _roomier(kept: kernels.Kept) -> kernels.Kept:
    """The same with twice the room."""
    return kept._replace(
        concepts=np.concatenate([kept.concepts, np.full_like(kept.concepts, -1)]),
        what=np.concatenate([kept.what, np.zeros_like(kept.what)]),
        values=np.concatenate([kept.values, np.zeros_like(kept.values)]),
    )


def _at_least(problem: Problem, cut: Fraction, hits: np.ndarray, points: np.ndarray) -> np.ndarray:
    """bool (n,): whether the IoU is at least the cut, above 0; each pair of numbers is compared once, in integers."""
    pairs, of = np.unique(np.stack([hits, points], axis=1), axis=0, return_inverse=True)
    unit, (p, q) = problem.unit_points, cut.as_integer_ratio()
    above = [own > 0 and q * own >= p * (every + unit - own) for own, every in pairs.tolist()]
    return np.array(above, dtype=bool)[of.reshape(-1)]
