"""Units by their activations, as the searches without a threshold take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.cell_parts import rows_of
from ..solver.cells import ConceptRows
from ..solver.errors import UsageError
from ..solver.graded.activations import GradedUnit
from .array_activations import read_with_activations
from .inputs import NO_FOLDS
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
        return GradedUnit(rows, cell_of, self._values(column, low), self.probe.cells.unit_names[column])

    def splits(self, column: int, *, low: bool = False) -> Iterator[tuple[GradedUnit, GradedUnit]]:
        """The same unit on the points of all folds but one, and on those of this one, for each that has points."""
        values, name = self._values(column, low), self.probe.cells.unit_names[column]
        for parts in self._points_of_folds:
            rest, fold = (GradedUnit(rows, place, values[points], name) for points, rows, place in parts)
            yield rest, fold

    def check_folds(self) -> None:
        """`UsageError` where there are no splits."""
        fold_of = self.probe.inputs.activations.fold_of
        if fold_of is None and self.probe.inputs.has("folds"):
            raise UsageError(
                "this probe does not keep the fold of each activation, as it is an older one; make it again"
            )
        if fold_of is None:
            raise UsageError(NO_FOLDS)
        if int(fold_of.min()) == int(fold_of.max()):
            raise UsageError("all activations of the probe are of one fold; probe more inputs, or with more --folds")

    def _values(self, column: int, low: bool) -> np.ndarray:
        values = self.probe.inputs.activations.of(column).astype(np.float64)
        return -values if low else values

    @cached_property
    def _points(self) -> tuple[ConceptRows, np.ndarray]:
        return self._used(self.probe.inputs.activations.cell_of)

    @cached_property
    def _points_of_folds(self) -> list[list[tuple[np.ndarray, ConceptRows, np.ndarray]]]:
        """By fold, of the others and of it: the numbers of the points, and the rows of their cells as below."""
        activations = self.probe.inputs.activations
        self.check_folds()
        cell_of, fold_of = activations.cell_of, np.asarray(activations.fold_of)
        sides = [(np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in np.unique(fold_of)]
        return [[(points, *self._used(cell_of[points])) for points in side] for side in sides]

    def _used(self, cell_of: np.ndarray) -> tuple[ConceptRows, np.ndarray]:
        """The rows of the cells that have points, and int64 (n_points,), which of them each point is in."""
        used, place = np.unique(cell_of, return_inverse=True)
        return rows_of(self.probe.cells.concepts, used), place


def _opened(path: Path) -> GradedUnits:
    return GradedUnits(open_graded(path))
