"""The compiled half of the search by AUC: functions of one, two and three concepts are scored, but those ruled out.

The sweep keeps its place in arrays, so that it can be left and entered again.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ..compiled import compiled
from ..front.triples import add_thirds

X, Y, Z, LENGTH, FUNCTION, TOP, BOTTOM, NEXT, OPENED = range(9)
CLOSE = 1 - 1e-12
"""Two doubles further apart than this differ in the same way as the fractions that they round."""

Tables = namedtuple("Tables", "cells weights n_points least pair_points pair_ranks twos threes kept")
"""What the sweep reads.

cells: `CellArrays`, its values the ranks.  weights: int64 (n_cells,).  n_points: all points.  least: as
many a formula holds on, and as many are left.
pair_points, pair_ranks: int64 (n, n), of x <= y: of the cells that have both; on the diagonal, that have x.
twos: int64 (n_functions, 3), threes: int64 (n_functions, 7): how often the points of a function of x, y and z are those
of x, y, xy, and z, xz, yz, xyz.
kept: uint32 (n, n), of x < y a bit for each of the latter that is to be scored (`bounds.py`).
"""

Best = namedtuple("Best", "numbers held third_points third_ranks")
"""What the sweep changes.

numbers: int64 (9,): see the constants: the best formula's concepts, length and function, its AUC as a fraction, the
concept x that is next, and whether the pairs of x are added up.  held: uint8 (n_cells,).  third_points, third_ranks:
int64 (n,): of the cells that have x, y and z.
"""


@compiled
def sweep(t: Tables, b: Best, longest: int) -> Any:
    """Score all formulas whose first concept is the next one; whether another is left."""
    n, x = len(t.pair_points), b.numbers[NEXT]
    _offer(t, b, t.pair_points[x, x], t.pair_ranks[x, x], 1, x, x, x, 0)
    if longest > 1:
        for y in range(x + 1, n):
            for f in range(len(t.twos)):
                of_x, of_y, of_both = t.twos[f]
                points = of_x * t.pair_points[x, x] + of_y * t.pair_points[y, y] + of_both * t.pair_points[x, y]
                ranks = of_x * t.pair_ranks[x, x] + of_y * t.pair_ranks[y, y] + of_both * t.pair_ranks[x, y]
                _offer(t, b, points, ranks, 2, x, y, y, f)
    if longest > 2:
        for y in range(x + 1, n - 1):
            if t.kept[x, y]:
                _open(t, b, x, y)
                _with_third(t, b, x, y)
    b.numbers[NEXT] = x + 1
    return x + 1 < n


@compiled
def _open(t: Tables, b: Best, x: int, y: int) -> None:
    """Add up the cells of x and y by the concepts after them."""
    if t.pair_points[x, y] == 0:
        b.third_points[:], b.third_ranks[:] = 0, 0
    else:
        add_thirds(t.cells, t.weights, x, y, b.held, b.third_ranks, b.third_points)


@compiled
def _with_third(t: Tables, b: Best, x: int, y: int) -> None:
    points_of, ranks_of = t.pair_points, t.pair_ranks
    for f in range(len(t.threes)):
        if not t.kept[x, y] >> f & 1:
            continue
        of_x, of_y, of_both, of_z, of_xz, of_yz, of_all = t.threes[f]
        points_before = of_x * points_of[x, x] + of_y * points_of[y, y] + of_both * points_of[x, y]
        ranks_before = of_x * ranks_of[x, x] + of_y * ranks_of[y, y] + of_both * ranks_of[x, y]
        for z in range(y + 1, len(points_of)):
            points = points_before + of_z * points_of[z, z] + of_xz * points_of[x, z] + of_yz * points_of[y, z]
            ranks = ranks_before + of_z * ranks_of[z, z] + of_xz * ranks_of[x, z] + of_yz * ranks_of[y, z]
            points += of_all * b.third_points[z]
            ranks += of_all * b.third_ranks[z]
            _offer(t, b, points, ranks, 3, x, y, z, f)


@compiled
def _offer(t: Tables, b: Best, points: int, ranks: int, length: int, x: int, y: int, z: int, f: int) -> None:
    """Take the formula, if its AUC is above the best one's, or the same with fewer concepts."""
    others = t.n_points - points
    if points < t.least or others < t.least:
        return
    top, bottom = ranks - points * (points + 1), 2 * points * others
    best_top, best_bottom = b.numbers[TOP], b.numbers[BOTTOM]
    if top / bottom < best_top / best_bottom * CLOSE:
        return
    order = _compared(top, bottom, best_top, best_bottom)
    if order > 0 or (order == 0 and length < b.numbers[LENGTH]):
        b.numbers[TOP], b.numbers[BOTTOM], b.numbers[LENGTH] = top, bottom, length
        b.numbers[X], b.numbers[Y], b.numbers[Z], b.numbers[FUNCTION] = x, y, z, f


@compiled
def _compared(a: int, b: int, c: int, d: int) -> int:
    """1 where a/b > c/d, 0 where they are equal, else -1; none below 0, b and d above.

    Whole parts decide; where they are equal, the fractions that are left, turned over, compare the other way round.
    """
    sign = 1
    while True:
        whole, other = a // b, c // d
        if whole != other:
            return sign if whole > other else -sign
        a, c = a - whole * b, c - other * d
        if a == 0 or c == 0:
            return 0 if a == c else (sign if a > 0 else -sign)
        a, b, c, d, sign = b, a, d, c, -sign
