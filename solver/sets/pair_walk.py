"""The compiled half of the search by pairs: over all pairs x < y of concepts, and over a third where one might do.

`pairs.py` proves the bound and says what the tables hold.  The walk keeps its state in arrays, so that it can be left
after any number of steps and entered again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiled import compiled
from .thirds import HELD, Tables, Walk, X, Y, hold, keep, visit
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
def largest_terms(pair: np.ndarray, terms: np.ndarray, x: int, ahead: np.ndarray) -> None:
    """Into ahead[k, y], x <= y < n - 1: the largest a V(z) + b V(x and z) over z > y, where (a, b) is term k."""
    for k in range(len(terms)):
        a, b = terms[k]
        largest = a * pair[len(pair) - 1, len(pair) - 1] + b * pair[x, len(pair) - 1]
        for y in range(len(pair) - 2, x - 1, -1):
            ahead[k, y] = largest
            largest = max(largest, a * pair[y, y] + b * pair[x, y])


@compiled
def largest_of_all(pair: np.ndarray, terms: np.ndarray, most: np.ndarray, first: int, stop: int) -> None:
    """Into most[k, x], first <= x < stop: the largest of term k over the concepts after x."""
    ahead = np.zeros_like(most)
    for x in range(first, stop):
        largest_terms(pair, terms, x, ahead)
        most[:, x] = ahead[:, x]


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
    w.numbers[STEPS] += (n - x) * (1 + len(t.terms)) // 8
    if x == n - 1:
        return
    _extremes(t, w, x)
    for f in range(len(t.twos)):
        g = t.twos[f]
        if _over_all(t, w, g, x) > w.numbers[THRESHOLD]:
            fixed, on_y, on_both = g[0] * of_all + g[1] * of_x[x], g[2], g[3]
            for y in range(x + 1, n):
                w.bound[y] = max(w.bound[y], fixed + on_y * t.alone[y] + on_both * of_x[y])
    if len(t.threes) and x < n - 2:
        largest_terms(t.pair, t.terms, x, w.ahead)
        for f in range(len(t.threes)):
            _bound_third(t, w, x, f)


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
def _bound_third(t: Tables, w: Walk, x: int, f: int) -> None:
    """Raise the bound of x and each y to what function f can reach with any z after y; none, if no y does enough."""
    g = t.threes[f]
    ups, downs = max(g[7], 0), max(-g[7], 0)
    x_with_z, x_only, y_only, y_with_z = w.ahead[g[8]], w.ahead[g[9]], t.most[g[10]], t.most[g[11]]
    further = min(x_with_z[x] + t.most_after[g[10], x], x_only[x] + t.most_after[g[11], x])
    if _over_all(t, w, g, x) + further + ups * w.extremes[4] + downs * w.extremes[5] <= w.numbers[THRESHOLD]:
        return
    fixed, on_y, on_both, bound = g[0] * t.total[0] + g[1] * t.alone[x], g[2], g[3] - downs, w.bound
    pair, gain, alone = t.pair[x], t.gain[x], t.alone
    for y in range(x + 1, len(pair) - 1):
        further = min(x_with_z[y] + y_only[y], x_only[y] + y_with_z[y])
        value = fixed + on_y * alone[y] + on_both * pair[y] + further + (ups + downs) * gain[y]
        bound[y] = max(bound[y], value)
    w.numbers[STEPS] += (len(pair) - x) // 4
