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

Where g is false without z (g0 is nothing), its cells lie within z, so V(g) is at most P(z): only a z whose P(z) exceeds
the target counts for the maxima, and is gone through.  So with x and with y.  Such concepts are called strong; in data
of rare concepts they are few.

Concepts of few points come last: what follows them is then worth little, and most pairs are left at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..compiled import CellArrays
from ..problem import Problem
from ..stopping import Stopping
from . import bits
from . import pair_walk as kernels
from .functions import functions
from .pair_counts import NO_CELLS, of_unit, pair_sums, work_of
from .tables import decidable
from .walk import THRESHOLD

MAX_LENGTH = 3
MAX_CONCEPTS = 4096
"""Of a table of all pairs: three of 128 MiB each."""
MAX_PAIRS = 1 << 27
"""Entries that are added up for one table, or what takes as long: at most some tenths of a second."""
CONCEPTS_BETWEEN_POLLS = 128
NOTHING = np.zeros((0, 0), dtype=np.int64)
WITHOUT = (0b01010101, 0b00110011, 0b00001111)
"""The regions of three concepts without the first, the second, the third."""
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
    `terms` of (a, b), (0, b), (0, c) and (a, c); after the table, whether it lies within x, y and z.  The third number
    of a term is the last of these.
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
        within = tuple(int(not table & without) for without in WITHOUT)
        of_terms = (place(*each, within[2]) for each in ((a, b), (0, b), (0, c), (a, c)))
        threes.append((*outside, a, b, c, s, *of_terms, table, *within))
    return _Functions(_matrix(ones, 3), _matrix(twos, 5), _matrix(threes, 16), _matrix(list(places), 3))


def _tables(space: str, k: int, length: int) -> list[int]:
    return functions(space, k, length).tolist() if k <= length else []


def _matrix(rows: Sequence[tuple[int, ...]], width: int) -> np.ndarray:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)


def prepared(
    problem: Problem, target: Fraction, length: int, space: str, stopping: Stopping
) -> tuple[np.ndarray, kernels.Tables, kernels.Walk]:
    """The concepts' columns in the order of the walk, the tables, and an unbegun walk.  Raises `Stopped`."""
    stopping.check()
    p, q = target.numerator, target.denominator
    unit = of_unit(problem, space, work_of(problem).by_bits)
    stopping.check()
    shared, columns = unit.shared, unit.shared.columns
    pair, gain = np.zeros_like(unit.active), np.zeros_like(unit.active)
    kernels.values_of_pairs(shared.points, unit.active, _balanced(problem, shared.cells, p, q), p, q, pair, gain)
    strong = gain.diagonal() > p * problem.unit_points
    known = _functions(space, length)
    values = q * problem.active - p * (problem.weights - problem.active)
    tables = kernels.Tables(
        cells=shared.cells._replace(values=values),
        points=shared.bits,
        active=unit.bits,
        worth=np.array([q, p]),
        pair=pair,
        gain=gain,
        alone=pair.diagonal().copy(),
        total=values.sum(keepdims=True),
        **known._asdict(),
        strong=strong,
        places=np.flatnonzero(strong),
        most=np.zeros((len(known.terms), len(columns)), dtype=np.int64),
        most_after=np.zeros((len(known.terms), len(columns)), dtype=np.int64),
    )
    for first in stopping.each(range(0, len(columns), CONCEPTS_BETWEEN_POLLS)):
        kernels.largest_of_all(tables, first, min(first + CONCEPTS_BETWEEN_POLLS, len(columns)))
    _fill_after(tables.most, tables.most_after)
    walk = _unbegun(len(values), tables)
    walk.numbers[THRESHOLD] = p * problem.unit_points
    return columns, tables, walk


def _balanced(problem: Problem, cells: CellArrays, p: int, q: int) -> np.ndarray:
    """int64 (n, n): by how much the active points of x <= y are worth more than P: a cell's own losses come first.

    (0, 0) where that is nowhere anything; so where points are counted: there P is that of points, each worth q or -p.
    """
    own = problem.own_cells
    active = problem.active[own]
    balanced = np.minimum(q * active, p * (problem.weights[own] - active))
    return NOTHING if cells is NO_CELLS or not balanced.any() else pair_sums(cells, own, balanced)


def _fill_after(most: np.ndarray, after: np.ndarray) -> None:
    """Into `after`: the largest of `most` over the concepts after each that have one after themselves."""
    after[:, :-2] = np.maximum.accumulate(most[:, -2:0:-1], axis=1)[:, ::-1]


def _unbegun(n_cells: int, tables: kernels.Tables) -> kernels.Walk:
    n = len(tables.pair)

    def zeros(*shape: int, dtype: type = np.int64) -> np.ndarray:
        return np.zeros(shape, dtype=dtype)

    return kernels.Walk(
        numbers=zeros(6),
        extremes=zeros(6),
        found=zeros(5),
        ahead=zeros(len(tables.terms), n),
        bound=zeros(n),
        held=zeros(n_cells, dtype=np.uint8),
        third=zeros(n),
        limits=zeros(4, n),
        wanted=zeros(n, dtype=np.bool_),
        alive=zeros(len(tables.threes)),
        both=zeros(tables.points.shape[1] + tables.active.shape[1], dtype=np.uint64),
    )
