"""The compiled half of the exact search: one depth-first walk over prefixes of decision lists.

`search.py` tells what is searched, `bounds.py` states and proves every bound that is used here.  The walk keeps
all its state in arrays, so that it can be left after any number of steps and entered again: the driver looks at the
clock and at requests to stop in between.

A *rule* is `operator * n_concepts + concept`, operators numbered as in `solver/chain.py`.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..kernels import compiled

OR, AND, AND_NOT = 0, 1, 2
CLOSED, PAUSED, FULL = 0, 1, 2
UNKNOWN = 2**61


@compiled
def shared(
    indptr: np.ndarray,
    indices: np.ndarray,
    starts: np.ndarray,
    rows: np.ndarray,
    values: np.ndarray,
    decided: np.ndarray,
    c: int,
    gain: np.ndarray,
    loss: np.ndarray,
    touched: np.ndarray,
) -> int:
    """Into gain and loss: the undecided cells that each concept shares with c.  Gives how many are touched."""
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
def insert_into(top: np.ndarray, row: int, last: int, value: int) -> None:
    """Keep top[row, 1:last + 1] the falling array of the largest values."""
    at = last
    if at < 1 or value <= top[row, at]:
        return
    while at > 1 and top[row, at - 1] < value:
        top[row, at] = top[row, at - 1]
        at -= 1
    top[row, at] = value


@compiled
def neighbour_lists(
    indptr: np.ndarray,
    indices: np.ndarray,
    starts: np.ndarray,
    rows: np.ndarray,
    values: np.ndarray,
    size: np.ndarray,
    k: int,
) -> tuple[Any, ...]:
    """For every concept c, the k largest N(c and d) over all other d, and over those of smaller size.

    values: int64 (n_cells,); N sums the negative ones without their sign, P the positive ones.
    size: int64 (n,), all different.
    Returns names int32 (2, n, k), -1 where there are fewer, and their N int64 of this shape;
    the sums of the 0, ..., k largest P(c and d), int64 (n, k + 1); and bounds.filtered, int64 (n,).
    """
    n = len(starts) - 1
    names = np.full((2, n, k), -1, np.int32)
    losses = np.zeros((2, n, k), np.int64)
    positive = np.zeros((n, k + 1), np.int64)
    filtered = np.zeros(n, np.int64)
    gain, loss, touched = np.zeros(n, np.int64), np.zeros(n, np.int64), np.empty(n, np.int64)
    undecided = np.zeros(len(values), np.int8)
    for c in range(n):
        n_touched = shared(indptr, indices, starts, rows, values, undecided, c, gain, loss, touched)
        filtered[c] = gain[c] - loss[c]
        for i in range(n_touched):
            d = touched[i]
            if d != c:
                filtered[c] = max(filtered[c], gain[c] - loss[c] - gain[d] + loss[d])
                _insert_with_name(losses[0, c], names[0, c], loss[d], d)
                if size[d] < size[c]:
                    _insert_with_name(losses[1, c], names[1, c], loss[d], d)
                _insert(positive[c, 1:], gain[d])
        for i in range(n_touched):
            gain[touched[i]] = loss[touched[i]] = 0
        for i in range(k):
            positive[c, i + 1] += positive[c, i]
    return names, losses, positive, filtered


@compiled
def blocks(
    indptr: np.ndarray,
    indices: np.ndarray,
    starts: np.ndarray,
    rows: np.ndarray,
    values: np.ndarray,
    names: np.ndarray,
    losses: np.ndarray,
    k: int,
) -> np.ndarray:
    """Bounds of `(c1 ... cm) AND e` (bounds.block): int64 (k + 1, k + 1), by m and the number of other concepts."""
    n = len(starts) - 1
    best = np.zeros((k + 1, k + 1), np.int64)
    gain, loss, touched = np.zeros(n, np.int64), np.zeros(n, np.int64), np.empty(n, np.int64)
    undecided = np.zeros(len(values), np.int8)
    largest = np.zeros((k + 1, k + 1), np.int64)
    for e in range(n):
        n_touched = shared(indptr, indices, starts, rows, values, undecided, e, gain, loss, touched)
        largest[:] = 0
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
        for i in range(n_touched):
            gain[touched[i]] = loss[touched[i]] = 0
    return best


@compiled
def _insert(best: np.ndarray, value: int) -> None:
    """Keep the falling array of the largest values."""
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


@compiled
def singles(indptr: np.ndarray, indices: np.ndarray, values: np.ndarray, n: int) -> tuple[Any, ...]:
    """P(c) and N(c) of every concept."""
    gains, losses = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for row in range(len(values)):
        for place in range(indptr[row], indptr[row + 1]):
            gains[indices[place]] += max(values[row], 0)
            losses[indices[place]] -= min(values[row], 0)
    return gains, losses


@compiled
def touching(indptr: np.ndarray, indices: np.ndarray, n: int) -> np.ndarray:
    """bool (n_concepts, n_concepts): which concepts share a cell."""
    touch = np.zeros((n, n), np.bool_)
    for row in range(len(indptr) - 1):
        for i in range(indptr[row], indptr[row + 1]):
            for j in range(indptr[row], indptr[row + 1]):
                touch[indices[i], indices[j]] = True
    return touch


Tables = namedtuple(
    "Tables", "indptr indices starts rows values touch order rank names losses positive filtered blocks doll"
)
"""What a walk reads.  order, rank: int64 (3 n,), rules in the order in which they are tried, and its inverse."""

Walk = namedtuple(
    "Walk",
    "numbers gains losses base slack total place rooms alive n_alive top inside falling child_top child_inside "
    "prefix asleep used decided gain loss touched names gain_order found log",
)
"""What a walk changes; see `exact.py` for the shapes.  numbers: see the constants below."""

DEPTH, THRESHOLD, FOUND, LOGGED, STEPS, LENGTH, ANDS = 0, 1, 2, 3, 4, 5, 6


@compiled
def commute(x: int, y: int, n: int, touch: np.ndarray) -> bool:
    """Whether two rules next to each other may swap places without changing any formula."""
    x_or, y_or = x < n, y < n
    if x_or == y_or:
        return True
    if (n <= x < 2 * n) or (n <= y < 2 * n):
        return False
    return not touch[x % n, y % n]


@compiled
def others(names: np.ndarray, losses: np.ndarray, used: np.ndarray, which: int, c: int, k: int) -> Any:
    """The most that k other concepts of the list `which` can take off concept c, the prefix left out."""
    total = np.int64(0)
    taken = 0
    for i in range(names.shape[2]):
        d = names[which, c, i]
        if taken == k or d < 0:
            break
        if not used[d]:
            total += losses[which, c, i]
            taken += 1
    return total


@compiled
def potential(
    names: np.ndarray,
    losses: np.ndarray,
    filtered: np.ndarray,
    used: np.ndarray,
    ands: int,
    depth: int,
    c: int,
    p: int,
    lost: int,
    filters: int,
    positives: int,
) -> Any:
    """bounds.potential."""
    if p == 0:
        return np.int64(0)
    own = p - lost + others(names, losses, used, 0, c, filters)
    if ands == 0 and filters + depth < 2:
        own = min(own, filtered[c] if filters + depth == 1 else p - lost)
    return max(0, min(p, own + others(names, losses, used, 1, c, positives)))


@compiled
def accumulate(top: np.ndarray, left: int) -> None:
    """Turn the largest, second largest, ... of each row into sums of the largest 1, 2, ...."""
    for a in range(left):
        for s in range(2, left + 1):
            top[a, s] += top[a, s - 1]


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
def enter(t: Tables, w: Walk, depth: int) -> None:
    """Prepare a node: who is alive, the largest potentials for every number of filters, and the rooms of all rules."""
    n = len(t.starts) - 1
    left = w.numbers[LENGTH] - depth
    w.place[depth] = 3 * n - 1
    w.falling[depth, :] = 0
    top, inside = w.top[depth], w.inside[depth]
    top[:] = 0
    inside[:] = 0
    inherit = depth > 0 and w.prefix[depth - 1] // n != AND
    n_alive = 0
    for i in range(w.n_alive[depth - 1] if inherit else n):
        c = w.alive[depth - 1, i] if inherit else i
        p, lost = w.gains[depth, c], w.losses[depth, c]
        most = np.int64(0)
        for a in range(left):
            value = potential(
                t.names, t.losses, t.filtered, w.used, w.numbers[ANDS], depth, c, p, lost, a, left - 1 - a
            )
            most = max(most, value)
            insert_into(top, a, left, value)
        if most > 0:
            w.alive[depth, n_alive] = c
            n_alive += 1
    w.n_alive[depth] = n_alive
    for c in range(n):
        for k in range(1, left):
            inside[k] = max(inside[k], min(w.gains[depth, c], t.positive[c, k]))
    accumulate(top, left)
    if left > 1:
        room = with_and(t, w, top, inside, depth + 1, left - 1, 1)
        for a in range(1, left - 1):
            room = max(room, top[a + 1, left - 1 - a])
        w.rooms[depth, 0] = room
        w.rooms[depth, 1] = max(room, top[1, left - 1])


@compiled
def keep_sums(t: Tables, w: Walk, depth: int, rule: int, n_touched: int) -> None:
    """Write the sums of the undecided cells below the rule into depth + 1."""
    if rule // (len(t.starts) - 1) == AND:
        w.gains[depth + 1, :] = 0
        w.losses[depth + 1, :] = 0
        for i in range(n_touched):
            d = w.touched[i]
            w.gains[depth + 1, d] = w.gain[d]
            w.losses[depth + 1, d] = w.loss[d]
    else:
        w.gains[depth + 1, :] = w.gains[depth, :]
        w.losses[depth + 1, :] = w.losses[depth, :]
        for i in range(n_touched):
            d = w.touched[i]
            w.gains[depth + 1, d] -= w.gain[d]
            w.losses[depth + 1, d] -= w.loss[d]


@compiled
def child_bound(t: Tables, w: Walk, depth: int, rule: int, n_touched: int) -> Any:
    """The most that the concepts still to come can add below the rule (bounds.completion)."""
    n = len(t.starts) - 1
    operator, c = rule // n, rule % n
    left = w.numbers[LENGTH] - depth - 1
    top, inside = w.child_top, w.child_inside
    names, losses, filtered, used = t.names, t.losses, t.filtered, w.used
    alive, gains_, losses_, gain, loss, touched = w.alive, w.gains, w.losses, w.gain, w.loss, w.touched
    asleep, rank, touch, positive = w.asleep, t.rank, t.touch, t.positive
    top[:] = 0
    inside[:] = 0
    if operator != AND:
        inside[:left] = w.inside[depth, :left]
    w.used[c] += 1
    w.numbers[ANDS] += operator == AND
    ands = w.numbers[ANDS]
    for i in range(n_touched if operator == AND else w.n_alive[depth]):
        if operator == AND:
            d = touched[i]
            p, lost = gain[d], loss[d]
            for k in range(1, left):
                inside[k] = max(inside[k], min(p, positive[d, k]))
        else:
            d = alive[depth, i]
            p, lost = gains_[depth, d] - gain[d], losses_[depth, d] - loss[d]
        if p == 0:
            continue
        for a in range(left):
            if a == 0 and (asleep[depth, d] or rank[d] < rank[rule]) and commute(rule, d, n, touch):
                continue
            value = potential(names, losses, filtered, used, ands, depth + 1, d, p, lost, a, left - 1 - a)
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
    """The most that the filter can add to what stands inside it (bounds.gain)."""
    n = len(t.starts) - 1
    left = w.numbers[LENGTH] - depth - 1
    best = np.zeros(left + 1, np.int64)
    for i in range(n_touched):
        d = w.touched[i]
        if d != rule % n and w.gains[0, d] > 0:
            _insert(best[1:], w.loss[d])
    return min(w.losses[depth, rule % n], best.sum())


@compiled
def forget(w: Walk, n_touched: int) -> None:
    for i in range(n_touched):
        d = w.touched[i]
        w.gain[d] = w.loss[d] = 0


@compiled
def decide(t: Tables, w: Walk, depth: int, rule: int) -> None:
    """Mark the cells that the rule decides, and step down."""
    n = len(t.starts) - 1
    operator, c = rule // n, rule % n
    mark = depth + 1
    if operator == AND:
        for row in range(len(w.decided)):
            if w.decided[row] == 0:
                w.decided[row] = mark
        for at in range(t.starts[c], t.starts[c + 1]):
            if w.decided[t.rows[at]] == mark:
                w.decided[t.rows[at]] = 0
    else:
        for at in range(t.starts[c], t.starts[c + 1]):
            if w.decided[t.rows[at]] == 0:
                w.decided[t.rows[at]] = mark
    for y in range(3 * n):
        w.asleep[depth + 1, y] = (w.asleep[depth, y] or t.rank[y] < t.rank[rule]) and commute(rule, y, n, t.touch)
    w.used[c] += 1
    w.numbers[ANDS] += operator == AND
    w.prefix[depth] = rule
    w.numbers[DEPTH] = depth + 1


@compiled
def undecide(t: Tables, w: Walk, depth: int) -> None:
    """Step up from depth + 1 and give back the cells."""
    n = len(t.starts) - 1
    rule = w.prefix[depth]
    operator, c = rule // n, rule % n
    if operator == AND:
        for row in range(len(w.decided)):
            if w.decided[row] == depth + 1:
                w.decided[row] = 0
    else:
        for at in range(t.starts[c], t.starts[c + 1]):
            if w.decided[t.rows[at]] == depth + 1:
                w.decided[t.rows[at]] = 0
    w.used[c] -= 1
    w.numbers[ANDS] -= operator == AND
    w.numbers[DEPTH] = depth


@compiled
def report(w: Walk, depth: int, value: int, n_last: int, second: int, first: int) -> None:
    """Keep a formula that beats the threshold: rules from the outermost inwards; the threshold rises."""
    w.numbers[THRESHOLD] = value
    w.found[0] = depth + n_last
    for i in range(depth):
        w.found[1 + i] = w.prefix[i]
    if n_last == 2:
        w.found[1 + depth] = second
    if n_last >= 1:
        w.found[depth + n_last] = first
    w.numbers[FOUND] += 1


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


@compiled
def walk(t: Tables, w: Walk, quota: int) -> int:
    """Go on for about `quota` steps: CLOSED when the tree is done, PAUSED when not, FULL when the log is full."""
    n = len(t.starts) - 1
    stop = w.numbers[STEPS] + quota
    while True:
        depth = w.numbers[DEPTH]
        left = w.numbers[LENGTH] - depth
        if left <= 2:
            sweep(t, w, depth, left)
            w.numbers[STEPS] += n
            w.place[depth] = -1
        if w.place[depth] < 0:
            if depth == 0:
                return CLOSED
            undecide(t, w, depth - 1)
            continue
        if w.numbers[STEPS] > stop:
            return PAUSED
        if w.numbers[LOGGED] + 2 > len(w.log):
            return FULL
        rule = t.order[w.place[depth]]
        w.place[depth] -= 1
        _try(t, w, depth, left, rule)


@compiled
def _try(t: Tables, w: Walk, depth: int, left: int, rule: int) -> None:
    """Look at one rule below a node: close it by a bound, or step down."""
    n = len(t.starts) - 1
    operator, c = rule // n, rule % n
    p, lost = w.gains[depth, c], w.losses[depth, c]
    threshold = w.numbers[THRESHOLD]
    base = w.base[depth]
    w.numbers[STEPS] += 1
    # Below AND c the cells are those inside c: the sums at this node say nothing about them but `total`.
    room = UNKNOWN if operator == AND else w.rooms[depth, 0 if operator == OR else 1]
    slack = w.slack[depth]
    if operator == OR:
        base += p - lost
        slack += p
        room = max(room, w.falling[depth, 1:left].sum())
        if not w.asleep[depth, rule] and p > 0:
            insert_into(
                w.falling,
                depth,
                left - 1,
                potential(t.names, t.losses, t.filtered, w.used, w.numbers[ANDS], depth, c, p, lost, 1, left - 2),
            )
    total = p if operator == AND else w.total[depth] - p
    room = min(room, total)
    if w.asleep[depth, rule] or (p == 0 if operator != AND_NOT else lost == 0) or base + room <= threshold:
        return
    doll = t.doll[left - 1]
    if operator == OR and doll + slack <= threshold:
        return
    w.numbers[STEPS] += n // 4
    n_touched = shared(t.indptr, t.indices, t.starts, t.rows, t.values, w.decided, c, w.gain, w.loss, w.touched)
    if operator == AND_NOT:
        slack += filter_gain(t, w, depth, rule, n_touched)
        if doll + slack <= threshold:
            forget(w, n_touched)
            return
    if operator == AND:
        slack = UNKNOWN
    bound = min(total, child_bound(t, w, depth, rule, n_touched))
    if base + bound <= threshold:
        forget(w, n_touched)
        return
    keep_sums(t, w, depth, rule, n_touched)
    forget(w, n_touched)
    w.base[depth + 1] = base
    w.total[depth + 1] = total
    w.slack[depth + 1] = min(slack, UNKNOWN)
    decide(t, w, depth, rule)
    if base > threshold:
        report(w, depth + 1, base, 0, 0, 0)
    enter(t, w, depth + 1)
    if left - 1 > 2:
        w.log[w.numbers[LOGGED]] = depth
        w.log[w.numbers[LOGGED] + 1] = rule
        w.numbers[LOGGED] += 2
