"""What the compiled walk reads and changes.  All its state is in arrays, so that it can be left and entered again.

A *rule* is `operator * n_concepts + concept`, operators numbered as in `solver/chain.py`.
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np

from ..compiled import compiled

OR, AND, AND_NOT = 0, 1, 2
UNKNOWN = 2**61

Tables = namedtuple("Tables", "cells cooccurs order rank names losses positive filtered blocks subproblem_bound")
"""What a walk reads.

cells: `CellArrays`.  order, rank: int64 (3 n,), rules in the order in which they are tried, and its inverse.
"""

Others = namedtuple("Others", "names losses filtered used")
"""What `potential` reads of other concepts: tables and walk whole, with all their arrays, would make its calls slow."""

Walk = namedtuple(
    "Walk",
    "numbers gains losses base dominance_slack total place residual_bounds candidates n_candidates "
    "top inside descending child_top child_inside "
    "prefix pruned_by_symmetry used decided gain loss touched names gain_order found log",
)
"""What a walk changes; `branch_tables.py` has the shapes.  numbers: by the constants below."""

DEPTH, THRESHOLD, FOUND, LOGGED, STEPS, LENGTH, ANDS, SWEPT = 0, 1, 2, 3, 4, 5, 6, 7


@compiled
def commute(x: int, y: int, n: int, cooccurs: np.ndarray) -> bool:
    """Whether two rules next to each other may swap places without changing any formula."""
    x_or, y_or = x < n, y < n
    if x_or == y_or:
        return True
    if (n <= x < 2 * n) or (n <= y < 2 * n):
        return False
    return not cooccurs[x % n, y % n]


@compiled
def reset_sums(w: Walk, n_touched: int) -> None:
    """Set the sums of the concepts that were touched back to 0, for the next that are counted."""
    for i in range(n_touched):
        d = w.touched[i]
        w.gain[d] = w.loss[d] = 0


@compiled
def record_incumbent(w: Walk, depth: int, value: int, n_last: int, second: int, first: int) -> None:
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
