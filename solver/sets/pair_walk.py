"""The compiled half of the search by pairs: over all pairs x < y of concepts, and over a third where one might do.

`pairs.py` proves the bounds and says what the tables hold.  The walk keeps its state in arrays, so that it can be left
after any number of steps and entered again.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from .pair_values import gain_of, values_with
from .thirds import CHANGES, GAINS, HELD, HOLDS, LEAST, LOSES, OF_X, OF_Y, Tables, Walk, X, Y, hold, visit
from .walk import CLOSED, PAUSED, STEPS, THRESHOLD

__all__ = ["CLOSED", "PAUSED", "Tables", "Walk"]


@compiled
def largest_of_all(t: Tables, first: int, stop: int) -> None:
    """Into most[k, x], first <= x < stop: the largest of term k of x over the concepts after it that it allows."""
    alone, of_x = t.pairs.alone, np.empty(len(t.pairs.alone), np.int64)
    for x in range(first, stop):
        made = False
        for k in range(len(t.terms)):
            a, b, does, of_row = t.terms[k]
            largest = np.int64(LEAST)
            if t.may[of_row, x] and t.last[does] > x:
                if not made:
                    made = True
                    values_with(t.pairs, x, of_x)
                for at in range(t.sizes[does] - 1, -1, -1):
                    z = t.members[does, at]
                    if z <= x:
                        break
                    largest = max(largest, a * alone[z] + b * of_x[z])
            t.most[k, x] = largest


@compiled
def _largest_ahead(t: Tables, w: Walk, x: int) -> None:
    """Into ahead[k, y], y >= x: the largest of term k of x over the concepts after y that it allows."""
    of_x, alone = w.pair_x, t.pairs.alone
    for k in range(len(t.terms)):
        a, b, does, of_row = t.terms[k]
        if not t.may[of_row, x]:
            continue
        largest = np.int64(LEAST)
        for z in range(len(alone) - 1, x, -1):
            if t.may[does, z]:
                largest = max(largest, a * alone[z] + b * of_x[z])
            w.ahead[k, z - 1] = largest
        w.numbers[STEPS] += (len(alone) - x) // 8


@compiled
def walk(t: Tables, w: Walk, quota: int) -> int:
    """Go on for about `quota` steps: CLOSED when the walk is done, PAUSED when not."""
    n, stop = len(t.pairs.alone), w.numbers[STEPS] + quota
    while w.numbers[STEPS] < stop:
        x, y = w.numbers[X], w.numbers[Y]
        if x >= n - 2:
            return CLOSED
        if y == x:
            w.numbers[STEPS] += 1
            if not _enter(t, w, x):
                w.numbers[X] = w.numbers[Y] = x + 1
                continue
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
def _enter(t: Tables, w: Walk, x: int) -> bool:
    """Bound what stands over x, each y after it and any third, where it may be above the threshold; if it may at all.

    That is, if some function may have x, some y after it and some z after that.
    """
    if not (t.may[GAINS, x] or t.may[LOSES, x] or t.may[HOLDS, x] or t.may[CHANGES, x]):
        return False
    values_with(t.pairs, x, w.pair_x)
    for y in range(x, len(w.gain_x)):
        w.gain_x[y] = gain_of(t.pairs, x, y)
    for does in range(4):
        _extremes(t, w, x, does)
    w.numbers[STEPS] += (len(w.bound) - x) // 4
    found = False
    for f in range(len(t.threes)):
        if not _may_exceed_over_all(t, w, t.threes[f], x):
            continue
        if not found:
            w.bound[x + 1 :] = -(1 << 62)
            _largest_ahead(t, w, x)
            found = True
        _bound_third(t, w, x, t.threes[f])
    return found


@compiled
def _extremes(t: Tables, w: Walk, x: int, does: int) -> None:
    """Into w.extremes[does]."""
    low = low_both = np.int64(1 << 60)
    high = high_both = np.int64(LEAST)
    gains = losses = np.int64(0)
    pair, gain, alone = w.pair_x, w.gain_x, t.pairs.alone
    for at in range(t.sizes[does] - 1, -1, -1):
        y = t.members[does, at]
        if y <= x:
            break
        low, high = min(low, alone[y]), max(high, alone[y])
        low_both, high_both = min(low_both, pair[y]), max(high_both, pair[y])
        gains, losses = max(gains, gain[y]), max(losses, gain[y] - pair[y])
    extremes = w.extremes[does]
    extremes[0], extremes[1], extremes[2], extremes[3] = low, high, low_both, high_both
    extremes[4], extremes[5] = gains, losses


@compiled
def _may_exceed_over_all(t: Tables, w: Walk, g: np.ndarray, x: int) -> bool:
    """Whether the function g may be above the threshold with x, any y after it and any z after that."""
    if not t.may[g[OF_X], x] or t.last[g[OF_Y]] <= x:
        return False
    low, high, low_both, high_both, gains, losses = w.extremes[g[OF_Y]]
    of_y, of_both = max(g[2] * low, g[2] * high), max(g[3] * low_both, g[3] * high_both)
    of_two = g[0] * t.pairs.total[0] + g[1] * t.pairs.alone[x] + of_y + of_both
    of_x = t.most[:, x]
    further = min(of_x[g[8]] + t.most_after[g[10], x], of_x[g[9]] + t.most_after[g[11], x])
    return bool(of_two + further + max(g[7], 0) * gains + max(-g[7], 0) * losses > w.numbers[THRESHOLD])


@compiled
def _bound_third(t: Tables, w: Walk, x: int, g: np.ndarray) -> None:
    """Raise the bound of x and each y to what the function g can reach with any z after y."""
    ups, downs = max(g[7], 0), max(-g[7], 0)
    x_with_z, x_only, y_only, y_with_z = w.ahead[g[8]], w.ahead[g[9]], t.most[g[10]], t.most[g[11]]
    fixed, on_y, on_both = g[0] * t.pairs.total[0] + g[1] * t.pairs.alone[x], g[2], g[3] - downs
    pair, gain, alone, bound = w.pair_x, w.gain_x, t.pairs.alone, w.bound
    for at in range(t.sizes[g[OF_Y]] - 1, -1, -1):
        y = t.members[g[OF_Y], at]
        if y <= x:
            break
        further = min(x_with_z[y] + y_only[y], x_only[y] + y_with_z[y])
        value = fixed + on_y * alone[y] + on_both * pair[y] + further + (ups + downs) * gain[y]
        bound[y] = max(bound[y], value)
    w.numbers[STEPS] += t.sizes[g[OF_Y]] // 4
