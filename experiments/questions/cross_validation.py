"""Explained without a fold, scored on it: what formulas of each length are worth on inputs that nobody looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.cells import Cells
from ...solver.errors import UsageError
from ...solver.problem import Problem
from ..run.settings import SearchSettings
from ..run.where import HERE, Where
from .explanations import Explained, explain_at
from .held_out_counts import HeldOutCounts, shortest_within_one, standard_error
from .splits import TrainTestSplit, by_folds


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Of units and maximum lengths.

    lengths: ascending.  found: float64 (n_splits, n_units, n_lengths), IoU where the formula was found.
    counts: the same axes, where it was not.
    """

    lengths: tuple[int, ...]
    found: np.ndarray
    counts: HeldOutCounts

    @property
    def mean_iou(self) -> np.ndarray:
        """float64 (n_lengths,): held out, over the units."""
        return np.asarray(self.counts.iou.mean(axis=0))

    @property
    def mean_error(self) -> np.ndarray:
        """float64 (n_lengths,): the standard error of these means; units share the inputs of a fold."""
        return standard_error(self.counts.influence.mean(axis=1))

    def chosen(self) -> int:
        """The shortest length whose mean is within one standard error of the best."""
        return self.lengths[shortest_within_one(self.mean_iou, self.mean_error)]

    def chosen_of(self, unit: int) -> int:
        """The same of one unit alone."""
        counts = self.counts
        return self.lengths[shortest_within_one(counts.iou[unit], counts.standard_error[unit])]


def cross_validate(
    probe: Probe,
    units: Sequence[str],
    lengths: Sequence[int],
    settings: SearchSettings,
    *,
    where: Where = HERE,
    on_progress: Progress = silent,
) -> CrossValidation:
    """Over the folds of the probe.  Raises `UsageError` where it has none, or no unit is asked for."""
    if not units:
        raise UsageError("no unit to explain")
    return over_splits(probe, by_folds(probe), units, lengths, settings, where, on_progress)


def over_splits(
    probe: Probe,
    splits: Sequence[TrainTestSplit],
    units: Sequence[str],
    lengths: Sequence[int],
    settings: SearchSettings,
    where: Where,
    on_progress: Progress,
) -> CrossValidation:
    """Explained on one part of each split, scored on the other."""
    lengths = tuple(sorted(set(lengths)))
    shape = (len(splits), len(units), len(lengths))
    found, both, either = np.zeros(shape), np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for number, split in enumerate(splits):
        part = Probe(split.explain, probe.about)
        explained = explain_at(part, units, lengths, settings, where=where, on_progress=on_progress)
        found[number] = [[float(unit.iou(length)) for length in lengths] for unit in explained]
        for place, unit in enumerate(explained):
            both[number, place], either[number, place] = held_out(unit, lengths, split.score)
    return CrossValidation(lengths, found, HeldOutCounts(both, either))


def held_out(unit: Explained, lengths: Sequence[int], score: Cells) -> tuple[list[int], list[int]]:
    """The intersection and union of the unit's formulas on other cells.

    Without a formula, as where there is nothing to explain, none of the unit's points is explained.
    """
    problem = Problem.of(score, unit.unit)
    both, either = [], []
    for length in lengths:
        best = unit.best(length)
        counted = None if best is None else problem.explain(best.formula)
        both.append(0 if counted is None else counted.intersection)
        either.append(problem.unit_points if counted is None else counted.union)
    return both, either
