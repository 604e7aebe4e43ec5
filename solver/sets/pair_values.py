"""What two concepts share is worth, from counts of points; and the best function of at most two concepts.

V, P and N are those of `search.py`.  No table of them is made for a target: a row is soon made of the counts.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..compiled import compiled

Pairs = namedtuple("Pairs", "points active own worth alone gain total")
"""Of n concepts, in the order of the walk.

points, active: int64 (n, n): how many points, and active ones, x <= y share.
own: int64 (n, n), of x <= y: by how much their active points are worth more than P: a cell's own losses come first;
(0, 0) where that is nowhere anything.  worth: int64 (2,): what an active point is worth, and what another costs.
alone, gain: int64 (n,): V(x) and P(x).  total: int64 (1,): V of all cells.
"""


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
def value_of(p: Pairs, x: int, y: int) -> Any:
    """V(xy), x <= y."""
    return (p.worth[0] + p.worth[1]) * p.active[x, y] - p.worth[1] * p.points[x, y]


@compiled
def gain_of(p: Pairs, x: int, y: int) -> Any:
    """P(xy), x <= y."""
    gain = p.worth[0] * p.active[x, y]
    return gain - p.own[x, y] if len(p.own) else gain


@compiled
def values_with(p: Pairs, x: int, pair: np.ndarray) -> None:
    """Into pair[y], y >= x: V(xy).  int64 (n,)."""
    for y in range(x, len(pair)):
        pair[y] = value_of(p, x, y)


@compiled
def best_of_two(p: Pairs, ones: np.ndarray, twos: np.ndarray, first: int, stop: int, best: np.ndarray) -> None:
    """Raise `best` to the best function of x, or of x and a concept after it, first <= x < stop, if that is above it.

    ones, twos: as `pairs.py` has them.  best: int64 (5,): value, number of concepts, concepts, truth table.
    """
    n, of_all, alone = len(p.alone), p.total[0], p.alone
    pair = np.empty(n, np.int64)
    for x in range(first, stop):
        for f in range(len(ones)):
            value = ones[f, 0] * of_all + ones[f, 1] * alone[x]
            if value > best[0]:
                best[0], best[1], best[2], best[3], best[4] = value, 1, x, x, ones[f, 2]
        if x == n - 1:
            return
        values_with(p, x, pair)
        low, high, low_both, high_both = alone[x + 1], alone[x + 1], pair[x + 1], pair[x + 1]
        for y in range(x + 1, n):
            low, high = min(low, alone[y]), max(high, alone[y])
            low_both, high_both = min(low_both, pair[y]), max(high_both, pair[y])
        for f in range(len(twos)):
            on_y, on_both, fixed = twos[f, 2], twos[f, 3], twos[f, 0] * of_all + twos[f, 1] * alone[x]
            most = max(on_y * low, on_y * high) + max(on_both * low_both, on_both * high_both)
            if fixed + most <= best[0]:
                continue
            for y in range(x + 1, n):
                value = fixed + on_y * alone[y] + on_both * pair[y]
                if value > best[0]:
                    best[0], best[1], best[2], best[3], best[4] = value, 2, x, y, twos[f, 4]
