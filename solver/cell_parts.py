"""A part of the points of cells: fewer in each cell, and without the cells of which none is left."""

from __future__ import annotations

import numpy as np

from .cells import Cells, ConceptRows
from .unit_counts import UnitCounts


def part_of(cells: Cells, weights: np.ndarray, counts: np.ndarray) -> Cells:
    """The cells that have a point left.

    weights: int64 (n_cells,), of the part.  counts: int64, in place of `cells.active.counts`, entry by entry.
    """
    kept = np.flatnonzero(weights)
    place = np.cumsum(weights > 0) - 1
    some = counts > 0
    ends = np.concatenate([[0], np.cumsum(some)])[cells.active.indptr]
    active = UnitCounts(len(kept), ends, place[cells.active.cells[some]], counts[some])
    return Cells(rows_of(cells.concepts, kept), weights[kept].astype(np.int64), active, cells.unit_names)


def rows_of(concepts: ConceptRows, kept: np.ndarray) -> ConceptRows:
    """Some of the rows, in the order given."""
    counts = np.diff(concepts.indptr)[kept]
    starts = np.repeat(concepts.indptr[kept] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    indices = concepts.indices[starts + np.arange(int(counts.sum()))]
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return ConceptRows(concepts.names, concepts.categories, indptr, indices)
