"""Beam search by AUC: the beam of `solver/beam.py`, with sums of ranks in the place of active points.

AUC depends on two sums over a formula's cells, its points and twice their ranks (`activations.py`), so the beam counts
and compares it as it does IoU: exactly, each function once, ties by length, parent, concept and operator.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..beam import BeamSearch, Entry, check_settings
from ..cells import ConceptRows, points_of_concepts
from ..chain import to_formula
from ..errors import DisagreementError
from ..ranking import EXACT_IN_DOUBLES, Order
from ..stopping import Stopped, Stopping
from .activations import GradedExplanation, GradedUnit


def beam_by_auc(
    unit: GradedUnit,
    max_length: int = 3,
    least: int = 1,
    *,
    beam_size: int | None = 10,
    stopping: Stopping | None = None,
) -> GradedExplanation | None:
    """The best formula that a beam finds, or None where none of them holds on enough points, and not on too many.

    least: the fewest points on which a formula holds, and on which it does not, at least 1.  A formula of fewer may be
    in the beam, behind all others, and is never the answer.  beam_size: None keeps all functions.
    The first step, single concepts, is always done; `stopping` ends the others, and the best of those done is given.
    Raises `UsageError` for settings out of range; `DisagreementError` where the formula, counted again, has other sums.
    """
    check_settings(max_length, beam_size, 1, 1, "iou")
    found = _best(unit, max_length, AucOrder(unit.n_points, max(least, 1)), beam_size, stopping or Stopping())
    if found is None:
        return None
    explained = unit.explain(to_formula(found.chain, unit.concepts.names))
    if (explained.points, explained.ranks) != (found.points, found.intersection):
        raise DisagreementError(f"unit {unit.unit}: {explained.formula} was counted otherwise by the beam")
    return explained


def _best(
    unit: GradedUnit, max_length: int, order: AucOrder, beam_size: int | None, stopping: Stopping
) -> Entry | None:
    search = BeamSearch(_Ranks.of(unit), order, beam_size, least_intersection=0)
    beam = new = search.best_distinct([], search.single_concepts())
    search.stopping = stopping
    with suppress(Stopped):
        for length in range(2, max_length + 1):
            beam = search.best_distinct(beam, search.extensions(new, beam))
            new = [entry for entry in beam if len(entry.chain) == length]
    return next((entry for entry in beam if entry.score), None)


@dataclass(frozen=True, eq=False)
class _Ranks:
    """What a beam counts of a unit.  active: int64 (n_cells,), twice the ranks' sums."""

    concepts: ConceptRows
    weights: np.ndarray
    active: np.ndarray
    own_cells: np.ndarray
    concept_points: np.ndarray
    unit: str

    @classmethod
    def of(cls, unit: GradedUnit) -> _Ranks:
        points = points_of_concepts(unit.concepts, unit.weights)
        return cls(unit.concepts, unit.weights, unit.ranks, np.flatnonzero(unit.ranks), points, unit.unit)


class AucOrder(Order):
    """By AUC, which is above that of all formulas that hold on fewer than `least` points, or on all but fewer."""

    def __init__(self, n_points: int, least: int) -> None:
        self.n_points, self.least = n_points, least
        self.number = np.int64 if n_points * (n_points + 1) < EXACT_IN_DOUBLES else object
        self.bits = (n_points**2).bit_length()

    def score(self, intersection: int, points: int, length: int) -> int:
        """As `Order` says.

        Two different AUCs have denominators of at most n_points ** 2 / 2, so they differ by more than 2 ** (-2 bits),
        and so do their multiples, rounded down.  1 is above what is no answer.
        """
        others = self.n_points - points
        if min(points, others) < self.least:
            return 0
        return 1 + ((intersection - points * (points + 1)) << (2 * self.bits)) // (2 * points * others)

    def approximate(self, intersection: np.ndarray, points: np.ndarray, length: int) -> np.ndarray:
        """As `Order` says: of integers that are doubles without loss the division is correctly rounded, as is the sum
        with 1; both keep the order."""
        points, ranks = (counts.astype(self.number, copy=False) for counts in (points, intersection))
        others = self.n_points - points
        top, bottom = ranks - points * (points + 1), np.maximum(2 * points * others, 1)
        value = 1 + np.asarray(top / bottom, dtype=np.float64)
        return np.where(np.minimum(points, others) < self.least, 0.0, value)
