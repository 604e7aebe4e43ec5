"""The compiled half of the search over sets: one depth-first walk over sets of concepts.

`search.py` tells what is searched, `tables.py` proves the bounds.  The walk keeps all its
state in arrays, so that it can be left after any number of steps and entered again.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..compiled import CellArrays, compiled

CLOSED, PAUSED = 0, 1
DEPTH, THRESHOLD, FOUND, STEPS = 0, 1, 2, 3

Tables = namedtuple("Tables", "cells places reach outside functions begins rests")
"""What a walk reads.

cells: `CellArrays`, the concepts in the order of the walk.
places: int64, as `cells.rows`: where in `cells.indices` the concept stands in each of its rows.
reach: int64 (n + length,), falling: the most that a concept adds to concepts before it; then zeros.
outside: whether a function may hold where no concept does.
functions: int64, truth tables; those of k variables are functions[begins[k]:begins[k + 1]].
rests: int64, what they can be without the last of as many concepts as there can be; none where reach bounds V* only.
"""

Walk = namedtuple(
    "Walk", "numbers inside sums filled n_filled best limits ends children place chosen region work found"
)
"""What a walk changes.  At depth k stands a set of k concepts; its cells fall into 2**k regions.

numbers: int64: see the constants above.  inside: int64 (length, 2**(length - 1), n): V of region and concept, of those
after the set and before its end.
sums: int64 (length, 2**(length - 1)): V of each region.  filled: the regions that may have cells, n_filled of them.
best: V* of the set, or the best of `rests`.  limits: from here on, concepts are out of reach as the next one; ends:
and as any.
children: int64 (length, n): V* with one concept more.  place: the concept to try next.  chosen: the set.
region: uint8 (n_cells,): where each cell is, among those of all concepts but the last that there can be.
work: int64 (2**length + 1024,).  found: int64 (length + 2,): number of concepts, concepts, truth table.
"""


@compiled
def choose_rows(
    starts: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    first: int,
    stop: int,
    new: np.ndarray,
    widths: np.ndarray,
) -> None:
    """Into new: the rows of the columns first, ..., stop - 1 of these, in this order; widths: one more for each row."""
    at_new = 0
    for d in range(first, stop):
        for at in range(starts[columns[d]], starts[columns[d] + 1]):
            new[at_new] = rows[at]
            at_new += 1
            widths[rows[at]] += 1


@compiled
def renumber(
    starts: np.ndarray, rows: np.ndarray, first: int, stop: int, filled: np.ndarray, indices: np.ndarray
) -> None:
    """Add the concepts first, ..., stop - 1 to their rows.  filled: how far each row's indices are; both change."""
    for d in range(first, stop):
        for at in range(starts[d], starts[d + 1]):
            indices[filled[rows[at]]] = d
            filled[rows[at]] += 1


@compiled
def largest_cuts(cells: CellArrays, gains: np.ndarray, k: int, first: int, stop: int, cuts: np.ndarray) -> None:
    """Into cuts[d], first <= d < stop: the sum of the k largest min(N(c and d), P(c and not d)) over the c before d."""
    indptr, indices, starts, rows, values = cells
    gain, loss, largest = np.zeros(stop, np.int64), np.zeros(stop, np.int64), np.zeros(k + 1, np.int64)
    for d in range(first, stop):
        gain[:d], loss[:d], largest[:] = 0, 0, 0
        for at in range(starts[d], starts[d + 1]):
            row = rows[at]
            for place in range(indptr[row], indptr[row + 1]):
                c = indices[place]
                if c >= d:
                    break
                gain[c] += max(values[row], 0)
                loss[c] -= min(values[row], 0)
        for c in range(d):
            cut = min(loss[c], gains[c] - gain[c])
            at = k
            if cut > largest[k]:
                while at > 1 and largest[at - 1] < cut:
                    largest[at] = largest[at - 1]
                    at -= 1
                largest[at] = cut
        cuts[d] = largest.sum()


