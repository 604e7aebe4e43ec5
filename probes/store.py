"""The probe: what is left of a model and a dataset once every unit and concept is counted.

On disk it is a folder that can be moved and copied:

    manifest.json    what was done, with which versions, and the digest of every other file
    names.json       the names of concepts, units, images and classes
    arrays/*.npy     the cells, and what later questions need

It is written beside its place and renamed, so a reader sees a whole probe or none.  Every file is checked
against its digest when it is read.  Nothing in it is ever executed: no pickle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.cells import Cells, ConceptRows
from ..solver.errors import DataError
from ..solver.html import html_facts
from ..solver.names import check_categories, check_visible
from ..solver.unit_counts import UnitCounts
from .array_files import StoredArrays, checked, write_array
from .atomic_folder import new_folder, sync, write_bytes
from .digests import as_json, bytes_digest, cell_names, cells_digest, core_arrays, dense_cells_digest
from .inputs import Inputs
from .json_text import parse_json
from .regular_files import MAX_TEXT, read_regular, starts_with

FORMAT = "compexact probe"
VERSION = 2
CONCEPTS = ("concepts_indptr", "concepts_indices", "weights")
COUNTS = ("active_indptr", "active_cells", "active_counts")
DENSE = ("active",)
"""Instead of these in version 1: int64 (n_cells, n_units)."""
NOTES_SHOWN = 5
"""In a notebook."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Cells, and where they come from.

    cells: what the searches read.  about: what made them, as plain JSON: `kind` (`vision`, `arrays`),
    `model`, `layer`, `dataset`, `settings`, `versions`, `inputs` (digests), `notes`.
    names: lists of text beside the cells' own: for a vision probe `images`, `targets` (may hold None), `classes`.
    arrays: what later questions need beside the cells (`probes/vision/probe.py` lists them); read on demand.
    Both are what is stored; `inputs` says what they mean.
    path: where it lies, if on disk.
    """

    cells: Cells
    about: Mapping[str, Any]
    names: Mapping[str, list[Any]] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    path: Path | None = None

    @cached_property
    def inputs(self) -> Inputs:
        """The probe input by input: activity, gold labels, predictions, and what else it keeps."""
        return Inputs(self.cells, self.names, self.arrays)

    @cached_property
    def digest(self) -> str:
        """The same for probes with the same cells, concepts and units, however they are stored."""
        return cells_digest(self.cells)

    def has_digest(self, digest: str) -> bool:
        """Whether it is the probe's, or was before counts were sparse: runs of then name it by that."""
        return digest == self.digest or digest == self._dense_digest

    @cached_property
    def _dense_digest(self) -> str | None:
        return dense_cells_digest(self.cells)

    def summary(self) -> dict[str, Any]:
        """What `compexact ls` shows."""
        return {
            "points": self.cells.n_points,
            "cells": len(self.cells),
            "concepts": len(self.cells.concepts.names),
            "units": len(self.cells.unit_names),
            "model": self.about.get("model"),
            "layer": self.about.get("layer"),
            "dataset": self.about.get("dataset"),
            "settings": self.about.get("settings", {}),
        }

    def save(self, path: str | Path, *, force: bool = False) -> Probe:
        """`save_probe` of it."""
        return save_probe(self, path, force=force)

    def __repr__(self) -> str:
        return "Probe({points:,} points, {cells:,} cells, {concepts:,} concepts, {units:,} units)".format(
            **self.summary()
        )

    def _repr_html_(self) -> str:
        said = ("model", "layer", "dataset")
        facts = {name: str(self.about.get(name) or "") for name in said}
        notes = {f"note {number}": note for number, note in enumerate(self.about.get("notes") or (), start=1)}
        return html_facts(facts | dict(list(notes.items())[:NOTES_SHOWN]), title=repr(self))


def save_probe(probe: Probe, path: str | Path, *, force: bool = False) -> Probe:
    """Write the probe as a folder; give it back as read from there.

    force: replace the probe that lies there.  Raises `UsageError` where something lies there, `DataError` where
    it cannot be written; then nothing is left under its name.
    """
    check_visible_names(probe.cells)
    with new_folder(Path(path), force=force, is_ours=is_probe) as folder:
        _write(probe, folder)
    return read_probe(path)


def check_visible_names(cells: Cells) -> None:
    """Raise `DataError` where a concept, category or unit has a name that cannot be shown, or is too long."""
    check_visible(cells.concepts.names, "concept")
    check_categories(cells.concepts.categories, cells.concepts.names)
    check_visible(cells.unit_names, "unit")


def is_probe(folder: Path) -> bool:
    """Whether a probe lies in the folder, whole or damaged."""
    return starts_with(folder / "manifest.json", FORMAT)


def _write(probe: Probe, folder: Path) -> None:
    (folder / "arrays").mkdir()
    arrays = {}
    core = {name: _smallest(array) for name, array in core_arrays(probe.cells).items()}
    for name, array in {**core, **probe.arrays}.items():
        arrays[name] = write_array(folder / "arrays" / f"{name}.npy", np.asarray(array))
    names = as_json({**cell_names(probe.cells), **probe.names})
    write_bytes(folder / "names.json", names)
    sizes = {key: value for key, value in probe.summary().items() if isinstance(value, int)}
    manifest = {"format": FORMAT, "version": VERSION, **sizes, **probe.about}
    manifest |= {"digests": {"names": bytes_digest(names), "arrays": arrays}}
    manifest["digest"] = bytes_digest(as_json(manifest))
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(folder / "manifest.json", text.encode())
    sync(folder / "arrays")


def _smallest(array: np.ndarray) -> np.ndarray:
    """The same numbers, which are not negative, in the smallest type that holds them: most counts are small."""
    return array.astype(np.min_scalar_type(int(array.max(initial=0))), copy=False)


def read_probe(path: str | Path) -> Probe:
    """The probe that lies in a folder; `DataError` where a file is missing or damaged."""
    from .schema import ProbeManifest, ProbeNames, formed, read_form

    path = Path(path)
    try:
        manifest = read_form(path / "manifest.json", ProbeManifest, "probe", "probe again")
    except FileNotFoundError:
        raise DataError(f"{path} is not a probe: it has no manifest.json") from None
    file = path / "names.json"
    texts = parse_json(checked(file, lambda: read_regular(file, MAX_TEXT), manifest.digests.names), str(file))
    try:
        names = formed(ProbeNames, texts)
    except ValueError as error:
        raise DataError(f"{file} is not as compexact writes it: {error}; probe again") from None
    arrays = StoredArrays(path / "arrays", manifest.digests.arrays)
    needed = (*CONCEPTS, *(DENSE if manifest.version == 1 else COUNTS))
    missing = [name for name in needed if name not in arrays]
    if missing:
        raise DataError(f"{path / 'manifest.json'} names no array {missing[0]!r}")
    indptr, indices, weights, *counts = (arrays[name] for name in needed)
    concepts = ConceptRows(tuple(names.concepts), tuple(names.categories), indptr, indices)
    active = UnitCounts.of_matrix(*counts) if manifest.version == 1 else UnitCounts(len(weights), *counts)
    cells = Cells(concepts, weights, active, tuple(names.units))
    check_visible_names(cells)
    about = manifest.model_dump(exclude={"format", "version", "digest", "digests"}, exclude_unset=True)
    return Probe(cells, about, names.__pydantic_extra__, arrays.without(needed), path)
