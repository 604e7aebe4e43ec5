"""Beam search: lengthen the best formulas by one concept at a time (Mu and Andreas 2020, section 3).

With length 1 this is Network Dissection (Bau et al. 2017): the single best concept.

It differs from the paper's code in three points, each a repair (`solver/reference.py` has the original):

- The beam holds distinct *functions*.  Two formulas that hold on the same cells are one entry, the shorter
  or earlier of the two, so duplicates cannot fill the beam.
- Scores are compared exactly.  Ties go to the shorter formula, then to the better parent, then to the concept
  that comes first in the data, then to OR, AND, AND NOT.  The answer is the same on every machine.
- A formula is extended once.  Its extensions compete in the step after it enters; those that lose then
  would lose in every later step, because the beam's worst score never falls.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .chain import OPERATORS, Chain, to_formula
from .compiled import count_joins
from .errors import UsageError, did_you_mean
from .explanation import Explanation
from .metrics import METRICS
from .overlap import Counted, Overlaps
from .problem import Problem
from .ranking import MAX_LENGTH, Order, Ranking
from .result import SearchResult
from .stopping import Stopped, Stopping

MAX_PENALTY_DIGITS = 20
MOST_BYTES = 2**31
"""Of the functions in the beam, and of the sums for their extensions; a beam that needs more is refused."""
BYTES_OF_AN_ENTRY, BYTES_OF_A_SUM = 600, 160
"""Measured: beside an entry's function; and for each parent and concept while a step is counted."""
LOOK_EVERY = 64