@compiled
def place_concepts(cells: CellArrays, first: int, stop: int, filled: np.ndarray, places: np.ndarray) -> None:
    """Into places: where each of the concepts first, ..., stop - 1 stands in each of its rows.

    filled: where the first concept of each row stands that is not before `first`; changed in place.
    """
    for at in range(cells.starts[first], cells.starts[stop]):
        row = cells.rows[at]
        places[at] = filled[row]
        filled[row] += 1


@compiled
def walk(t: Tables, w: Walk, quota: int) -> int:
    """Go on for about `quota` steps: CLOSED when the walk is done, PAUSED when not."""
    length = len(w.place)
    stop = w.numbers[STEPS] + quota
    while w.numbers[STEPS] < stop:
        depth = w.numbers[DEPTH]
        d = w.place[depth]
        if d >= w.limits[depth]:
            if depth == 0:
                return CLOSED
            leave(t, w, depth)
            continue
        w.place[depth] = d + 1
        w.numbers[STEPS] += 1
        value = w.children[depth, d]
        if value > w.numbers[THRESHOLD] and t.begins[depth + 1] < t.begins[depth + 2]:
            score_leaf(t, w, depth, d)
        if depth + 1 < length and value + farthest(t, d + 1, length - depth - 1) > w.numbers[THRESHOLD]:
            if depth + 2 == length and len(t.rests):
                w.children[depth, d] = best_rest(t, w, depth, d)
                if w.children[depth, d] + farthest(t, d + 1, 1) <= w.numbers[THRESHOLD]:
                    continue
            descend(t, w, depth, d)
            enter(t, w, depth + 1)
    return PAUSED


@compiled
def farthest(t: Tables, d: int, k: int) -> Any:
    """The most that k concepts from d on add (`tables.py`)."""
    most = np.int64(0)
    for each in range(d, d + k):
        most += t.reach[each]
    return most


@compiled
def begin(t: Tables, w: Walk) -> None:
    """At no concept: what one brings."""
    _limit(t, w, 0, 0, w.inside.shape[2])
    enter(t, w, 0)


@compiled
def _limit(t: Tables, w: Walk, depth: int, first: int, end: int) -> None:
    """From which concepts on those after the set are out of reach: as the next, and as any.  end: of the set before.

    Where one is out of reach of a set, it is for all that have the set.
    """
    left, spare = len(w.place) - depth, w.numbers[THRESHOLD] - w.best[depth]
    last = first
    while last < end and farthest(t, last, left) > spare:
        last += 1
    w.place[depth], w.limits[depth] = first, last
    spare -= farthest(t, first, left - 1)
    while last < end and t.reach[last] > spare:
        last += 1
    w.ends[depth] = last


@compiled
def enter(t: Tables, w: Walk, depth: int) -> None:
    """At a node whose regions are known: V* of all sets with one concept more."""
    first, last = w.place[depth], w.limits[depth]
    children = w.children[depth]
    children[first:last] = 0
    for i in range(w.n_filled[depth]):
        region = w.filled[depth, i]
        whole = w.sums[depth, region]
        inside = w.inside[depth, region]
        if region == 0 and not t.outside:
            for d in range(first, last):
                children[d] += max(inside[d], 0)
            continue
        for d in range(first, last):
            children[d] += max(inside[d], 0) + max(whole - inside[d], 0)
    w.numbers[STEPS] += w.n_filled[depth] * (last - first) // 16
    if depth + 1 == len(w.place):  # mostly none of them matters, and no set is longer
        most = np.int64(0)
        for d in range(first, last):
            most = max(most, children[d])
        if most <= w.numbers[THRESHOLD]:
            w.limits[depth] = first


