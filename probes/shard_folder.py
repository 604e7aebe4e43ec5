"""A shard of a probe on disk: what a portion of the inputs leaves, until `merge` has all portions.

    manifest.json    which shard of what kind of probe, and the digest of every other file
    whole.json       what was asked and of what: all shards of a probe say the same
    own.json         the names of this portion's inputs
    arrays/*.npy     what was computed of them

As a probe it is written whole or not at all, can be moved, and is checked when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel

from ..solver.errors import DataError, UsageError
from .array_files import StoredArrays, checked, write_array, write_rows
from .atomic_folder import new_folder, sync, write_bytes
from .digests import as_json, bytes_digest
from .json_text import parse_json
from .regular_files import MAX_TEXT, read_regular, starts_with
from .schema import ShardManifest, formed, read_form
from .shard import Shard

FORMAT = "compexact shard"
VERSION = 1
AGAIN = "make the shard again"
Form = TypeVar("Form", bound=BaseModel)


def is_shard(folder: Path) -> bool:
    """Whether a shard of a probe lies in the folder, whole or damaged."""
    return starts_with(folder / "manifest.json", FORMAT)


@dataclass(frozen=True, eq=False)
class StoredShard:
    """A shard that was read.  whole, own: plain JSON.  arrays: each read and checked when it is asked for."""

    path: Path
    kind: str
    shard: Shard
    inputs: int
    whole: dict[str, Any]
    own: dict[str, Any]
    arrays: StoredArrays

    def array(self, name: str, dtype: str, *shape: int | None) -> np.ndarray:
        """An array of this type and shape (None: any length); `DataError` where it is not there or another."""
        if name not in self.arrays:
            raise DataError(f"{self.path} has no array {name!r}; {AGAIN}")
        array = self.arrays[name]
        fits = len(shape) == array.ndim and all(n in (None, size) for n, size in zip(shape, array.shape))
        if array.dtype != np.dtype(dtype) or not fits:
            raise DataError(f"{self.path}: array {name!r} is {array.dtype} of shape {array.shape}; {AGAIN}")
        return array

    def sets(self, name: str, n: int | None) -> list[tuple[int, ...]]:
        """`n` lists of integers (None: any number), as `ShardWriter.sets` writes them."""
        ends = self.array(f"{name}_indptr", "<i8", None if n is None else n + 1).tolist()
        numbers = self.array(f"{name}_indices", "<i4", ends[-1]).tolist()
        return [tuple(numbers[start:stop]) for start, stop in pairwise(ends)]

    def own_as(self, form: type[Form]) -> Form:
        """What is in own.json, of this form."""
        return self._formed(form, self.own, "own.json")

    def whole_as(self, form: type[Form]) -> Form:
        """What is in whole.json, of this form."""
        return self._formed(form, self.whole, "whole.json")

    def _formed(self, form: type[Form], value: Any, name: str) -> Form:
        try:
            return formed(form, value)
        except ValueError as error:
            raise DataError(f"{self.path / name} is not as compexact writes it: {str(error)[:200]}; {AGAIN}") from None


class ShardWriter:
    """Writes the arrays of a shard."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.digests = folder, dict[str, str]()
        folder.mkdir()

    def array(self, name: str, array: np.ndarray) -> None:
        """Write an array."""
        self.digests[name] = write_array(self.folder / f"{name}.npy", array)

    def sets(self, name: str, sets: Sequence[tuple[int, ...]]) -> None:
        """Write lists of integers as compressed sparse rows: `NAME_indptr` int64 (n + 1,), `NAME_indices` int32."""
        self.array(f"{name}_indptr", np.cumsum([0, *map(len, sets)], dtype=np.int64))
        self.array(f"{name}_indices", np.array([number for each in sets for number in each], dtype=np.int32))

    def rows(self, name: str, dtype: str, shape: tuple[int, ...], blocks: Iterable[np.ndarray]) -> None:
        """Write an array that comes in blocks of rows."""
        self.digests[name] = write_rows(self.folder / f"{name}.npy", np.dtype(dtype), shape, blocks)


@contextmanager
def new_shard(
    path: Path,
    kind: str,
    shard: Shard,
    inputs: int,
    whole: Mapping[str, Any],
    own: Mapping[str, Any],
    *,
    force: bool = False,
) -> Iterator[ShardWriter]:
    """Gives what the arrays are written with; the shard is there when this is left.  Errors as `new_folder`."""
    with new_folder(path, force=force, is_ours=is_shard) as folder:
        writer = ShardWriter(folder / "arrays")
        yield writer
        digests: dict[str, Any] = {"arrays": writer.digests}
        for name, content in (("whole", whole), ("own", own)):
            text = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
            write_bytes(folder / f"{name}.json", text)
            digests[name] = bytes_digest(text)
        manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "kind": kind}
        manifest |= {"shard": {"number": shard.number, "of": shard.of}, "inputs": inputs, "digests": digests}
        manifest["digest"] = bytes_digest(as_json(manifest))
        write_bytes(folder / "manifest.json", json.dumps(manifest, indent=1).encode())
        sync(folder / "arrays")


def read_shard(path: Path) -> StoredShard:
    """The shard of a probe in a folder; `DataError` where it is none, or damaged."""
    try:
        manifest = read_form(path / "manifest.json", ShardManifest, "shard", AGAIN)
    except FileNotFoundError:
        raise DataError(f"{path} is not a shard: it has no manifest.json") from None
    return StoredShard(
        path,
        manifest.kind,
        Shard(manifest.shard.number, manifest.shard.of),
        manifest.inputs,
        _read_json(path / "whole.json", manifest.digests.whole),
        _read_json(path / "own.json", manifest.digests.own),
        StoredArrays(path / "arrays", manifest.digests.arrays, AGAIN),
    )


def _read_json(file: Path, digest: str) -> dict[str, Any]:
    content = parse_json(checked(file, lambda: read_regular(file, MAX_TEXT), digest, AGAIN), str(file))
    if not isinstance(content, dict):
        raise DataError(f"{file} is not as compexact writes it; {AGAIN}")
    return content


def check_alike(shards: Sequence[StoredShard]) -> None:
    """Refuse shards that are not of one probe: `UsageError` that names the first difference."""
    first = shards[0]
    for other in shards[1:]:
        if other.kind != first.kind:
            raise UsageError(f"{other.path} is a shard of kind {other.kind}, {first.path} of kind {first.kind}")
        if difference := _difference(_compared(first.whole), _compared(other.whole)):
            where, one, two = difference
            raise UsageError(
                f"{other.path} is a shard of another probe: {where} is {_brief(two)}, in {first.path} {_brief(one)}"
            )


def _compared(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Without the number of reading processes, of which nothing depends: machines have other numbers of cores."""
    settings = {key: value for key, value in (whole.get("settings") or {}).items() if key != "workers"}
    return {**whole, "settings": settings}


def _difference(one: Any, two: Any, where: str = "") -> tuple[str, Any, Any] | None:
    """Where two values differ first, and how."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in {**one, **two}:
            inner = f"{where}.{key}" if where else key
            if found := _difference(one.get(key), two.get(key), inner):
                return found
        return None
    return None if one == two and type(one) is type(two) else (where, one, two)


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
