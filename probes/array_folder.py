"""Plain arrays in a folder, larger than memory: read portion by portion, and merged into cells as they come.

Either `.npz` files, each a portion of the rows with the keys of docs/contracts.md; or one `.npy` file for each key, of
which the system reads what is looked at.  What is kept follows the distinct rows and where units are active.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ..solver.arrays import ArrayRows, cells_of_rows
from ..solver.errors import DataError
from .array_groups import RowFolds
from .digests import file_digests
from .npy import view_npy
from .npz import KEYS, about_arrays, folded_probe, load_npz, rows_of
from .progress import Progress, silent
from .regular_files import map_regular
from .store import Probe

ROWS_AT_ONCE = 2**16
BY_ROW = ("concepts", "neurons", "weights", "active", "groups")
"""Keys whose arrays have a row for each row of the data."""
SPARSE = {
    "concepts_indptr": ("concepts_indices",),
    "neurons_indptr": ("neurons_indices",),
    "active_indptr": ("active_indices", "active_counts"),
}
"""Ends of rows, and what they are ends in."""


def read_array_folder(folder: Path, on_progress: Progress = silent, folds: RowFolds | None = None) -> Probe:
    """The arrays as a probe; `DataError` names the file, and what is missing or wrong in it.  folds: of its rows."""
    portions = sorted(folder.glob("*.npz"))
    arrays = {file.stem: file for file in sorted(folder.glob("*.npy")) if file.stem in KEYS}
    if bool(portions) == bool(arrays):
        what = "both .npz and .npy files" if portions else f"no .npz file, and no .npy file such as {KEYS[0]}.npy"
        raise DataError(f"{folder} has {what}; portions as .npz files are needed, or one .npy file for each array")
    rows = _of_portions(portions, folds, on_progress) if portions else _of_arrays(folder, arrays, folds, on_progress)
    digests = file_digests(folder, portions or list(arrays.values()))
    about = about_arrays(folder.name, digests, {} if folds is None else folds.settings)
    return Probe(cells_of_rows(rows), about) if folds is None else folded_probe(rows, folds, about)


def _of_portions(files: list[Path], folds: RowFolds | None, on_progress: Progress) -> Iterator[ArrayRows]:
    first, n_rows = None, 0
    for done, file in enumerate(files):
        on_progress("reading arrays", done, len(files))
        try:
            arrays, start = load_npz(file), n_rows
            n_rows += check_rows(arrays)
            rows = rows_of(arrays) if folds is None else rows_of(folds.given(arrays, start, n_rows), folds.dealing)
            first = first or rows
            rows.check_columns(first)
            yield rows
        except DataError as error:
            raise _said(file, error) from None
    if folds is not None:
        folds.check_rows(n_rows)
    on_progress("reading arrays", len(files), len(files))


def _of_arrays(
    folder: Path, files: Mapping[str, Path], folds: RowFolds | None, on_progress: Progress
) -> Iterator[ArrayRows]:
    arrays: Mapping[str, np.ndarray] = {key: view_npy(map_regular(file), str(file)) for key, file in files.items()}
    try:
        arrays = arrays if folds is None else folds.given(arrays)
        n_rows = check_rows(arrays)
        for start in range(0, n_rows, ROWS_AT_ONCE):
            on_progress("reading arrays", start, n_rows)
            some = some_rows(arrays, start, min(start + ROWS_AT_ONCE, n_rows))
            yield rows_of(some, None if folds is None else folds.dealing)
        on_progress("reading arrays", n_rows, n_rows)
    except DataError as error:
        raise _said(folder, error) from None


def check_rows(arrays: Mapping[str, np.ndarray]) -> int:
    """How many rows all arrays have; `DataError` where they differ, or ends do not fit what they are ends in."""
    lengths = {key: len(arrays[key]) for key in BY_ROW if key in arrays and arrays[key].ndim}
    for key, inner in SPARSE.items():
        if key not in arrays:
            continue
        ends = arrays[key]
        if ends.ndim != 1 or not len(ends) or ends.dtype.kind not in "iu":
            raise DataError(f"{key} must be a list of integers, not {ends.dtype} of shape {ends.shape}")
        lengths[key] = len(ends) - 1
        for name in inner:
            if name in arrays and (arrays[name].ndim != 1 or int(ends[0]) or len(arrays[name]) != int(ends[-1])):
                raise DataError(f"{key} must rise from 0 to the number of {name} ({arrays[name].shape})")
        if (ends[1:] < ends[:-1]).any():
            raise DataError(f"{key} must rise, a row at a time")
    if len(set(lengths.values())) > 1:
        raise DataError(f"its arrays have different numbers of rows: {lengths}")
    return next(iter(lengths.values()), 0)


def some_rows(arrays: Mapping[str, np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    """The same keys, for these rows."""
    found = dict(arrays)
    for key in BY_ROW:
        if key in arrays:
            found[key] = arrays[key][start:stop]
    for key, inner in SPARSE.items():
        if key in arrays:
            ends = arrays[key][start : stop + 1].astype(np.int64)
            found[key] = ends - ends[0]
            found |= {name: arrays[name][ends[0] : ends[-1]] for name in inner if name in arrays}
    return found


def _said(place: Path, error: DataError) -> DataError:
    return DataError(f"{place}: {error}")
