"""The probe: what is left of a model and a dataset once every unit and concept is counted.

On disk it is a folder that can be moved and copied:

    manifest.json    what was done, with which versions, and the digest of every other file
    names.json       the names of concepts, units, images and classes
    arrays/*.npy     the cells, and what later questions need

It is written beside its place and renamed, so a reader sees a whole probe or none.  Every file is checked
against its digest when it is read.  Nothing in it is ever executed: no pickle.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.cells import Cells, ConceptRows
from ..solver.errors import DataError
from ..solver.names import brief, check_categories, check_visible
from .atomic_folder import new_folder, sync, write_bytes
from .inputs import Inputs
from .json_text import parse_json
from .npy import read_npy
from .regular_files import MAX_TEXT, check_folder, open_regular, read_regular, starts_with

FORMAT = "compexact probe"
VERSION = 1
_ARRAY_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}", re.ASCII)
CORE = ("concepts_indptr", "concepts_indices", "weights", "active")
_FORMS: Mapping[type, tuple[str, ...]] = {
    str: ("kind", "model", "layer", "dataset"),
    dict: ("settings", "versions", "inputs"),
    list: ("notes",),
}


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

    @property
    def digest(self) -> str:
        """The same for probes with the same cells, concepts and units, however they are stored."""
        arrays = {name: array_digest(array) for name, array in _core_arrays(self.cells).items()}
        return _digest(_json([arrays, _cell_names(self.cells)]))

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

    def __repr__(self) -> str:
        return "Probe({points:,} points, {cells:,} cells, {concepts:,} concepts, {units:,} units)".format(
            **self.summary()
        )


def array_digest(array: np.ndarray) -> str:
    """sha256 over type, shape and values, the same on every machine and memory layout."""
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{plain.dtype.str} {plain.shape}\n".encode())
    digest.update(plain.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with open_regular(path, follow=True) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
    for name, array in {**_core_arrays(probe.cells), **probe.arrays}.items():
        array = np.asarray(array)
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, plain, allow_pickle=False)
        arrays[name] = _digest(buffer.getbuffer())
        write_bytes(folder / "arrays" / f"{name}.npy", buffer.getbuffer())
    names = _json({**_cell_names(probe.cells), **probe.names})
    write_bytes(folder / "names.json", names)
    sizes = {key: value for key, value in probe.summary().items() if isinstance(value, int)}
    manifest = {"format": FORMAT, "version": VERSION, **sizes, **probe.about}
    manifest |= {"digests": {"names": _digest(names), "arrays": arrays}}
    manifest["digest"] = _digest(_json(manifest))
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(folder / "manifest.json", text.encode())
    sync(folder / "arrays")


def read_probe(path: str | Path) -> Probe:
    """The probe that lies in a folder; `DataError` where a file is missing or damaged."""
    path = Path(path)
    manifest = _read_manifest(path)
    try:
        return _from_manifest(path, manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is not a probe as compexact writes them: {error!r}") from None


def _from_manifest(path: Path, manifest: dict[str, Any]) -> Probe:
    digests = manifest.pop("digests")
    names_file = path / "names.json"
    texts = parse_json(_checked_bytes(names_file, digests["names"], MAX_TEXT), str(names_file))
    arrays = _StoredArrays(path / "arrays", digests["arrays"])
    missing = [name for name in CORE if name not in arrays]
    if missing:
        raise DataError(f"{path / 'manifest.json'} names no array {missing[0]!r}")
    indptr, indices, weights, active = (arrays[name] for name in CORE)
    concepts = ConceptRows(tuple(texts["concepts"]), tuple(texts["categories"]), indptr, indices)
    cells = Cells(concepts, weights, active, tuple(texts["units"]))
    check_visible_names(cells)
    about = {key: value for key, value in manifest.items() if key not in ("format", "version", "digest")}
    _check_about(about, path)
    names = {key: value for key, value in texts.items() if key not in ("concepts", "categories", "units")}
    return Probe(cells, about, names, arrays.without(CORE), path)


def _check_about(about: Mapping[str, Any], path: Path) -> None:
    """Raise `DataError` where what the manifest says is not of the form that all who show it rely on."""
    for form, keys in _FORMS.items():
        for key in keys:
            if not isinstance(about.get(key), (form, type(None))):
                raise DataError(f"{path / 'manifest.json'} is not a probe's: {key} is no {form.__name__}")
    if not all(isinstance(note, str) for note in about.get("notes") or ()):
        raise DataError(f"{path / 'manifest.json'} is not a probe's: a note is no text")


def _read_manifest(path: Path) -> dict[str, Any]:
    """The manifest as a dictionary, once its own digest is right."""
    file = path / "manifest.json"
    try:
        manifest = parse_json(read_regular(file, MAX_TEXT), str(file))
    except FileNotFoundError:
        raise DataError(f"{path} is not a probe: it has no manifest.json") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DataError(f"{file} does not describe a probe")
    if manifest.get("version") != VERSION:
        found = repr(manifest.get("version"))[:40]
        raise DataError(f"{path} has format version {found}; this compexact reads {VERSION}")
    expected = manifest.get("digest")
    found = _digest(_json({key: value for key, value in manifest.items() if key != "digest"}))
    if found != expected:
        raise DataError(f"{file} is damaged: digest {found[:12]} instead of {str(expected)[:12]}; probe again")
    return manifest


class _StoredArrays(Mapping[str, np.ndarray]):
    """Arrays read, and checked, when they are asked for."""

    def __init__(self, folder: Path, digests: Mapping[str, str]) -> None:
        check_folder(folder)
        for name in digests:
            if not _ARRAY_NAME.fullmatch(name):
                raise DataError(
                    f"{folder}: {brief(name)} is no name of an array: letters, digits, _ - and ., not first"
                )
        self.folder, self.digests = folder, digests

    def __getitem__(self, name: str) -> np.ndarray:
        file = self.folder / f"{name}.npy"
        content = _checked_bytes(file, self.digests[name])
        array = read_npy(lambda: io.BytesIO(content), len(content), str(file))
        array.setflags(write=False)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)

    def without(self, names: tuple[str, ...]) -> _StoredArrays:
        kept = {name: digest for name, digest in self.digests.items() if name not in names}
        return _StoredArrays(self.folder, kept)


def _checked_bytes(file: Path, expected: str, most: int | None = None) -> bytes:
    try:
        content = read_regular(file, most)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}; probe again") from None
    found = _digest(content)
    if found != expected:
        raise DataError(f"{file} is damaged: digest {found[:12]} instead of {expected[:12]}; probe again")
    return content


def _core_arrays(cells: Cells) -> dict[str, np.ndarray]:
    arrays = (cells.concepts.indptr, cells.concepts.indices, cells.weights, cells.active)
    return dict(zip(CORE, arrays))


def _cell_names(cells: Cells) -> dict[str, list[Any]]:
    return {
        "concepts": list(cells.concepts.names),
        "categories": list(cells.concepts.categories),
        "units": list(cells.unit_names),
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()


def _digest(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()
