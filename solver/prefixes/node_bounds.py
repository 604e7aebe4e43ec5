"""The bounds of `bounds.py` at one node of the walk, from the sums that the walk keeps there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiled import compiled
from .cooccurrence import insert, insert_into
from .state import AND, ANDS, LENGTH, Others, Tables, Walk, commute


@compiled
def enter(t: Tables, w: Walk, depth: int) -> None:
    """Prepare a node: its candidates, the largest potentials for every number of filters, all residual bounds."""
    n = len(t.cells.starts) - 1
    left = w.numbers[LENGTH] - depth
    w.place[depth] = 3 * n - 1
    w.descending[depth, :] = 0
    top, inside = w.top[depth], w.inside[depth]
    top[:] = 0
    inside[:] = 0
    others, ands = Others(t.names, t.losses, t.filtered, w.used), w.numbers[ANDS]
    inherit = depth > 0 and w.prefix[depth - 1] // n != AND
    n_candidates = 0
    for i in range(w.n_candidates[depth - 1] if inherit else n):
        c = w.candidates[depth - 1, i] if inherit else i
        p, lost = w.gains[depth, c], w.losses[depth, c]
        most = np.int64(0)
        for a in range(left):
            value = potential(others, ands, depth, c, p, lost, a, left - 1 - a)
            most = max(most, value)
            insert_into(top, a, left, value)
        if most > 0:
            w.candidates[depth, n_candidates] = c
            n_candidates += 1
    w.n_candidates[depth] = n_candidates
    for c in range(n):
        for k in range(1, left):
            inside[k] = max(inside[k], min(w.gains[depth, c], t.positive[c, k]))
    accumulate(top, left)
    if left > 1:
        residual_bound = with_and(t, w, top, inside, depth + 1, left - 1, 1)
        for a in range(1, left - 1):
            residual_bound = max(residual_bound, top[a + 1, left - 1 - a])
        w.residual_bounds[depth, 0] = residual_bound
        w.residual_bounds[depth, 1] = max(residual_bound, top[1, left - 1])


@compiled
def child_bound(t: Tables, w: Walk, depth: int, rule: int, n_touched: int) -> Any:
    """The most that the concepts still to come can add below the rule (bounds.completion)."""
    n = len(t.cells.starts) - 1
    operator, c = rule // n, rule % n
    left = w.numbers[LENGTH] - depth - 1
    top, inside = w.child_top, w.child_inside
    candidates, gains_, losses_, gain, loss, touched = w.candidates, w.gains, w.losses, w.gain, w.loss, w.touched
    pruned_by_symmetry, rank, cooccurs, positive = w.pruned_by_symmetry, t.rank, t.cooccurs, t.positive
    top[:] = 0
    inside[:] = 0
    if operator != AND:
        inside[:left] = w.inside[depth, :left]
    w.used[c] += 1
    w.numbers[ANDS] += operator == AND
    others, ands = Others(t.names, t.losses, t.filtered, w.used), w.numbers[ANDS]
    for i in range(n_touched if operator == AND else w.n_candidates[depth]):
        if operator == AND:
            d = touched[i]
            p, lost = gain[d], loss[d]
            for k in range(1, left):
                inside[k] = max(inside[k], min(p, positive[d, k]))
        else:
            d = candidates[depth, i]
            p, lost = gains_[depth, d] - gain[d], losses_[depth, d] - loss[d]
        if p == 0:
            continue
        for a in range(left):
            if a == 0 and (pruned_by_symmetry[depth, d] or rank[d] < rank[rule]) and commute(rule, d, n, cooccurs):
                continue
            value = potential(others, ands, depth + 1, d, p, lost, a, left - 1 - a)
            insert_into(top, a, left, value)
    w.used[c] -= 1
    accumulate(top, left)
    best = np.int64(0)
    for a in range(left):
        best = max(best, top[a, left - a])
    best = max(best, with_and(t, w, top, inside, depth + 1, left, 0))
    w.numbers[ANDS] -= operator == AND
    return best


@compiled
def filter_gain(t: Tables, w: Walk, depth: int, rule: int, n_touched: int) -> Any:
    """The most that the filter can add to what stands inside it (bounds.filter_gain)."""
    n = len(t.cells.starts) - 1
    left = w.numbers[LENGTH] - depth - 1
    best = np.zeros(left + 1, np.int64)
    for i in range(n_touched):
        d = w.touched[i]
        if d != rule % n and w.gains[0, d] > 0:
            insert(best[1:], w.loss[d])
    return min(w.losses[depth, rule % n], best.sum())


@compiled
def potential(others: Others, ands: int, depth: int, c: int, p: int, lost: int, filters: int, positives: int) -> Any:
    """bounds.potential of concept c, which gains p and loses `lost` below a prefix of this depth."""
    if p == 0:
        return np.int64(0)
    own = p - lost + taken_off(others, 0, c, filters)
    if ands == 0 and filters + depth < 2:
        own = min(own, others.filtered[c] if filters + depth == 1 else p - lost)
    return max(0, min(p, own + taken_off(others, 1, c, positives)))


@compiled
def taken_off(others: Others, which: int, c: int, k: int) -> Any:
    """The most that k other concepts of the list `which` can take off concept c, the prefix left out."""
    total = np.int64(0)
    taken = 0
    for i in range(others.names.shape[2]):
        d = others.names[which, c, i]
        if taken == k or d < 0:
            break
        if not others.used[d]:
            total += others.losses[which, c, i]
            taken += 1
    return total


@compiled
def with_and(t: Tables, w: Walk, top: np.ndarray, inside: np.ndarray, depth: int, left: int, shift: int) -> Any:
    """Bound of the completions by `left` concepts that contain AND (bounds.with_and); filters + depth is 2 or more."""
    best = np.int64(0)
    last = t.blocks.shape[1] - 1
    for k in range(1, left):
        for filters in range(left - k):
            positives = left - 1 - k - filters
            block = inside[k]
            if w.numbers[ANDS] == 0:
                block = min(block, t.blocks[k, min(filters + k - 1 + depth, last)])
            best = max(best, block + (top[filters + 1 + shift, positives] if positives else 0))
            if filters:
                best = max(best, inside[k] + (top[filters + shift, positives] if positives else 0))
    return best


@compiled
def accumulate(top: np.ndarray, left: int) -> None:
    """Turn the largest, second largest, ... of each row into sums of the largest 1, 2, ...."""
    for a in range(left):
        for s in range(2, left + 1):
            top[a, s] += top[a, s - 1]
