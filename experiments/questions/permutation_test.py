"""Masks shuffled: what a search finds where there is nothing to find.

How masks are shuffled is in `shuffles.py`.  Each shuffled mask is searched as the unit's own was, so what a search
finds by trying much is in the null distribution, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...solver.cells import Cells
from ...solver.problem import Problem
from ...solver.unit_counts import UnitCounts
from ..run.engines import SearchSettings, ShouldStop, explain_unit
from .shuffles import Shuffle


@dataclass(frozen=True, eq=False)
class Null:
    """A unit's IoU, and those of its shuffled masks: the permutation null.

    real: float64 (n_lengths,).  shuffled: float64 (n_shuffles, n_lengths).
    """

    real: np.ndarray
    shuffled: np.ndarray

    @property
    def p_values(self) -> np.ndarray:
        """float64 (n_lengths,): (1 + shuffled masks explained as well or better) / (1 + n_shuffles)."""
        exceed = (self.shuffled >= self.real).sum(axis=0)
        return np.asarray((1 + exceed) / (1 + len(self.shuffled)))


@dataclass(frozen=True)
class DrawNull:
    """The work for one unit: explain it, and as many shuffles of it, by a beam.

    lengths: maximum lengths, ascending.  The draws depend on the seed and the unit's column alone.
    """

    lengths: tuple[int, ...]
    n_shuffles: int
    beam_size: int
    seed: int
    shuffle: Shuffle

    def __call__(self, cells: Cells, column: int, should_stop: ShouldStop) -> Null:
        rng = np.random.default_rng([self.seed, column])
        problem = Problem.of(cells, column)
        real = self._ious(problem)
        draws: list[np.ndarray] = []
        while len(draws) < self.n_shuffles and not should_stop():
            draws.append(self._ious(self.shuffle.shuffled(problem, column, rng)))
        return Null(real, np.array(draws).reshape(len(draws), len(self.lengths)))

    def _ious(self, problem: Problem) -> np.ndarray:
        settings = SearchSettings(max_length=self.lengths[-1], beam_size=self.beam_size)
        active = UnitCounts.of_matrix(problem.active[:, None])
        cells = Cells(problem.concepts, problem.weights, active, (problem.unit,))
        found = explain_unit(cells, 0, settings).by_length
        return np.array([float(found[length - 1].iou) if found else 0.0 for length in self.lengths])
