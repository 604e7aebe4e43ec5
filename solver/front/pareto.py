"""The front: chains of at most three concepts that no other beats in false positives and false negatives.

A chain is beaten by another that has no more of either, and fewer of one.  Those that no chain beats are the front, one
for each pair of numbers: the shorter, then the first in the order of the walk (`triples.py`).  Chains that share no
point with the unit are no answers and left out.

Claim.  A score that rises with every hit and falls with every false positive, or stays, is highest on the front.  For
take the best formula: if it is beaten, what beats it is no worse in either number, so its score is no lower; and as
there are finitely many, one that is not beaten is reached.  IoU is such a score, and so are the Tversky index at all
weights, precision, recall, specificity and informedness (recall + specificity - 1).

Matthews' correlation is such a score where it is above 0.  With U of N points active and q points in the formula it is
(N TP - U q) / sqrt(U (N - U) q (N - q)).  Let TP stay and q rise: its logarithm has the derivative
-U / (N TP - U q) - (N - 2q) / (2 q (N - q)).  As TP <= U, the first part is at most -1 / (N - q), and the second is
below 1 / (N - q), so it falls.  Exchange what is active for what is not, and the formula for its negation: the
correlation stays, and false positives and negatives change places.  So it falls with these, too.

All chains are gone through.  A chain that names a concept twice is a function of a shorter one: after x op y, a
further x gives x, y AND NOT x, x AND NOT y, x OR y, x AND y, or nothing.  The others are, of three concepts, 23
functions; their counts follow from what pairs and triples of concepts share.
"""

from __future__ import annotations

import numpy as np

from ..chain import to_formula
from ..compiled import CellArrays
from ..errors import DisagreementError, UsageError
from ..explanation import Explanation
from ..problem import Problem
from ..sets.pair_counts import pair_sums
from ..stopping import Stopping
from . import triples as kernels
from .small_functions import functions_of, third, without_third

MAX_LENGTH = 3
MAX_CONCEPTS = 4096
"""Of two tables of all pairs, 128 MiB each."""
FORMULAS_BETWEEN_POLLS = 1 << 22
ROOM = 1024
BUCKET_BITS = kernels.BUCKETS.bit_length() - 1


def error_front(problem: Problem, max_length: int = 3, stopping: Stopping | None = None) -> tuple[Explanation, ...]:
    """The front, by rising false positives; nothing where no concept shares a point with the unit.

    Raises `UsageError` for a length that is not 1, 2 or 3, or too many concepts; `Stopped` where it is stopped, since
    part of a front is none; `DisagreementError` where a formula, counted again, has other numbers.
    """
    if not 1 <= max_length <= MAX_LENGTH:
        raise UsageError(f"a front is of formulas of 1 to {MAX_LENGTH} concepts, not {max_length}")
    if len(problem.concepts.names) > MAX_CONCEPTS:
        raise UsageError(
            f"a front is of at most {MAX_CONCEPTS:,} concepts, not {len(problem.concepts.names):,}; keep fewer"
        )
    stopping = stopping or Stopping()
    tables, walk = _tables(problem), _unbegun(problem)
    state = kernels.PAUSED
    while state != kernels.DONE:
        stopping.check()
        if state == kernels.FULL:
            walk = _roomier(walk)
        state = kernels.walk(tables, walk, FORMULAS_BETWEEN_POLLS, max_length)
    return tuple(_explained(problem, walk, place) for place in range(walk.numbers[kernels.SIZE]))


def _explained(problem: Problem, walk: kernels.Walk, place: int) -> Explanation:
    length, *concepts, function = walk.what[place].tolist()
    chain = tuple((operator, concepts[which]) for operator, which in functions_of(length)[function].steps)
    found = problem.explain(to_formula(chain, problem.concepts.names))
    hits, errors = int(walk.hits[place]), int(walk.errors[place])
    if (found.intersection, found.formula_points - found.intersection) != (hits, errors):
        raise DisagreementError(f"unit {problem.unit}: {found.formula} was counted as {hits} hits, {errors} errors")
    return found


def _tables(problem: Problem) -> kernels.Tables:
    concepts, active = problem.concepts, problem.active
    inactive = problem.weights - active
    indices = concepts.indices.astype(np.int64)
    cells = CellArrays(concepts.indptr, indices, *concepts.by_column, active)
    rows = np.arange(len(active))
    shared, shared_inactive = (pair_sums(cells, rows, amounts) for amounts in (active, inactive))
    return kernels.Tables(
        cells,
        inactive,
        shared.diagonal().copy(),
        shared_inactive.diagonal().copy(),
        shared,
        shared_inactive,
        without_third(2),
        np.hstack([without_third(3), third()]),
    )


def _unbegun(problem: Problem) -> kernels.Walk:
    n = len(problem.concepts.names)
    room = ROOM + 4 * n
    shift = max(0, problem.unit_points.bit_length() - BUCKET_BITS)
    numbers = np.array([1, 0, 1, 0, 0, 0, shift, max(0, shift - BUCKET_BITS)], dtype=np.int64)
    return kernels.Walk(
        numbers,
        hits=np.zeros(room, dtype=np.int64),
        errors=np.zeros(room, dtype=np.int64),
        what=np.zeros((room, 5), dtype=np.int64),
        least=np.full(2 * kernels.BUCKETS, kernels.NOTHING, dtype=np.int64),
        held=np.zeros(len(problem.weights), dtype=np.uint8),
        third_active=np.zeros(n, dtype=np.int64),
        third_inactive=np.zeros(n, dtype=np.int64),
    )


def _roomier(walk: kernels.Walk) -> kernels.Walk:
    """The same with twice the room for the front."""
    return walk._replace(
        hits=np.concatenate([walk.hits, np.zeros_like(walk.hits)]),
        errors=np.concatenate([walk.errors, np.zeros_like(walk.errors)]),
        what=np.concatenate([walk.what, np.zeros_like(walk.what)]),
    )
