"""Check by sets: the walk through all sets of concepts with which some formula might be above the limit (`sets.py`).

What a loop reads has a name before it: compiled, `stack.end[depth]` in a loop counts the references to its array anew
each time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .clock import ENDED, EXCEEDED, GOING

OPENED, STEPS = range(2)
"""What is counted of a walk."""


class Ordered(NamedTuple):
    """starts, rows: the cells of each concept of the order; indptr, places: the concepts' places, by cell, rising."""

    starts: np.ndarray
    rows: np.ndarray
    indptr: np.ndarray
    places: np.ndarray


class Given(NamedTuple):
    """What stands for the whole walk.

    cells: `Ordered`.  own: as `sets._own_places` gives it.  values: int64 (n_cells,), v.  ahead: as `sets._ahead` does.
    outside: whether formulas may hold where no concept does.
    """

    cells: Any
    own: np.ndarray
    values: np.ndarray
    ahead: np.ndarray
    length: int
    outside: bool


class Tables(NamedTuple):
    """every: int64, the truth tables over one, two, ... concepts, each list from one of `begins` to the next.

    left_over: those that can be left of the tables over `length` concepts without the last; or none.
    """

    every: np.ndarray
    begins: np.ndarray
    left_over: np.ndarray


class Stack(NamedTuple):
    """The sets that stand: one of k concepts at depth k, `chosen[:k]`.  All int64 but the regions.

    depth: (1,).  region: uint8 (n_cells,), whose bit i says whether the cell has the i-th.
    inside[k, r, d]: the value of the cells of region r that have concept d, for d after the set and before end[k];
    total[k, r]: of all.  What is bounded for a set holds for all sets that have it, so the ends only fall: no concept
    from there on is in a set that might do.  worth[k, d]: V* with d, for d before stop[k], where the next one ends;
    stop[k] is -1 until this is known.  best[k]: V*.  place[k]: the next d.
    sums (8 n_bytes,), of_byte (n_bytes, 256): of the regions, and of every set of eight regions.
    """

    depth: np.ndarray
    chosen: np.ndarray
    region: np.ndarray
    inside: np.ndarray
    total: np.ndarray
    worth: np.ndarray
    best: np.ndarray
    place: np.ndarray
    end: np.ndarray
    stop: np.ndarray
    sums: np.ndarray
    of_byte: np.ndarray


