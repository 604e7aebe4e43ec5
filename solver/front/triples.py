"""The compiled half of the front: every function of one, two and three concepts is offered to it.

`pareto.py` says what the tables hold.  The walk keeps its state in arrays, so that it can be left and entered again: to
be stopped, and where the front needs more room.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..compiled import CellArrays, compiled

DONE, PAUSED, FULL = 0, 1, 2
LENGTH, X, Y, F, OPENED, SIZE, SHIFT, FINER = 0, 1, 2, 3, 4, 5, 6, 7
BUCKETS = 1024
NOTHING = 1 << 62

Tables = namedtuple("Tables", "cells inactive alone_active alone_inactive pair_active pair_inactive twos threes")
"""What the walk reads.

cells: `CellArrays`, its values the active points.  inactive: int64 (n_cells,).
pair_active, pair_inactive: int64 (n, n), of x <= y: points of the cells that have both; on the diagonal, that have x.
alone_active, alone_inactive: int64 (n,), these diagonals.
twos: int64 (n_functions, 3), threes: int64 (n_functions, 7): how often the points of a function of x, y and z are those
of x, y, xy, and z, xz, yz, xyz.
"""

Walk = namedtuple("Walk", "numbers hits errors what least held third_active third_inactive")
"""What the walk changes.

