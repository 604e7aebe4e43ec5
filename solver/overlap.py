"""How much a formula overlaps every concept: the two sums from which all its extensions are scored."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .compiled import add_rows
from .problem import Problem


class Overlaps:
    """Counts overlaps on one problem's cells."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def _sums(self, rows: np.ndarray) -> np.ndarray:
        problem, concepts = self.problem, self.problem.concepts
        sums = np.zeros((len(concepts.names), 2), dtype=np.int64)
        add_rows(rows, concepts.indptr, concepts.indices, problem.weights, problem.active, sums)
        return np.ascontiguousarray(sums.T)

    @cached_property
    def totals(self) -> np.ndarray:
        """int64 (2, n_concepts): every concept's points, and its active points."""
        return self._sums(np.arange(len(self.problem.weights)))

    def __call__(self, mask: np.ndarray) -> np.ndarray:
        """int64 (2, n_concepts): each concept's points and active points inside the mask.

        mask: bool (n_cells,).  Whichever of the mask and its complement has fewer cells is walked.
        """
        rows = np.flatnonzero(mask)
        if 2 * len(rows) <= len(mask):
            return self._sums(rows)
        outside: np.ndarray = self._sums(np.flatnonzero(~mask))
        return np.asarray(self.totals - outside)
