"""Lengths of 1 to 8: the best chain of every length, counted, and every engine for chains held against it.

The yardstick keeps no bound and leaves nothing out: from all functions of chains of k concepts come those of k + 1,
each a whole number whose bits are the cells where it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
from asking import by_prefixes, by_roles
from fuzzing.agreement import refused, targets
from fuzzing.case import Case, check_answer, require

from compexact.solver import Atom, SearchResult, Status, beam_search, certified, exact_search, local_search

MOST_FUNCTIONS = 60_000
"""Longer chains are not asked for where those of one length have more functions than this."""
LONGEST = 8
LONGEST_BY_SETS = 5
SECONDS = 0.5
"""For one search beyond the sets: what it then has is checked alike."""


def functions_by_length(matrix: np.ndarray) -> Iterator[np.ndarray]:
    """For 1, 2, ... concepts, int64 (n,): the functions that shorter chains do not have."""
    bits = np.int64(1) << np.arange(len(matrix), dtype=np.int64)
    concepts = np.unique(matrix.T @ bits)
    new = seen = concepts
    while len(new) <= MOST_FUNCTIONS:
        yield new
        left, right = new[:, None], concepts[None, :]
        longer = np.unique(np.concatenate([left | right, left & right, left & ~right]))
        new = np.setdiff1d(longer, seen, assume_unique=True)
        seen = np.union1d(seen, new)


def best_iou(functions: np.ndarray, weights: np.ndarray, active: np.ndarray) -> Fraction:
    """The highest of these functions.  weights, active: int64 (n_cells,)."""
    holds = (functions[:, None] >> np.arange(len(weights), dtype=np.int64) & 1).astype(object)
    both, points = holds @ active.astype(object), holds @ weights.astype(object)
    unit = int(active.sum())
    pairs = {(int(b), int(p) + unit - int(b)) for b, p in zip(both, points)}
    return max((Fraction(b, union) for b, union in pairs if union), default=Fraction(0))


def optima(case: Case) -> list[Fraction]:
    """The highest IoU of chains of at most 1, 2, ..., 8 concepts, as far as they can be counted."""
    best, out = Fraction(0), []
    for functions, _ in zip(functions_by_length(case.matrix), range(LONGEST)):
        best = max(best, best_iou(functions, case.weights, case.active))
        out.append(best)
    return out


def lengths_up_to_eight_are_right(case: Case) -> None:
    best = optima(case)
    length = int(case.rng.integers(1, len(best) + 1))
    beam = 1 + case.seed % 3
    if length <= LONGEST_BY_SETS:
        proven(case, exact_search(case.problem, max_length=length, beam_size=beam), best[:length], must_close=True)
        for search in (by_roles, by_prefixes):
            found = search(case.problem, max_length=length, beam_size=beam, time_limit=SECONDS)
            proven(case, found, best[:length])
    else:
        proven(case, exact_search(case.problem, max_length=length, time_limit=SECONDS), best[:length])
    for found in (
        beam_search(case.problem, max_length=length, beam_size=beam),
        local_search(case.problem, max_length=length, seed=case.seed),
    ):
        check_answer(case, found, best[length - 1], length)


def proven(case: Case, answer: SearchResult, best: list[Fraction], must_close: bool = False) -> None:
    """What is claimed is true, of shorter formulas too; and no lower bound passes with the same proof."""
    length, optimum, found = len(best), best[-1], certified(case.problem, answer)
    check_answer(case, found, optimum, length)
    for shorter, iou in zip(found.by_length, best):
        require(shorter.iou <= iou, f"{found.engine}: by_length {shorter.iou} above the optimum {iou}")
    if found.status is Status.OPTIMAL:
        require(found.best is not None and found.best.iou == optimum, f"optimal, but not {optimum}")
    if must_close and case.must_be_proven and optimum:
        require(found.status is Status.OPTIMAL, f"length {length} is {found.status.value}")
    weaker = case.problem.explain(Atom(f"c{case.rng.integers(case.matrix.shape[1])}"))
    if found.certificate is not None and weaker.iou < optimum:
        for bound in targets(weaker.iou, optimum):
            refused(case, replace(found.certificate, bound=bound), weaker)
