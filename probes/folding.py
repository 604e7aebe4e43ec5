"""Folds of a probe's inputs: dealt by a hash of each input's name, and as a probe keeps them.

    fold_points_indptr, fold_points_cells, fold_points_counts   the points of each cell, by fold
    fold_active_indptr, fold_active_cells, fold_active_counts   where units are active, by unit and fold

Both are as the probe's own counts of units are, with a fold, or unit * n_folds + fold, in place of a unit; the second
only of cells that are in several folds (`solver/folds.py`).  The hash looks at nothing but seed and name, so shards,
and files that are added up, deal the same input to the same fold in any order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..solver.cells import Cells
from ..solver.errors import DataError
from ..solver.folds import FoldCounts, FoldSums
from ..solver.unit_counts import UnitCounts

POINTS = ("fold_points_indptr", "fold_points_cells", "fold_points_counts")
ACTIVE = ("fold_active_indptr", "fold_active_cells", "fold_active_counts")
ARRAYS = (*POINTS, *ACTIVE)


class HasFolds(Protocol):
    """The settings of a probe."""

    @property
    def folds(self) -> int | None:
        """How many; None for none."""

    @property
    def fold_seed(self) -> int:
        """Of the hash."""


@dataclass(frozen=True)
class Dealing:
    """How inputs are dealt to folds.

    >>> Dealing(10).folds(["a.jpg", "b.jpg", "a.jpg"])
    array([4, 2, 4])
    """

    n_folds: int
    seed: int = 0

    def folds(self, keys: Iterable[object]) -> np.ndarray:
        """int64 (n,): the fold of each input, by what tells it apart."""
        names = [str(key) for key in keys]
        known = {name: self._fold(name) for name in set(names)}
        return np.array([known[name] for name in names], dtype=np.int64)

    def _fold(self, key: str) -> int:
        digest = hashlib.sha256(f"{self.seed}\n{key}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.n_folds

    @classmethod
    def asked(cls, settings: HasFolds) -> Dealing | None:
        """What `--folds` and `--fold-seed` ask for; None without folds."""
        return None if settings.folds is None else cls(settings.folds, settings.fold_seed)


class FoldTally:
    """Adds up a probe's counts by the folds of its inputs; nothing where no folds are asked for.

    keys: of the inputs, what tells them apart.
    """

    def __init__(self, settings: HasFolds, keys: Sequence[object], n_units: int) -> None:
        dealing = Dealing.asked(settings)
        self._folds = None if dealing is None else dealing.folds(keys)
        self._sums = None if dealing is None else FoldSums(dealing.n_folds, n_units)

    def add(
        self,
        inputs: np.ndarray,
        ids: np.ndarray,
        weights: np.ndarray,
        active: UnitCounts,
        units: np.ndarray | None = None,
    ) -> None:
        """Add counted points.  inputs: int (n_rows,), the number of the input that each row is of.

        The rest is what `CellBuilder.add_rows` takes, and gives.
        """
        if self._sums is not None and self._folds is not None:
            self._sums.add(ids, self._folds[inputs], weights, active, units)

    def of_points(self, inputs: np.ndarray) -> np.ndarray | None:
        """int64 (n_points,): the fold of each point, by the number of its input; None without folds."""
        return None if self._folds is None else self._folds[inputs]

    def arrays(self, cells: Cells, place: np.ndarray) -> dict[str, np.ndarray]:
        """What a probe keeps.  cells, place: as the builder gave them."""
        return {} if self._sums is None else fold_arrays(self._sums.counts(cells, place))


def fold_arrays(folds: FoldCounts) -> dict[str, np.ndarray]:
    """The arrays that a probe keeps, each of the smallest type that holds it."""
    found = {}
    for names, counts in ((POINTS, folds.points), (ACTIVE, folds.active)):
        for name, array in zip(names, (counts.indptr, counts.cells, counts.counts)):
            found[name] = array.astype(np.min_scalar_type(int(array.max(initial=0))), copy=False)
    return found


def stored_folds(cells: Cells, arrays: Mapping[str, np.ndarray]) -> FoldCounts:
    """The folds that `fold_arrays` gave; `DataError` where they do not fit the cells."""
    if missing := [name for name in ARRAYS if name not in arrays]:
        raise DataError(f"the probe has folds, but no array {missing[0]!r}; probe again")
    points, active = (UnitCounts(len(cells), *(arrays[name] for name in names)) for names in (POINTS, ACTIVE))
    return FoldCounts(cells, points, active)
