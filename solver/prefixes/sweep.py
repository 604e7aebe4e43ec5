"""Prefixes with one or two concepts to come: every completion is counted."""

from __future__ import annotations

import numpy as np

from ..kernels import compiled
from .node import potential
from .pairs import shared
from .state import ANDS, THRESHOLD, Tables, Walk, forget, report


@compiled
def sweep(t: Tables, w: Walk, depth: int, left: int) -> None:
    """All completions by at most `left` = 1 or 2 concepts, each with its exact value."""
    n = len(t.starts) - 1
    base = w.base[depth]
    gains, losses = w.gains[depth], w.losses[depth]
    for c in range(n):
        if base + gains[c] - losses[c] > w.numbers[THRESHOLD]:
            report(w, depth, base + gains[c] - losses[c], 1, 0, c)
    if left < 2:
        return
    room = w.numbers[THRESHOLD] - base
    count, enough = 0, 0
    for c in range(n):
        enough += gains[c] > room
    pure = w.gain_order
    for c in range(n):
        p, lost = gains[c], losses[c]
        if p > room and (
            enough > 1
            or potential(t.names, t.losses, t.filtered, w.used, w.numbers[ANDS], depth, c, p, lost, 1, 0) > room
        ):
            _filters(t, w, depth, c)
        pure[c] = (
            0
            if p == 0 or w.asleep[depth, c]
            else potential(t.names, t.losses, t.filtered, w.used, w.numbers[ANDS], depth, c, p, lost, 0, 1)
        )
        if pure[c] > 0:
            w.names[count] = c
            count += 1
    order = np.argsort(-pure[w.names[:count]])
    names = w.names[:count][order].copy()
    for i in range(count - 1):
        c = names[i]
        if base + pure[c] + pure[names[i + 1]] <= w.numbers[THRESHOLD]:
            break
        walked = False
        n_touched = 0
        for j in range(i + 1, count):
            d = names[j]
            if base + pure[c] + pure[d] <= w.numbers[THRESHOLD]:
                break
            value = base + gains[c] - losses[c] + gains[d] - losses[d]
            if t.touch[c, d]:
                if value + min(losses[c], losses[d]) <= w.numbers[THRESHOLD]:
                    continue
                if not walked:
                    n_touched = shared(
                        t.indptr, t.indices, t.starts, t.rows, t.values, w.decided, c, w.gain, w.loss, w.touched
                    )
                    walked = True
                value -= w.gain[d] - w.loss[d]
            if value > w.numbers[THRESHOLD]:
                report(w, depth, value, 2, c, d)
        if walked:
            forget(w, n_touched)


@compiled
def _filters(t: Tables, w: Walk, depth: int, c: int) -> None:
    """c AND d, and c AND NOT d, for all d."""
    n = len(t.starts) - 1
    n_touched = shared(t.indptr, t.indices, t.starts, t.rows, t.values, w.decided, c, w.gain, w.loss, w.touched)
    whole = w.gains[depth, c] - w.losses[depth, c]
    for i in range(n_touched):
        d = w.touched[i]
        if d == c:
            continue
        inside = w.gain[d] - w.loss[d]
        if w.base[depth] + inside > w.numbers[THRESHOLD]:
            report(w, depth, w.base[depth] + inside, 2, n + d, c)
        if w.base[depth] + whole - inside > w.numbers[THRESHOLD]:
            report(w, depth, w.base[depth] + whole - inside, 2, 2 * n + d, c)
    forget(w, n_touched)
