"""Activations as they are, in an `.npz` file: the array `activations` beside the concepts (docs/contracts.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..solver.arrays import ArrayRows
from ..solver.cells import CellBuilder, Cells
from ..solver.errors import DataError
from ..solver.graded.activations import GradedUnit
from .digests import file_digest
from .npz import ACTIVATIONS, about_arrays, load_npz, rows_of
from .store import Probe

COUNTED = ("neurons", "neurons_indptr", "neurons_indices", "active", "active_counts")


@dataclass(frozen=True, eq=False)
class GradedArrays:
    """Points with concepts and activations.

    probe: the same as a probe that says of no unit where it is active.  cell_of: int64 (n_points,).
    values: float (n_points, n_units).
    """

    probe: Probe
    cell_of: np.ndarray
    values: np.ndarray

    def unit(self, name: str, *, low: bool = False) -> GradedUnit:
        """One unit; low: where it is low counts as where it is high."""
        values = self.values[:, self.probe.cells.unit(name)].astype(np.float64)
        return GradedUnit(self.probe.cells.concepts, self.cell_of, -values if low else values, name)


def read_graded(path: str | Path) -> GradedArrays:
    """The file's arrays; `DataError` names what is missing or wrong in it."""
    path = Path(path)
    arrays = load_npz(path, also=(ACTIVATIONS,))
    try:
        values = _checked(arrays.pop(ACTIVATIONS, None))
        _check_rows(arrays, len(values))
        counted = {key: array for key, array in arrays.items() if key not in COUNTED}
        rows = rows_of(counted | {"neurons": np.zeros(values.shape, dtype=bool)})
        cells, cell_of = _cells(rows)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    about = about_arrays(path.name, {path.name: file_digest(path)}, {})
    return GradedArrays(Probe(cells, about, path=path), cell_of, values)


def _checked(values: np.ndarray | None) -> np.ndarray:
    if values is None:
        raise DataError("activations is missing: a number for each point and unit, beside the concepts")
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise DataError(f"activations must be numbers of 2 axes, points and units, not {values.dtype} {values.shape}")
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, unit = wrong[0].tolist()
        raise DataError(f"activations must be finite; row {row}, unit {unit} (from 0) has {values[row, unit]}")
    return values


def _check_rows(arrays: Mapping[str, np.ndarray], n_points: int) -> None:
    if "weights" in arrays:
        raise DataError("a row with activations is one point; leave weights out, and give each of its points a row")
    for key, behind in (("concepts", 0), ("concepts_indptr", 1)):
        if key in arrays and arrays[key].ndim and len(arrays[key]) - behind != n_points:
            n = len(arrays[key]) - behind
            raise DataError(f"concepts has {n} rows and activations {n_points}; they must be the same points")


def _cells(rows: ArrayRows) -> tuple[Cells, np.ndarray]:
    builder = CellBuilder(rows.names, rows.categories, rows.unit_names)
    ids = builder.add_rows(rows.indptr, rows.indices, rows.weights, rows.active)
    cells, place = builder.cells()
    return cells, place[ids]
