"""The activations that a probe keeps beside its counts, so that formulas can be scored without a threshold.

    activation_bits     uint8 (n_units, ceil(n_points / 8)): packed bits, on which points the unit's value is not 0
    activation_values   float32 or float64 (n_values,): these values, unit after unit
    activation_ends     int64 (n_units + 1,): unit u has those from `activation_ends[u]` to the next
    activation_cells    int32 (n_points,): the cell of each point; where points are words or pairs it is `point_cells`
    activation_folds    unsigned (n_points,): the fold of each point's input, where the probe has folds

Unit by unit, as one is looked at after the other, and the values as the model gave them: in half precision, or sorted
into each cell's ranks, they would be smaller, but values that differ would tie, and means could not be had.  Bits
cost less than numbers of points as soon as a unit is not 0 on one point in 32.

They are written some units at a time to a file without a name, which is gone with the process, and given as its pages;
so memory does not follow them.  What comes in any order of points comes out in theirs: shards give the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.errors import DataError, UsageError
from .regular_files import MAX_BYTES_NAME, max_bytes

ARRAYS = ("activation_bits", "activation_values", "activation_ends")
CELLS = "activation_cells"
FOLDS = "activation_folds"
DENSE = "activations"
"""Instead of the three, in probes of a file of arrays that are not on disk: numbers (n_points, n_units)."""
NO_ACTIVATIONS = (
    "this probe keeps no activations; make it again with --keep-activations (compexact probe vision, nli, tokens, and "
    "arrays of a file that has 'activations')"
)
AT_ONCE = 2**28
"""Bytes of the units that are written at once."""

Blocks = Callable[[], Iterable[tuple[Any, np.ndarray]]]
"""Goes through all points once more: which they are, as an index, and their values, float (n, n_units)."""


def fold_array(folds: np.ndarray | None) -> dict[str, np.ndarray]:
    """What a probe keeps of int (n_points,), each point's fold; None where there are none."""
    return {} if folds is None else {FOLDS: folds.astype(np.min_scalar_type(int(folds.max(initial=0))))}


class KeptSize:
    """Refuses activations as soon as they are more than is read again.  is_asked: whether any are kept."""

    def __init__(self, *, is_asked: bool = True) -> None:
        self.is_asked, self.n_bytes = is_asked, 0

    def add(self, values: np.ndarray) -> None:
        """Take in values that are to be kept; `UsageError` where they are too many."""
        if self.is_asked:
            self.n_bytes += values.itemsize * int(np.count_nonzero(values))
            refuse_above(self.n_bytes)


def refuse_above(n_bytes: int) -> None:
    """`UsageError` where so many bytes would be one file of a probe."""
    if n_bytes > (most := max_bytes()):
        raise UsageError(
            f"--keep-activations: the activations take more than the {most:,} bytes that a file of a probe may have "
            f"({MAX_BYTES_NAME}); take fewer inputs (--limit) or layers, or leave it away"
        )


