"""From arrays with a row per point, or per group of equal points, to cells; and what such arrays must be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from .cells import MAX_POINTS, CellBuilder, Cells, refuse_too_many
from .errors import DataError
from .folds import FoldCounts, FoldSums
from .integers import exact_sum
from .names import check_categories, checked_names
from .unit_counts import UnitCounts


def from_arrays(
    concepts: Any,
    neurons: Any = None,
    *,
    weights: Any = None,
    active: Any = None,
    concept_names: Sequence[str] | None = None,
    concept_categories: Sequence[str] | None = None,
    unit_names: Sequence[str] | None = None,
) -> Cells:
    """Merge the rows of plain arrays into cells.

    concepts: (n_rows, n_concepts), bool or integers 0 and 1.
    neurons: (n_rows, n_units), the same: a row is a point.  Or, instead of it:
    weights: (n_rows,) integers, how many points a row stands for (0 drops the row), and
    active: (n_rows, n_units) integers, how many of them each unit is active on.
    Either may also be sparse: a `UnitCounts` of (n_rows, n_units).
    Names default to `c0`, `c1`, ... and `0`, `1`, ...; categories to "".

    Raises `DataError` for anything else, naming the first offending place.

    >>> cells = from_arrays([[1, 0], [1, 0], [0, 1]], [[1], [0], [1]])
    >>> cells.weights, cells.active[:, 0]
    (array([2, 1]), array([1, 1]))
    """
    rows = dense_rows(concepts, concept_names, concept_categories, neurons, weights, active, unit_names)
    return cells_of_rows([rows])


@dataclass(frozen=True, eq=False)
class ArrayRows:
    """Checked rows of arrays: a portion of the points, or all.

    names, categories, unit_names: of the columns.  indptr, indices: each row's concepts, ascending.
    weights: int64 (n_rows,), at least 1.  active: (n_rows, n_units).  folds: int64 (n_rows,), where there are some.
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]
    unit_names: tuple[str, ...]
    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    active: UnitCounts
    folds: np.ndarray | None = None

    def check_columns(self, first: ArrayRows) -> None:
        """`DataError` where the columns are not those of another portion."""
        for field, what in (("names", "concept_names"), ("categories", "concept_categories"), ("unit_names",) * 2):
            if getattr(self, field) != getattr(first, field):
                raise DataError(f"its {what} are not those of the first portion, or in another order")


def dense_rows(
    concepts: Any,
    names: Sequence[str] | None,
    categories: Sequence[str] | None,
    neurons: Any,
    weights: Any,
    active: Any,
    unit_names: Sequence[str] | None,
    folds: np.ndarray | None = None,
) -> ArrayRows:
    """Check arrays as `from_arrays` takes them."""
    matrix = _binary(concepts, "concepts")
    checked = checked_names(names, matrix.shape[1], "concept", lambda i: f"c{i}")
    row, column = np.nonzero(matrix)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(matrix)))])
    return array_rows(indptr, column, checked, categories, neurons, weights, active, unit_names, folds)


def array_rows(
    indptr: np.ndarray,
    indices: np.ndarray,
    names: Sequence[str],
    categories: Sequence[str] | None,
    neurons: Any,
    weights: Any,
    active: Any,
    unit_names: Sequence[str] | None,
    folds: np.ndarray | None = None,
) -> ArrayRows:
    """Check what is given beside the concepts of each row, which are; rows without points are dropped.

    indptr, indices: as in `ArrayRows`.  The rest, and errors, as in `from_arrays`.
    """
    weights, counts = _counted(neurons, weights, active, len(indptr) - 1)
    if categories is not None:
        check_categories([str(category) for category in categories], names)
    units = checked_names(unit_names, counts.shape[1], "unit", str)
    if folds is not None and len(folds) != len(weights):
        raise DataError(f"concepts has {len(weights)} rows and groups {len(folds)}; they must be the same points")
    kept = np.flatnonzero(weights > 0)
    if len(kept) < len(weights):
        sizes = np.diff(indptr)
        indices = indices[np.repeat(weights > 0, sizes)]
        indptr = np.concatenate([[0], np.cumsum(sizes[kept])])
        # A unit is active on none of no points, so no entry is of a row that goes.
        counts = UnitCounts(len(kept), counts.indptr, np.searchsorted(kept, counts.cells), counts.counts)
        weights, folds = weights[kept], None if folds is None else folds[kept]
    of_concepts = [""] * len(names) if categories is None else map(str, categories)
    return ArrayRows(tuple(names), tuple(of_concepts), tuple(units), indptr, indices, weights, counts, folds)