@compiled
def descend(t: Tables, w: Walk, depth: int, c: int) -> None:
    """Add concept c: its cells leave each region for a new one."""
    w.best[depth + 1] = w.children[depth, c]
    w.chosen[depth] = c
    w.numbers[DEPTH] = depth + 1
    _limit(t, w, depth + 1, c + 1, w.ends[depth])
    last, cells = w.ends[depth + 1], t.cells
    old, new, sums = w.inside[depth], w.inside[depth + 1], w.sums[depth + 1]
    bit = 1 << depth
    before = count = w.n_filled[depth]
    for i in range(before):
        region = w.filled[depth, i]
        w.filled[depth + 1, i] = region
        sums[region] = w.sums[depth, region]
        w.work[region] = 0
    is_followed, looked_at = depth + 2 < len(w.place), np.int64(0)
    for at in range(cells.starts[c], cells.starts[c + 1]):
        row = cells.rows[at]
        region = np.int64(w.region[row])
        if w.work[region] == 0:
            w.work[region] = 1
            w.filled[depth + 1, count] = region | bit
            count += 1
            new[region | bit, c + 1 : last] = 0
            sums[region | bit] = 0
        value, other = cells.values[row], region | bit
        if is_followed:
            w.region[row] = other
        sums[other] += value
        place, end = t.places[at] + 1, cells.indptr[row + 1]
        while place < end and cells.indices[place] < last:
            new[other, cells.indices[place]] += value
            place += 1
        looked_at += place - t.places[at]
    for i in range(before):
        region = w.filled[depth, i]
        of_new, of_old, rest = new[region | bit], old[region], new[region]
        if w.work[region] == 0:
            rest[c + 1 : last] = of_old[c + 1 : last]
            continue
        sums[region] -= sums[region | bit]
        for d in range(c + 1, last):
            rest[d] = of_old[d] - of_new[d]
    w.n_filled[depth + 1] = count
    w.numbers[STEPS] += (cells.starts[c + 1] - cells.starts[c] + looked_at + 2 * count * (last - c)) // 16 + 1


@compiled
def leave(t: Tables, w: Walk, depth: int) -> None:
    """Take the last concept away again."""
    w.numbers[DEPTH] = depth - 1
    if depth + 1 == len(w.place):  # no cell was told of it
        return
    c = w.chosen[depth - 1]
    bit = 1 << (depth - 1)
    for at in range(t.cells.starts[c], t.cells.starts[c + 1]):
        w.region[t.cells.rows[at]] &= ~bit


@compiled
def add_up(t: Tables, w: Walk, depth: int, d: int) -> Any:
    """V of all sets of regions that the concepts of the node and d make, in groups of eight regions: 256 a group."""
    n_regions, half = 1 << (depth + 1), 1 << depth
    n_groups = max(1, n_regions // 8)
    sums = w.work[: 8 * n_groups]
    sums[:] = 0
    for i in range(w.n_filled[depth]):
        region = w.filled[depth, i]
        sums[region + half] = w.inside[depth, region, d]
        sums[region] = w.sums[depth, region] - sums[region + half]
    parts = w.work[8 * n_groups :]
    for group in range(n_groups):
        at = 256 * group
        parts[at] = 0
        for bit in range(8):
            for low in range(1 << bit):
                parts[at + (1 << bit) + low] = parts[at + low] + sums[8 * group + bit]
    w.numbers[STEPS] += (t.begins[depth + 2] - t.begins[depth + 1]) * n_groups // 4 + 64 * n_groups
    return parts[: 256 * n_groups]


@compiled
def value_of(parts: np.ndarray, table: int) -> Any:
    """V of the function with this truth table, from what `add_up` gives."""
    value = np.int64(0)
    for group in range(len(parts) // 256):
        value += parts[256 * group + ((table >> (8 * group)) & 255)]
    return value


@compiled
def best_rest(t: Tables, w: Walk, depth: int, d: int) -> Any:
    """The most that is left of a function without its last concept, over the concepts of the node and d."""
    parts, most = add_up(t, w, depth, d), np.int64(0)
    for table in t.rests:
        most = max(most, value_of(parts, table))
    w.numbers[STEPS] += len(t.rests) // 2
    return most


@compiled
def score_leaf(t: Tables, w: Walk, depth: int, d: int) -> None:
    """The best formula that needs exactly the concepts of the node and d."""
    k = depth + 1
    parts = add_up(t, w, depth, d)
    for i in range(t.begins[k], t.begins[k + 1]):
        value = value_of(parts, t.functions[i])
        if value > w.numbers[THRESHOLD]:
            w.numbers[THRESHOLD] = value
            w.numbers[FOUND] += 1
            w.found[0] = k
            for j in range(depth):
                w.found[1 + j] = w.chosen[j]
            w.found[k] = d
            w.found[k + 1] = t.functions[i]