numbers: int64 (8,): see the constants; of the next formulas their length, concepts x and y, and function; whether the
pair is added up; of the front its size, and by how many bits hits are shifted to be a bucket, and few hits a finer one.
hits, errors: int64 (room,): of the front, ascending both: active and inactive points.  what: int64 (room, 5): length,
concepts, and place of the function.
least: int64 (2 * BUCKETS,): the fewest errors of a formula of the front with hits in a higher bucket; the second half
is of the finer ones into which the first bucket falls, as most formulas hit little.
held: uint8 (n_cells,): scratch.  third_active, third_inactive: int64 (n,): of the cells that have x, y and z.
"""


@compiled
def walk(t: Tables, w: Walk, quota: int, longest: int) -> int:
    """Go on for about `quota` formulas; FULL where the front needs more room first.

    First all of one concept, then for each x those of x and any y after it, then for each pair x, y and each function
    those with any z after both: so the inner loops run over whole rows of the tables.
    """
    n, seen = len(t.pair_active), 0
    while w.numbers[LENGTH] <= min(longest, n):
        if w.numbers[SIZE] + len(t.twos) * n > len(w.hits):
            return FULL
        if seen >= quota:
            return PAUSED
        if w.numbers[LENGTH] == 1:
            for x in range(n):
                _offer(w, t.alone_active[x], t.alone_inactive[x], x, x, x, 0)
            w.numbers[LENGTH] = 2
            seen += n
        elif w.numbers[LENGTH] == 2:
            seen += _with_second(t, w)
        else:
            seen += _with_third(t, w)
    return DONE


@compiled
def _with_second(t: Tables, w: Walk) -> Any:
    """Offer all functions of x and any y after it; gives how many formulas that are."""
    n, x = len(t.pair_active), w.numbers[X]
    for y in range(x + 1, n):
        for f in range(len(t.twos)):
            of_x, of_y, of_both = t.twos[f]
            hits = of_x * t.alone_active[x] + of_y * t.alone_active[y] + of_both * t.pair_active[x, y]
            errors = of_x * t.alone_inactive[x] + of_y * t.alone_inactive[y] + of_both * t.pair_inactive[x, y]
            _offer(w, hits, errors, x, y, y, f)
    w.numbers[X] += 1
    if w.numbers[X] == n - 1:
        w.numbers[LENGTH], w.numbers[X], w.numbers[Y] = 3, 0, 1
    return len(t.twos) * (n - x - 1)


@compiled
def _with_third(t: Tables, w: Walk) -> Any:
    """Offer one function of x, y and any z after them; gives how many formulas that are, and the work before."""
    n, x, y, f = len(t.pair_active), w.numbers[X], w.numbers[Y], w.numbers[F]
    work = n - y
    if not w.numbers[OPENED]:
        work += _open(t, w)
    of_x, of_y, of_both, of_z, of_xz, of_yz, of_all = t.threes[f]
    hits_before = of_x * t.alone_active[x] + of_y * t.alone_active[y] + of_both * t.pair_active[x, y]
    errors_before = of_x * t.alone_inactive[x] + of_y * t.alone_inactive[y] + of_both * t.pair_inactive[x, y]
    xz, yz, xyz, alone = t.pair_active[x], t.pair_active[y], w.third_active, t.alone_active
    xz_out, yz_out, xyz_out, alone_out = t.pair_inactive[x], t.pair_inactive[y], w.third_inactive, t.alone_inactive
    least, shift, finer = w.least, w.numbers[SHIFT], w.numbers[FINER]
    for z in range(y + 1, n):
        hits = hits_before + of_z * alone[z] + of_xz * xz[z] + of_yz * yz[z] + of_all * xyz[z]
        errors = errors_before + of_z * alone_out[z] + of_xz * xz_out[z] + of_yz * yz_out[z] + of_all * xyz_out[z]
        if hits > 0 and least[_bucket(hits, shift, finer)] > errors:
            _offer(w, hits, errors, x, y, z, f)
    w.numbers[F] += 1
    if w.numbers[F] == len(t.threes):
        w.numbers[F], w.numbers[OPENED] = 0, 0
        w.numbers[Y] += 1
        if w.numbers[Y] >= n - 1:
            w.numbers[X] += 1
            w.numbers[Y] = w.numbers[X] + 1
            if w.numbers[X] >= n - 2:
                w.numbers[LENGTH] = 4
    return work


@compiled
def _open(t: Tables, w: Walk) -> Any:
    """Add up the cells of x and y by the concepts after them; gives about how much work that was."""
    cells, x, y = t.cells, w.numbers[X], w.numbers[Y]
    w.numbers[OPENED] = 1
    if t.pair_active[x, y] + t.pair_inactive[x, y] == 0:
        w.third_active[:], w.third_inactive[:] = 0, 0
        return len(t.pair_active) // 8
    add_thirds(cells, t.inactive, x, y, w.held, w.third_active, w.third_inactive)
    return cells.starts[x + 1] - cells.starts[x] + cells.starts[y + 1] - cells.starts[y]


@compiled
def add_thirds(
    cells: CellArrays, others: np.ndarray, x: int, y: int, held: np.ndarray, sums: np.ndarray, other_sums: np.ndarray
) -> None:
    """Into sums[z] and other_sums[z], z > y: the cells' values, and the others, of the cells that have x, y and z.

    others: int64 (n_cells,).  held: uint8 (n_cells,), zeros before and after.  sums, other_sums: int64 (n,).
    """
    sums[:], other_sums[:] = 0, 0
    for at in range(cells.starts[x], cells.starts[x + 1]):
        held[cells.rows[at]] = 1
    for at in range(cells.starts[y], cells.starts[y + 1]):
        row = cells.rows[at]
        if held[row]:
            place = cells.indptr[row + 1] - 1
            while cells.indices[place] > y:
                sums[cells.indices[place]] += cells.values[row]
                other_sums[cells.indices[place]] += others[row]
                place -= 1
    for at in range(cells.starts[x], cells.starts[x + 1]):
        held[cells.rows[at]] = 0


@compiled
def _offer(w: Walk, hits: int, errors: int, x: int, y: int, z: int, f: int) -> None:
    """Take the formula into the front, unless it hits nothing, or one has no fewer hits and no more errors."""
    shift, finer = w.numbers[SHIFT], w.numbers[FINER]
    if hits == 0 or w.least[_bucket(hits, shift, finer)] <= errors:
        return
    size = w.numbers[SIZE]
    place = np.searchsorted(w.hits[:size], hits)
    if place < size and w.errors[place] <= errors:
        return
    stop = place + 1 if place < size and w.hits[place] == hits else place
    while place > 0 and w.errors[place - 1] >= errors:
        place -= 1
    _put(w, place, stop)
    w.hits[place], w.errors[place] = hits, errors
    w.what[place, 0], w.what[place, 1], w.what[place, 2] = w.numbers[LENGTH], x, y
    w.what[place, 3], w.what[place, 4] = z, f
    _lower(w.least[:BUCKETS], hits >> shift, errors)
    _lower(w.least[BUCKETS:], min(hits >> finer, BUCKETS), errors)


@compiled
def _bucket(hits: int, shift: int, finer: int) -> int:
    bucket = hits >> shift
    return bucket if bucket > 0 else BUCKETS + (hits >> finer)


@compiled
def _lower(least: np.ndarray, bucket: int, errors: int) -> None:
    """To the errors, in all buckets below: they rise, so the first that is as low ends it."""
    for below in range(bucket - 1, -1, -1):
        if least[below] <= errors:
            break
        least[below] = errors


@compiled
def _put(w: Walk, place: int, stop: int) -> None:
    """Make one free place of those from `place` to below `stop`, which go."""
    size = w.numbers[SIZE]
    moved = place + 1 - stop
    if moved > 0:
        for at in range(size - 1, stop - 1, -1):
            w.hits[at + 1], w.errors[at + 1] = w.hits[at], w.errors[at]
            w.what[at + 1] = w.what[at]
    elif moved < 0:
        for at in range(stop, size):
            w.hits[at + moved], w.errors[at + moved] = w.hits[at], w.errors[at]
            w.what[at + moved] = w.what[at]
    w.numbers[SIZE] = size + moved
