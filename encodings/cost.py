"""What an outside solver's model costs in memory and time, by estimate, before it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..solver.problem import Problem
    from .shape import Shape

MOST_BYTES = 4 * 2**30
"""Memory of the solver's process."""


@dataclass(frozen=True)
class Cost:
    """What a solver's model costs: for each leaf and concept of a cell, and for each part and cell.

    Parts are the leaves, and each split of each span.  entry_bytes, part_bytes: of the process while it solves.
    entry_seconds, part_seconds: to make the model, before the solver begins.
    """

    entry_bytes: int
    part_bytes: int
    entry_seconds: float
    part_seconds: float

    def of(self, problem: Problem, shape: Shape) -> tuple[float, float]:
        """(bytes, seconds)"""
        entries = shape.length * len(problem.concepts.indices)
        parts = (shape.length + sum(len(node.rights) for node in shape.nodes)) * len(problem.weights)
        return (
            entries * self.entry_bytes + parts * self.part_bytes,
            entries * self.entry_seconds + parts * self.part_seconds,
        )