def activation_arrays(
    blocks: Blocks, n_points: int, n_units: int, folder: Path | None, dtype: Any = np.float32
) -> dict[str, np.ndarray]:
    """What a probe keeps of all points' values.  folder: where the file without a name lies; None for a temporary one.

    dtype: of the values.  Raises `UsageError` where they take too much room, `DataError` where the disk has no more.
    """
    refuse_above(n_units * -(-n_points // 8))
    size, ends = KeptSize(), [0]
    values, bits = _Pages(folder, dtype), _Pages(folder, np.uint8)
    at_once = max(1, AT_ONCE // (np.dtype(dtype).itemsize * max(n_points, 1)))
    for first in range(0, n_units, at_once):
        units = slice(first, min(first + at_once, n_units))
        part = np.zeros((units.stop - first, n_points), dtype=dtype)
        for points, of_points in blocks():
            part[:, points] = of_points[:, units].T
        for row in part:
            size.add(row)
            is_kept = row != 0
            bits.append(np.packbits(is_kept))
            values.append(row[is_kept])
            ends.append(ends[-1] + int(np.count_nonzero(is_kept)))
    shape = (n_units, -(-n_points // 8))
    return dict(zip(ARRAYS, (bits.array(shape), values.array((ends[-1],)), np.array(ends, dtype=np.int64))))


class _Pages:
    """An array that is appended to, in a file without a name."""

    def __init__(self, folder: Path | None, dtype: Any) -> None:
        self._file, self._dtype = tempfile.TemporaryFile(dir=folder), np.dtype(dtype)  # noqa: SIM115 - with the array

    def append(self, values: np.ndarray) -> None:
        try:
            self._file.write(np.ascontiguousarray(values, dtype=self._dtype).view(np.uint8).data)
        except OSError as error:
            raise DataError(
                f"no room for {values.nbytes:,} more bytes of activations: {error.strerror or error}"
            ) from None

    def array(self, shape: tuple[int, ...]) -> np.ndarray:
        self._file.flush()
        if 0 in shape:  # nothing to map, which the system refuses
            return np.zeros(shape, dtype=self._dtype)
        return np.memmap(self._file, self._dtype, "r", shape=shape)


@dataclass(frozen=True, eq=False)
class Activations:
    """Units' activations on points.  cell_of: int (n_points,), the cell of each.

    of: (column of a unit) -> float (n_points,); `DataError` where they are damaged.
    fold_of: unsigned (n_points,), the fold of the input that each point is of; None where that is not kept.
    """

    cell_of: np.ndarray
    of: Callable[[int], np.ndarray]
    fold_of: np.ndarray | None = None


def has_activations(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether the arrays of a probe have any."""
    return DENSE in arrays or all(name in arrays for name in ARRAYS)


def kept_activations(arrays: Mapping[str, np.ndarray], n_units: int, n_cells: int) -> Activations:
    """Those of a probe's arrays; `UsageError` where there are none, `DataError` where they do not fit."""
    if not has_activations(arrays):
        raise UsageError(NO_ACTIVATIONS)
    cell_of = next((arrays[name] for name in (CELLS, "point_cells") if name in arrays), np.zeros(0))
    if cell_of.ndim != 1 or not len(cell_of) or not 0 <= int(cell_of.min()) <= int(cell_of.max()) < n_cells:
        raise _misfit()
    fold_of = arrays.get(FOLDS)
    if fold_of is not None and (fold_of.shape != cell_of.shape or fold_of.dtype.kind != "u"):
        raise _misfit()
    if DENSE in arrays:
        dense = arrays[DENSE]
        return Activations(cell_of, lambda column: dense[:, column], fold_of)
    bits, values, ends = (arrays[name] for name in ARRAYS)
    sparse = _Sparse(bits, values, ends, len(cell_of))
    sparse.check(n_units)
    return Activations(cell_of, sparse.of, fold_of)


@dataclass(frozen=True, eq=False)
class _Sparse:
    """The three arrays."""

    bits: np.ndarray
    values: np.ndarray
    ends: np.ndarray
    n_points: int

    def check(self, n_units: int) -> None:
        fits = (
            self.bits.shape == (n_units, -(-self.n_points // 8))
            and self.bits.dtype == np.uint8
            and self.values.ndim == 1
            and self.values.dtype.kind == "f"
            and self.ends.shape == (n_units + 1,)
            and self.ends.dtype.kind in "iu"
            and int(self.ends[0]) == 0
            and int(self.ends[-1]) == len(self.values)
        )
        if not fits:
            raise _misfit()

    def of(self, column: int) -> np.ndarray:
        is_kept = np.unpackbits(self.bits[column], count=self.n_points).astype(bool)
        first, last = self.ends[column].item(), self.ends[column + 1].item()
        if last - first != np.count_nonzero(is_kept):
            raise _misfit()
        found = np.zeros(self.n_points, dtype=self.values.dtype)
        found[is_kept] = self.values[first:last]
        return found


def _misfit() -> DataError:
    return DataError("the probe's activations do not fit its units and cells; probe again")
