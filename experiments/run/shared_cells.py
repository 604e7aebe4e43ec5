"""Cells that several processes of one machine have in memory once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np

from ...solver.cells import Cells, ConceptRows
from ...solver.unit_counts import UnitCounts

ALIGNED = 64
_Place = tuple[int, str, tuple[int, ...]]


@dataclass(frozen=True)
class SharedCells:
    """Where another process finds them.

    places: offset, type and shape in the file: of the concepts' `indptr` and `indices`, of the weights, and of the
    units' `indptr`, `cells` and `counts`.
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]
    unit_names: tuple[str, ...]
    places: tuple[_Place, ...]

    def open(self, file: IO[bytes]) -> Cells:
        """The cells; their arrays are pages of the file, and what is written to them stays in this process."""
        indptr, indices, weights, *counts = (_mapped(file, *place) for place in self.places)
        concepts = ConceptRows(self.names, self.categories, indptr, indices)
        return Cells(concepts, weights, UnitCounts(len(weights), *counts), self.unit_names)


def _mapped(file: IO[bytes], offset: int, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    if 0 in shape:  # nothing to map, which the system refuses
        return np.empty(shape, dtype)
    return np.asarray(np.memmap(file, dtype, "c", offset, shape))


@contextmanager
def shared(cells: Cells) -> Iterator[tuple[SharedCells, IO[bytes]]]:
    """Gives what to send to other processes, and the file, which is gone when this is left or the process dies."""
    rows, active = cells.concepts, cells.active
    arrays = (rows.indptr, rows.indices, cells.weights, active.indptr, active.cells, active.counts)
    with tempfile.TemporaryFile(prefix="compexact-") as file:
        places = tuple(_append(file, array) for array in arrays)
        file.flush()
        yield SharedCells(rows.names, rows.categories, cells.unit_names, places), file


def _append(file: IO[bytes], array: np.ndarray) -> _Place:
    plain = np.ascontiguousarray(array)
    offset = -(-file.tell() // ALIGNED) * ALIGNED
    file.seek(offset)
    file.write(plain.reshape(-1).view(np.uint8).data)
    return offset, plain.dtype.str, plain.shape
