"""The chain of at most three concepts with the highest AUC, by scoring every function of up to three.

Chains of at most three concepts make one function of one concept, and so many of two and three as `solver/front` lists;
one that names a concept twice is a function of a shorter one.  Each is a sum of what single concepts, pairs and triples
have, points and ranks alike, so all of them are gone through.  There is no bound to trust: the best is the best of all.
"""

from __future__ import annotations

import numpy as np

from ..chain import to_formula
from ..compiled import CellArrays
from ..errors import DisagreementError, UsageError
from ..front.small_functions import functions_of, third, without_third
from ..sets.pair_counts import pair_sums
from ..stopping import Stopping
from . import sweep as kernels
from .activations import GradedExplanation, GradedUnit

MAX_LENGTH = 3
MAX_CONCEPTS = 2048
"""Of so many there are 33 billion functions of three: an hour."""


def best_by_auc(
    unit: GradedUnit, max_length: int = 3, least: int = 1, stopping: Stopping | None = None
) -> GradedExplanation | None:
    """The best chain; of equal ones the shortest, then the first.

    least: the fewest points on which a formula holds, and on which it does not, at least 1; as AUC does not ask how
    many they are, one point where the unit is very high would do.  None where no formula has them.
    Raises `UsageError` for a length that is not 1, 2 or 3, or too many concepts; `Stopped`; `DisagreementError` where
    the formula, counted again, has another AUC.
    """
    n = len(unit.concepts.names)
    if not 1 <= max_length <= MAX_LENGTH:
        raise UsageError(f"formulas are searched by AUC at 1 to {MAX_LENGTH} concepts, not {max_length}")
    if n > MAX_CONCEPTS:
        raise UsageError(f"formulas are searched by AUC over at most {MAX_CONCEPTS:,} concepts, not {n:,}; keep fewer")
    stopping = stopping or Stopping()
    tables, best = _tables(unit, max(least, 1)), _unbegun(unit)
    is_left = n > 0
    while is_left:
        stopping.check()
        is_left = kernels.sweep(tables, best, max_length)
    return _explained(unit, best)


def _explained(unit: GradedUnit, best: kernels.Best) -> GradedExplanation | None:
    numbers = best.numbers.tolist()
    length = numbers[kernels.LENGTH]
    if length > MAX_LENGTH:
        return None
    concepts = numbers[kernels.X], numbers[kernels.Y], numbers[kernels.Z]
    steps = functions_of(length)[numbers[kernels.FUNCTION]].steps
    formula = to_formula(tuple((operator, concepts[which]) for operator, which in steps), unit.concepts.names)
    found = unit.explain(formula)
    if found.auc.numerator * numbers[kernels.BOTTOM] != found.auc.denominator * numbers[kernels.TOP]:
        raise DisagreementError(f"unit {unit.unit}: {formula} was counted otherwise, its AUC is {found.auc}")
    return found


def _tables(unit: GradedUnit, least: int) -> kernels.Tables:
    concepts = unit.concepts
    cells = CellArrays(concepts.indptr, concepts.indices.astype(np.int64), *concepts.by_column, unit.ranks)
    rows = np.arange(len(unit.weights))
    return kernels.Tables(
        cells,
        unit.weights,
        unit.n_points,
        least,
        pair_sums(cells, rows, unit.weights),
        pair_sums(cells, rows, unit.ranks),
        without_third(2),
        np.hstack([without_third(3), third()]),
    )


def _unbegun(unit: GradedUnit) -> kernels.Best:
    n = len(unit.concepts.names)
    numbers = np.zeros(9, dtype=np.int64)
    numbers[kernels.BOTTOM], numbers[kernels.LENGTH] = 1, MAX_LENGTH + 1
    return kernels.Best(
        numbers,
        held=np.zeros(len(unit.concepts), dtype=np.uint8),
        third_points=np.zeros(n, dtype=np.int64),
        third_ranks=np.zeros(n, dtype=np.int64),
    )
