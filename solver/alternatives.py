"""All formulas that are about as good as the best one: the Rashomon set of a unit (Breiman 2001; Fisher et al. 2019).

An *alternative* is a Boolean function of concepts, of at most N of them in the space, with an IoU of at least
(1 - within) times the proven optimum.  Each function counts once, whatever formulas make it, and has one formula here.

Of two functions that hold on the same points of these data the one with more concepts has idle ones: `water AND NOT
zebra` where no water is zebra.  Any formula could be lengthened so.  Hence a function is counted as *padded*, and is no
alternative, where one of fewer concepts holds on the same points; such a function is as good and no longer, so it is in
the list, too, and the list says by itself which ones are padded.  Functions of equally many concepts that hold on the
same points are alternatives each: they say something else on other data.

Which functions hold on the same points: every cell has a random 64-bit mark, and functions with other sums of marks
are others.  Those with equal sums are compared cell by cell; should they differ once, other marks are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .certify import before_check, certified
from .errors import DisagreementError, UsageError
from .exact import search_exact
from .explanation import Explanation
from .problem import Problem
from .sets import collect as kernels
from .sets.above import Functions, functions_above, sums_over
from .sets.functions import shortest_length, to_shortest
from .sets.search import MAX_LENGTH
from .stopping import Stopping

OPTIMUM_SHARE = 0.5
"""Of a time limit, for the optimum and its proof; the list of alternatives has the rest."""
LISTED = 100
MOST_MARKS = 8
"""Drawn at most: that 64 bits agree by chance once is already past belief."""


@dataclass(frozen=True)
class ConceptUse:
    """n: alternatives that depend on the concept.  twins: concepts with the same points, for which it stands.

    in_best: whether the best formula depends on it.  replacements: the concepts that can stand in its place there, the
    others staying, best first: an alternative has them.
    """

    n: int
    twins: tuple[str, ...]
    in_best: bool
    replacements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alternatives:
    """Those of one unit.

    cut: the least IoU of an alternative.  is_proven: whether the best IoU is known to be the highest.  is_complete:
    whether that is so, and the list has all; then all numbers are exact, else they are of what was found.
    n: alternatives; n_padded: functions beside them with concepts that are idle on these data.  n_distinct: sets of
    points on which alternatives hold.  listed: the first of them, best first, then those of fewer concepts and shorter
    formulas.  same: of each the place, from 0, of the first that holds on the same points.
    concepts: by name, those that some alternative has, the most frequent first.
    """

    unit: str
    space: str
    max_length: int
    within: Fraction
    cut: Fraction
    is_proven: bool
    is_complete: bool
    n: int
    n_padded: int
    n_distinct: int
    listed: tuple[Explanation, ...]
    same: tuple[int, ...]
    concepts: Mapping[str, ConceptUse]

    @property
    def best(self) -> Explanation | None:
        """The first; None where no formula shares a point with the unit."""
        return self.listed[0] if self.listed else None


def alternatives(
    problem: Problem,
    *,
    max_length: int = 3,
    space: str = "chain",
    within: Fraction = Fraction(1, 50),
    listed: int = LISTED,
    stopping: Stopping | None = None,
) -> Alternatives:
    """All formulas of at most `max_length` <= 5 concepts within a share of the optimum.

    listed: at most so many are given one by one; the numbers are of all.  Where it is stopped, or there are more than
    two million functions, the answer says that it is not complete.
    Raises `UsageError` for a length, a space or a share out of range; `DisagreementError` where a count, made again, is
    another, or the list has a better formula than the optimum.
    """
    if not 0 <= within < 1:
        raise UsageError(f"alternatives are within a share from 0 to below 1 of the optimum, not {within}")
    if not 1 <= max_length <= MAX_LENGTH:
        raise UsageError(f"alternatives are listed at lengths from 1 to {MAX_LENGTH}, not {max_length}")
    stopping = stopping or Stopping()
    known, is_proven = _optimum(problem, max_length, space, stopping)
    optimum = known[-1].iou if known and known[-1].intersection else Fraction(0)
    cut = (1 - within) * optimum
    answer = _Answer(problem, space, max_length, within, cut, listed)
    if not optimum:
        return answer.nothing(is_proven)
    found = functions_above(problem, cut, max_length, space, stopping, known)
    return answer.of(_ordered(problem, found, space, max_length), optimum, is_proven and found.is_complete)


def _optimum(problem: Problem, max_length: int, space: str, stopping: Stopping) -> tuple[tuple[Explanation, ...], bool]:
    """The best formulas of up to 1, 2, ... concepts, and whether the checker confirms that none is above the last."""
    share = stopping.within(OPTIMUM_SHARE * stopping.seconds_left)
    result = search_exact(problem, before_check(problem, share), space, max_length)
    if result.best is None or not result.best.intersection:
        return (), result.best is None or result.bound == 0
    return result.by_length, certified(problem, result, share).proven[-1:] == (True,)


@dataclass(frozen=True, eq=False)
class _Ordered:
    """All functions that were found, best first.

    group: int64 (n,): the place of the first that holds on the same points.  padded: bool (n,).
    """

    functions: Functions
    group: np.ndarray
    padded: np.ndarray


def _ordered(problem: Problem, found: Functions, space: str, length: int) -> _Ordered:
    group = _groups(problem, found)
    k = found.what[:, 0]
    least = np.full(len(k), length + 1)
    np.minimum.at(least, group, k)
    leaves = _leaves(found.what, space, length)
    rank = _ranks(problem, found.hits, found.points)
    order = np.lexsort((*found.concepts.T[::-1], leaves, group, k, rank))
    # Of equal points those with fewest concepts come first, and stand together.
    place = np.full(len(k), len(k))
    np.minimum.at(place, group[order], np.arange(len(k)))
    kept = Functions(*found.chosen(order), found.walked, found.is_complete)
    return _Ordered(kept, place[group[order]], k[order] > least[group[order]])


def _leaves(what: np.ndarray, space: str, length: int) -> np.ndarray:
    """int64 (n,): how many leaves the shortest formula of each function has."""
    kinds, of = np.unique(what, axis=0, return_inverse=True)
    leaves = [shortest_length(space, table, k, length) for k, table in kinds.tolist()]
    return np.array(leaves, dtype=np.int64)[of.reshape(-1)]


def _ranks(problem: Problem, hits: np.ndarray, points: np.ndarray) -> np.ndarray:
    """int64 (n,): 0 for the highest IoU, and so on; exact, as fractions are compared."""
    pairs, of = np.unique(np.stack([hits, points], axis=1), axis=0, return_inverse=True)
    ious = [Fraction(own, every + problem.unit_points - own) for own, every in pairs.tolist()]
    rank = {iou: place for place, iou in enumerate(sorted(set(ious), reverse=True))}
    return np.array([rank[iou] for iou in ious], dtype=np.int64)[of.reshape(-1)]


def _groups(problem: Problem, found: Functions) -> np.ndarray:
    """int64 (n,): the first function that holds on the same cells."""
    for seed in range(MOST_MARKS):
        marks = _marks(len(problem.weights), seed) * (problem.weights > 0)[:, None]
        marks = sums_over(problem, marks, found.concepts, found.what)
        _, first, of = np.unique(
            np.stack([found.hits, found.points, marks[:, 0]], axis=1), axis=0, return_index=True, return_inverse=True
        )
        group = first[of.reshape(-1)]
        if _are_the_same(problem, found, group):
            return group
    raise DisagreementError(f"unit {problem.unit}: formulas with equal marks hold on other cells")


def _marks(n: int, seed: int) -> np.ndarray:
    """int64 (n, 1), all 64 bits random."""
    return np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, (n, 1), endpoint=True)


def _are_the_same(problem: Problem, found: Functions, group: np.ndarray) -> bool:
    """Whether the functions of each group hold on the same cells, by looking at all cells."""
    order = np.argsort(group, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    concepts, what, _, _ = found.chosen(order)
    first = place[group[order]]
    return bool(kernels.are_same(*problem.concepts.by_column, problem.weights, concepts, what, first))


@dataclass(frozen=True)
class _Answer:
    """What is known before the list is."""

    problem: Problem
    space: str
    max_length: int
    within: Fraction
    cut: Fraction
    most: int

    def nothing(self, is_proven: bool) -> Alternatives:
        """The answer where no formula shares a point with the unit."""
        return self._with(is_proven, is_proven, 0, 0, 0, (), (), {})

    def of(self, all_: _Ordered, optimum: Fraction, is_complete: bool) -> Alternatives:
        """The answer of what was found.  Raises `DisagreementError` where the best of it is not the optimum."""
        own = np.flatnonzero(~all_.padded)
        functions, group = Functions(*all_.functions.chosen(own), all_.functions.walked, is_complete), all_.group[own]
        shown = tuple(map(self._explained, *(each[: self.most] for each in functions.chosen(np.arange(len(own))))))
        if is_complete and (not shown or shown[0].iou != optimum):
            raise DisagreementError(f"unit {self.problem.unit}: the best formula of the list is not the optimum")
        place = np.searchsorted(own, group[: self.most])
        return self._with(
            is_complete,
            is_complete,
            len(own),
            int(all_.padded.sum()),
            len(np.unique(group)),
            shown,
            tuple(place.tolist()),
            self._uses(functions),
        )

    def _with(self, is_proven: bool, is_complete: bool, *found: object) -> Alternatives:
        asked = self.problem.unit, self.space, self.max_length, self.within, self.cut
        return Alternatives(*asked, is_proven, is_complete, *found)  # type: ignore[arg-type]

    def _explained(self, concepts: np.ndarray, what: np.ndarray, hits: int, points: int) -> Explanation:
        k, table = what.tolist()
        names = [self.problem.concepts.names[column] for column in concepts[:k]]
        found = self.problem.explain(to_shortest(self.space, table, names, self.max_length))
        if (found.intersection, found.formula_points) != (hits, points):
            raise DisagreementError(f"unit {self.problem.unit}: {found.formula} was counted as {hits} of {points}")
        return found

    def _uses(self, functions: Functions) -> dict[str, ConceptUse]:
        names = self.problem.concepts.names
        counts = np.bincount(functions.concepts[functions.concepts >= 0], minlength=len(names))
        instead, twins = _replacements(functions), _twins(self.problem, functions.walked, self.space)
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].tolist()
        return {
            names[column]: ConceptUse(
                int(counts[column]),
                tuple(names[each] for each in twins.get(column, ())),
                column in instead,
                tuple(names[each] for each in instead.get(column, ())),
            )
            for column in order
        }


def _replacements(functions: Functions) -> dict[int, list[int]]:
    """Of each concept of the best function: those that alternatives have in its place, best first."""
    k = int(functions.what[0, 0]) if len(functions.what) else 0
    best = functions.concepts[0, :k] if k else np.zeros(0, np.int64)
    found: dict[int, list[int]] = {column: [] for column in best.tolist()}
    like = functions.concepts[functions.what[:, 0] == k][:, :k]
    for row in like[np.isin(like, best).sum(axis=1) == k - 1].tolist():
        (gone,) = set(found) - set(row)
        (new,) = set(row) - set(found)
        if new not in found[gone]:
            found[gone].append(new)
    return found


def _twins(problem: Problem, walked: np.ndarray, space: str) -> dict[int, list[int]]:
    """Of each column that was walked: the others that hold on the same cells, in trees or on all others."""
    of_points: dict[bytes, int] = {}
    found: dict[int, list[int]] = {}
    for column in [*walked.tolist(), *(set(range(len(problem.concepts.names))) - set(walked.tolist()))]:
        held = problem.concepts.column(column)
        key = (~held if space == "tree" and held[0] else held).tobytes()
        if (first := of_points.setdefault(key, column)) != column:
            found.setdefault(first, []).append(column)
    return found
