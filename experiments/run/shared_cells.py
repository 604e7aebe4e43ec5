"""Cells that several processes of one machine have in memory once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np

from ...solver.cells import Cells, ConceptRows

ALIGNED = 64
_Place = tuple[int, str, tuple[int, ...]]


@dataclass(frozen=True)
class SharedCells:
    """Where another process finds them.

    places: offset, type and shape of `indptr`, `indices`, `weights` and `active` in the file.
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]
    unit_names: tuple[str, ...]
    places: tuple[_Place, ...]

    def open(self, file: IO[bytes]) -> Cells:
        """The cells; their arrays are pages of the file, and what is written to them stays in this process."""
        indptr, indices, weights, active = (_mapped(file, *place) for place in self.places)
        return Cells(ConceptRows(self.names, self.categories, indptr, indices), weights, active, self.unit_names)


def _mapped(file: IO[bytes], offset: int, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    if 0 in shape:  # nothing to map, which the system refuses
        return np.empty(shape, dtype)
    return np.asarray(np.memmap(file, dtype, "c", offset, shape))


@contextmanager
def shared(cells: Cells) -> Iterator[tuple[SharedCells, IO[bytes]]]:
    """Gives what to send to other processes, and the file, which is gone when this is left or the process dies."""
    rows = cells.concepts
    with tempfile.TemporaryFile(prefix="compexact-") as file:
        places = tuple(_append(file, array) for array in (rows.indptr, rows.indices, cells.weights, cells.active))
        file.flush()
        yield SharedCells(rows.names, rows.categories, cells.unit_names, places), file


def _append(file: IO[bytes], array: np.ndarray) -> _Place:
    plain = np.ascontiguousarray(array)
    offset = -(-file.tell() // ALIGNED) * ALIGNED
    file.seek(offset)
    file.write(plain.reshape(-1).view(np.uint8).data)
    return offset, plain.dtype.str, plain.shape
