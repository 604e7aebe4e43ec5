"""Cells: all points with exactly the same concepts, merged without loss.

A formula has one value per cell, so every question about formulas is answered by how many points a
cell has and on how many of them the unit is active.  Real images have a few thousand cells for
millions of pixels (docs/theory.md).

Cells add up: points may come batch by batch, and shards made on other machines merge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise

import numpy as np

from .compiled import add_rows, count, rows_by_concept, set_bits
from .count_sums import CountSums
from .errors import DataError, UsageError, did_you_mean
from .formula import Formula
from .html import html_facts, shortened
from .integers import exact_sum, integers
from .unit_counts import UnitCounts

MAX_POINTS = 2**52
"""Counts stay below this, so a sum of two is exact in int64 and in float64 alike."""
_KEY = np.dtype(">u4")

SOON_SORTED = 1 << 20
"""Fewer indices are sorted sooner than numba is imported; what only reads a run, such as a report, needs it for
nothing else."""


@dataclass(frozen=True, eq=False)
class ConceptRows:
    """Distinct sets of concepts, one a row, in compressed sparse row form.

    names: the concepts, unique.  categories: theirs, "" where unknown.
    indptr: int64 (n_rows + 1,).  indices: int32 (n_set,): row i has the concepts
    `indices[indptr[i]:indptr[i + 1]]`, ascending and each once.  Other integers are converted.

    Raises `DataError` for anything else, two equal rows included: a formula cannot tell them apart, so they are one.
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]
    indptr: np.ndarray
    indices: np.ndarray

    def __post_init__(self) -> None:
        # The compiled loops do not check bounds: what is wrong here would be read from elsewhere in memory.
        n = len(self.names)
        if len(set(self.names)) != n or len(self.categories) != n:
            raise DataError(f"{n} concepts with {len(set(self.names))} names and {len(self.categories)} categories")
        indptr, indices = integers(self.indptr, 1, "the ends of the concept rows"), self.indices
        indices = integers(indices, 1, "the concept numbers", np.int32)
        object.__setattr__(self, "indptr", indptr)
        object.__setattr__(self, "indices", indices)
        rising = len(indptr) > 0 and indptr[0] == 0 and bool((indptr[1:] >= indptr[:-1]).all())
        if not rising or indptr[-1] != len(indices):
            raise DataError("the concept rows are damaged: their ends do not rise from 0 to the number of entries")
        if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < n:
            raise DataError(f"a concept number is outside 0 to {n - 1}: {int(indices.min())} or {int(indices.max())}")
        self._refuse_unsorted()
        self._refuse_equal()

    def _refuse_unsorted(self) -> None:
        """Numbers may fall, or stay, only from the end of a row to the start of the next."""
        begins = np.zeros(len(self.indices) + 1, dtype=bool)
        begins[self.indptr] = True
        wrong = np.flatnonzero((self.indices[1:] <= self.indices[:-1]) & ~begins[1:-1])
        if len(wrong):
            row = int(np.searchsorted(self.indptr, wrong[0], side="right")) - 1
            raise DataError(f"row {row} (from 0) of the concept rows does not list its concepts ascending, each once")

    def _refuse_equal(self) -> None:
        content = self.indices.tobytes()
        ends = list(pairwise((self.indices.itemsize * self.indptr).tolist()))
        if len({content[start:stop] for start, stop in ends}) == len(ends):
            return
        seen: dict[bytes, int] = {}
        for row, (start, stop) in enumerate(ends):
            first = seen.setdefault(content[start:stop], row)
            if first != row:
                raise DataError(f"rows {first} and {row} (from 0) of the concept rows have the same concepts")

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @cached_property
    def position(self) -> dict[str, int]:
        """The column of every concept name."""
        return {name: column for column, name in enumerate(self.names)}

    @cached_property
    def by_column(self) -> tuple[np.ndarray, np.ndarray]:
        """The same sets by column: (n_concepts + 1,) and the rows of each concept."""
        starts = np.zeros(len(self.names) + 1, dtype=np.int64)
        if len(self.indices) < SOON_SORTED:
            np.cumsum(np.bincount(self.indices, minlength=len(self.names)), out=starts[1:])
            of_indices = np.repeat(np.arange(len(self)), np.diff(self.indptr))
            return starts, of_indices[np.argsort(self.indices, kind="stable")]
        count(self.indices, starts[1:])
        np.cumsum(starts, out=starts)
        rows = np.empty(len(self.indices), dtype=np.int64)
        rows_by_concept(self.indptr, self.indices, starts[:-1].copy(), rows)
        return starts, rows

    def rows_with(self, column: int) -> np.ndarray:
        """int64, ascending: the rows that have the concept."""
        starts, rows = self.by_column
        return np.asarray(rows[starts[column] : starts[column + 1]])

    def function(self, column: int) -> np.ndarray:
        """uint8 (ceil(n_rows / 8),): which rows have the concept, as packed bits."""
        packed = np.zeros(-(-len(self) // 8), dtype=np.uint8)
        set_bits(self.rows_with(column), packed)
        return packed

    def column(self, column: int) -> np.ndarray:
        """bool (n_rows,): which rows have the concept."""
        mask = np.zeros(len(self), dtype=bool)
        mask[self.rows_with(column)] = True
        return mask

    def named(self, name: str) -> np.ndarray:
        """bool (n_rows,): which rows have the concept of this name; `UsageError` where there is none."""
        if name not in self.position:
            raise UsageError(f"no concept is named {name!r}{did_you_mean(name, self.names)}")
        return self.column(self.position[name])

    def mask(self, formula: Formula) -> np.ndarray:
        """bool (n_rows,): where the formula holds."""
        return formula.mask(self.named)

    def dense(self) -> np.ndarray:
        """bool (n_rows, n_concepts)."""
        matrix = np.zeros((len(self), len(self.names)), dtype=bool)
        matrix[np.repeat(np.arange(len(self)), np.diff(self.indptr)), self.indices] = True
        return matrix


@dataclass(frozen=True, eq=False)
class Cells:
    """The concept rows that occur, and how often.

    concepts: the rows, all distinct.  weights: int64 (n_cells,): how many points each cell has, at
    least one, and below 2**52 in all.  active: on how many of them each unit is active; an integer matrix
    (n_cells, n_units) is converted.  unit_names: unique.

    Every probe passes here, wherever it is from; `DataError` for anything else.  So whatever is added up later,
    points or active ones, over any cells, is exact in int64.
    """

    concepts: ConceptRows
    weights: np.ndarray
    active: UnitCounts
    unit_names: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", integers(self.weights, 1, "weights"))
        if not isinstance(self.active, UnitCounts):
            object.__setattr__(self, "active", UnitCounts.of_matrix(self.active))
        shape = (len(self.concepts), len(self.unit_names))
        if self.weights.shape != shape[:1] or self.active.shape != shape:
            raise DataError(
                f"weights {self.weights.shape} and active {self.active.shape} are not of {shape} cells, units"
            )
        if len(set(self.unit_names)) != shape[1]:
            raise DataError(f"{shape[1]} units with {len(set(self.unit_names))} names")
        if shape[0] and int(self.weights.min()) < 1:
            raise DataError("a cell has no points")
        if self.active.exceeds(self.weights):
            raise DataError("a unit is active on more points of a cell than the cell has")
        refuse_too_many(exact_sum(self.weights))

    def __len__(self) -> int:
        return len(self.concepts)

    def __repr__(self) -> str:
        names = len(self.concepts.names)
        return (
            f"Cells({self.n_points:,} points, {len(self):,} cells, {names:,} concepts, {len(self.unit_names):,} units)"
        )

    def _repr_html_(self) -> str:
        some = {"concepts": self.concepts.names, "units": self.unit_names}
        return html_facts({what: shortened(names) for what, names in some.items()}, title=repr(self))

    @cached_property
    def n_points(self) -> int:
        """How many points were merged."""
        return int(self.weights.sum())

    @cached_property
    def concept_points(self) -> np.ndarray:
        """int64 (n_concepts,): the points of each concept."""
        return points_of_concepts(self.concepts, self.weights)

    def compute_shared(self) -> None:
        """Compute what a search of any unit reads and computes once: processes that are copied after it share it."""
        _ = self.concept_points, self.concepts.by_column

    def unit(self, name: str) -> int:
        """The column of the unit with this name; `UsageError` with the nearest names where there is none."""
        if name not in self._unit_position:
            are_numbers = name.isdecimal() and all(each.isdecimal() for each in self.unit_names)
            near = "" if are_numbers else did_you_mean(name, self.unit_names)
            raise UsageError(f"no unit is named {name!r}{near or self._unit_range}")
        return self._unit_position[name]

    @cached_property
    def _unit_position(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.unit_names)}

    @property
    def _unit_range(self) -> str:
        return f"; there are {len(self.unit_names)}, from {self.unit_names[0]!r} to {self.unit_names[-1]!r}"


def points_of_concepts(concepts: ConceptRows, weights: np.ndarray) -> np.ndarray:
    """int64 (n_concepts,): the points of each concept, where row i has `weights[i]` of them."""
    sums = np.zeros((len(concepts.names), 2), dtype=np.int64)
    add_rows(np.arange(len(weights)), concepts.indptr, concepts.indices, weights, weights, sums)
    return np.ascontiguousarray(sums[:, 0])


def refuse_too_many(points: int) -> None:
    """`DataError` where so many points cannot be counted exactly."""
    if points >= MAX_POINTS:
        raise DataError(f"{points:,} points; counts are exact up to {MAX_POINTS:,}")


def concept_rows(names: Sequence[str], categories: Sequence[str], matrix: np.ndarray) -> ConceptRows:
    """The rows of a bool (n_rows, n_concepts) matrix, in sparse form."""
    row, column = np.nonzero(matrix)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(matrix)))])
    return ConceptRows(tuple(names), tuple(categories), indptr.astype(np.int64), column.astype(np.int32))


