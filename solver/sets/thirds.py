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
from .walk import FOUND, STEPS, THRESHOLD

X, Y, HELD = 0, 4, 5

Tables = namedtuple(
    "Tables", "cells points active worth pair gain alone total ones twos threes terms strong places most most_after"
)
"""What the walk reads.

cells: `CellArrays`, the concepts in the order of the walk; empty where points are counted.
points, active: uint64 (n, n_words): the bits of all points, and of those where the unit is active; (0, 0) where cells
are added up.  worth: int64 (2,): what an active point is worth, and what another costs.
pair, gain: int64 (n, n), of x <= y: V and P of the cells, or points, that have both; on the diagonal, that have x.
alone: int64 (n,), that diagonal.
total: int64 (1,): V of all cells.
ones, twos, threes: the functions of so many concepts, a row each, as `pairs.py` has them.
terms: int64 (n_terms, 3).  strong: bool (n,), which concepts a function may lie within; places: int64, which are.
most: int64 (n_terms, n): the largest of each term of y over the concepts after it.
most_after: the largest of `most` over the y after x.
"""

Walk = namedtuple("Walk", "numbers found extremes ahead bound held third limits wanted alive both")
"""What the walk changes.

numbers: int64 (6,): see the constants.  found: int64 (5,): number of concepts, concepts, truth table.
extremes: int64 (6,): over all y after x, the smallest and the largest V(y), the same of V(xy), the largest P(xy), and
the largest N(xy).  ahead: int64 (n_terms, n): the largest of each term of x over the concepts after y.
bound: int64 (n,): what no function of x, y and at most one concept more exceeds, if it is above the threshold.
held: uint8 (n_cells,): whether a cell has x, where numbers[HELD].
third: int64 (n,): V of the cells that have x, y and z.  limits: int64 (4, n): the largest and the smallest V(xyz) that
the counts of pairs allow, the smallest and the largest N(xyz).  wanted: bool (n,): which z may exceed the threshold.
alive: int64 (n_threes,): the functions that may.  both: uint64 (n_words of all and of active points): those of xy.
"""

HIGHEST, LOWEST, LEAST_LOSS, MOST_LOSS = range(4)
WITHIN_X, WITHIN_Y, WITHIN_Z = 13, 14, 15
"""Where a function of three concepts says whether it lies within each."""
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
    """Score the functions of x and y, and of x, y and each z after them."""
    for f in range(len(t.twos)):
        value = _fixed(t, t.twos[f], x, y)
        if value > w.numbers[THRESHOLD]:
            keep(w, value, 2, x, y, y, t.twos[f, 4])
    n_alive = 0
    for f in range(len(t.threes)):
        if y < len(t.pair) - 1 and _with_third(t, w, t.threes[f], x, y) > w.numbers[THRESHOLD]:
            w.alive[n_alive] = f
            n_alive += 1
    if n_alive == 0:
        return
    _limit(t, w, x, y)
    n_alive = _want(t, w, x, y, n_alive)
    if n_alive == 0:
        return
    w.third[y + 1 :] = 0
    if len(t.points):
        _count(t, w, x, y, n_alive)
    elif t.gain[x, y] > 0 or t.pair[x, y] < 0:  # else no cell has both, or none of value
        _open(t, w, x, y)
    for i in range(n_alive):
        g = t.threes[w.alive[i]]
        fixed = _fixed(t, g, x, y)
        for z in range(y + 1, len(t.pair)):
            value = fixed + g[4] * t.alone[z] + g[5] * t.pair[x, z] + g[6] * t.pair[y, z] + g[7] * w.third[z]
            if value > w.numbers[THRESHOLD] and w.wanted[z]:
                keep(w, value, 3, x, y, z, g[12])


@compiled
def _fixed(t: Tables, g: np.ndarray, x: int, y: int) -> Any:
    """V of the cells where the function g holds and no third concept does."""
    return g[0] * t.total[0] + g[1] * t.alone[x] + g[2] * t.alone[y] + g[3] * t.pair[x, y]


@compiled
def _with_third(t: Tables, w: Walk, g: np.ndarray, x: int, y: int) -> Any:
    """What the function g can reach with x, y and any z after y."""
    if (g[WITHIN_X] and not t.strong[x]) or (g[WITHIN_Y] and not t.strong[y]):
        return np.int64(LEAST)
    gain, loss = t.gain[x, y], t.gain[x, y] - t.pair[x, y]
    further = min(w.ahead[g[8], y] + t.most[g[10], y], w.ahead[g[9], y] + t.most[g[11], y])
    return _fixed(t, g, x, y) + further + max(g[7], 0) * gain + max(-g[7], 0) * loss


