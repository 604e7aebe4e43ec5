"""Prefixes with one or two concepts to come: every completion is counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiled import compiled
from .cooccurrence import shared, steps_of
from .node_bounds import potential
from .state import ANDS, STEPS, SWEPT, THRESHOLD, Others, Tables, Walk, record_incumbent, reset_sums


@compiled
def sweep(t: Tables, w: Walk, depth: int, left: int, stop: int) -> bool:
    """All completions by at most `left` = 1 or 2 concepts, each with its exact value.

    False where the steps reached `stop` before the end; called again, it goes on: numbers[SWEPT] concepts are done.
    """
    n = len(t.cells.starts) - 1
    base = w.base[depth]
    gains, losses = w.gains[depth], w.losses[depth]
    for c in range(n):
        if base + gains[c] - losses[c] > w.numbers[THRESHOLD]:
            record_incumbent(w, depth, base + gains[c] - losses[c], 1, 0, c)
    if left < 2:
        return True
    for c in range(w.numbers[SWEPT], n):
        if w.numbers[STEPS] > stop:
            return False
        _filters(t, w, depth, c)
        w.numbers[SWEPT] = c + 1
    names = _best_first(t, w, depth)
    for i in range(w.numbers[SWEPT] - n, len(names) - 1):
        if base + w.gain_order[names[i]] + w.gain_order[names[i + 1]] <= w.numbers[THRESHOLD]:
            break
        if w.numbers[STEPS] > stop:
            return False
        _unions(t, w, depth, names, i)
        w.numbers[SWEPT] = n + i + 1
    w.numbers[SWEPT] = 0
    return True


@compiled
def _best_first(t: Tables, w: Walk, depth: int) -> Any:
    """The concepts that can be part of an OR, by descending potential, which stands in gain_order."""
    n = len(t.cells.starts) - 1
    gains, losses = w.gains[depth], w.losses[depth]
    pure, count = w.gain_order, 0
    others, ands = Others(t.names, t.losses, t.filtered, w.used), w.numbers[ANDS]
    for c in range(n):
        pure[c] = (
            0
            if gains[c] == 0 or w.pruned_by_symmetry[depth, c]
            else potential(others, ands, depth, c, gains[c], losses[c], 0, 1)
        )
        if pure[c] > 0:
            w.names[count] = c
            count += 1
    order = np.argsort(-pure[w.names[:count]])
    return w.names[:count][order].copy()


@compiled
def _unions(t: Tables, w: Walk, depth: int, names: np.ndarray, i: int) -> None:
    """c OR d of the concept number i, for all d behind it."""
    base, c = w.base[depth], names[i]
    gains, losses, pure = w.gains[depth], w.losses[depth], w.gain_order
    walked = False
    n_touched = 0
    for j in range(i + 1, len(names)):
        d = names[j]
        if base + pure[c] + pure[d] <= w.numbers[THRESHOLD]:
            break
        value = base + gains[c] - losses[c] + gains[d] - losses[d]
        if t.cooccurs[c, d]:
            if value + min(losses[c], losses[d]) <= w.numbers[THRESHOLD]:
                continue
            if not walked:
                w.numbers[STEPS] += steps_of(t.cells.indptr, t.cells.starts, c)
                n_touched = shared(t.cells, w.decided, c, w.gain, w.loss, w.touched)
                walked = True
            value -= w.gain[d] - w.loss[d]
        if value > w.numbers[THRESHOLD]:
            record_incumbent(w, depth, value, 2, c, d)
    if walked:
        reset_sums(w, n_touched)


@compiled
def _filters(t: Tables, w: Walk, depth: int, c: int) -> None:
    """c AND d, and c AND NOT d, for all d, where some can be good enough."""
    n = len(t.cells.starts) - 1
    p, lost = w.gains[depth, c], w.losses[depth, c]
    needed = w.numbers[THRESHOLD] - w.base[depth]
    others = Others(t.names, t.losses, t.filtered, w.used)
    if p <= needed or not (
        _are_more_than(w, depth, needed) or potential(others, w.numbers[ANDS], depth, c, p, lost, 1, 0) > needed
    ):
        return
    w.numbers[STEPS] += steps_of(t.cells.indptr, t.cells.starts, c)
    n_touched = shared(t.cells, w.decided, c, w.gain, w.loss, w.touched)
    whole = w.gains[depth, c] - w.losses[depth, c]
    for i in range(n_touched):
        d = w.touched[i]
        if d == c:
            continue
        inside = w.gain[d] - w.loss[d]
        if w.base[depth] + inside > w.numbers[THRESHOLD]:
            record_incumbent(w, depth, w.base[depth] + inside, 2, n + d, c)
        if w.base[depth] + whole - inside > w.numbers[THRESHOLD]:
            record_incumbent(w, depth, w.base[depth] + whole - inside, 2, 2 * n + d, c)
    reset_sums(w, n_touched)


@compiled
def _are_more_than(w: Walk, depth: int, needed: int) -> bool:
    """Whether two concepts or more have positive values above what is needed: then each may be cut by the other."""
    enough = 0
    for p in w.gains[depth]:
        enough += p > needed
        if enough > 1:
            return True
    return False
