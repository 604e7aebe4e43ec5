"""Masks shuffled over the points: what a search finds where there is nothing to find.

Each unit keeps its number of active points; which points these are is drawn at random.  All that a formula can see
of a mask is how many active points each cell has, and that is drawn from the multivariate hypergeometric
distribution, exactly as if the points themselves had been permuted.

Words are shuffled within their documents: each document keeps its number of active words, so that a unit is not found
better than chance for a topic alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...probes.inputs import Activity
from ...probes.store import Probe
from ...solver.cells import Cells
from ...solver.errors import UsageError
from ...solver.problem import Problem
from ...solver.unit_counts import UnitCounts
from ..run.engines import SearchSettings, ShouldStop, explain_unit

MAX_POINTS = 10**9
"""numpy draws from fewer points than this."""


def shuffled(problem: Problem, rng: np.random.Generator) -> Problem:
    """The problem with its unit's active points moved to points drawn at random, without replacement.

    Raises `UsageError` for 10**9 points and more.
    """
    if problem.n_points >= MAX_POINTS:
        raise UsageError(
            f"{problem.n_points:,} points; shuffled masks are drawn from fewer than {MAX_POINTS:,}: "
            "probe fewer images, or with smaller label maps (--mask-size)"
        )
    active = rng.multivariate_hypergeometric(problem.weights, problem.unit_points, method="marginals")
    return replace(problem, active=np.ascontiguousarray(active, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Documents:
    """The points of a probe of words.

    cell_of, document_of: int (n_points,), the cell and the document of each.  activity: which units are active on it.
    """

    cell_of: np.ndarray
    document_of: np.ndarray
    activity: Activity

    @classmethod
    def of(cls, probe: Probe) -> Documents | None:
        """None where the points are no words."""
        if not probe.inputs.has("sentences"):
            return None
        stored = probe.inputs.sentences
        documents = stored.sentence_documents[stored.point_sentences]
        return cls(np.asarray(probe.inputs.point_cells), documents, probe.inputs.activity)

    def shuffled(self, problem: Problem, column: int, rng: np.random.Generator) -> Problem:
        """The problem of the unit with its active points moved to points of the same document, drawn at random."""
        wanted = np.bincount(self.document_of[self.activity.of(column)], minlength=int(self.document_of.max()) + 1)
        order = np.lexsort((rng.random(len(self.document_of)), self.document_of))
        documents = self.document_of[order]
        rank = np.arange(len(order)) - np.searchsorted(documents, documents)
        active = np.bincount(self.cell_of[order[rank < wanted[documents]]], minlength=len(problem.weights))
        return replace(problem, active=active.astype(np.int64))


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
    documents: to shuffle within, of words.
    """

    lengths: tuple[int, ...]
    n_shuffles: int
    beam_size: int
    seed: int
    documents: Documents | None = None

    def __call__(self, cells: Cells, column: int, should_stop: ShouldStop) -> Null:
        rng = np.random.default_rng([self.seed, column])
        problem = Problem.of(cells, column)
        real = self._ious(problem)
        draws: list[np.ndarray] = []
        while len(draws) < self.n_shuffles and not should_stop():
            draws.append(self._ious(self._shuffled(problem, column, rng)))
        return Null(real, np.array(draws).reshape(len(draws), len(self.lengths)))

    def _shuffled(self, problem: Problem, column: int, rng: np.random.Generator) -> Problem:
        return shuffled(problem, rng) if self.documents is None else self.documents.shuffled(problem, column, rng)

    def _ious(self, problem: Problem) -> np.ndarray:
        settings = SearchSettings(max_length=self.lengths[-1], beam_size=self.beam_size)
        active = UnitCounts.of_matrix(problem.active[:, None])
        cells = Cells(problem.concepts, problem.weights, active, (problem.unit,))
        found = explain_unit(cells, 0, settings).by_length
        return np.array([float(found[length - 1].iou) if found else 0.0 for length in self.lengths])
