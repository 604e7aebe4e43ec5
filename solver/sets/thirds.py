"""The compiled half of the search by pairs, inside: one pair x < y of concepts, and each third concept after them.

`pairs.py` proves the bounds and says what the tables hold.  Points that three concepts have are added up cell by cell,
or counted bit by bit (`bits.py`), whichever the tables have.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..compiled import compiled
from .bits import shared
from .pair_values import gain_of, value_of
from .walk import FOUND, STEPS, THRESHOLD

X, Y, HELD = 0, 4, 5

Tables = namedtuple("Tables", "cells points active pairs threes terms may members sizes last most most_after")
"""What the walk reads.

cells: `CellArrays`, the concepts in the order of the walk; not read where there are bits.
points, active: uint64 (n, n_words): the bits of all points, and of those where the unit is active; (0, 0) where cells
are added up.  pairs: `Pairs`.
threes: the functions of three concepts, a row each, and terms: int64 (n_terms, 4), as `pairs.py` has them.
may: bool (4, n): whether each concept may do each of these in a function that exceeds the target.  members:
int64 (4, n), those that may, ascending, sizes: int64 (4,), how many, and last: int64 (4,), the last, or -1.
most: int64 (n_terms, n): the largest of each term of y over the concepts after it.
most_after: the largest of `most` over the y after x.
"""

Walk = namedtuple("Walk", "numbers found extremes ahead bound held third limits wanted alive both pair_x gain_x pair_y")
"""What the walk changes.