def cells_of_rows(portions: Iterable[ArrayRows]) -> Cells:
    """Merge rows that come in portions; `DataError` where these are not of the same concepts and units."""
    return _merged(portions, 1)[0]


def folds_of_rows(portions: Iterable[ArrayRows], n_folds: int) -> FoldCounts:
    """The same of rows that are dealt to folds, with the counts of each."""
    folds = _merged(portions, n_folds)[1]
    assert folds is not None
    return folds


def _merged(portions: Iterable[ArrayRows], n_folds: int) -> tuple[Cells, FoldCounts | None]:
    rest = iter(portions)
    if (first := next(rest, None)) is None:
        raise DataError("there are no points: the data have 0 rows")
    builder = CellBuilder(first.names, first.categories, first.unit_names)
    sums = None if first.folds is None else FoldSums(n_folds, len(first.unit_names))
    for rows in chain([first], rest):
        rows.check_columns(first)
        ids = builder.add_rows(rows.indptr, rows.indices, rows.weights, rows.active)
        if sums is not None and rows.folds is not None:
            sums.add(ids, rows.folds, rows.weights, rows.active)
    cells, place = builder.cells()
    return cells, None if sums is None else sums.counts(cells, place)


def _binary(array: Any, what: str) -> np.ndarray:
    """A bool matrix with at least one row and column."""
    matrix = np.asarray(array)
    if matrix.ndim != 2:
        raise DataError(f"{what} must have two axes (rows, columns), not shape {matrix.shape}")
    if 0 in matrix.shape:
        raise DataError(f"{what} has shape {matrix.shape}: at least one row and one column are needed")
    if matrix.dtype.kind not in "biu":
        raise DataError(f"{what} must be bool or integers 0 and 1, not {matrix.dtype}; binarise it first")
    if matrix.dtype.kind != "b" and ((matrix < 0) | (matrix > 1)).any():
        row, column = np.argwhere((matrix < 0) | (matrix > 1))[0]
        raise DataError(
            f"{what} must hold 0 and 1 only; row {row}, column {column} (from 0) holds {matrix[row, column]}"
        )
    return np.ascontiguousarray(matrix, dtype=bool)


def _counted(neurons: Any, weights: Any, active: Any, n_rows: int) -> tuple[np.ndarray, UnitCounts]:
    """Checked weights int64 (n_rows,) and active (n_rows, n_units)."""
    if neurons is not None:
        if weights is not None or active is not None:
            raise DataError("give either neurons, or weights and active, not both")
        counts = neurons if isinstance(neurons, UnitCounts) else UnitCounts.of_matrix(_binary(neurons, "neurons"))
        weights = np.ones(len(counts), dtype=np.int64)
    elif weights is None or active is None:
        raise DataError("neurons is missing; without it both weights and active are needed")
    else:
        weights = _integers(weights, 1, "weights")
        counts = active if isinstance(active, UnitCounts) else UnitCounts.of_matrix(_integers(active, 2, "active"))
        refuse_too_many(exact_sum(weights))
    for what, given in (("active" if neurons is None else "neurons", counts), ("weights", weights)):
        if len(given) != n_rows:
            raise DataError(f"concepts has {n_rows} rows and {what} {len(given)}; they must be the same points")
    if counts.shape[1] == 0:
        raise DataError("active has no columns: at least one unit is needed")
    _refuse_excess(counts, weights)
    return weights, counts


def _refuse_excess(counts: UnitCounts, weights: np.ndarray) -> None:
    over = np.flatnonzero(counts.counts > weights[counts.cells])
    if len(over):
        first = over[np.argmin(counts.cells[over])]
        row, unit = int(counts.cells[first]), int(np.searchsorted(counts.indptr, first, side="right")) - 1
        raise DataError(
            f"active must not exceed weights; row {row}, unit {unit} (from 0) has {counts.counts[first]} "
            f"active of {weights[row]}"
        )


def _integers(array: Any, axes: int, what: str) -> np.ndarray:
    values = np.asarray(array)
    if values.ndim != axes:
        raise DataError(f"{what} must have {axes} axes, not shape {values.shape}")
    if values.dtype.kind not in "iub":
        raise DataError(f"{what} must be integers, not {values.dtype}")
    if values.size and (int(values.min()) < 0 or int(values.max()) >= MAX_POINTS):
        raise DataError(f"{what} must be from 0 to below {MAX_POINTS:,}")
    return np.ascontiguousarray(values, dtype=np.int64)
