"""What pairs of concepts share, counted once: the points for all units, the active points for each.

Cell by cell, or bit by bit (`bits.py`), whichever is sooner done.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..cells import ConceptRows, points_of_concepts
from ..compiled import CellArrays
from ..problem import Problem
from ..stopping import Stopping
from . import bits
from .pair_values import add_pairs
from .tables import distinct, renumbered

NO_CELLS = CellArrays(*(np.zeros(1, dtype=np.int64) for _ in range(5)))
NO_BITS = np.zeros((0, 0), dtype=np.uint64)


class Work(NamedTuple):
    """What a table of all pairs takes.  additions: cell by cell; words: bit by bit (`bits.py`), from so many held."""

    additions: int
    words: int
    held: int

    @property
    def by_bits(self) -> bool:
        """Whether counting bits is the shorter way."""
        return self.words < bits.PER_ADDITION * self.additions

    @property
    def has_bits(self) -> bool:
        """Whether what three concepts share is counted by bits: always the shorter way, where they can be held."""
        return self.by_bits or self.held <= bits.MOST_HELD


@lru_cache(maxsize=1)
def work_of(problem: Problem) -> Work:
    """What it takes here."""
    concepts, n = problem.concepts, len(problem.concepts.names)
    widths = np.diff(concepts.indptr)
    words = bits.words_of(bits.points_with_concepts(concepts, problem.weights))
    return Work(int((widths * (widths + 1) // 2).sum()), n * (n + 1) // 2 * words, n * words)


@dataclass(frozen=True, eq=False)
class Shared:
    """What units share.

    columns: the distinct concepts, in the walk's order.  places: int64 (n_concepts,), where each is in it, or -1.
    cells: in that order, without values; empty where only points are counted.  bits: uint64 (n, n_words), those of all
    points; (0, 0) where only cells are added up.  points: int64 (n, n), how many x <= y share.
    """

    columns: np.ndarray
    places: np.ndarray
    cells: CellArrays
    bits: np.ndarray
    points: np.ndarray


@lru_cache(maxsize=2)
def _shared(concepts: ConceptRows, space: str, weights: bytes, work: Work) -> Shared:
    """weights: the content of int64 (n_cells,), as arrays cannot be keys."""
    of_cells = np.frombuffer(weights, dtype=np.int64)
    columns = distinct(concepts, space)
    columns = columns[np.argsort(-points_of_concepts(concepts, of_cells)[columns], kind="stable")]
    places = np.full(len(concepts.names), -1)
    places[columns] = np.arange(len(columns))
    packed = bits.packed(concepts, places, of_cells) if work.has_bits else NO_BITS
    if work.by_bits:
        return Shared(columns, places, NO_CELLS, packed, _counted(packed))
    cells = renumbered(concepts, columns, of_cells, Stopping())
    return Shared(columns, places, cells, packed, pair_sums(cells, np.arange(len(of_cells)), of_cells))


class OfUnit(NamedTuple):
    """shared: of all units.  bits: as there, of the active points.  active: int64 (n, n), how many x <= y share."""

    shared: Shared
    bits: np.ndarray
    active: np.ndarray


@lru_cache(maxsize=1)
def of_unit(problem: Problem, space: str) -> OfUnit:
    """What is counted once for all targets and lengths."""
    work = work_of(problem)
    shared = _shared(problem.concepts, space, problem.weights.tobytes(), work)
    own = problem.own_cells
    packed = bits.packed(problem.concepts, shared.places, problem.active) if work.has_bits else NO_BITS
    active = _counted(packed) if work.by_bits else pair_sums(shared.cells, own, problem.active[own])
    return OfUnit(shared, packed, active)


def _counted(packed: np.ndarray) -> np.ndarray:
    """int64 (n, n): how many points, one for each bit of uint64 (n, n_words), x <= y share."""
    sums = np.zeros((len(packed),) * 2, dtype=np.int64)
    bits.shared_by_pairs(packed, sums)
    return sums


def pair_sums(cells: CellArrays, rows: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """int64 (n, n): the sums of the amounts, one for each of the rows, over the cells that x <= y share."""
    sums = np.zeros((len(cells.starts) - 1,) * 2, dtype=np.int64)
    add_pairs(rows, cells.indptr, cells.indices, amounts, sums)
    return sums