class CellBuilder:
    """Merges points into cells, batch by batch.  Its memory follows the distinct rows, not the points.

    >>> builder = CellBuilder(["a", "b"], ["", ""], ["u"])
    >>> ids = builder.add([(0,), (0, 1)], weights=np.array([5, 2]), active=np.array([[1], [2]]))
    >>> ids = builder.add([(0,)], weights=np.array([3]), active=np.array([[3]]))
    >>> cells, order = builder.cells()
    >>> cells.weights, cells.active[:, 0]
    (array([8, 2]), array([4, 2]))
    """

    def __init__(self, names: Sequence[str], categories: Sequence[str], unit_names: Sequence[str]) -> None:
        self.names, self.categories, self.unit_names = tuple(names), tuple(categories), tuple(unit_names)
        self._ids: dict[bytes, int] = {}
        self._weights = np.zeros(64, dtype=np.int64)
        self._active = CountSums(len(self.unit_names))
        self._points = 0

    def add(
        self,
        rows: Sequence[tuple[int, ...]],
        weights: np.ndarray,
        active: np.ndarray | UnitCounts,
        units: np.ndarray | None = None,
    ) -> np.ndarray:
        """Add counted points; give the id of each row's cell (int64), which stays valid.

        rows: the concepts of each row, ascending.  weights: integer (n_rows,).  active: integer
        (n_rows, n_units), at most `weights`, dense or sparse.  units: int64, the units that its columns are, where
        these are not all.

        Raises `DataError` where the counts cannot be, or all that were added are too many.
        """
        indptr = np.cumsum([0, *map(len, rows)])
        indices = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(indptr[-1]))
        return self.add_rows(indptr, indices, weights, active, units)

    def add_rows(
        self,
        indptr: np.ndarray,
        indices: np.ndarray,
        weights: np.ndarray,
        active: np.ndarray | UnitCounts,
        units: np.ndarray | None = None,
    ) -> np.ndarray:
        """The same of compressed sparse rows: row i has the concepts `indices[indptr[i]:indptr[i + 1]]`, ascending."""
        weights = integers(weights, 1, "weights")
        if not isinstance(active, UnitCounts):
            active = UnitCounts.of_matrix(active)
        if (weights < 0).any() or active.exceeds(weights):
            raise DataError("a row has a negative number of points, or a unit is active on more than it has")
        points = self._points + exact_sum(weights)
        refuse_too_many(points)
        self._points = points
        ids = self._ids_of(indptr, indices)
        if len(self._ids) > len(self._weights):
            grown = max(2 * len(self._weights), len(self._ids))
            self._weights = np.concatenate([self._weights, np.zeros(grown - len(self._weights), np.int64)])
        np.add.at(self._weights, ids, weights)
        columns = np.arange(len(self.unit_names)) if units is None else units
        self._active.add(ids[active.cells], np.repeat(columns, np.diff(active.indptr)), active.counts)
        return ids

    def _ids_of(self, indptr: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """int64 (n_rows,).  A row is kept as the bytes of its concepts, big ends first: they sort as the numbers do."""
        content, ids = indices.astype(_KEY).tobytes(), self._ids
        ends = (_KEY.itemsize * indptr).tolist()
        return np.array(
            [ids.setdefault(content[start:stop], len(ids)) for start, stop in pairwise(ends)], dtype=np.int64
        )

    def add_cells(self, cells: Cells) -> np.ndarray:
        """Add a shard; its concepts and units must be the same, in the same order."""
        for what, own, other in (
            ("concepts", self.names, cells.concepts.names),
            ("units", self.unit_names, cells.unit_names),
        ):
            if own != other:
                raise DataError(f"shards differ in their {what}: {len(own)} here, {len(other)} there, or in order")
        return self.add_rows(cells.concepts.indptr, cells.concepts.indices, cells.weights, cells.active)

    def cells(self) -> tuple[Cells, np.ndarray]:
        """The merged cells in the order of their concept rows, and int64 (n_ids,): where each id went.

        The order depends on the rows alone, so any batches and shards give the same arrays.
        """
        n = len(self._ids)
        if not n:
            raise DataError("there are no points: the data have 0 rows")
        rows = sorted(self._ids)
        order = np.array([self._ids[row] for row in rows], dtype=np.int64)
        indptr = np.cumsum([0, *(len(row) // _KEY.itemsize for row in rows)])
        indices = np.frombuffer(b"".join(rows), dtype=_KEY)
        concepts = ConceptRows(self.names, self.categories, indptr, indices)
        place = np.empty(n, dtype=np.int64)
        place[order] = np.arange(n)
        return Cells(concepts, self._weights[order], self._active.counts(place), self.unit_names), place


def merge(shards: Sequence[Cells]) -> Cells:
    """The cells of all shards together."""
    first = shards[0]
    builder = CellBuilder(first.concepts.names, first.concepts.categories, first.unit_names)
    for shard in shards:
        builder.add_cells(shard)
    return builder.cells()[0]
