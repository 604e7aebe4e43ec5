"""Plain arrays in an `.npz` file, from any tool, as a probe (docs/contracts.md lists the keys)."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.arrays import ArrayRows, array_rows, cells_of_rows, dense_rows, folds_of_rows
from ..solver.cells import Cells
from ..solver.errors import DataError, did_you_mean
from ..solver.names import brief, checked_names
from ..solver.unit_counts import UnitCounts
from .array_groups import RowFolds, folds_of
from .digests import file_digest
from .folding import Dealing, fold_arrays
from .npy import read_npy
from .regular_files import MAX_BYTES_NAME, max_bytes, open_regular
from .store import Probe
from .versions import versions

KEYS = (
    "concepts", "concepts_indptr", "concepts_indices", "concept_names", "concept_categories",
    "neurons", "neurons_indptr", "neurons_indices",
    "weights", "active", "active_indptr", "active_indices", "active_counts", "unit_names", "groups",
)  # fmt: skip
ACTIVATIONS = "activations"
"""Of the same points and units; read by who asks for it."""
MAX_MEMBERS = 10_000
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError, struct.error,
)  # fmt: skip


def read_npz(path: str | Path, folds: RowFolds | None = None) -> Probe:
    """The file's arrays as a probe; `DataError` names what is missing or wrong in it.  folds: of its rows."""
    path = Path(path)
    arrays = load_npz(path)
    try:
        probe = probe_of(arrays, folds)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    about = about_arrays(path.name, {path.name: file_digest(path)}, {} if folds is None else folds.settings)
    return replace(probe, about=about, path=path)


def probe_of(arrays: Mapping[str, Any], folds: RowFolds | None) -> Probe:
    """The arrays as a probe that does not say what made it."""
    if folds is None:
        return Probe(cells_of(arrays), {})
    return folded_probe([rows_of(folds.given(arrays), folds.dealing)], folds, {})


def folded_probe(portions: Iterable[ArrayRows], folds: RowFolds, about: Mapping[str, Any]) -> Probe:
    """A probe of rows that are dealt to folds."""
    counted = folds_of_rows(portions, folds.dealing.n_folds)
    return Probe(counted.cells, about, arrays=fold_arrays(counted))


