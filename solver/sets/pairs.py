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

as the cells of xyz are among those of each pair.  Hence no function of x, y and any z after both in the order exceeds

    V(g0) + min( max (a V(z) + b V(xz)) + max c V(yz),  max b V(xz) + max (a V(z) + c V(yz)) ) + (s P(xy) or -s N(xy))

the maxima taken over z each by itself.  They are known for all pairs after one pass over the table of pairs, so a pair
costs a few additions for each function.  Where the bound exceeds the target, the z are gone through with the finer
bound for V(xyz); where some z still might do, the cells of xy are added up, and all is exact.

The same sum over the extremes of each term, taken over all y after x, leaves a function out for x altogether.

Concepts of few points come last: what follows them is then worth little, and most pairs are left at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..cells import ConceptRows
from ..compiled import CellArrays
from ..problem import Problem
from ..stopping import Stopping
from . import pair_walk as kernels
from .functions import functions
from .tables import decidable, distinct, renumbered
from .walk import THRESHOLD

MAX_LENGTH = 3
MAX_CONCEPTS = 4096
"""Of a table of all pairs: three of 128 MiB each."""
MAX_PAIRS = 1 << 27
"""Entries that are added up for one table, at most some tenths of a second: the pairs of concepts of every cell."""
CONCEPTS_BETWEEN_POLLS = 128
LARGEST_SUM = 16
"""No sum of the walk is above so many times q * unit_points + p * others: V(g0) as it is added up has four terms, one
of them twice, each maximum three, and s is at most 4."""


def fits(problem: Problem, length: int) -> bool:
    """Whether tables of pairs are small enough, and decide the length."""
    widths = np.diff(problem.concepts.indptr)
    pairs = int((widths * (widths + 1) // 2).sum())
    return length <= MAX_LENGTH and len(problem.concepts.names) <= MAX_CONCEPTS and pairs <= MAX_PAIRS


def target_for(problem: Problem, target: Fraction, length: int) -> Fraction:
    """The target, or the least fraction above it that keeps every sum of the walk within 64 bits."""
    return decidable(problem, target, LARGEST_SUM)


class _Shared(NamedTuple):
    """What units share.  columns: the distinct concepts, in the walk's order.  points: int64 (n, n), of x <= y."""

    columns: np.ndarray
    cells: CellArrays
    points: np.ndarray


@lru_cache(maxsize=2)
def _shared(concepts: ConceptRows, space: str, weights: bytes) -> _Shared:
    """weights: the content of int64 (n_cells,), as arrays cannot be keys."""
    of_cells = np.frombuffer(weights, dtype=np.int64)
    columns = distinct(concepts, space)
    starts, rows = concepts.by_column
    points = np.array([of_cells[rows[starts[c] : starts[c + 1]]].sum() for c in columns.tolist()], dtype=np.int64)
    columns = columns[np.argsort(-points, kind="stable")]
    cells = renumbered(concepts, columns, of_cells, Stopping())
    return _Shared(columns, cells, _pair_sums(cells, np.arange(len(of_cells)), of_cells))


def _pair_sums(cells: CellArrays, rows: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """int64 (n, n): the sums of the amounts, one for each of the rows, over the cells that x <= y share."""
    sums = np.zeros((len(cells.starts) - 1,) * 2, dtype=np.int64)
    kernels.add_pairs(rows, cells.indptr, cells.indices, amounts, sums)
    return sums


class _Functions(NamedTuple):
    """The functions of one, two and three concepts, a row of integers each: what V is multiplied by, then the table.

    ones: of all cells, x.  twos: of all cells, x, y, xy.  threes: the same four of g0; a, b, c, s; the places in
    `terms` of (a, b), (0, b), (0, c) and (a, c).
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
        of_terms = place(a, b), place(0, b), place(0, c), place(a, c)
        threes.append((*outside, a, b, c, s, *of_terms, table))
    return _Functions(_matrix(ones, 3), _matrix(twos, 5), _matrix(threes, 13), _matrix(list(places), 2))


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
    columns, cells, points = _shared(problem.concepts, space, problem.weights.tobytes())
    stopping.check()
    values = q * problem.active - p * (problem.weights - problem.active)
    own = problem.own_cells
    pair = _pair_sums(cells, own, (p + q) * problem.active[own]) - p * points
    gain = _pair_sums(cells, own, np.maximum(values[own], 0))
    known = _functions(space, length)
    most = np.zeros((len(known.terms), len(columns)), dtype=np.int64)
    for first in stopping.each(range(0, len(columns), CONCEPTS_BETWEEN_POLLS)):
        kernels.largest_of_all(pair, known.terms, most, first, min(first + CONCEPTS_BETWEEN_POLLS, len(columns)))
    total = values.sum(keepdims=True)
    tables = kernels.Tables(
        cells._replace(values=values), pair, gain, pair.diagonal().copy(), total, *known, most, _after(most)
    )
    walk = _unbegun(len(columns), len(values), known)
    walk.numbers[THRESHOLD] = p * problem.unit_points
    return columns, tables, walk


def _after(most: np.ndarray) -> np.ndarray:
    """int64 (n_terms, n): the largest of `most` over the concepts after each that have one after themselves."""
    after = np.zeros_like(most)
    after[:, :-2] = np.maximum.accumulate(most[:, -2:0:-1], axis=1)[:, ::-1]
    return after


def _unbegun(n: int, n_cells: int, known: _Functions) -> kernels.Walk:
    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype=np.int64)

    return kernels.Walk(
        numbers=zeros(6),
        extremes=zeros(6),
        found=zeros(5),
        ahead=zeros(len(known.terms), n),
        bound=zeros(n),
        held=np.zeros(n_cells, dtype=np.uint8),
        third=zeros(n),
        alive=zeros(len(known.threes)),
    )
