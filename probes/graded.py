"""Units by their activations, as the searches without a threshold take them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.cells import ConceptRows
from ..solver.graded.activations import GradedUnit
from .array_activations import read_with_activations
from .opening import open_probe
from .store import Probe


def open_graded(path: str | Path) -> Probe:
    """A probe folder, or an `.npz` file with `activations`, as a probe that has activations.

    Raises `UsageError` for a probe that keeps none, `DataError` for a file without.
    """
    path = Path(path)
    probe = read_with_activations(path) if path.suffix == ".npz" and path.is_file() else open_probe(path)
    _ = probe.inputs.activations
    return probe


@dataclass(frozen=True, eq=False)
class GradedUnits:
    """The units of a probe that has activations.

    For another process only where the probe lies goes along, if it is on disk.
    """

    probe: Probe

    def __reduce__(self) -> tuple[Any, ...]:
        return (GradedUnits, (self.probe,)) if self.probe.path is None else (_opened, (self.probe.path,))

    def unit(self, column: int, *, low: bool = False) -> GradedUnit:
        """One unit; low: where it is low counts as where it is high."""
        rows, cell_of = self._points
        values = self.probe.inputs.activations.of(column).astype(np.float64)
        return GradedUnit(rows, cell_of, -values if low else values, self.probe.cells.unit_names[column])

    @cached_property
    def _points(self) -> tuple[ConceptRows, np.ndarray]:
        """The rows of the cells that have points, and int64 (n_points,), which of them each point is in."""
        rows, cell_of = self.probe.cells.concepts, self.probe.inputs.activations.cell_of
        used, place = np.unique(cell_of, return_inverse=True)
        sizes = np.diff(rows.indptr)
        is_used = np.zeros(len(rows), dtype=bool)
        is_used[used] = True
        indptr = np.concatenate([[0], np.cumsum(sizes[used])])
        return ConceptRows(rows.names, rows.categories, indptr, rows.indices[np.repeat(is_used, sizes)]), place


def _opened(path: Path) -> GradedUnits:
    return GradedUnits(open_graded(path))