numbers: int64 (6,): see the constants.  found: int64 (5,): number of concepts, concepts, truth table.
extremes: int64 (4, 6): over all y after x that may do each of these, the smallest and the largest V(y), the same of
V(xy), the largest P(xy), and the largest N(xy).  ahead: int64 (n_terms, n): the largest of each term of x over the
concepts after y.  bound: int64 (n,): what no function of x, y and a concept more exceeds, if it is above the threshold.
held: uint8 (n_cells,): whether a cell has x, where numbers[HELD].
third: int64 (n,): V of the cells that have x, y and z.  limits: int64 (4, n): the largest and the smallest V(xyz) that
the counts of pairs allow, the smallest and the largest N(xyz).  wanted: bool (n,): which z may exceed the threshold.
alive: int64 (n_threes,): the functions that may.  both: uint64 (n_words of all and of active points): those of xy.
pair_x, gain_x: int64 (n,): V(xy) and P(xy) of all y after x.  pair_y: V(yz), of the z that `limits` has.
"""

HIGHEST, LOWEST, LEAST_LOSS, MOST_LOSS = range(4)
GAINS, LOSES, HOLDS, CHANGES = range(4)
"""What a concept does to a function: it gains cells by it, or it loses some, or it lies within the concept; or it gains
some and loses others."""
OF_X, OF_Y, OF_Z = 13, 14, 15
"""Where a function of three concepts says what each does."""
LEAST = -(1 << 60)
"""Below every sum; three of it are no overflow."""


@compiled
def keep(w: Walk, value: int, k: int, x: int, y: int, z: int, table: int) -> None:
    """What was found: a function of k concepts, with a value above the threshold."""
    w.numbers[THRESHOLD] = value
    w.numbers[FOUND] += 1
    w.found[0], w.found[1], w.found[2], w.found[3] = k, x, y, z
    w.found[k + 1] = table


@compiled
def visit(t: Tables, w: Walk, x: int, y: int) -> None:
    """Score the functions of x, y and each z after them."""
    n_alive = 0
    for f in range(len(t.threes)):
        if _with_third(t, w, t.threes[f], x, y) > w.numbers[THRESHOLD]:
            w.alive[n_alive] = f
            n_alive += 1
    if n_alive == 0:
        return
    for does in range(4):
        for i in range(n_alive):
            if t.threes[w.alive[i], OF_Z] == does:
                _limit(t, w, x, y, does)
                break
    n_alive = _want(t, w, x, y, n_alive)
    if n_alive == 0:
        return
    if len(t.points):
        _count(t, w, x, y, n_alive)
    else:
        _add_up(t, w, x, y)
    for i in range(n_alive):
        g = t.threes[w.alive[i]]
        fixed = _fixed(t, w, g, x, y)
        for z in range(y + 1, len(w.third)):
            value = fixed + g[4] * t.pairs.alone[z] + g[5] * w.pair_x[z] + g[6] * w.pair_y[z] + g[7] * w.third[z]
            if value > w.numbers[THRESHOLD] and w.wanted[z]:
                keep(w, value, 3, x, y, z, g[12])


@compiled
def _fixed(t: Tables, w: Walk, g: np.ndarray, x: int, y: int) -> Any:
    """V of the cells where the function g holds and no third concept does."""
    return g[0] * t.pairs.total[0] + g[1] * t.pairs.alone[x] + g[2] * t.pairs.alone[y] + g[3] * w.pair_x[y]


@compiled
def _with_third(t: Tables, w: Walk, g: np.ndarray, x: int, y: int) -> Any:
    """What the function g can reach with x, y and any z after y."""
    if not (t.may[g[OF_X], x] and t.may[g[OF_Y], y]):
        return np.int64(LEAST)
    gain, loss = w.gain_x[y], w.gain_x[y] - w.pair_x[y]
    further = min(w.ahead[g[8], y] + t.most[g[10], y], w.ahead[g[9], y] + t.most[g[11], y])
    return _fixed(t, w, g, x, y) + further + max(g[7], 0) * gain + max(-g[7], 0) * loss


@compiled
def _limit(t: Tables, w: Walk, x: int, y: int, does: int) -> None:
    """Into w.limits, for each z after y that may do this: between what V(xyz), and N(xyz), lie; V(yz) into pair_y."""
    alone, gain, highest, lowest = t.pairs.alone, t.pairs.gain, w.limits[HIGHEST], w.limits[LOWEST]
    least_loss, most_loss = w.limits[LEAST_LOSS], w.limits[MOST_LOSS]
    of_both, of_x, of_y = w.gain_x[y], gain[x], gain[y]
    lost, lost_x, lost_y = of_both - w.pair_x[y], of_x - alone[x], of_y - alone[y]
    at = t.sizes[does] - 1
    while at >= 0 and t.members[does, at] > y:
        z = t.members[does, at]
        w.pair_y[z] = value_of(t.pairs, y, z)
        with_x, with_y, of_z = w.gain_x[z], gain_of(t.pairs, y, z), gain[z]
        most = min(of_both, with_x, with_y)
        least = max(0, of_both + with_x - of_x, of_both + with_y - of_y, with_x + with_y - of_z)
        with_x, with_y, of_z = with_x - w.pair_x[z], with_y - w.pair_y[z], of_z - alone[z]
        most_loss[z] = min(lost, with_x, with_y)
        least_loss[z] = max(0, lost + with_x - lost_x, lost + with_y - lost_y, with_x + with_y - of_z)
        highest[z], lowest[z] = most - least_loss[z], least - most_loss[z]
        at -= 1
    w.numbers[STEPS] += (t.sizes[does] - at) // 2


@compiled
def _want(t: Tables, w: Walk, x: int, y: int, n_alive: int) -> int:
    """Into w.wanted: which z may be above the threshold with a function that is alive.  How many functions stay so."""
    left, highest, lowest, wanted = 0, w.limits[HIGHEST], w.limits[LOWEST], w.wanted
    wanted[y + 1 :] = False
    alone, with_x, with_y = t.pairs.alone, w.pair_x, w.pair_y
    for i in range(n_alive):
        g = t.threes[w.alive[i]]
        spare = w.numbers[THRESHOLD] - _fixed(t, w, g, x, y)
        on_z, on_xz, on_yz, ups, downs = g[4], g[5], g[6], max(g[7], 0), max(-g[7], 0)
        some, at = False, t.sizes[g[OF_Z]] - 1
        while at >= 0 and t.members[g[OF_Z], at] > y:
            z = t.members[g[OF_Z], at]
            value = on_z * alone[z] + on_xz * with_x[z] + on_yz * with_y[z] + ups * highest[z] - downs * lowest[z]
            if value > spare:
                wanted[z] = some = True
            at -= 1
        w.numbers[STEPS] += (t.sizes[g[OF_Z]] - at) // 4
        if some:
            w.alive[left] = w.alive[i]
            left += 1
    return left


@compiled
def _count(t: Tables, w: Walk, x: int, y: int, n_alive: int) -> None:
    """Into third[z], where z is wanted: V of the points that have x, y and z.  Not wanted: no function exceeds.

    Active points are few, so they are counted first: then there is mostly no need for the others.
    """
    n_words, n_active = t.points.shape[1], t.active.shape[1]
    both, active = w.both[:n_words], w.both[n_words:]
    for word in range(n_active):
        active[word] = t.active[x, word] & t.active[y, word]
    both_made = False
    for z in range(y + 1, len(w.wanted)):
        if not w.wanted[z]:
            continue
        of_active = shared(active, t.active[z])
        gain = t.pairs.worth[0] * of_active
        w.limits[HIGHEST, z], w.limits[LOWEST, z] = gain - w.limits[LEAST_LOSS, z], gain - w.limits[MOST_LOSS, z]
        w.numbers[STEPS] += n_active // 16
        w.wanted[z] = _may_exceed(t, w, x, y, z, n_alive)
        if not w.wanted[z]:
            continue
        if not both_made:
            for word in range(n_words):
                both[word] = t.points[x, word] & t.points[y, word]
            both_made = True
        w.third[z] = gain - t.pairs.worth[1] * (shared(both, t.points[z]) - of_active)
        w.numbers[STEPS] += n_words // 16


@compiled
def _may_exceed(t: Tables, w: Walk, x: int, y: int, z: int, n_alive: int) -> bool:
    """Whether some function that is alive may be above the threshold with this z."""
    for i in range(n_alive):
        g = t.threes[w.alive[i]]
        value = _fixed(t, w, g, x, y) + g[4] * t.pairs.alone[z] + g[5] * w.pair_x[z] + g[6] * w.pair_y[z]
        value += max(g[7], 0) * w.limits[HIGHEST, z] - max(-g[7], 0) * w.limits[LOWEST, z]
        if value > w.numbers[THRESHOLD]:
            return True
    return False


@compiled
def _add_up(t: Tables, w: Walk, x: int, y: int) -> None:
    """Into third[z], z > y: V of the cells that have x, y and z."""
    cells = t.cells
    w.third[y + 1 :] = 0
    if w.gain_x[y] == 0 and w.pair_x[y] == 0:  # no cell has both, or none of value
        return
    if not w.numbers[HELD]:
        hold(t, w, x, 1)
    for at in range(cells.starts[y], cells.starts[y + 1]):
        row = cells.rows[at]
        if w.held[row]:
            place = cells.indptr[row + 1] - 1
            while cells.indices[place] > y:
                w.third[cells.indices[place]] += cells.values[row]
                place -= 1
    w.numbers[STEPS] += cells.starts[y + 1] - cells.starts[y]


@compiled
def hold(t: Tables, w: Walk, x: int, whether: int) -> None:
    """Mark the cells that have x, or take the marks away."""
    for at in range(t.cells.starts[x], t.cells.starts[x + 1]):
        w.held[t.cells.rows[at]] = whether
    w.numbers[HELD] = whether
    w.numbers[STEPS] += (t.cells.starts[x + 1] - t.cells.starts[x]) // 8
