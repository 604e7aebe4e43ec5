"""What the walk over prefixes reads, and the walk before its first step."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

from ..cells import ConceptRows
from ..compiled import CellArrays, gains_and_losses
from ..problem import Problem
from ..stopping import Stopping
from . import cooccurrence as pairs
from . import node_bounds as node
from . import state

LOG_SIZE = 1 << 16
"""Numbers of the log at first; two for each prefix that is opened."""


def prepared(
    problem: Problem, target: Fraction, length: int, threshold: int, reached: list[int], stopping: Stopping
) -> tuple[state.Tables, state.Walk]:
    """Tables and an unbegun walk for formulas of at most `length` concepts with a value above the threshold.

    reached: the most that 1, 2, ..., length - 1 concepts reach.  Raises `Stopped`.
    """
    stopping.check()
    concepts = problem.concepts
    n = len(concepts.names)
    starts, rows, cooccurs = _structure(concepts, stopping)
    values = _values(problem, target)
    cells = CellArrays(concepts.indptr, concepts.indices, starts, rows, values)
    gains, losses = gains_and_losses(starts, rows, values)
    size = np.empty(n, dtype=np.int64)
    size[np.argsort(losses, kind="stable")] = np.arange(n)
    k = length + 2
    lists = pairs.no_lists(n, k)
    for c in stopping.each(range(n)):
        pairs.fill_lists(cells, size, c, lists)
    blocks = np.zeros((k + 1, k + 1), dtype=np.int64)
    for e in stopping.each(range(n)):
        pairs.raise_blocks(cells, lists.names, lists.losses, e, blocks)
    by_gain = np.argsort(-gains, kind="stable")
    order = np.concatenate([by_gain, 2 * n + by_gain, n + by_gain])
    rank = np.empty(3 * n, dtype=np.int64)
    rank[order] = np.arange(3 * n)
    subproblem_bound = np.array([0, *reached, state.UNKNOWN], dtype=np.int64)
    tables = state.Tables(cells, cooccurs, order, rank, *lists, blocks, subproblem_bound)
    walk = _unbegun(n, len(values), length)
    walk.gains[0], walk.losses[0] = gains, losses
    walk.total[0] = np.maximum(values, 0).sum()
    walk.numbers[state.LENGTH], walk.numbers[state.THRESHOLD] = length, threshold
    node.enter(tables, walk, 0)
    return tables, walk


def _values(problem: Problem, target: Fraction) -> np.ndarray:
    return np.asarray(target.denominator * problem.active - target.numerator * (problem.weights - problem.active))


def _structure(concepts: ConceptRows, stopping: Stopping) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows by concept, and who shares a cell with whom."""
    starts, rows = concepts.by_column
    cooccurs, done = _cooccurring(concepts)
    for c in stopping.each(np.flatnonzero(~done)):
        pairs.mark_cooccurring(concepts.indptr, concepts.indices, starts, rows, c, cooccurs)
        done[c] = True
    return starts.astype(np.int64), rows.astype(np.int64), cooccurs


@lru_cache(maxsize=4)
def _cooccurring(concepts: ConceptRows) -> tuple[np.ndarray, np.ndarray]:
    """What all units that share the cells have in common: bool (n, n), and for which concepts it is filled."""
    n = len(concepts.names)
    return np.zeros((n, n), dtype=bool), np.zeros(n, dtype=bool)


def _unbegun(n: int, n_cells: int, length: int) -> state.Walk:
    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype=np.int64)

    deep = length + 1
    return state.Walk(
        numbers=zeros(8),
        gains=zeros(deep, n),
        losses=zeros(deep, n),
        base=zeros(deep),
        dominance_slack=zeros(deep),
        total=zeros(deep),
        place=zeros(deep),
        residual_bounds=zeros(deep, 2),
        candidates=zeros(deep, n),
        n_candidates=zeros(deep),
        top=zeros(deep, length + 2, length + 2),
        inside=zeros(deep, length + 2),
        descending=zeros(deep, length + 2),
        child_top=zeros(length + 2, length + 2),
        child_inside=zeros(length + 2),
        prefix=zeros(deep),
        pruned_by_symmetry=np.zeros((deep, 3 * n), dtype=np.bool_),
        used=zeros(n),
        decided=np.zeros(n_cells, dtype=np.int8),
        gain=zeros(n),
        loss=zeros(n),
        touched=zeros(n + 1),
        names=zeros(n),
        gain_order=zeros(n),
        found=zeros(length + 2),
        log=zeros(LOG_SIZE),
    )
