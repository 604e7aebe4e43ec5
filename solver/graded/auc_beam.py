"""Beam search by AUC: the beam of `solver/beam.py`, with sums of ranks in the place of active points.

AUC depends on two sums over a formula's cells, its points and twice their ranks (`activations.py`), so the beam counts
and compares it as it does IoU: exactly, each function once, ties by length, parent, concept and operator.

A formula on too few points is no answer, but `very OR day` may be one where neither word is; so such formulas stay in
the beam, ranked as if points of mean rank filled them up.
"""

from __future__ import annotations

from collections.abc import Iterable
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

    least: the fewest points on which a formula holds, and on which it does not, at least 1.  beam_size: None keeps all
    functions.  The first step, single concepts, is always done; `stopping` ends the others, and the best of those done
    is given.
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
    singles = list(search.single_concepts())
    best = order.best_answer(singles)
    beam = new = search.best_distinct([], iter(singles))
    search.stopping = stopping
    with suppress(Stopped):
        for length in range(2, max_length + 1):
            beam = search.best_distinct(beam, search.extensions(new, beam))
            new = [entry for entry in beam if len(entry.chain) == length]
            best = order.best_answer(beam if best is None else [*beam, best])
    return best


@dataclass(frozen=True, eq=False)
class _Ranks:
    """What a beam counts of a unit.  active: int64 (n_cells,), twice the ranks' sums."""

    concepts: ConceptRows
    weights: np.ndarray
    active: np.ndarray
    own_cells: np.ndarray
    concept_points: np.ndarray
    unit_points: int
    unit: str

    @classmethod
    def of(cls, unit: GradedUnit) -> _Ranks:
        points = points_of_concepts(unit.concepts, unit.weights)
        own, total = np.flatnonzero(unit.ranks), int(unit.ranks.sum())
        return cls(unit.concepts, unit.weights, unit.ranks, own, points, total, unit.unit)


class AucOrder(Order):
    """By AUC; of formulas on fewer than `least` points, or all but fewer, as if they held on so many.

    With D the sum of twice the ranks minus N + 1, AUC is 1/2 + D / (2 n (N - n)): here n is at least `least`, and at
    most all but `least`.  As |D| is at most the true n (N - n), that is from 0 to 1.
    """

    def __init__(self, n_points: int, least: int) -> None:
        self.n_points, self.least, self.most = n_points, least, max(least, n_points - least)
        self.number = np.int64 if 2 * n_points * (n_points + 1) < EXACT_IN_DOUBLES else object
        self.bits = (n_points**2).bit_length()

    def best_answer(self, entries: Iterable[Entry]) -> Entry | None:
        """The best of those that hold on enough points, and not on too many."""
        answers = (each for each in entries if min(each.points, self.n_points - each.points) >= self.least)
        return min(answers, key=lambda entry: entry.rank, default=None)

    def score(self, intersection: int, points: int, length: int) -> int:
        """As `Order` says: two AUCs differ by more than 2 ** (-2 bits), so their multiples do, rounded down."""
        taken = min(max(points, self.least), self.most)
        full = taken * (self.n_points - taken)
        return ((intersection - points * (self.n_points + 1) + full) << (2 * self.bits)) // (2 * full) if full else 0

    def approximate(self, intersection: np.ndarray, points: np.ndarray, length: int) -> np.ndarray:
        """As `Order` says: of integers that are doubles without loss the division is correctly rounded."""
        points, ranks = (counts.astype(self.number, copy=False) for counts in (points, intersection))
        taken = np.minimum(np.maximum(points, self.least), self.most)
        full = taken * (self.n_points - taken)
        return np.asarray((ranks - points * (self.n_points + 1) + full) / np.maximum(2 * full, 1), dtype=np.float64)