def beam_search(
    problem: Problem,
    *,
    max_length: int = 3,
    beam_size: int | None = 10,
    top_k: int = 1,
    penalty: Fraction | float | str = 1,
    metric: str = "iou",
    time_limit: float | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The best formulas that a beam finds, for every length up to `max_length`.

    beam_size: how many distinct functions are kept; None keeps all, which makes the search exhaustive: `top` are
    the best of all functions that share a point with the unit.
    top_k: how many of the final beam to give back.  penalty: the score of a formula is its metric times
    `penalty ** (length - 1)`; a float is taken by its decimal digits.  metric: a name in `METRICS`.
    time_limit: seconds of wall clock.  should_stop: asked every few milliseconds.  A beam that is stopped gives what
    the last whole step left; the first, single concepts, is always done.

    The status is `feasible`: a beam proves nothing.  Raises `UsageError` for settings out of range, and where the
    beam would need more memory than `MOST_BYTES`.
    """
    stopping = Stopping.after(time_limit, should_stop)
    return search_beam(problem, stopping, max_length, beam_size=beam_size, top_k=top_k, penalty=penalty, metric=metric)


def search_beam(
    problem: Problem,
    stopping: Stopping,
    max_length: int,
    *,
    beam_size: int | None = 10,
    top_k: int = 1,
    penalty: Fraction | float | str = 1,
    metric: str = "iou",
) -> SearchResult:
    """`beam_search` until `stopping`."""
    factor = check_settings(max_length, beam_size, top_k, penalty, metric)
    least = 0 if beam_size is None else 1
    search = BeamSearch(problem, Ranking(problem, METRICS[metric], factor), beam_size, least)

    beam = new = search.best_distinct([], search.single_concepts())
    best = [entry for entry in beam if entry.intersection][:1]
    search.stopping = stopping  # from here on; the single concepts are always done
    with suppress(Stopped):
        for length in range(2, max_length + 1 if best else 0):
            beam = search.best_distinct(beam, search.extensions(new, beam))
            new = [entry for entry in beam if len(entry.chain) == length]
            best.append(next(entry for entry in beam if entry.intersection))
    best += best[-1:] * (max_length - len(best))

    top = [entry for entry in beam if entry.intersection][:top_k]
    by_length = [_explanation(problem, entry) for entry in best]
    if by_length:
        stopping.listener.found(by_length[-1])
    return SearchResult.of(
        problem,
        "beam",
        by_length,
        stopping,
        max_length=max_length,
        top=tuple(_explanation(problem, entry) for entry in top),
        metric=metric,
    )


@dataclass(frozen=True, eq=False)
class Entry:
    """A formula in the beam: its chain, its function, and what ranks it.

    place: among all formulas made in the same step, in the order in which ties are settled.  function: its mask over
    the cells, packed; the same for entries that hold on the same cells, and for no others.
    """

    chain: Chain
    place: int
    function: bytes
    intersection: int
    points: int
    score: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """Sorts better entries first."""
        return (-self.score, len(self.chain), self.place)


def _explanation(problem: Problem, entry: Entry) -> Explanation:
    """The entry's formula with its counts."""
    formula = to_formula(entry.chain, problem.concepts.names)
    return Explanation(formula, entry.intersection, entry.points, problem.unit_points, problem.n_points)


class BeamSearch:
    """The parts of a step, for one problem and its settings.

    least_intersection: what a formula must share with the unit to be kept (see `extensions`).
    """

    def __init__(self, problem: Counted, ranking: Order, beam_size: int | None, least_intersection: int) -> None:
        self.problem, self.ranking, self.beam_size = problem, ranking, beam_size
        self.overlaps = Overlaps(problem)
        self.stopping = Stopping()
        self.least_intersection = least_intersection

    def single_concepts(self) -> Iterator[Entry]:
        """Best first; those that share a point with the unit, or all that hold somewhere."""
        points, intersection = self.overlaps.totals
        kept = np.flatnonzero((intersection >= self.least_intersection) & (points > 0))
        for concept, *counts in self._best_first(kept, intersection[kept], points[kept], length=1):
            yield self._entry(((0, concept),), concept, self.problem.concepts.function(concept), *counts)

    def extensions(self, parents: list[Entry], beam: list[Entry]) -> Iterator[Entry]:
        """All parents, of one length, lengthened by one operator and concept; best first.

        Left out are extensions that equal their parent or the concept alone, which have been in the pool
        before; those that score less than all of a full beam; those that hold nowhere; and those that share no point
        with the unit.
        The last lose nothing of the best, where the score never rises with FP.  Whatever is added to such a formula
        later, drop it and keep the later part: that is shorter, has the same active points, and no point more.  But of
        the second best, `(a AND b) OR c`, they lose some: a beam of all functions keeps them.
        """
        if not parents:
            return
        length, n_joins = len(parents[0].chain) + 1, len(self.problem.concepts.names) * len(OPERATORS)
        places, intersection, points = self._joins(parents, length, self._least(beam))
        for place, *counts in self._best_first(places, intersection, points, length):
            parent, (concept, operator) = parents[place // n_joins], divmod(place % n_joins, len(OPERATORS))
            function = OPERATORS[operator].mask(_bits(parent), self.problem.concepts.function(concept))
            yield self._entry((*parent.chain, (operator, concept)), place, function, *counts)

    def best_distinct(self, beam: list[Entry], candidates: Iterator[Entry]) -> list[Entry]:
        """The best entries of both, each function once; both come best first."""
        kept: list[Entry] = []
        functions: set[bytes] = set()
        each = BYTES_OF_AN_ENTRY + len(self.problem.weights) // 8
        ranked = heapq.merge(beam, candidates, key=lambda entry: entry.rank)
        for entry in self.stopping.each(ranked, LOOK_EVERY):
            if entry.function not in functions:
                functions.add(entry.function)
                kept.append(entry)
                self._refuse_above(len(kept) * each)
                if len(kept) == self.beam_size:
                    break
        return kept

    def _joins(self, parents: list[Entry], length: int, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The extensions worth a look: int64 (n,) each of place, active points and points.

        place: (rank of the parent * n_concepts + concept) * n_operators + operator.
        All three operators are read off the same two sums per parent and concept.
        """
        self._refuse_above(len(parents) * len(self.problem.concepts.names) * BYTES_OF_A_SUM)
        functions = map(_bits, self.stopping.each(parents))
        inside = np.array([self.overlaps(function) for function in functions])  # (n_parents, 2, n_concepts)
        own = np.array([(parent.points, parent.intersection) for parent in parents])
        joins = np.empty((3, len(OPERATORS) * inside[:, 0].size), dtype=np.int64)
        share = self.ranking.least_share(least, length)
        unit_points = self.problem.unit_points
        known = np.array([operator.factors for operator in OPERATORS]), own, self.overlaps.totals, inside
        count = count_joins(*known, unit_points, self.least_intersection, share, joins)
        places, intersection, points = joins[:, :count]
        kept = self.ranking.approximate(intersection, points, length) >= least
        return places[kept], intersection[kept], points[kept]

    def _least(self, beam: list[Entry]) -> float:
        """Below this, an extension cannot enter: a hair less than the worst score of a full beam, else 0."""
        if len(beam) != self.beam_size:
            return 0.0
        worst = beam[-1]
        counts = np.array([worst.intersection]), np.array([worst.points])
        return float(self.ranking.approximate(*counts, len(worst.chain))[0]) * (1 - 1e-9)

    def _best_first(
        self, places: np.ndarray, intersection: np.ndarray, points: np.ndarray, length: int
    ) -> Iterator[tuple[int, int, int]]:
        return self.ranking.best_first(places, intersection, points, length, self.beam_size, self.stopping)

    def _entry(self, chain: Chain, place: int, function: np.ndarray, intersection: int, points: int) -> Entry:
        score = self.ranking.score(intersection, points, len(chain))
        return Entry(chain, place, function.tobytes(), intersection, points, score)

    def _refuse_above(self, n_bytes: int) -> None:
        if n_bytes > MOST_BYTES:
            size = "all" if self.beam_size is None else f"{self.beam_size:,}"
            raise UsageError(
                f"unit {self.problem.unit}: a beam of {size} functions on {len(self.problem.weights):,} cells needs "
                f"more than {MOST_BYTES / 2**30:g} GiB of memory; take a smaller beam"
            )


def _bits(entry: Entry) -> np.ndarray:
    """uint8 (ceil(n_cells / 8),): where the entry's formula holds."""
    return np.frombuffer(entry.function, dtype=np.uint8)


def check_settings(
    max_length: int, beam_size: int | None, top_k: int, penalty: Fraction | float | str, metric: str
) -> Fraction:
    """Refuse settings that make no sense, with `UsageError`; give the penalty as an exact fraction."""
    if not 1 <= max_length <= MAX_LENGTH:
        raise UsageError(f"the length must be from 1 to {MAX_LENGTH}, not {max_length}")
    if beam_size is not None and beam_size < 1:
        raise UsageError(f"the beam size must be at least 1, not {beam_size}")
    if top_k < 1 or (beam_size is not None and top_k > beam_size):
        raise UsageError(f"the beam of {beam_size} can give its best 1 to {beam_size} formulas, not {top_k}")
    if metric not in METRICS:
        raise UsageError(
            f"no metric is named {metric!r}{did_you_mean(metric, METRICS) or '; there are ' + ', '.join(METRICS)}"
        )
    try:
        text = str(penalty)
        exponent = text.lower().partition("e")[2]
        if len(text) > MAX_PENALTY_DIGITS or len(exponent) > 3:
            raise ValueError
        factor = Fraction(text)
        if factor.denominator >= 10**MAX_PENALTY_DIGITS:
            raise ValueError
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"the penalty must be a number above 0 and at most 1, not {penalty!r}") from None
    if not 0 < factor <= 1:
        raise UsageError(f"the penalty must be above 0 and at most 1, not {penalty}")
    return factor
