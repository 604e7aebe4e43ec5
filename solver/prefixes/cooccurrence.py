"""What concepts share: the sums over common cells that the bounds of `bounds.py` are made of, before a walk begins."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..compiled import CellArrays, compiled

Lists = namedtuple("Lists", "names losses positive filtered")
"""What `fill_lists` fills; there are the shapes."""


@compiled
def mark_cooccurring(
    indptr: np.ndarray, indices: np.ndarray, starts: np.ndarray, rows: np.ndarray, c: int, cooccurs: np.ndarray
) -> None:
    """Into cooccurs[c], bool (n_concepts,): which concepts share a cell with c.  Ends early where all do."""
    missing = cooccurs.shape[1]
    for at in range(starts[c], starts[c + 1]):
        for place in range(indptr[rows[at]], indptr[rows[at] + 1]):
            d = indices[place]
            missing -= not cooccurs[c, d]
            cooccurs[c, d] = True
        if missing == 0:
            return


@compiled
def steps_of(indptr: np.ndarray, starts: np.ndarray, c: int) -> Any:
    """The steps that `shared` counts for: one for about 64 entries, a tenth of a microsecond."""
    return (starts[c + 1] - starts[c]) * (indptr[-1] // (len(indptr) - 1)) // 64


@compiled
def shared(
    cells: CellArrays, decided: np.ndarray, c: int, gain: np.ndarray, loss: np.ndarray, touched: np.ndarray
) -> int:
    """Into gain and loss: the undecided cells that each concept shares with c.  Gives how many are touched."""
    indptr, indices, starts, rows, values = cells
    n_touched = 0
    for at in range(starts[c], starts[c + 1]):
        row = rows[at]
        value = values[row]
        if value == 0 or decided[row]:
            continue
        for place in range(indptr[row], indptr[row + 1]):
            d = indices[place]
            if gain[d] == 0 and loss[d] == 0:
                touched[n_touched] = d
                n_touched += 1
            if value > 0:
                gain[d] += value
            else:
                loss[d] -= value
    return n_touched


@compiled
def _all_shared(cells: CellArrays, c: int) -> Any:
    """gain, loss, touched and their number, as `shared` fills them where no cell is decided."""
    n = len(cells.starts) - 1
    gain, loss, touched = np.zeros(n, np.int64), np.zeros(n, np.int64), np.empty(n, np.int64)
    n_touched = shared(cells, np.zeros(len(cells.values), np.int8), c, gain, loss, touched)
    return gain, loss, touched, n_touched


def no_lists(n: int, k: int) -> Lists:
    """To be filled for n concepts, k of the others each."""
    return Lists(
        np.full((2, n, k), -1, np.int32),
        np.zeros((2, n, k), np.int64),
        np.zeros((n, k + 1), np.int64),
        np.zeros(n, np.int64),
    )


@compiled
def fill_lists(cells: CellArrays, size: np.ndarray, c: int, lists: Lists) -> None:
    """For concept c, the k largest N(c and d) over all other d, and over those of smaller size.

    N sums the negative values without their sign, P the positive ones.  size: int64 (n,), all different.
    Filled are names int32 (2, n, k), -1 where there are fewer, and as losses their N int64 of this shape;
    the sums of the 0, ..., k largest P(c and d), int64 (n, k + 1); and bounds.filtered, int64 (n,).
    """
    names, losses, positive, filtered = lists
    gain, loss, touched, n_touched = _all_shared(cells, c)
    filtered[c] = gain[c] - loss[c]
    for i in range(n_touched):
        d = touched[i]
        if d != c:
            filtered[c] = max(filtered[c], gain[c] - loss[c] - gain[d] + loss[d])
            _insert_with_name(losses[0, c], names[0, c], loss[d], d)
            if size[d] < size[c]:
                _insert_with_name(losses[1, c], names[1, c], loss[d], d)
            insert(positive[c, 1:], gain[d])
    for i in range(positive.shape[1] - 1):
        positive[c, i + 1] += positive[c, i]


@compiled
def raise_blocks(cells: CellArrays, names: np.ndarray, losses: np.ndarray, e: int, best: np.ndarray) -> None:
    """Bounds of `(c1 ... cm) AND e` (bounds.block) into best, int64 (k + 1, k + 1), by m and the number of others."""
    k = len(best) - 1
    largest = np.zeros((k + 1, k + 1), np.int64)
    gain, loss, touched, n_touched = _all_shared(cells, e)
    for i in range(n_touched):
        d = touched[i]
        if d != e and gain[d] > 0:
            a, b = np.int64(0), np.int64(0)
            at_a, at_b = 0, 0
            for j in range(k + 1):
                insert_into(largest, j, k, max(0, min(gain[d], gain[d] - loss[d] + min(a, b))))
                while at_a < k and names[0, d, at_a] == e:
                    at_a += 1
                while at_b < k and names[0, e, at_b] == d:
                    at_b += 1
                if at_a < k:
                    a += losses[0, d, at_a]
                    at_a += 1
                if at_b < k:
                    b += losses[0, e, at_b]
                    at_b += 1
    for j in range(k + 1):
        for m in range(1, k + 1):
            largest[j, m] += largest[j, m - 1]
            best[m, j] = max(best[m, j], min(gain[e], largest[j, m]))


@compiled
def insert_into(top: np.ndarray, row: int, last: int, value: int) -> None:
    """Keep top[row, 1:last + 1] the descending array of the largest values."""
    at = last
    if at < 1 or value <= top[row, at]:
        return
    while at > 1 and top[row, at - 1] < value:
        top[row, at] = top[row, at - 1]
        at -= 1
    top[row, at] = value


@compiled
def insert(best: np.ndarray, value: int) -> None:
    """Keep the descending array of the largest values."""
    at = len(best) - 1
    if at < 0 or value <= best[at]:
        return
    while at > 0 and best[at - 1] < value:
        best[at] = best[at - 1]
        at -= 1
    best[at] = value


@compiled
def _insert_with_name(best: np.ndarray, names: np.ndarray, value: int, name: int) -> None:
    at = len(best) - 1
    if at < 0 or value <= best[at]:
        return
    while at > 0 and best[at - 1] < value:
        best[at] = best[at - 1]
        names[at] = names[at - 1]
        at -= 1
    best[at] = value
    names[at] = name
