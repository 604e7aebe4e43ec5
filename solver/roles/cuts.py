"""Rows (X) and (O) of `checking/roles.py`: of these there are too many, so those that an answer breaks are added to it.

*Apart.*  A cell is taken and another is not only where something holds them apart: an OR at the one that is not at the
other, or a filter of the other.  Without these rows the program takes half of a filter to have half of a good cell and
nothing of a bad one that it does not tell from it.

*Circles.*  In a step an OR stands inside a filter and another OR outside of it, so the one is further in than the
other; steps that lead back to where they began are no chain.  Without these rows which OR is inside which filter is
chosen for each pair alone.  The circles looked for are the shortest ones, of the step that is broken least for each two
ORs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..compiled import compiled
from .model import Program

LEAST = 1e-4
"""Broken by less is not broken."""
OF_A_CELL = 5
"""Other cells that one cell is told apart from in one go, the most broken rows first."""
MOST_CELLS, MOST_ORS = 1500, 100
"""That are looked at in one go: the cells that are worth most, the ORs that are played most."""


class Answer(NamedTuple):
    """The values of y, p, n and z."""

    cells: np.ndarray
    ors: np.ndarray
    filters: np.ndarray
    pairs: np.ndarray


Steps = tuple[tuple[int, int, int, int, int], ...]
"""Of one circle: OR (segment, concept), filter, and OR (segment, concept)."""


class Cuts(NamedTuple):
    """Rows: starts, columns, entries, highs.  Those of `cell` and `other` come first, then those of `circles`."""

    starts: np.ndarray
    columns: np.ndarray
    entries: np.ndarray
    highs: np.ndarray
    cell: np.ndarray
    other: np.ndarray
    circles: list[Steps]


class Separation:
    """The rows that may be added to one program.  first: its first p, n, z, u, and the column that breaks circles."""

    def __init__(
        self,
        indptr: np.ndarray,
        indices: np.ndarray,
        parts: Program,
        pattern: tuple[int, ...],
        first: tuple[int, ...],
    ) -> None:
        self.indptr, self.indices, self.parts, self.first = indptr, indices, parts, first
        self.n = parts.slot_of.shape[1]
        self.in_cells = np.full(len(indptr) - 1, -1, dtype=np.int64)
        self.in_cells[parts.cells] = np.arange(len(parts.cells))
        self.filter_of = np.full(self.n, -1, dtype=np.int64)
        self.filter_of[parts.filters] = np.arange(len(parts.filters))
        # Concepts that are ANDs here, and so no filters.
        self.skipped = np.zeros(self.n, dtype=bool)
        self.skipped[list(pattern)] = True

    def broken(self, values: np.ndarray, answer: Answer) -> Cuts | None:
        """Rows that the answer breaks; None where there are none.  values: float64 (n_cells,), of the cells."""
        cell, other = self._apart(values, answer)
        starts, columns, entries = _apart_rows(
            self.indptr, self.indices, self.parts, self.filter_of, self.skipped, self.in_cells,
            np.array(self.first, dtype=np.int64), cell, other,
        )  # fmt: skip
        kept = np.diff(starts) > 0
        cell, other = cell[kept], other[kept]
        starts = np.concatenate([[0], starts[1:][kept]])
        circles = self._circles(answer)
        rows = [self._row(circle) for circle in circles]
        if not len(cell) and not circles:
            return None
        return Cuts(
            np.concatenate([starts, starts[-1] + np.cumsum([len(row[0]) for row in rows])]).astype(np.int32),
            np.concatenate([columns, *(row[0] for row in rows)]).astype(np.int32),
            np.concatenate([entries, *(row[1] for row in rows)]),
            np.concatenate([np.zeros(len(cell)), [row[2] for row in rows]]),
            cell,
            other,
            circles,
        )

    def _apart(self, values: np.ndarray, answer: Answer) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of cells, by number, whose row is broken."""
        worth = values[self.parts.cells]
        good = _largest(np.where(worth > 0, worth * answer.cells, 0.0), MOST_CELLS)
        bad = _largest(np.where(worth < 0, -worth * (1 - answer.cells), 0.0), MOST_CELLS)
        ors, filters = np.flatnonzero(answer.ors > 0), np.flatnonzero(answer.filters > 0)
        weights, out = answer.ors[ors], answer.filters[filters]
        at_good, at_bad = (self._at(rows, ors) for rows in (good, bad))
        in_good, in_bad = (self._has(rows, self.parts.filters[filters]) for rows in (good, bad))
        held = (at_good @ weights)[:, None] - (at_good * weights) @ at_bad.T
        held += (in_bad @ out)[None, :] - in_good @ (in_bad * out).T
        excess = answer.cells[good][:, None] - answer.cells[bad][None, :] - held
        if not excess.size:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        order = np.argsort(-excess, axis=1, kind="stable")[:, :OF_A_CELL]
        row, place = np.nonzero(np.take_along_axis(excess, order, axis=1) > LEAST)
        return self.parts.cells[good[row]], self.parts.cells[bad[order[row, place]]]

    def _at(self, rows: np.ndarray, ors: np.ndarray) -> np.ndarray:
        """float64 (rows, ors): 1 where the OR is at the cell."""
        depth = self.parts.depth[self.parts.cells[rows]]
        has = self._has(rows, self.parts.slot_concept[ors])
        has[depth[:, None] < self.parts.slot_segment[ors][None, :]] = 0.0
        return has

    def _has(self, rows: np.ndarray, concepts: np.ndarray) -> np.ndarray:
        """float64 (rows, concepts): 1 where the cell has the concept."""
        has: np.ndarray = _membership(self.indptr, self.indices, self.parts.cells[rows], concepts, self.n)
        return has

    def _circles(self, answer: Answer) -> list[Steps]:
        parts = self.parts
        ors = _largest(answer.ors, MOST_ORS)
        filters = np.flatnonzero(answer.filters > 0)
        if len(ors) < 2 or not len(filters):
            return []
        places = parts.z_of[ors][:, parts.filters[filters]]
        inside = np.where(places >= 0, answer.pairs[np.maximum(places, 0)], np.nan)
        # What a step is short of being certain; out of reach where the pair has no z.
        ahead, behind = np.nan_to_num(1 - inside, nan=9.0), np.nan_to_num(inside, nan=9.0)
        short, by = _cheapest_steps(ahead, behind)
        segment = parts.slot_segment[ors]
        outward = np.where(segment[:, None] > segment[None, :], 1 - answer.ors[ors][:, None], 9.0)
        by = np.where(outward < short, -1, by)
        short = np.minimum(short, outward)
        found = {tuple(sorted(path)): path for path in _short_circles(short)}
        made = [self._steps(path, by, ors, filters) for path in found.values()]
        return [steps for steps in made if steps]

    def _steps(self, path: tuple[int, ...], by: np.ndarray, ors: np.ndarray, filters: np.ndarray) -> Steps:
        """The steps of a path of ORs that ends where it begins; those to a segment further out are not written."""
        segment, concept = self.parts.slot_segment[ors].tolist(), self.parts.slot_concept[ors].tolist()
        steps = []
        for a, b in zip(path, (*path[1:], path[0])):
            if by[a, b] >= 0:
                d = int(self.parts.filters[filters[by[a, b]]])
                steps.append((segment[a], concept[a], d, segment[b], concept[b]))
        return tuple(steps)

    def _row(self, circle: Steps) -> tuple[np.ndarray, np.ndarray, float]:
        """Columns, entries, and the most that their sum may be."""
        first_p, _, first_z, _, loose = self.first
        parts, entries = self.parts, dict[int, float]()
        most = -1.0
        for (g, c, d, end_g, end_c), then in zip(circle, (*circle[1:], circle[0])):
            inside, outside = parts.slot_of[g, c], parts.slot_of[end_g, end_c]
            added = [(first_z + parts.z_of[inside, d], 1.0), (first_z + parts.z_of[outside, d], -1.0)]
            most += 1
            if then[:2] != (end_g, end_c):
                added.append((first_p + outside, 1.0))
                most += 1
            for column, entry in added:
                entries[int(column)] = entries.get(int(column), 0.0) + entry
        entries[loose] = -1.0
        return np.array(list(entries)), np.array(list(entries.values())), most


