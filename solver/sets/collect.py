"""The compiled half of the search for alternatives: the walk over sets, where every function above the cut is kept.

`above.py` says what is walked.  The counts of what was kept are added up anew from the cells, without the walk's sums.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..compiled import compiled
from .walk import CLOSED as CLOSED
from .walk import DEPTH, STEPS, THRESHOLD, Tables, Walk, add_up, best_rest, descend, enter, farthest, leave, value_of
from .walk import PAUSED as PAUSED

FULL = 2

Kept = namedtuple("Kept", "size concepts what values")
"""What is kept.

size: int64 (1,): how many functions.  concepts: int64 (room, length): of each, in the order of its walk; -1 after them.
what: int64 (room, 2): the number of concepts, and the truth table.  values: int64 (room,): V.
"""


@compiled
def walk(t: Tables, w: Walk, kept: Kept, quota: int) -> int:
    """`walk.walk` with a threshold that stays; FULL where the functions of one more set might find no room."""
    length = len(w.place)
    stop, most = w.numbers[STEPS] + quota, np.max(np.diff(t.begins))
    while w.numbers[STEPS] < stop:
        depth = w.numbers[DEPTH]
        d = w.place[depth]
        if d >= w.limits[depth]:
            if depth == 0:
                return CLOSED
            leave(t, w, depth)
            continue
        if kept.size[0] + most > len(kept.values):
            return FULL
        w.place[depth] = d + 1
        w.numbers[STEPS] += 1
        value = w.children[depth, d]
        if value > w.numbers[THRESHOLD] and t.begins[depth + 1] < t.begins[depth + 2]:
            _keep(t, w, kept, depth, d)
        if depth + 1 < length and value + farthest(t, d + 1, length - depth - 1) > w.numbers[THRESHOLD]:
            if depth + 2 == length and len(t.rests):
                w.children[depth, d] = best_rest(t, w, depth, d)
                if w.children[depth, d] + farthest(t, d + 1, 1) <= w.numbers[THRESHOLD]:
                    continue
            descend(t, w, depth, d)
            enter(t, w, depth + 1)
    return PAUSED


@compiled
def _keep(t: Tables, w: Walk, kept: Kept, depth: int, d: int) -> None:
    """All functions above the threshold that need exactly the concepts of the node and d."""
    k, size = depth + 1, kept.size[0]
    parts = add_up(t, w, depth, d)
    for i in range(t.begins[k], t.begins[k + 1]):
        value = value_of(parts, t.functions[i])
        if value > w.numbers[THRESHOLD]:
            for j in range(depth):
                kept.concepts[size, j] = w.chosen[j]
            kept.concepts[size, depth] = d
            kept.what[size, 0], kept.what[size, 1] = k, t.functions[i]
            kept.values[size] = value
            size += 1
    kept.size[0] = size


@compiled
def sums_of(
    starts: np.ndarray,
    rows: np.ndarray,
    amounts: np.ndarray,
    totals: np.ndarray,
    concepts: np.ndarray,
    what: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Into sums: of each function, the amounts of the cells on which it holds, added up.

    starts, rows: the concepts' cells, by column.  amounts: int64 (n_cells, n), totals: their sums.
    concepts, what: as in `Kept`, but columns.  sums: int64 (n_functions, n).
    """
    region = np.zeros(len(amounts), np.int64)
    regions = np.zeros((1 << concepts.shape[1], amounts.shape[1]), np.int64)
    for at in range(len(what)):
        k = what[at, 0]
        if at == 0 or what[at - 1, 0] != k or np.any(concepts[at] != concepts[at - 1]):
            _split(starts, rows, amounts, totals, concepts[at, :k], region, regions)
        sums[at] = 0
        for r in range(1 << k):
            if what[at, 1] >> r & 1:
                for each in range(amounts.shape[1]):
                    sums[at, each] += regions[r, each]


@compiled
def _split(
    starts: np.ndarray,
    rows: np.ndarray,
    amounts: np.ndarray,
    totals: np.ndarray,
    columns: np.ndarray,
    region: np.ndarray,
    regions: np.ndarray,
) -> None:
    """Into regions: the amounts of each region of the columns, added up.  region: zeros, before and after."""
    for i in range(len(columns)):
        for at in range(starts[columns[i]], starts[columns[i] + 1]):
            region[rows[at]] |= 1 << i
    regions[:] = 0
    regions[0] = totals
    for i in range(len(columns)):
        for at in range(starts[columns[i]], starts[columns[i] + 1]):
            row = rows[at]
            if region[row]:
                for each in range(amounts.shape[1]):
                    regions[region[row], each] += amounts[row, each]
                    regions[0, each] -= amounts[row, each]
                region[row] = 0


@compiled
def are_same(
    starts: np.ndarray, rows: np.ndarray, weights: np.ndarray, concepts: np.ndarray, what: np.ndarray, first: np.ndarray
) -> Any:
    """Whether each function holds on the same cells as the one at `first`, int64 (n_functions,), ascending.

    weights: int64 (n_cells,): cells without points do not count.
    """
    held, other = np.zeros(len(weights), np.bool_), np.zeros(len(weights), np.bool_)
    region = np.zeros(len(weights), np.int64)
    for at in range(len(what)):
        if at == 0 or first[at] != first[at - 1]:
            _hold(starts, rows, concepts[first[at]], what[first[at]], region, held)
        if first[at] != at:
            _hold(starts, rows, concepts[at], what[at], region, other)
            if np.any((held != other) & (weights > 0)):
                return False
    return True


@compiled
def _hold(
    starts: np.ndarray, rows: np.ndarray, columns: np.ndarray, what: np.ndarray, region: np.ndarray, held: np.ndarray
) -> None:
    """Into held: on which cells the function holds.  region: zeros, before and after."""
    k, table = what
    for i in range(k):
        for at in range(starts[columns[i]], starts[columns[i] + 1]):
            region[rows[at]] |= 1 << i
    held[:] = table & 1
    for i in range(k):
        for at in range(starts[columns[i]], starts[columns[i] + 1]):
            row = rows[at]
            if region[row]:
                held[row] = table >> region[row] & 1
                region[row] = 0
