"""The compiled half of the exact search: one depth-first walk over prefixes of decision lists.

`branch_and_bound.py` tells what is searched, `bounds.py` states and proves every bound, `node_bounds.py` computes them.
The walk can be left after any number of steps and entered again: the driver looks at the clock and at requests to stop
in between.
"""

from __future__ import annotations

from ..compiled import compiled
from .cooccurrence import insert_into, shared, steps_of
from .last_two import sweep
from .node_bounds import child_bound, enter, filter_gain, potential
from .state import (
    AND,
    AND_NOT,
    ANDS,
    DEPTH,
    LENGTH,
    LOGGED,
    OR,
    STEPS,
    THRESHOLD,
    UNKNOWN,
    Others,
    Tables,
    Walk,
    commute,
    record_incumbent,
    reset_sums,
)

CLOSED, PAUSED, FULL = 0, 1, 2


@compiled
def walk(t: Tables, w: Walk, quota: int) -> int:
    """Go on for about `quota` steps: CLOSED when the tree is done, PAUSED when not, FULL when the log is full."""
    n = len(t.cells.starts) - 1
    stop = w.numbers[STEPS] + quota
    while True:
        depth = w.numbers[DEPTH]
        left = w.numbers[LENGTH] - depth
        if left <= 2:
            if not sweep(t, w, depth, left, stop):
                return PAUSED
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
    n = len(t.cells.starts) - 1
    operator, c = rule // n, rule % n
    p, lost = w.gains[depth, c], w.losses[depth, c]
    threshold = w.numbers[THRESHOLD]
    base = w.base[depth]
    w.numbers[STEPS] += 1
    # Below AND c the cells are those inside c: the sums at this node say nothing about them but `total`.
    residual_bound = UNKNOWN if operator == AND else w.residual_bounds[depth, 0 if operator == OR else 1]
    dominance_slack = w.dominance_slack[depth]
    if operator == OR:
        base += p - lost
        dominance_slack += p
        residual_bound = max(residual_bound, w.descending[depth, 1:left].sum())
        if not w.pruned_by_symmetry[depth, rule] and p > 0:
            others = Others(t.names, t.losses, t.filtered, w.used)
            most = potential(others, w.numbers[ANDS], depth, c, p, lost, 1, left - 2)
            insert_into(w.descending, depth, left - 1, most)
    total = p if operator == AND else w.total[depth] - p
    residual_bound = min(residual_bound, total)
    if (
        w.pruned_by_symmetry[depth, rule]
        or (p == 0 if operator != AND_NOT else lost == 0)
        or base + residual_bound <= threshold
    ):
        return
    subproblem_bound = t.subproblem_bound[left - 1]
    if operator == OR and subproblem_bound + dominance_slack <= threshold:
        return
    w.numbers[STEPS] += n // 4 + steps_of(t.cells.indptr, t.cells.starts, c)
    n_touched = shared(t.cells, w.decided, c, w.gain, w.loss, w.touched)
    if operator == AND_NOT:
        dominance_slack += filter_gain(t, w, depth, rule, n_touched)
        if subproblem_bound + dominance_slack <= threshold:
            reset_sums(w, n_touched)
            return
    if operator == AND:
        dominance_slack = UNKNOWN
    bound = min(total, child_bound(t, w, depth, rule, n_touched))
    if base + bound <= threshold:
        reset_sums(w, n_touched)
        return
    keep_sums(t, w, depth, rule, n_touched)
    reset_sums(w, n_touched)
    w.base[depth + 1] = base
    w.total[depth + 1] = total
    w.dominance_slack[depth + 1] = min(dominance_slack, UNKNOWN)
    decide(t, w, depth, rule)
    if base > threshold:
        record_incumbent(w, depth + 1, base, 0, 0, 0)
    enter(t, w, depth + 1)
    if left - 1 > 2:
        w.log[w.numbers[LOGGED]] = depth
        w.log[w.numbers[LOGGED] + 1] = rule
        w.numbers[LOGGED] += 2


@compiled
def keep_sums(t: Tables, w: Walk, depth: int, rule: int, n_touched: int) -> None:
    """Write the sums of the undecided cells below the rule into depth + 1."""
    if rule // (len(t.cells.starts) - 1) == AND:
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
def decide(t: Tables, w: Walk, depth: int, rule: int) -> None:
    """Mark the cells that the rule decides, and step down."""
    n = len(t.cells.starts) - 1
    operator, c = rule // n, rule % n
    mark = depth + 1
    if operator == AND:
        for row in range(len(w.decided)):
            if w.decided[row] == 0:
                w.decided[row] = mark
        for at in range(t.cells.starts[c], t.cells.starts[c + 1]):
            if w.decided[t.cells.rows[at]] == mark:
                w.decided[t.cells.rows[at]] = 0
    else:
        for at in range(t.cells.starts[c], t.cells.starts[c + 1]):
            if w.decided[t.cells.rows[at]] == 0:
                w.decided[t.cells.rows[at]] = mark
    for y in range(3 * n):
        w.pruned_by_symmetry[depth + 1, y] = (w.pruned_by_symmetry[depth, y] or t.rank[y] < t.rank[rule]) and commute(
            rule, y, n, t.cooccurs
        )
    w.used[c] += 1
    w.numbers[ANDS] += operator == AND
    w.prefix[depth] = rule
    w.numbers[DEPTH] = depth + 1


@compiled
def undecide(t: Tables, w: Walk, depth: int) -> None:
    """Step up from depth + 1 and give back the cells."""
    n = len(t.cells.starts) - 1
    rule = w.prefix[depth]
    operator, c = rule // n, rule % n
    if operator == AND:
        for row in range(len(w.decided)):
            if w.decided[row] == depth + 1:
                w.decided[row] = 0
    else:
        for at in range(t.cells.starts[c], t.cells.starts[c + 1]):
            if w.decided[t.cells.rows[at]] == depth + 1:
                w.decided[t.cells.rows[at]] = 0
    w.used[c] -= 1
    w.numbers[ANDS] -= operator == AND
    w.numbers[DEPTH] = depth
