"""How much a formula overlaps every concept: the two sums from which all its extensions are scored."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np

from .cells import ConceptRows
from .compiled import add_held, add_rows

ALL_BITS = 255


class Counted(Protocol):
    """What is added up over cells, as `Problem` has it: points, and active ones or what stands in their place."""

    @property
    def concepts(self) -> ConceptRows:
        """The cells' concept rows."""

    @property
    def weights(self) -> np.ndarray:
        """int64 (n_cells,): points."""

    @property
    def active(self) -> np.ndarray:
        """int64 (n_cells,), not below 0."""

    @property
    def own_cells(self) -> np.ndarray:
        """int64, ascending: the cells whose `active` is not 0."""

    @property
    def concept_points(self) -> np.ndarray:
        """int64 (n_concepts,)."""

    @property
    def unit_points(self) -> int:
        """The sum of `active`."""

    @property
    def unit(self) -> str:
        """The unit's name."""


class Overlaps:
    """Counts overlaps on one problem's cells."""

    def __init__(self, problem: Counted) -> None:
        self.problem = problem

    @cached_property
    def totals(self) -> np.ndarray:
        """int64 (2, n_concepts): every concept's points, and its active points.  Only the unit's own cells are read."""
        problem, concepts = self.problem, self.problem.concepts
        sums = np.zeros((len(concepts.names), 2), dtype=np.int64)
        add_rows(problem.own_cells, concepts.indptr, concepts.indices, problem.weights, problem.active, sums)
        return np.stack([problem.concept_points, sums[:, 1]])

    def __call__(self, function: np.ndarray) -> np.ndarray:
        """int64 (2, n_concepts): each concept's points and active points where the function holds.

        function: uint8 (ceil(n_cells / 8),), packed bits.  Whichever of the function and its complement holds on fewer
        cells is walked.
        """
        problem, concepts = self.problem, self.problem.concepts
        sums = np.zeros((len(concepts.names), 2), dtype=np.int64)
        is_most = 2 * int(np.bitwise_count(function).sum(dtype=np.int64)) > len(problem.weights)
        flipped = ALL_BITS if is_most else 0
        add_held(function, flipped, concepts.indptr, concepts.indices, problem.weights, problem.active, sums)
        return self.totals - sums.T if is_most else np.ascontiguousarray(sums.T)