def begin(given: Given, singles: np.ndarray) -> Stack:
    """No set stands.  singles: int64 (n,), V of each concept of the order."""
    n, length = len(singles), given.length
    inside, n_regions = np.zeros((length, 1 << (length - 1), n), np.int64), max(8, 1 << length)
    total, worth = np.zeros((length, 1 << (length - 1)), np.int64), np.zeros((length, n), np.int64)
    best, place, end, stop, chosen = np.zeros((5, length), np.int64)
    total[0, 0], inside[0, 0] = given.values.sum(), singles
    best[0], end[0], stop[0] = max(0, total[0, 0]) if given.outside else 0, n, -1
    sums, of_byte = np.zeros(n_regions, np.int64), np.zeros((n_regions // 8, 256), np.int64)
    region = np.zeros(len(given.values), np.uint8)
    return Stack(np.zeros(1, np.int64), chosen, region, inside, total, worth, best, place, end, stop, sums, of_byte)


def go_on(given: Any, tables: Any, stack: Any, limit: int, reached: np.ndarray, pause: int, done: np.ndarray) -> int:
    """GOING, after so many steps; at last ENDED, or EXCEEDED where a formula's value is above the limit.

    reached: int64 (1,), raised to the largest value of a formula; what is not above it is not looked for.
    done: int64 (2,), the sets opened and the steps done, to be added to.  Steps grow with the time taken: cells and
    tables count.
    """
    (every, begins, left_over), length, ahead = tables, given.length, given.ahead
    depths, worth, place, stop, of_byte = stack.depth, stack.worth, stack.place, stack.stop, stack.of_byte
    due = done[STEPS] + pause
    while done[STEPS] <= due:
        depth = depths[0]
        left = length - depth
        if stop[depth] < 0:
            done[STEPS] += _bound(depth, given, stack, reached[0])
        d = _next(worth[depth], place[depth], stop[depth], ahead[left - 1], left > 1, reached[0])
        done[STEPS] += d - place[depth]
        if d == stop[depth]:
            if depth == 0:
                return ENDED
            _leave(depth - 1, given, stack)
            continue
        place[depth], value = d + 1, worth[depth, d]
        first, last = begins[depth + 1], begins[depth + 2]
        if first < last and value > reached[0]:
            done[STEPS] += _steps_for(last - first, depth)
            _sum_regions(depth, d, stack)
            reached[0] = max(reached[0], _most_of(every[first:last], depth, of_byte))
            if reached[0] > limit:
                return EXCEEDED
        if left == 2 and len(left_over) > 0 and value + ahead[1, d + 1] > reached[0]:
            done[STEPS] += _steps_for(len(left_over), depth)
            _sum_regions(depth, d, stack)
            value = max(np.int64(0), _most_of(left_over, depth, of_byte))
        if left > 1 and value + ahead[left - 1, d + 1] > reached[0]:
            done[OPENED] += 1
            done[STEPS] += _enter(depth, d, value, given, stack, reached[0])
    return GOING


def _bound(depth: int, given: Any, stack: Any, least: int) -> Any:
    """V* of the set with each d that might do.  The steps done."""
    n_regions, ahead, first = 1 << depth, given.ahead[given.length - depth], stack.place[depth]
    last, end, best = first, stack.end[depth], stack.best[depth]
    while last < end and best + ahead[last] > least:
        last += 1
    of_set, total, inside = stack.worth[depth], stack.total[depth], stack.inside[depth]
    stack.stop[depth] = last
    of_set[first:last] = 0
    for r in range(n_regions):
        whole, of_region = total[r], inside[r]
        if r == 0 and not given.outside:
            for d in range(first, last):
                of_set[d] += max(0, of_region[d])
        else:
            for d in range(first, last):
                of_set[d] += max(0, of_region[d]) + max(0, whole - of_region[d])
    return 1 + n_regions * (last - first) // 16


def _next(worth: np.ndarray, d: int, stop: int, ahead: np.ndarray, may_grow: bool, least: int) -> Any:
    """The next d with which the set, or a larger one, might do; where none does, its stop."""
    while d < stop and worth[d] <= least:
        if may_grow and worth[d] + ahead[d + 1] > least:
            break
        d += 1
    return d


def _leave(depth: int, given: Any, stack: Any) -> None:
    """Take the last concept out of the set, to depth."""
    starts, rows, region, d = given.cells.starts, given.cells.rows, stack.region, stack.chosen[depth]
    stack.depth[0] = depth
    if depth + 2 < given.length:
        for at in range(starts[d], starts[d + 1]):
            region[rows[at]] &= (1 << depth) - 1


def _bytes(depth: int) -> int:
    """How many sets of eight regions a set of so many concepts and one more has."""
    return max(1, (1 << depth) // 4)


def _steps_for(n_tables: int, depth: int) -> int:
    """Of `_most_of`."""
    return 16 * _bytes(depth) + n_tables * _bytes(depth) // 8


def _most_of(tables: np.ndarray, depth: int, of_byte: np.ndarray) -> Any:
    """The most that one of the tables is worth, by the sum of every set of eight regions."""
    most, n_bytes = np.int64(-(1 << 62)), _bytes(depth)
    for table in tables:
        found = np.int64(0)
        for each in range(n_bytes):
            found += of_byte[each, table >> (8 * each) & 255]
        most = max(most, found)
    return most


def _sum_regions(depth: int, d: int, stack: Any) -> None:
    """Fill `sums` and `of_byte` for the set and d."""
    n_regions, n_bytes, sums, of_byte = 1 << depth, _bytes(depth), stack.sums, stack.of_byte
    total, inside = stack.total[depth], stack.inside[depth]
    sums[: 8 * n_bytes] = 0
    for r in range(n_regions):
        sums[r], sums[r + n_regions] = total[r] - inside[r, d], inside[r, d]
    for each in range(n_bytes):
        for bit in range(8):
            for low in range(1 << bit):
                of_byte[each, (1 << bit) + low] = of_byte[each, low] + sums[8 * each + bit]


def _enter(depth: int, d: int, worth: int, given: Any, stack: Any, least: int) -> Any:
    """Add d to the set, which then is worth at most so much, to which what is ahead is added.  The steps done."""
    starts, rows, indptr, places = given.cells
    own, values, ahead, left, n_regions = given.own, given.values, given.ahead[1], given.length - depth, 1 << depth
    last, end, others, steps = d + 1, stack.end[depth], worth + given.ahead[left - 2, d + 1], 0
    while last < end and others + ahead[last] > least:
        last += 1
    old_total, old_inside, region = stack.total[depth], stack.inside[depth], stack.region
    total, inside = stack.total[depth + 1], stack.inside[depth + 1]
    total[n_regions : 2 * n_regions] = 0
    for r in range(n_regions):
        inside[r + n_regions, d + 1 : last] = 0
    for at in range(starts[d], starts[d + 1]):
        row, where = rows[at], own[at] + 1
        new, moved, stop_at = region[row] + n_regions, values[row], indptr[row + 1]
        total[new] += moved
        if left > 2:
            region[row] = new
        while where < stop_at and places[where] < last:
            inside[new, places[where]] += moved
            where += 1
        steps += (where - own[at]) // 4
    for r in range(n_regions):
        total[r] = old_total[r] - total[r + n_regions]
        before, now, rest = old_inside[r], inside[r + n_regions], inside[r]
        for c in range(d + 1, last):
            rest[c] = before[c] - now[c]
    stack.chosen[depth], stack.depth[0] = d, depth + 1
    stack.best[depth + 1], stack.place[depth + 1], stack.end[depth + 1] = worth, d + 1, last
    stack.stop[depth + 1] = -1
    return steps + (starts[d + 1] - starts[d]) // 8 + n_regions * (last - d) // 8
