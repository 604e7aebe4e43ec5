"""Digests of files, arrays and cells: the same content has the same, on every machine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.cells import Cells
from ..solver.unit_counts import UnitCounts
from .regular_files import open_regular

DENSE_AT_MOST = 2**32
"""Numbers of a dense matrix of cells and units that an earlier version can have written."""
_ROWS_AT_ONCE = 4096
MAX_LISTED = 20


def bytes_digest(content: bytes | memoryview) -> str:
    """sha256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with open_regular(path, follow=True) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_digests(root: Path, files: Sequence[Path], what: str = "files") -> dict[str, str]:
    """The digest of each file, by its path from `root`; of all together where there are too many to list."""
    digests = {os.path.relpath(path, root): file_digest(path) for path in files}
    if len(digests) <= MAX_LISTED:
        return digests
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return {f"{len(digests)} {what}": bytes_digest(lines.encode())}


def array_digest(array: np.ndarray) -> str:
    """sha256 over type, shape and values, the same on every machine and memory layout."""
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return _rows_digest(plain.dtype, plain.shape, iter([plain]))


def cells_digest(cells: Cells) -> str:
    """Of concepts, weights, the units' counts, and all names."""
    digests = {name: array_digest(array) for name, array in core_arrays(cells).items()}
    return bytes_digest(as_json([digests, cell_names(cells)]))


def dense_cells_digest(cells: Cells) -> str | None:
    """What probes whose counts were stored as a dense matrix are called by; None where there can be none so large."""
    n_cells, n_units = cells.active.shape
    if n_cells * n_units > DENSE_AT_MOST:
        return None
    arrays = {name: array for name, array in core_arrays(cells).items() if not name.startswith("active_")}
    digests = {name: array_digest(array) for name, array in arrays.items()}
    digests["active"] = _rows_digest(np.dtype("<i8"), cells.active.shape, _dense_rows(cells.active))
    return bytes_digest(as_json([digests, cell_names(cells)]))


def core_arrays(cells: Cells) -> dict[str, np.ndarray]:
    """The arrays of cells, by the names under which a probe keeps them."""
    concepts, active = cells.concepts, cells.active
    return {
        "concepts_indptr": concepts.indptr,
        "concepts_indices": concepts.indices,
        "weights": cells.weights,
        "active_indptr": active.indptr,
        "active_cells": active.cells,
        "active_counts": active.counts,
    }


def cell_names(cells: Cells) -> dict[str, list[Any]]:
    """The names of concepts, categories and units."""
    return {
        "concepts": list(cells.concepts.names),
        "categories": list(cells.concepts.categories),
        "units": list(cells.unit_names),
    }


def as_json(value: Any) -> bytes:
    """The value in the one form that digests are of."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()


def _rows_digest(dtype: np.dtype[Any], shape: tuple[int, ...], blocks: Iterator[np.ndarray]) -> str:
    digest = hashlib.sha256(f"{dtype.str} {shape}\n".encode())
    for block in blocks:
        digest.update(block.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _dense_rows(active: UnitCounts) -> Iterator[np.ndarray]:
    """The dense matrix, some rows at a time."""
    n_cells, n_units = active.shape
    units = np.repeat(np.arange(n_units), np.diff(active.indptr))
    by_cell = np.argsort(active.cells, kind="stable")
    ends = np.searchsorted(active.cells[by_cell], np.arange(0, n_cells + _ROWS_AT_ONCE, _ROWS_AT_ONCE))
    for block, first in enumerate(range(0, n_cells, _ROWS_AT_ONCE)):
        dense = np.zeros((min(_ROWS_AT_ONCE, n_cells - first), n_units), dtype="<i8")
        entries = by_cell[ends[block] : ends[block + 1]]
        dense[active.cells[entries] - first, units[entries]] = active.counts[entries]
        yield dense
