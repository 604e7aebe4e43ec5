"""Shards of arrays: some rows of an `.npz` file, merged into cells; and cells of several files as those of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.arrays import cells_of_rows, folds_of_rows
from ..solver.cells import Cells, ConceptRows, merge
from ..solver.errors import DataError, UsageError
from ..solver.folds import merge_folded
from ..solver.unit_counts import UnitCounts
from .array_activations import cells_of_points, keeping, split, type_of, with_note
from .array_folder import check_rows, some_rows
from .array_groups import RowFolds
from .digests import core_arrays, file_digest
from .folding import fold_arrays, stored_folds
from .kept_activations import CELLS, DENSE, activation_arrays, fold_array
from .kept_activations import FOLDS as POINT_FOLDS
from .npz import about_arrays, load_npz, rows_of
from .schema import Count, Strict
from .shard import Shard
from .shard_folder import StoredShard, new_shard
from .store import Probe
from .versions import versions

KIND = "arrays"
FOLDS = ("folds", "fold_seed")


class ArraysWhole(Strict):
    """whole.json of the shards of a file of arrays.  about: what made the probe.  inputs: how many rows there are."""

    about: dict[str, Any]
    inputs: Count
    concepts: list[str]
    categories: list[str]
    units: list[str]


def save_array_shard(
    file: Path,
    shard: Shard,
    path: Path,
    *,
    folds: RowFolds | None = None,
    keep_activations: bool = False,
    force: bool = False,
) -> int:
    """Keep the cells of a portion of the file's rows; give how many these are.  `DataError` where the file is wrong.

    keep_activations: keep these, and the cell of each row, too.
    """
    if file.is_dir():
        raise UsageError(f"{file} is a folder; make a probe of each of its files, and merge these: compexact merge")
    arrays: Mapping[str, Any] = load_npz(file, also=(DENSE,) if keep_activations else ())
    dealing = None if folds is None else folds.dealing
    values, notes = None, list[str]()
    try:
        if keep_activations:
            values, arrays, notes = split(arrays)
        arrays = arrays if folds is None else folds.given(arrays)
        n_rows = check_rows(arrays)
        rows = shard.portion(n_rows)
        # Names may depend on the arrays' shapes: a portion without rows has those of the first.
        some = some_rows(arrays, rows.start, rows.stop) if rows else some_rows(arrays, 0, 1)
        of_rows = rows_of(some, dealing)
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    about = about_arrays(file.name, {file.name: file_digest(file)}, {} if folds is None else folds.settings)
    whole = {
        "about": about if values is None else keeping(with_note(about, notes)),
        "inputs": n_rows,
        "concepts": of_rows.names,
        "categories": of_rows.categories,
        "units": of_rows.unit_names,
    }
    kept = {}
    if rows and len(of_rows.weights):  # a row may stand for no point
        counted = None if dealing is None else folds_of_rows([of_rows], dealing.n_folds)
        kept = core_arrays(cells_of_rows([of_rows]) if counted is None else counted.cells)
        kept |= {} if counted is None else fold_arrays(counted)
        if values is not None:
            kept |= {
                DENSE: values[rows.start : rows.stop].astype(type_of(values)),
                CELLS: cells_of_points([of_rows])[0],
                **({} if of_rows.folds is None else {POINT_FOLDS: of_rows.folds}),
            }
    with new_shard(path, KIND, shard, len(rows), whole, {}, force=force) as writer:
        for name, array in kept.items():
            writer.array(name, array)
    return len(rows)


def merged_rows(shards: Sequence[StoredShard], folder: Path | None = None) -> Probe:
    """The probe of all shards.  folder: where activations that are kept lie until they are saved."""
    said = shards[0].whole_as(ArraysWhole)
    if not (with_points := [shard for shard in shards if shard.arrays]):
        raise DataError("there are no points in any shard")
    cells = [_cells(shard, said) for shard in with_points]
    settings, kept = said.about.get("settings") or {}, {}
    if settings.get("keep_activations"):
        kept = _activations(with_points, [own.concepts for own in cells], len(said.units), folder)
    if not settings.get("folds"):
        return Probe(merge(cells), said.about, arrays=kept)
    folds = merge_folded([stored_folds(own, shard.arrays) for own, shard in zip(cells, with_points)])
    return Probe(folds.cells, said.about, arrays=fold_arrays(folds) | kept)


def _activations(
    shards: Sequence[StoredShard], own: Sequence[ConceptRows], n_units: int, folder: Path | None
) -> dict[str, np.ndarray]:
    """Those of all shards.  own: of each, its cells."""
    cell_of = [cells[shard.array(CELLS, "<i4", shard.inputs)] for shard, cells in zip(shards, cells_of_points(own))]
    dtype, ends = shards[0].arrays[DENSE].dtype, np.cumsum([0, *map(len, cell_of)]).tolist()

    def blocks() -> Iterator[tuple[slice, np.ndarray]]:
        for shard, start, stop in zip(shards, ends, ends[1:]):
            yield slice(start, stop), shard.array(DENSE, dtype.str, shard.inputs, n_units)

    dealt = [shard.array(POINT_FOLDS, "<i8", shard.inputs) for shard in shards if POINT_FOLDS in shard.arrays]
    return {
        CELLS: np.concatenate(cell_of),
        **fold_array(np.concatenate(dealt) if dealt else None),
        **activation_arrays(blocks, ends[-1], n_units, folder, dtype),
    }


def _cells(shard: StoredShard, said: ArraysWhole) -> Cells:
    weights = shard.array("weights", "<i8", None)
    indptr = shard.array("concepts_indptr", "<i8", len(weights) + 1)
    concepts = ConceptRows(
        tuple(said.concepts), tuple(said.categories), indptr, shard.array("concepts_indices", "<i4", None)
    )
    ends = shard.array("active_indptr", "<i8", len(said.units) + 1)
    cells, counts = shard.array("active_cells", "<i4", None), shard.array("active_counts", "<i8", None)
    return Cells(concepts, weights, UnitCounts(len(weights), ends, cells, counts), tuple(said.units))


def merged_files(probes: Sequence[tuple[Path, Probe]]) -> Probe:
    """One probe of several whole ones of arrays, with the same concepts and units; their order does not matter.

    Raises `UsageError` for another kind of probe, and where one is there twice, which would count its points twice.
    """
    inputs: dict[str, str] = {}
    for path, probe in probes:
        if probe.about.get("kind") != KIND:
            raise UsageError(f"{path} is a whole probe, not a shard of one; only probes of arrays are added up whole")
        if probe.inputs.has("activations"):
            raise UsageError(f"{path} keeps activations, which are not added up; merge shards of one file instead")
        for name, digest in (probe.about.get("inputs") or {}).items():
            if digest in inputs.values():
                raise UsageError(f"{path} is made of a file that another one is made of: {name}; name each once")
            inputs[name if name not in inputs else f"{name} ({path})"] = digest
    inputs = dict(sorted(inputs.items()))
    about: dict[str, Any] = {"kind": KIND, "model": None, "layer": None, "dataset": " + ".join(inputs)}
    about |= {"settings": _common_folds(probes), "versions": versions(), "inputs": inputs}
    if not about["settings"]:
        return Probe(merge([probe.cells for _, probe in probes]), about)
    folds = merge_folded([probe.inputs.folds for _, probe in probes])
    return Probe(folds.cells, about, arrays=fold_arrays(folds))


def _common_folds(probes: Sequence[tuple[Path, Probe]]) -> dict[str, Any]:
    """How all of them were dealt to folds; `UsageError` where it was in several ways."""
    said = [probe.about.get("settings") or {} for _, probe in probes]
    dealt = [{name: each[name] for name in FOLDS if name in each} for each in said]
    for (path, _), each in zip(probes, dealt):
        if each != dealt[0]:
            raise UsageError(
                f"{path} has {_said(each)}, {probes[0][0]} {_said(dealt[0])}; make both with the same --folds and seed"
            )
    return dealt[0]


def _said(dealt: Mapping[str, Any]) -> str:
    return f"{dealt['folds']} folds of seed {dealt['fold_seed']}" if dealt else "no folds"
