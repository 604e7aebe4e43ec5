"""From arrays with a row per point, or per group of equal points, to cells; and what such arrays must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .cells import MAX_POINTS, CellBuilder, Cells, refuse_too_many
from .count_sums import CountSums
from .errors import DataError
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
    matrix = _binary(concepts, "concepts")
    rows, row_of = distinct_rows(matrix)
    columns = [tuple(np.flatnonzero(row).tolist()) for row in rows]
    names = checked_names(concept_names, matrix.shape[1], "concept", lambda i: f"c{i}")
    return merge_rows(columns, row_of, names, concept_categories, neurons, weights, active, unit_names)


def merge_rows(
    columns: Sequence[tuple[int, ...]],
    row_of: np.ndarray,
    names: Sequence[str],
    categories: Sequence[str] | None,
    neurons: Any,
    weights: Any,
    active: Any,
    unit_names: Sequence[str] | None,
) -> Cells:
    """Cells from concept sets and, for each input row, which set it has.

    columns: the concepts of each set, ascending.  row_of: int64 (n_rows,), the place of each row's set.
    The rest as in `from_arrays`.
    """
    weights, active = _counted(neurons, weights, active, len(row_of))
    if categories is not None:
        check_categories([str(category) for category in categories], names)
    units = checked_names(unit_names, active.shape[1], "unit", str)
    keep = weights > 0
    used, place = np.unique(row_of[keep], return_inverse=True)
    builder = CellBuilder(names, [""] * len(names) if categories is None else list(categories), units)
    set_of = np.full(len(row_of), -1)
    set_of[keep] = place
    sums, columns_of = CountSums(), np.repeat(np.arange(active.shape[1]), np.diff(active.indptr))
    sums.add(set_of[active.cells], columns_of, active.counts)
    points = np.zeros(len(used), dtype=np.int64)
    np.add.at(points, place, weights[keep])
    builder.add([columns[i] for i in used], points, sums.counts(np.arange(len(used)), active.shape[1]))
    return builder.cells()[0]


def distinct_rows(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of a bool matrix, and int64 (n_rows,): which of them each row is."""
    packed = np.packbits(matrix, axis=1)
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, row_of = np.unique(keys, return_index=True, return_inverse=True)
    return matrix[first], row_of.reshape(-1)


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
