"""What an outside solver's model costs in memory and time, by estimate, before it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from ..solver.problem import Problem
    from .shape import Shape

MOST_BYTES = 4 * 2**30
"""Memory of the solver's process."""
MOST_ROLE_LITERALS = 20_000_000
"""Of the clauses by roles; where there would be more, chains are put by position."""


def fits_roles(matrix: np.ndarray) -> bool:
    """Whether the clauses of `roles.py` are few enough.  matrix: bool (n_cells, n_concepts)."""
    return role_literals(int(matrix.sum()), matrix.shape[1]) <= MOST_ROLE_LITERALS


def role_literals(entries: int, n_concepts: int) -> int:
    """How many literals the clauses have at most, about: for each concept of each cell, a filter of every concept."""
    return entries * n_concepts


@dataclass(frozen=True)
class Cost:
    """What a solver's model costs: for each leaf and concept of a cell, and for each part and cell.

    Parts are the leaves, and each split of each span.  entry_bytes, part_bytes: of the process while it solves.
    entry_seconds, part_seconds: to make the model, before the solver begins.  literal_bytes, literal_seconds: the same
    for each literal of a model by roles.
    """

    entry_bytes: int
    part_bytes: int
    entry_seconds: float
    part_seconds: float
    literal_bytes: int = 0
    literal_seconds: float = 0.0

    def of(self, problem: Problem, shape: Shape) -> tuple[float, float]:
        """(bytes, seconds)"""
        literals = role_literals(len(problem.concepts.indices), len(problem.concepts.names))
        if self.literal_bytes and shape.space == "chain" and literals <= MOST_ROLE_LITERALS:
            return literals * self.literal_bytes, literals * self.literal_seconds
        entries = shape.length * len(problem.concepts.indices)
        parts = (shape.length + sum(len(node.rights) for node in shape.nodes)) * len(problem.weights)
        return (
            entries * self.entry_bytes + parts * self.part_bytes,
            entries * self.entry_seconds + parts * self.part_seconds,
        )
