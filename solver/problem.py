"""What a search is asked: one unit, the concepts, and the cells on which they meet."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from .cells import Cells, ConceptRows, points_of_concepts, refuse_too_many
from .errors import DataError
from .explanation import Explanation
from .formula import Formula
from .integers import exact_sum, integers


@dataclass(frozen=True, eq=False)
class Problem:
    """One unit on the cells.

    concepts: the cells' concept rows.  weights: int64 (n_cells,): points of each cell.
    active: int64 (n_cells,): points of each cell where the unit is active.  unit: its name.

    Raises `DataError` as `Cells` does, but for cells without points, which change no answer.
    """

    concepts: ConceptRows
    weights: np.ndarray
    active: np.ndarray
    unit: str

    def __post_init__(self) -> None:
        for what in ("weights", "active"):
            object.__setattr__(self, what, integers(getattr(self, what), 1, what))
        if not len(self.weights) == len(self.active) == len(self.concepts):
            raise DataError(f"{len(self.weights)} weights and {len(self.active)} active for {len(self.concepts)} cells")
        if (self.active < 0).any() or (self.active > self.weights).any():
            raise DataError("the unit is active on more points of a cell than the cell has, or on fewer than none")
        refuse_too_many(exact_sum(self.weights))

    @classmethod
    def of(cls, cells: Cells, unit: str | int) -> Problem:
        """The problem of one unit, by name or column."""
        column = cells.unit(unit) if isinstance(unit, str) else unit
        problem = cls(cells.concepts, cells.weights, cells.active.of(column), cells.unit_names[column])
        vars(problem)["concept_points"] = cells.concept_points  # the same for all units
        return problem

    @cached_property
    def n_points(self) -> int:
        """All points."""
        return int(self.weights.sum())

    @cached_property
    def unit_points(self) -> int:
        """The points where the unit is active."""
        return int(self.active.sum())

    @cached_property
    def own_cells(self) -> np.ndarray:
        """int64, ascending: the cells on which the unit is somewhere active."""
        return np.flatnonzero(self.active)

    @cached_property
    def concept_points(self) -> np.ndarray:
        """int64 (n_concepts,): the points of each concept."""
        return points_of_concepts(self.concepts, self.weights)

    @property
    def is_degenerate(self) -> bool:
        """Whether the unit's mask is empty or full: then no formula says anything about it."""
        return self.unit_points in (0, self.n_points)

    def reachable(self, target: Fraction, headroom: int) -> Fraction:
        """The target, or the least above it, in powers of two and at most 1, whose values stay small.

        That is: of p/q, q times the active points and p times the others are together below the headroom, so the values
        of no set of cells add up to more.
        """
        a, b = self.unit_points, self.n_points - self.unit_points
        if target.denominator * a + target.numerator * b < headroom:
            return target
        scale = 1
        while 2 * scale * (a + b) < headroom:
            scale *= 2
        return min(Fraction(-(-target.numerator * scale // target.denominator), scale), Fraction(1))

    def explain(self, formula: Formula) -> Explanation:
        """The formula with its counts."""
        return self.explain_mask(formula, self.concepts.mask(formula))

    def explain_mask(self, formula: Formula, mask: np.ndarray) -> Explanation:
        """The same where the formula's mask over the cells, bool (n_cells,), is at hand."""
        both, points = int(self.active[mask].sum()), int(self.weights[mask].sum())
        return Explanation(formula, both, points, self.unit_points, self.n_points)