@compiled
def _limit(t: Tables, w: Walk, x: int, y: int) -> None:
    """Into w.limits, for each z after y: between what V(xyz), and N(xyz), lie."""
    pair, gain, highest, lowest = t.pair, t.gain, w.limits[HIGHEST], w.limits[LOWEST]
    least_loss, most_loss = w.limits[LEAST_LOSS], w.limits[MOST_LOSS]
    of_both, of_x, of_y = gain[x, y], gain[x, x], gain[y, y]
    lost, lost_x, lost_y = of_both - pair[x, y], of_x - pair[x, x], of_y - pair[y, y]
    for z in range(y + 1, len(pair)):
        with_x, with_y, of_z = gain[x, z], gain[y, z], gain[z, z]
        most = min(of_both, with_x, with_y)
        least = max(0, of_both + with_x - of_x, of_both + with_y - of_y, with_x + with_y - of_z)
        with_x, with_y, of_z = with_x - pair[x, z], with_y - pair[y, z], of_z - t.alone[z]
        most_loss[z] = min(lost, with_x, with_y)
        least_loss[z] = max(0, lost + with_x - lost_x, lost + with_y - lost_y, with_x + with_y - of_z)
        highest[z], lowest[z] = most - least_loss[z], least - most_loss[z]
    w.numbers[STEPS] += (len(pair) - y) // 2


@compiled
def _want(t: Tables, w: Walk, x: int, y: int, n_alive: int) -> int:
    """Into w.wanted: which z may be above the threshold with a function that is alive.  How many functions stay so."""
    left, n, highest, lowest, wanted = 0, len(t.pair), w.limits[HIGHEST], w.limits[LOWEST], w.wanted
    wanted[y + 1 :] = False
    alone, with_x, with_y = t.alone, t.pair[x], t.pair[y]
    for i in range(n_alive):
        g = t.threes[w.alive[i]]
        fixed, on_z, on_xz, on_yz, ups, downs = _fixed(t, g, x, y), g[4], g[5], g[6], max(g[7], 0), max(-g[7], 0)
        largest = np.int64(LEAST)
        if g[WITHIN_Z]:
            at = len(t.places) - 1
            while at >= 0 and t.places[at] > y:
                z = t.places[at]
                value = on_z * alone[z] + on_xz * with_x[z] + on_yz * with_y[z] + ups * highest[z] - downs * lowest[z]
                wanted[z] |= fixed + value > w.numbers[THRESHOLD]
                largest = max(largest, value)
                at -= 1
            w.numbers[STEPS] += (len(t.places) - at) // 4
            if fixed + largest > w.numbers[THRESHOLD]:
                w.alive[left] = w.alive[i]
                left += 1
            continue
        for z in range(y + 1, n):
            value = on_z * alone[z] + on_xz * with_x[z] + on_yz * with_y[z] + ups * highest[z] - downs * lowest[z]
            largest = max(largest, value)
        w.numbers[STEPS] += (n - y) // 4
        if fixed + largest <= w.numbers[THRESHOLD]:
            continue
        w.alive[left] = w.alive[i]
        left += 1
        for z in range(y + 1, n):
            value = on_z * alone[z] + on_xz * with_x[z] + on_yz * with_y[z] + ups * highest[z] - downs * lowest[z]
            wanted[z] |= fixed + value > w.numbers[THRESHOLD]
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
    for z in range(y + 1, len(t.pair)):
        if not w.wanted[z]:
            continue
        of_active = shared(active, t.active[z])
        gain = t.worth[0] * of_active
        w.limits[HIGHEST, z], w.limits[LOWEST, z] = gain - w.limits[LEAST_LOSS, z], gain - w.limits[MOST_LOSS, z]
        w.numbers[STEPS] += n_active // 16
        w.wanted[z] = _may_exceed(t, w, x, y, z, n_alive)
        if not w.wanted[z]:
            continue
        if not both_made:
            for word in range(n_words):
                both[word] = t.points[x, word] & t.points[y, word]
            both_made = True
        w.third[z] = gain - t.worth[1] * (shared(both, t.points[z]) - of_active)
        w.numbers[STEPS] += n_words // 16


@compiled
def _may_exceed(t: Tables, w: Walk, x: int, y: int, z: int, n_alive: int) -> bool:
    """Whether some function that is alive may be above the threshold with this z."""
    for i in range(n_alive):
        g = t.threes[w.alive[i]]
        value = _fixed(t, g, x, y) + g[4] * t.alone[z] + g[5] * t.pair[x, z] + g[6] * t.pair[y, z]
        value += max(g[7], 0) * w.limits[HIGHEST, z] - max(-g[7], 0) * w.limits[LOWEST, z]
        if value > w.numbers[THRESHOLD]:
            return True
    return False


@compiled
def _open(t: Tables, w: Walk, x: int, y: int) -> None:
    """Into third[z], z > y: V of the cells that have x, y and z."""
    cells = t.cells
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