def about_arrays(name: str, inputs: Mapping[str, str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What made a probe that is read from files of arrays.  inputs: their digests."""
    return {
        "kind": "arrays",
        "model": None,
        "layer": None,
        "dataset": name,
        "settings": dict(settings),
        "versions": versions(),
        "inputs": dict(inputs),
    }


def load_npz(path: Path, also: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """The known arrays of the file, and those of `also`; others are left alone.

    Refuses pickles, keys that look misspelt, doubled keys, and sizes that are not there.
    """
    known = (*KEYS, *also)
    try:
        with open_regular(path, follow=True) as stream, zipfile.ZipFile(stream) as archive:
            members = [(info.filename.removesuffix(".npy"), info) for info in archive.infolist()]
            _check_members([name for name, _ in members], (*known, ACTIVATIONS), path)
            ours = [(name, info) for name, info in members if name in known]
            if (unpacked := sum(info.file_size for _, info in ours)) > max_bytes():
                most = f"{max_bytes():,} that are read ({MAX_BYTES_NAME})"
                raise DataError(f"{path} unpacks to {unpacked:,} bytes, more than the {most}")
            return {name: _load_array(archive, info, path) for name, info in ours}
    except _DAMAGE as error:
        why = " ".join(str(error).split())[:200] or "it ends too early"
        raise DataError(f"{path} is not a readable .npz file: {why}") from None
    except MemoryError:
        raise DataError(f"{path} has an array that does not fit in memory") from None


def _check_members(names: list[str], known: tuple[str, ...], path: Path) -> None:
    if len(names) > MAX_MEMBERS:
        raise DataError(f"{path} holds {len(names):,} arrays; {MAX_MEMBERS:,} are the most")
    for name, times in Counter(names).items():
        if name not in known and (near := did_you_mean(name, known)):
            raise DataError(f"{path}: unknown array {brief(name)}{near}")
        if times > 1:
            raise DataError(f"{path}: two arrays are called {brief(name)}")


def _load_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> np.ndarray:
    """One array.  A byte more than it claims is asked for: where there is one, the checksum or the size is wrong."""
    beyond = copy(info)
    beyond.file_size += 1
    name = info.filename.removesuffix(".npy")
    return read_npy(lambda: archive.open(beyond), info.file_size, f"{path}: {name!r}")


def cells_of(arrays: Mapping[str, Any]) -> Cells:
    """The cells of a file's arrays; `DataError` names what is missing or wrong."""
    return cells_of_rows([rows_of(arrays)])


def rows_of(arrays: Mapping[str, Any], dealing: Dealing | None = None) -> ArrayRows:
    """The arrays, checked.  dealing: of their `groups` to folds.  Errors as above."""
    names, categories, units = (
        None if (texts := arrays.get(key)) is None else _texts(texts, key)
        for key in ("concept_names", "concept_categories", "unit_names")
    )
    counted = (unit_counts(arrays, "neurons", units), arrays.get("weights"), unit_counts(arrays, "active", units))
    folds = None if dealing is None else folds_of(arrays, dealing)
    sparse = [key for key in ("concepts_indptr", "concepts_indices") if key in arrays]
    if "concepts" in arrays:
        if sparse:
            raise DataError(f"give either concepts or the sparse form, not both; {sparse[0]} is there, too")
        return dense_rows(arrays["concepts"], names, categories, *counted, units, folds)
    if len(sparse) < 2:
        raise DataError("concepts is missing; without it both concepts_indptr and concepts_indices are needed")
    if names is None:
        raise DataError("concept_names is missing; the sparse form needs it, because it tells how many there are")
    if not names:
        raise DataError("concept_names is empty: at least one concept is needed")
    checked = checked_names(names, len(names), "concept", str)
    rows = sparse_rows(arrays["concepts_indptr"], arrays["concepts_indices"], len(names))
    return array_rows(*rows, checked, categories, *counted, units, folds)


def _texts(array: np.ndarray, key: str) -> list[str]:
    if array.ndim != 1 or array.dtype.kind != "U":
        raise DataError(f"{key} must be a list of text, not {array.dtype} of shape {array.shape}")
    return [str(text) for text in array]


def sparse_rows(indptr: np.ndarray, indices: np.ndarray, n_concepts: int) -> tuple[np.ndarray, np.ndarray]:
    """Compressed sparse rows with the concepts of each row ascending and each once."""
    _check_rows(indptr, indices, "concepts", n_concepts)
    row_of = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    is_within = row_of[1:] == row_of[:-1]
    if not (is_within & (indices[1:] <= indices[:-1])).any():
        return indptr, indices
    order = np.lexsort((indices, row_of))
    indices = indices[order]
    kept = np.concatenate([[True], ~(is_within & (indices[1:] == indices[:-1]))])
    return np.concatenate([[0], np.cumsum(np.bincount(row_of[kept], minlength=len(indptr) - 1))]), indices[kept]


def unit_counts(arrays: Mapping[str, np.ndarray], what: str, unit_names: list[str] | None) -> Any:
    """`neurons` or `active`, as given or from compressed sparse rows; None where there is neither."""
    needed = [f"{what}_{part}" for part in (("indptr", "indices") + (("counts",) if what == "active" else ()))]
    given = [key for key in needed if key in arrays]
    if not given:
        return arrays.get(what)
    if what in arrays:
        raise DataError(f"give either {what} or the sparse form, not both; {given[0]} is there, too")
    for key in needed:
        if key not in given:
            raise DataError(f"{key} is missing; the sparse form of {what} needs it")
    if not unit_names:
        raise DataError(
            f"unit_names is missing; the sparse form of {what} needs it, because it tells how many units there are"
        )
    indptr, indices = (arrays[key] for key in needed[:2])
    _check_rows(indptr, indices, what, len(unit_names))
    counts = arrays[needed[2]] if what == "active" else np.ones(len(indices), dtype=np.int64)
    if counts.shape != indices.shape or counts.dtype.kind not in "iu" or (counts.size and int(counts.min()) < 1):
        raise DataError(f"{what}_counts must be integers of at least 1, one for each of {what}_indices")
    return UnitCounts.of_rows(indptr.astype(np.int64), indices.astype(np.int64), counts, len(unit_names))


def _check_rows(indptr: np.ndarray, indices: np.ndarray, what: str, n_columns: int) -> None:
    """`DataError` where these are no compressed sparse rows."""
    names = "concept_names" if what == "concepts" else "unit_names"
    for part, array in (("indptr", indptr), ("indices", indices)):
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise DataError(f"{what}_{part} must be a list of integers, not {array.dtype} of shape {array.shape}")
    rising = len(indptr) > 1 and indptr[0] == 0 and bool((indptr[1:] >= indptr[:-1]).all())
    if not rising or int(indptr[-1]) != len(indices):
        raise DataError(
            f"{what}_indptr must rise from 0 to the number of {what}_indices ({len(indices):,}), a row at a time"
        )
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < n_columns:
        wrong = int(indices.min()) if int(indices.min()) < 0 else int(indices.max())
        raise DataError(f"{what}_indices holds {wrong}; with {n_columns} {names} it goes from 0 to {n_columns - 1}")
