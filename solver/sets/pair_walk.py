"""The compiled half of the search by pairs: over all pairs x < y of concepts, and over a third where one might do.

`pairs.py` proves the bound and says what the tables hold.  The walk keeps its state in arrays, so that it can be left
after any number of steps and entered again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiled import compiled
from .thirds import HELD, LEAST, WITHIN_X, WITHIN_Y, Tables, Walk, X, Y, hold, keep, visit
from .walk import CLOSED, FOUND, PAUSED, STEPS, THRESHOLD

__all__ = ["CLOSED", "FOUND", "PAUSED", "STEPS", "THRESHOLD", "Tables", "Walk", "X", "Y"]


@compiled
def add_pairs(rows: np.ndarray, indptr: np.ndarray, indices: np.ndarray, amounts: np.ndarray, sums: np.ndarray) -> None:
    """Add the amount of each row, where it is above 0, to sums[x, y] of all x <= y that the row has."""
    for at in range(len(rows)):
        row = rows[at]
        if amounts[at] > 0:
            for first in range(indptr[row], indptr[row + 1]):
                for second in range(first, indptr[row + 1]):
                    sums[indices[first], indices[second]] += amounts[at]


@compiled
def values_of_pairs(
    points: np.ndarray, active: np.ndarray, own: np.ndarray, p: int, q: int, pair: np.ndarray, gain: np.ndarray
) -> None:
    """Into pair[x, y] and gain[x, y], x <= y: V and P of what both have (`pairs.py`).

    points, active: int64 (n, n), how many x <= y share.  own: int64 (n, n), what P leaves out of active ones' worth,
    or (0, 0), where it is nothing.
    """
    for x in range(len(pair)):
        for y in range(x, len(pair)):
            pair[x, y] = (p + q) * active[x, y] - p * points[x, y]
            gain[x, y] = q * active[x, y]
        if len(own):
            gain[x, x:] -= own[x, x:]


@compiled
def largest_of_all(t: Tables, first: int, stop: int) -> None:
    """Into most[k, x], first <= x < stop: the largest of term k of x over the concepts after it that it allows."""
    for x in range(first, stop):
        of_x, alone = t.pair[x], t.alone
        for k in range(len(t.terms)):
            a, b = t.terms[k, 0], t.terms[k, 1]
            largest = np.int64(LEAST)
            if t.terms[k, 2]:
                for at in range(len(t.places) - 1, -1, -1):
                    if t.places[at] <= x:
                        break
                    largest = max(largest, a * alone[t.places[at]] + b * of_x[t.places[at]])
            else:
                for z in range(x + 1, len(alone)):
                    largest = max(largest, a * alone[z] + b * of_x[z])
            t.most[k, x] = largest


@compiled
def _largest_ahead(t: Tables, w: Walk, x: int) -> None:
    """Into ahead[k, y], y >= x: the largest of term k of x over the concepts after y that it allows."""
    of_x, alone = t.pair[x], t.alone
    for k in range(len(t.terms)):
        a, b, within = t.terms[k]
        largest = np.int64(LEAST)
        for z in range(len(alone) - 1, x, -1):
            if t.strong[z] or not within:
                largest = max(largest, a * alone[z] + b * of_x[z])
            w.ahead[k, z - 1] = largest
    w.numbers[STEPS] += (len(alone) - x) * len(t.terms) // 8


@compiled
def walk(t: Tables, w: Walk, quota: int) -> int:
    """Go on for about `quota` steps: CLOSED when the walk is done, PAUSED when not."""
    n, stop = len(t.pair), w.numbers[STEPS] + quota
    while w.numbers[STEPS] < stop:
        x, y = w.numbers[X], w.numbers[Y]
        if x == n:
            return CLOSED
        if y == x:
            _enter(t, w, x)
        elif w.bound[y] > w.numbers[THRESHOLD]:
            visit(t, w, x, y)
        w.numbers[Y] += 1
        w.numbers[STEPS] += 1
        if w.numbers[Y] == n:
            if w.numbers[HELD]:
                hold(t, w, x, 0)
            w.numbers[X] = w.numbers[Y] = x + 1
    return PAUSED


@compiled
def _enter(t: Tables, w: Walk, x: int) -> None:
    """Score x alone, and bound what stands over x and each y after it, where that may be above the threshold."""
    n, of_x, of_all = len(t.pair), t.pair[x], t.total[0]
    for f in range(len(t.ones)):
        value = t.ones[f, 0] * of_all + t.ones[f, 1] * of_x[x]
        if value > w.numbers[THRESHOLD]:
            keep(w, value, 1, x, x, x, t.ones[f, 2])
    w.bound[x + 1 :] = -(1 << 62)
    w.numbers[STEPS] += (n - x) // 8
    if x == n - 1:
        return
    _extremes(t, w, x)
    for f in range(len(t.twos)):
        g = t.twos[f]
        if _over_all(t, w, g, x) > w.numbers[THRESHOLD]:
            fixed, on_y, on_both = g[0] * of_all + g[1] * of_x[x], g[2], g[3]
            for y in range(x + 1, n):
                w.bound[y] = max(w.bound[y], fixed + on_y * t.alone[y] + on_both * of_x[y])
    if x < n - 2:
        _bound_thirds(t, w, x)


@compiled
def _extremes(t: Tables, w: Walk, x: int) -> None:
    """Into w.extremes."""
    low, high, pair, gain = t.alone[x + 1], t.alone[x + 1], t.pair[x], t.gain[x]
    low_both, high_both, gains, losses = pair[x + 1], pair[x + 1], 0, 0
    for y in range(x + 1, len(pair)):
        low, high = min(low, t.alone[y]), max(high, t.alone[y])
        low_both, high_both = min(low_both, pair[y]), max(high_both, pair[y])
        gains, losses = max(gains, gain[y]), max(losses, gain[y] - pair[y])
    w.extremes[0], w.extremes[1], w.extremes[2], w.extremes[3] = low, high, low_both, high_both
    w.extremes[4], w.extremes[5] = gains, losses


@compiled
def _over_all(t: Tables, w: Walk, g: np.ndarray, x: int) -> Any:
    """What V of the function g without a third concept cannot exceed, with x and any y after it."""
    low, high, low_both, high_both = w.extremes[0], w.extremes[1], w.extremes[2], w.extremes[3]
    of_y, of_both = max(g[2] * low, g[2] * high), max(g[3] * low_both, g[3] * high_both)
    return g[0] * t.total[0] + g[1] * t.alone[x] + of_y + of_both


@compiled
def _bound_thirds(t: Tables, w: Walk, x: int) -> None:
    """Raise the bound of x and each y to what some function can reach with any z after y."""
    known = False
    for f in range(len(t.threes)):
        if not _may_exceed_over_all(t, w, t.threes[f], x):
            continue
        if not known:
            _largest_ahead(t, w, x)
            known = True
        _bound_third(t, w, x, t.threes[f])


@compiled
def _may_exceed_over_all(t: Tables, w: Walk, g: np.ndarray, x: int) -> bool:
    """Whether the function g may be above the threshold with x, any y after it and any z after that."""
    if g[WITHIN_X] and not t.strong[x]:
        return False
    of_x = t.most[:, x]
    further = min(of_x[g[8]] + t.most_after[g[10], x], of_x[g[9]] + t.most_after[g[11], x])
    of_all_three = max(g[7], 0) * w.extremes[4] + max(-g[7], 0) * w.extremes[5]
    return bool(_over_all(t, w, g, x) + further + of_all_three > w.numbers[THRESHOLD])


@compiled
def _bound_third(t: Tables, w: Walk, x: int, g: np.ndarray) -> None:
    """The same for one function."""
    ups, downs = max(g[7], 0), max(-g[7], 0)
    x_with_z, x_only, y_only, y_with_z = w.ahead[g[8]], w.ahead[g[9]], t.most[g[10]], t.most[g[11]]
    fixed, on_y, on_both, bound = g[0] * t.total[0] + g[1] * t.alone[x], g[2], g[3] - downs, w.bound
    pair, gain, alone = t.pair[x], t.gain[x], t.alone
    if g[WITHIN_Y]:
        for at in range(len(t.places) - 1, -1, -1):
            y = t.places[at]
            if y <= x:
                break
            if y < len(pair) - 1:
                further = min(x_with_z[y] + y_only[y], x_only[y] + y_with_z[y])
                value = fixed + on_y * alone[y] + on_both * pair[y] + further + (ups + downs) * gain[y]
                bound[y] = max(bound[y], value)
        return
    for y in range(x + 1, len(pair) - 1):
        further = min(x_with_z[y] + y_only[y], x_only[y] + y_with_z[y])
        value = fixed + on_y * alone[y] + on_both * pair[y] + further + (ups + downs) * gain[y]
        bound[y] = max(bound[y], value)
    w.numbers[STEPS] += (len(pair) - x) // 4
