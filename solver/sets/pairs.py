"""Sets of at most three concepts, from what pairs of concepts share.

V of a set of cells is the sum of its values, P and N the sums of the positive ones, and of the negative ones without
their sign (`search.py`).  Write xy for the cells that have concepts x and y.  Let g be a Boolean function of x, y and
z; let g0 be the function of x and y that it is where z does not hold, g1 where z does, and d = g1 - g0, which is -1, 0
or 1 in each of the four regions of x and y: d_none, d_x (x alone), d_y and d_both.  The cells of z add d times their
value, and those of z in the four regions are worth V(z) - V(xz) - V(yz) + V(xyz), V(xz) - V(xyz), V(yz) - V(xyz) and
V(xyz).  So

    V(g) = V(g0) + a V(z) + b V(xz) + c V(yz) + s V(xyz)
    a = d_none,  b = d_x - d_none,  c = d_y - d_none,  s = d_none - d_x - d_y + d_both

and V(g0) is likewise a sum of V of all cells, V(x), V(y) and V(xy).  All but V(xyz) follow from counts of pairs, and

    - min(N(xy), N(xz), N(yz))  <=  V(xyz)  <=  min(P(xy), P(xz), P(yz))

as the cells of xyz are among those of each pair.  Moreover, those of x that have neither y nor z lose nothing by it:
P(x) - P(xy) - P(xz) + P(xyz) is not negative, and likewise for y, for z and for N.  So P(xyz) and N(xyz) are each at
least the largest of 0 and three differences, `P(xy) + P(xz) - P(x)` and so on, and

    max(0, P(xy) + P(xz) - P(x), ...) - min N  <=  V(xyz)  <=  min P - max(0, N(xy) + N(xz) - N(x), ...).

The coarse bounds come first.  No function of x, y and any z after both in the order exceeds

    V(g0) + min( max (a V(z) + b V(xz)) + max c V(yz),  max b V(xz) + max (a V(z) + c V(yz)) ) + (s P(xy) or -s N(xy))

the maxima taken over z each by itself.  They are known for all pairs after one pass over the table of pairs, so a pair
costs a few additions for each function.  Where the bound exceeds the target, the z are gone through with the finer
bound for V(xyz); where some z still might do, the cells of xy are added up, and all is exact.

The same sum over the extremes of each term, taken over all y after x, leaves a function out for x altogether.

Most concepts do not come that far.  A formula of three leaves over three concepts has each of them once, so its
function g only gains cells by a concept z, or only loses some: d is never negative, or never positive.  Without z, g
is g0: a leaf is fixed, which leaves a formula with one leaf fewer, or everything, or nothing.  No such is worth more
than V2, the most that nothing and any function of one or two concepts is worth; it is found first, over all pairs.
(Everything remains of trees only, where `x OR NOT x` is a function of one concept.)  The cells that g gains by z are
worth at most P(z), and losing those that it loses is worth at most N(z):

    V(g) <= V2 + P(z)  where g gains by z,  V2 + N(z)  where it loses.

Where g0 is nothing, g lies within z, and V(g) <= P(z).  So with x and with y, as no order of the concepts was used.  A
function is tried only with concepts in its places that let it exceed the target; in data of rare concepts they are few.
If V2 itself exceeds the target, a formula is found, and no third concept is needed.

Concepts of few points come last: what follows them is then worth little, and most pairs are left at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..compiled import CellArrays
from ..explanation import Explanation
from ..problem import Problem
from ..stopping import Stopping
from . import bits, thirds
from . import pair_walk as kernels
from .functions import functions
from .pair_counts import OfUnit, of_unit, pair_sums, work_of
from .pair_values import Pairs, best_of_two
from .stage import Stage
from .tables import decidable
from .walk import THRESHOLD

MAX_LENGTH = 3
MAX_CONCEPTS = 4096
"""Of a table of all pairs: three of 128 MiB each."""
MAX_PAIRS = 1 << 27
"""Entries that are added up for one table, or what takes as long: at most some tenths of a second."""
CONCEPTS_BETWEEN_POLLS = 128
NOTHING = np.zeros((0, 0), dtype=np.int64)
LARGEST_SUM = 16
"""No sum of the walk is above so many times q * unit_points + p * others: V(g0) as it is added up has four terms, one
of them twice, each maximum three, and s is at most 4."""


def fits(problem: Problem, length: int) -> bool:
    """Whether tables of pairs are small enough, and decide the length."""
    if length > MAX_LENGTH or len(problem.concepts.names) > MAX_CONCEPTS:
        return False
    work = work_of(problem)
    return work.by_bits * work.words <= bits.PER_ADDITION * MAX_PAIRS and (work.by_bits or work.additions <= MAX_PAIRS)


def target_for(problem: Problem, target: Fraction, length: int) -> Fraction:
    """The target, or the least fraction above it that keeps every sum of the walk within 64 bits."""
    return decidable(problem, target, LARGEST_SUM)


class _Functions(NamedTuple):
    """The functions of one, two and three concepts, a row of integers each: what V is multiplied by, then the table.

    ones: of all cells, x.  twos: of all cells, x, y, xy.  threes: the same four of g0; a, b, c, s; the places in
    `terms` of (a, b), (0, b), (0, c) and (a, c); the table; what each of x, y and z does (`thirds.py`).
    terms: the two factors; what z does; what the other concept does.
    """

    ones: np.ndarray
    twos: np.ndarray
    threes: np.ndarray
    terms: np.ndarray


@lru_cache(maxsize=8)
def _functions(space: str, length: int) -> _Functions:
    places: dict[tuple[int, ...], int] = {}

    def place(*term: int) -> int:
        return places.setdefault(term, len(places))

    def without_third(table: int) -> tuple[int, int, int, int]:
        none, x, y, both = (table >> region & 1 for region in range(4))
        return none, x - none, y - none, both - x - y + none

    ones = [(table & 1, (table >> 1) - (table & 1), table) for table in _tables(space, 1, length)]
    twos = [(*without_third(table), table) for table in _tables(space, 2, length)]
    threes = []
    for table in _tables(space, 3, length):
        outside, inside = without_third(table & 15), without_third(table >> 4)
        a, b, c, s = (new - old for new, old in zip(inside, outside))
        of_x, of_y, of_z = (_part_of(variable, table) for variable in range(3))
        of_terms = (place(a, b, of_z, of_x), place(0, b, of_z, of_x), place(0, c, of_z, of_y), place(a, c, of_z, of_y))
        threes.append((*outside, a, b, c, s, *of_terms, table, of_x, of_y, of_z))
    return _Functions(_matrix(ones, 3), _matrix(twos, 5), _matrix(threes, 16), _matrix(list(places), 4))


def _part_of(variable: int, table: int) -> int:
    """What one of three concepts does to the function, as `thirds.py` names it."""
    outside = [region for region in range(8) if not region >> variable & 1]
    before = [table >> region & 1 for region in outside]
    after = [table >> (region | 1 << variable) & 1 for region in outside]
    if not any(before):
        return thirds.HOLDS
    if all(old <= new for old, new in zip(before, after)):
        return thirds.GAINS
    return thirds.LOSES if all(old >= new for old, new in zip(before, after)) else thirds.CHANGES


def _tables(space: str, k: int, length: int) -> list[int]:
    return functions(space, k, length).tolist() if k <= length else []


def _matrix(rows: Sequence[tuple[int, ...]], width: int) -> np.ndarray:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)


def prepared(
    problem: Problem, target: Fraction, length: int, space: str, stopping: Stopping, least: int | None = None
) -> tuple[np.ndarray, kernels.Tables, kernels.Walk]:
    """The concepts' columns in the order of the walk, the tables, and an unbegun walk.  Raises `Stopped`.

    Formulas of at most `length` <= 5 leaves, over at most three concepts.  Where a function of two concepts exceeds the
    target, the best of them is found, and the walk is at its end.  least: begin at this value instead of the target's,
    not above it: so the walk finds the most that any formula is worth, if that is more; at its end that is the
    threshold.
    """
    stopping.check()
    unit = of_unit(problem, space)
    stopping.check()
    pairs = _pairs(problem, unit, target)
    known, highest = _functions(space, length), target.numerator * problem.unit_points
    best = np.zeros(5, dtype=np.int64)
    for first, stop in _blocks(len(unit.active), stopping):
        best_of_two(pairs, known.ones, known.twos, first, stop, best)
    threshold = highest if least is None else max(least, int(best[0]))
    tables = _tables_of(problem, unit, pairs, known, threshold - int(best[0]), threshold)
    walk = _unbegun(len(problem.weights), tables)
    walk.numbers[THRESHOLD] = threshold
    if best[0] > (highest if least is None else least):
        thirds.keep(walk, *best.tolist()[:4], best[3], best[4])
    if best[0] > highest or not len(known.threes):
        walk.numbers[thirds.X] = len(unit.active)  # nothing is left to walk over
    else:
        for first, stop in _blocks(len(unit.active), stopping):
            kernels.largest_of_all(tables, first, stop)
        _fill_after(tables.most, tables.most_after)
    return unit.shared.columns, tables, walk


def stages(
    problem: Problem, target: Fraction, length: int, space: str, known: Sequence[Explanation], stopping: Stopping
) -> Iterator[Stage]:
    """The only walk.  known: as in `larger.stages`; not needed."""
    yield Stage.of(kernels.walk, *prepared(problem, target, length, space, stopping))


def _blocks(n: int, stopping: Stopping) -> Iterator[tuple[int, int]]:
    """From which concept to which; between them the clock is looked at."""
    for first in stopping.each(range(0, n, CONCEPTS_BETWEEN_POLLS)):
        yield first, min(first + CONCEPTS_BETWEEN_POLLS, n)


def _pairs(problem: Problem, unit: OfUnit, target: Fraction) -> Pairs:
    """What pairs are worth at this target."""
    p, q = target.numerator, target.denominator
    own = NOTHING if len(unit.bits) else _own(problem, unit.shared.cells, p, q)
    points, active = unit.shared.points.diagonal(), unit.active.diagonal()
    gain = q * active - (own.diagonal() if len(own) else 0)
    total = q * problem.unit_points - p * (problem.n_points - problem.unit_points)
    alone = (p + q) * active - p * points
    return Pairs(unit.shared.points, unit.active, own, np.array([q, p]), alone, gain, np.array([total]))


def _own(problem: Problem, cells: CellArrays, p: int, q: int) -> np.ndarray:
    """`own` of `Pairs`.  Where points are bits there is none: there P is that of points, each worth q or -p."""
    own = problem.own_cells
    active = problem.active[own]
    balanced = np.minimum(q * active, p * (problem.weights[own] - active))
    return NOTHING if not balanced.any() else pair_sums(cells, own, balanced)


def _tables_of(
    problem: Problem, unit: OfUnit, pairs: Pairs, known: _Functions, spare: int, threshold: int
) -> kernels.Tables:
    """spare: by how much the threshold exceeds V2."""
    n, (q, p) = len(pairs.alone), pairs.worth.tolist()
    gain, loss = pairs.gain, pairs.gain - pairs.alone
    may = np.stack([gain > spare, loss > spare, gain > threshold, gain + loss > spare])
    may[np.setdiff1d(np.arange(len(may)), known.threes[:, thirds.OF_X :])] = False  # what no function does
    members = np.full(may.shape, -1)
    for row, allowed in zip(members, may):
        row[: allowed.sum()] = np.flatnonzero(allowed)
    most = np.full((len(known.terms), n), thirds.LEAST)
    return kernels.Tables(
        cells=unit.shared.cells._replace(values=q * problem.active - p * (problem.weights - problem.active)),
        points=unit.shared.bits,
        active=unit.bits,
        pairs=pairs,
        threes=known.threes,
        terms=known.terms,
        may=may,
        members=members,
        sizes=may.sum(axis=1),
        last=members.max(axis=1, initial=-1),
        most=most,
        most_after=most.copy(),
    )


def _fill_after(most: np.ndarray, after: np.ndarray) -> None:
    """Into `after`: the largest of `most` over the concepts after each that have one after themselves."""
    after[:, :-2] = np.maximum.accumulate(most[:, -2:0:-1], axis=1)[:, ::-1]


def _unbegun(n_cells: int, tables: kernels.Tables) -> kernels.Walk:
    n = len(tables.pairs.alone)

    def zeros(*shape: int, dtype: type = np.int64) -> np.ndarray:
        return np.zeros(shape, dtype=dtype)

    return kernels.Walk(
        numbers=zeros(6),
        extremes=zeros(4, 6),
        found=zeros(5),
        ahead=zeros(len(tables.terms), n),
        bound=zeros(n),
        held=zeros(n_cells, dtype=np.uint8),
        third=zeros(n),
        limits=zeros(4, n),
        wanted=zeros(n, dtype=np.bool_),
        alive=zeros(len(tables.threes)),
        both=zeros(tables.points.shape[1] + tables.active.shape[1], dtype=np.uint64),
        pair_x=zeros(n),
        gain_x=zeros(n),
        pair_y=zeros(n),
    )