def _largest(amounts: np.ndarray, most: int) -> np.ndarray:
    """The places of what is above 0, rising; of more than `most` those of the largest."""
    places = np.flatnonzero(amounts > 0)
    if len(places) <= most:
        return places
    return np.sort(places[np.argsort(-amounts[places], kind="stable")[:most]])


def _cheapest_steps(ahead: np.ndarray, behind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64 (n, n): the least of ahead[a] + behind[b] over the filters, for all ORs a and b; and which that is."""
    n = len(ahead)
    least, by = np.full((n, n), 9.0), np.zeros((n, n), dtype=np.int64)
    for a in range(n):
        sums = ahead[a][None, :] + behind
        by[a] = sums.argmin(axis=1)
        least[a] = sums[np.arange(n), by[a]]
    np.fill_diagonal(least, 9.0)
    return least, by


def _short_circles(short: np.ndarray) -> list[tuple[int, ...]]:
    """Paths that come back and are in all short of less than 1: all of two ORs, or the shortest through each OR."""
    there = np.argwhere(np.triu(short + short.T < 1 - LEAST, 1))
    if len(there):
        return [(a, b) for a, b in there.tolist()]
    n = len(short)
    length, then = short.copy(), np.tile(np.arange(n), (n, 1))
    for middle in range(n):
        through = length[:, middle : middle + 1] + length[middle : middle + 1, :]
        better = through < length - 1e-9
        length = np.where(better, through, length)
        then = np.where(better, then[:, middle : middle + 1], then)
    found = []
    for a in np.flatnonzero(np.diag(length) < 1 - LEAST).tolist():
        path = [a]
        while (b := int(then[path[-1], a])) != a and len(path) <= n:
            path.append(b)
        if len(path) <= n:
            found.append(tuple(path))
    return found


@compiled
def _membership(indptr: np.ndarray, indices: np.ndarray, cells: np.ndarray, concepts: np.ndarray, n: int) -> np.ndarray:
    """float64 (cells, concepts): 1 where the cell has the concept; a concept may come more than once."""
    before, last = np.full(len(concepts), -1, np.int64), np.full(n, -1, np.int64)
    for i in range(len(concepts)):
        before[i] = last[concepts[i]]
        last[concepts[i]] = i
    out = np.zeros((len(cells), len(concepts)))
    for row in range(len(cells)):
        for at in range(indptr[cells[row]], indptr[cells[row] + 1]):
            i = last[indices[at]]
            while i >= 0:
                out[row, i] = 1.0
                i = before[i]
    return out


@compiled
def _apart_rows(
    indptr: np.ndarray, indices: np.ndarray, parts: Program, filter_of: np.ndarray, skipped: np.ndarray,
    in_cells: np.ndarray, first: np.ndarray, cell: np.ndarray, other: np.ndarray,
) -> Any:  # fmt: skip
    """starts, columns and entries; empty where a concept of the other cell may be a filter and has no n."""
    depth, slot_of, deep_of = parts.depth, parts.slot_of, parts.deep_of
    n, most = len(filter_of), 0
    for i in range(len(cell)):
        j, k = cell[i], other[i]
        most += 3 + (indptr[j + 1] - indptr[j]) * (depth[j] + 1) + indptr[k + 1] - indptr[k]
    starts = np.zeros(len(cell) + 1, np.int64)
    columns, entries = np.zeros(most, np.int64), np.zeros(most)
    of_cell, of_other = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    end = 0
    for i in range(len(cell)):
        j, k, begun, whole = cell[i], other[i], end, True
        columns[end], entries[end] = in_cells[j], 1.0
        columns[end + 1], entries[end + 1] = in_cells[k], -1.0
        end += 2
        if deep_of[j] >= 0:
            columns[end], entries[end] = first[3] + deep_of[j], -1.0
            end += 1
        for at in range(indptr[k], indptr[k + 1]):
            of_other[indices[at]] = i
        for at in range(indptr[j], indptr[j + 1]):
            c = indices[at]
            of_cell[c] = i
            for g in range(depth[j] + 1):
                if slot_of[g, c] >= 0 and (of_other[c] != i or depth[k] < g):
                    columns[end], entries[end] = first[0] + slot_of[g, c], -1.0
                    end += 1
        for at in range(indptr[k], indptr[k + 1]):
            d = indices[at]
            if of_cell[d] != i and not skipped[d]:
                if filter_of[d] < 0:
                    whole = False
                else:
                    columns[end], entries[end] = first[1] + filter_of[d], -1.0
                    end += 1
        if not whole:
            end = begun
        starts[i + 1] = end
    return starts, columns[:end], entries[:end]
