"""Activations of plain arrays: the array `activations` beside the concepts, a row for each point (docs/contracts.md).

A file of them is a probe whose units are active where `neurons` says, or else nowhere.  `compexact probe arrays` keeps
them as other probes do; `experiment auc` also takes a file as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.arrays import ArrayRows
from ..solver.cells import CellBuilder, ConceptRows
from ..solver.errors import DataError, UsageError
from ..solver.unit_counts import UnitCounts
from .array_groups import RowFolds, folds_of
from .digests import file_digest
from .kept_activations import CELLS, DENSE, activation_arrays, fold_array
from .npz import about_arrays, load_npz, probe_of, rows_of
from .store import Probe

NEURONS = ("neurons", "neurons_indptr", "neurons_indices")
COUNTED = ("active", "active_indptr", "active_indices", "active_counts", "weights")
ACTIVE_NOWHERE = "No neurons are given, so units are active nowhere: only experiment auc has something to explain."
EXACT = ("f2", "f4", "i1", "i2", "u1", "u2")
"""Types whose numbers are all of float32; others are kept as float64."""


def read_with_activations(path: str | Path, folds: RowFolds | None = None) -> Probe:
    """The file's arrays as a probe with activations, in memory; `DataError` names what is missing or wrong in it."""
    path = Path(path)
    arrays = load_npz(path, also=(DENSE,))
    try:
        probe = with_activations(arrays, folds)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    about = about_arrays(path.name, {path.name: file_digest(path)}, {} if folds is None else folds.settings)
    return replace(probe, about={**about, **probe.about}, path=path)


def with_activations(arrays: Mapping[str, Any], folds: RowFolds | None = None) -> Probe:
    """The same of arrays; it says of what made it only what there is to note.  Errors as above."""
    values, others, notes = split(arrays)
    probe = probe_of(others, folds)
    if values.shape[1] != len(probe.cells.unit_names):
        raise DataError(f"activations are of {values.shape[1]} units, neurons of {len(probe.cells.unit_names)}")
    of_points = {DENSE: values, CELLS: cells_of_points([rows_of(others)])[0]}
    if folds is not None:
        of_points |= fold_array(folds_of(folds.given(others), folds.dealing))
    return replace(probe, about=with_note({}, notes), arrays={**probe.arrays, **of_points})


def kept_of_file(path: Path, folder: Path | None, folds: RowFolds | None = None) -> Probe:
    """The probe of a file of arrays, to be saved with its activations.  folder: as `activation_arrays` takes it.

    Raises `UsageError` for a folder of arrays, and for a probe; errors as above.
    """
    if path.is_dir():
        raise UsageError(f"--keep-activations is of one .npz file, and {path} is a folder; leave it away")
    return kept(read_with_activations(path, folds), folder)


def kept(probe: Probe, folder: Path | None) -> Probe:
    """A probe with activations as one that is to be saved.  folder: as above."""
    values = probe.arrays[DENSE]
    n_points, n_units = values.shape
    arrays = activation_arrays(lambda: [(slice(None), values)], n_points, n_units, folder, type_of(values))
    others = {name: array for name, array in probe.arrays.items() if name != DENSE}
    return replace(probe, about=keeping(probe.about), arrays={**others, **arrays})


def with_note(about: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """What made a probe, with what there is to say of its activations."""
    return {**about, **({"notes": list(notes)} if notes else {})}


def keeping(about: Mapping[str, Any]) -> dict[str, Any]:
    """What made a probe that keeps activations on disk."""
    return {**about, "settings": {**about["settings"], "keep_activations": True}}


def type_of(values: np.ndarray) -> Any:
    """The smallest type that holds all numbers of the array's."""
    return np.float32 if values.dtype.str[1:] in EXACT else np.float64


def split(arrays: Mapping[str, Any]) -> tuple[np.ndarray, dict[str, Any], list[str]]:
    """The activations, checked; the other arrays, with units that are active nowhere if no `neurons` say where; notes.

    Raises `DataError` for activations that are missing, or no finite numbers, and for rows of several points.
    """
    others = dict(arrays)
    values = _checked(others.pop(DENSE, None))
    if "weights" in arrays:
        raise DataError("a row with activations is one point; leave weights out, and give each of its points a row")
    for key, behind in (("concepts", 0), ("concepts_indptr", 1)):
        if key in arrays and arrays[key].ndim and len(arrays[key]) - behind != len(values):
            n = len(arrays[key]) - behind
            raise DataError(f"concepts has {n} rows and activations {len(values)}; they must be the same points")
    others = {key: array for key, array in others.items() if key not in COUNTED}
    if any(key in arrays for key in NEURONS):
        return values, others, []
    return values, {**others, "neurons": np.zeros(values.shape, dtype=bool)}, [ACTIVE_NOWHERE]


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


def cells_of_points(portions: Sequence[ArrayRows | ConceptRows]) -> list[np.ndarray]:
    """int32 (n_rows,) for each portion: the cell of each of its rows, among those of all portions."""
    first = portions[0]
    builder = CellBuilder(first.names, first.categories, ())
    ids = []
    for rows in portions:
        n = len(rows.indptr) - 1
        none = UnitCounts(n, *(np.zeros(size, dtype=np.int64) for size in (1, 0, 0)))
        ids.append(builder.add_rows(rows.indptr, rows.indices, np.ones(n, dtype=np.int64), none))
    place = builder.cells()[1]
    return [place[each].astype(np.int32) for each in ids]
