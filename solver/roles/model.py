"""The linear program of one AND pattern, as arrays: `checking/roles.py` says what its variables and rows mean.

A variable's number follows from its kind: first y of every cell in use, then p, n and z, and for patterns that have
more ANDs inside u, P and A.  Rows stand one after the other, each kind in one block.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..compiled import compiled

Program = namedtuple(
    "Program",
    "cells slot_segment slot_concept slot_of filters z_slot z_filter z_of deep_cells deep_of inner inner_of "
    "next_ands next_of starts columns entries lows highs n_taken taken_cell taken_concept n_spared spared_cell "
    "spared_slot n_deep depth",
)
"""cells: those in use, int64 (n_y,).  slot_segment, slot_concept: of every p.  slot_of: (h + 1, n), its number or -1.
filters: the concept of every n.  z_slot, z_filter: p and concept of every z.  z_of: (n_p, n), its number or -1.
deep_cells: of every u; deep_of: (n_cells,).  inner, next_ands: the concepts of P and A; inner_of, next_of: (n,).
starts, columns, entries, lows, highs: the rows.  The first n_taken rows are those of taken_cell and taken_concept, the
next n_spared those of spared_cell and spared_slot, the next n_deep those of u <= sum of P.
depth: int64 (n_cells,), how many ANDs of the pattern hold there, from the outermost on without a gap."""


@compiled
def depths(indptr: np.ndarray, indices: np.ndarray, n: int, pattern: np.ndarray) -> np.ndarray:
    """int64 (n_cells,): how many concepts of the pattern each cell has, from the first on without a gap."""
    h = len(pattern)
    place = np.full(n, -1, np.int64)
    for i in range(h):
        place[pattern[i]] = i
    out = np.zeros(len(indptr) - 1, np.int64)
    has = np.zeros(h + 1, np.bool_)
    if h == 0:
        return out
    for j in range(len(out)):
        has[:] = False
        for at in range(indptr[j], indptr[j + 1]):
            if place[indices[at]] >= 0:
                has[place[indices[at]]] = True
        while has[out[j]]:
            out[j] += 1
    return out


@compiled
def or_slots(
    indptr: np.ndarray,
    indices: np.ndarray,
    good: np.ndarray,
    pattern: np.ndarray,
    depth: np.ndarray,
    in_pattern: np.ndarray,
) -> Any:
    """int64 (h + 1, n): the number of each OR that may be, else -1; and how many there are."""
    h, n = len(pattern), len(in_pattern)
    slot_of = np.full((h + 1, n), -1, np.int64)
    for j in range(len(good)):
        if good[j]:
            for at in range(indptr[j], indptr[j + 1]):
                for g in range(depth[j] + 1):
                    if g == h or not in_pattern[indices[at]]:
                        slot_of[g, indices[at]] = 0
    n_slots = 0
    for g in range(h + 1):
        for c in range(n):
            if slot_of[g, c] == 0:
                slot_of[g, c] = n_slots
                n_slots += 1
    return slot_of, n_slots


Frame = namedtuple("Frame", "indptr indices good bad depth in_pattern slot_of z_of filter_of deep_of inner_of next_of")
"""What the rows are made from.  good, bad: bool (n_cells,), of positive and of negative value.  in_pattern: bool (n,).
filter_of: (n,), the number of each n, or -1.  The others: see `Program`."""

First = namedtuple("First", "p n z u inner next total")
"""The number of the first variable of each kind, y beginning at 0; and of all."""

Rows = namedtuple("Rows", "starts columns entries lows highs at owner what")
"""Rows as they are made.  at: int64 (2,), rows and entries so far.  owner, what: a cell, and the concept or p, of each.
"""


@compiled
def put(rows: Rows, column: int, entry: float) -> None:
    """One entry of the row that is being made."""
    rows.columns[rows.at[1]], rows.entries[rows.at[1]] = column, entry
    rows.at[1] += 1


@compiled
def end_row(rows: Rows, low: float, high: float) -> None:
    """Whatever was put since the last row is a row."""
    rows.lows[rows.at[0]], rows.highs[rows.at[0]] = low, high
    rows.at[0] += 1
    rows.starts[rows.at[0]] = rows.at[1]


@compiled
def program(
    indptr: np.ndarray, indices: np.ndarray, n: int, good: np.ndarray, bad: np.ndarray, pattern: np.ndarray,
    budget: int, deeper: bool,
) -> Any:  # fmt: skip
    """good, bad: bool (n_cells,), the cells of positive and of negative value."""
    depth = depths(indptr, indices, n, pattern)
    in_pattern = np.zeros(n, np.bool_)
    in_pattern[pattern] = True
    slot_of, n_p = or_slots(indptr, indices, good, pattern, depth, in_pattern)
    slot_segment, slot_concept = _places(slot_of, n_p)
    none = np.zeros(0, np.int64)
    frame = Frame(indptr, indices, good, bad, depth, in_pattern, slot_of, slot_of, none, none, none, none)
    cells, z_of, n_z, filters, filter_of = _insides(frame, n_p)
    z_slot, z_filter = _places(z_of, n_z)
    deep_cells, deep_of, inner, inner_of, next_ands, next_of = _deep(frame, cells, len(pattern), deeper)
    frame = Frame(indptr, indices, good, bad, depth, in_pattern, slot_of, z_of, filter_of, deep_of, inner_of, next_of)
    ends = np.cumsum(
        np.array([len(cells), n_p, len(filters), n_z, len(deep_cells), len(inner), len(next_ands)], np.int64)
    )
    first = First(ends[0], ends[1], ends[2], ends[3], ends[4], ends[5], ends[6])
    rows = _no_rows(frame, first, cells)
    _add_taken(frame, first, cells, rows)
    n_taken = rows.at[0]
    _add_spared(frame, first, cells, rows)
    n_spared = rows.at[0] - n_taken
    _add_deep(frame, first, deep_cells, rows)
    for z in range(n_z):
        put(rows, first.z + z, 1.0)
        put(rows, first.n + filter_of[z_filter[z]], -1.0)
        end_row(rows, -np.inf, 0.0)
    _add_counts(frame, first, budget, deeper, rows)
    row, end = rows.at[0], rows.at[1]
    return (
        cells, slot_segment, slot_concept, slot_of, filters, z_slot, z_filter, z_of, deep_cells, deep_of, inner,
        inner_of, next_ands, next_of, rows.starts[: row + 1], rows.columns[:end], rows.entries[:end], rows.lows[:row],
        rows.highs[:row], n_taken, rows.owner[:n_taken], rows.what[:n_taken], n_spared,
        rows.owner[n_taken : n_taken + n_spared], rows.what[n_taken : n_taken + n_spared], len(deep_cells), depth,
    )  # fmt: skip


@compiled
def _places(number_of: np.ndarray, count: int) -> Any:
    """Of each number in a table, -1 where there is none, its row and its column."""
    rows, columns = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for row in range(number_of.shape[0]):
        for column in range(number_of.shape[1]):
            if number_of[row, column] >= 0:
                rows[number_of[row, column]], columns[number_of[row, column]] = row, column
    return rows, columns


@compiled
def _numbered(there: np.ndarray) -> Any:
    """int64: where it is true; and the place of each among these, else -1."""
    found, number_of = np.flatnonzero(there), np.full(len(there), -1, np.int64)
    for i in range(len(found)):
        number_of[found[i]] = i
    return found, number_of


@compiled
def _insides(f: Frame, n_p: int) -> Any:
    """The cells in use, the z and their number, and the filters."""
    n = len(f.in_pattern)
    used, is_filter, z_of, n_z = (
        np.zeros(len(f.good), np.bool_),
        np.zeros(n, np.bool_),
        np.full((n_p, n), -1, np.int64),
        0,
    )
    for j in range(len(f.good)):
        if not f.good[j] and not f.bad[j]:
            continue
        for at in range(f.indptr[j], f.indptr[j + 1]):
            c = f.indices[at]
            for g in range(f.depth[j] + 1):
                slot = f.slot_of[g, c]
                if slot < 0:
                    continue
                used[j] = True
                for other in range(f.indptr[j], f.indptr[j + 1]):
                    d = f.indices[other]
                    if d != c and not f.in_pattern[d] and z_of[slot, d] < 0:
                        z_of[slot, d] = n_z
                        is_filter[d] = True
                        n_z += 1
    filters, filter_of = _numbered(is_filter)
    return np.flatnonzero(used), z_of, n_z, filters, filter_of


@compiled
def _deep(f: Frame, cells: np.ndarray, h: int, deeper: bool) -> Any:
    """The cells that have a u, and the concepts that have a P or an A; each with its numbers."""
    n = len(f.in_pattern)
    is_deep, is_inner, is_next = np.zeros(len(f.good), np.bool_), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    if deeper:
        for j in cells:
            if f.good[j] and f.depth[j] == h and f.indptr[j + 1] - f.indptr[j] > h:
                is_deep[j] = True
                for at in range(f.indptr[j], f.indptr[j + 1]):
                    is_inner[f.indices[at]] = True
                    is_next[f.indices[at]] |= not f.in_pattern[f.indices[at]]
    deep_cells, deep_of = _numbered(is_deep)
    inner, inner_of = _numbered(is_inner)
    next_ands, next_of = _numbered(is_next)
    return deep_cells, deep_of, inner, inner_of, next_ands, next_of


@compiled
def _no_rows(f: Frame, first: First, cells: np.ndarray) -> Rows:
    """Room for all rows and entries."""
    n, n_z, n_u = len(f.in_pattern), first.u - first.z, first.inner - first.u
    most_rows, most = 2 * n + n_z + 2 * n_u + 8, 2 * n_z + 2 * first.total + 4 * n + 8
    for j in cells:
        width = f.indptr[j + 1] - f.indptr[j]
        slots = width * (f.depth[j] + 1)
        if f.good[j]:
            most_rows += width
            most += width * (2 + 2 * slots) + 2 * width + 4
        else:
            most_rows += slots
            most += slots * (2 + width)
    return Rows(
        np.zeros(most_rows + 1, np.int64), np.zeros(most, np.int64), np.zeros(most, np.float64), np.zeros(most_rows),
        np.zeros(most_rows), np.zeros(2, np.int64), np.zeros(most_rows, np.int64), np.zeros(most_rows, np.int64),
    )  # fmt: skip


@compiled
def _add_taken(f: Frame, first: First, cells: np.ndarray, rows: Rows) -> None:
    """For each cell of positive value and each of its concepts that makes a difference; for one, if none does."""
    for i in range(len(cells)):
        j = cells[i]
        if not f.good[j]:
            continue
        begun = rows.at[0]
        for other in range(f.indptr[j], f.indptr[j + 1]):
            before = rows.at[1]
            if _put_taken(f, first, i, j, f.indices[other], rows):
                _end_taken(f, first, j, f.indices[other], rows)
            else:
                rows.at[1] = before
        if rows.at[0] == begun:
            d = f.indices[f.indptr[j]]
            _put_taken(f, first, i, j, d, rows)
            _end_taken(f, first, j, d, rows)


@compiled
def _put_taken(f: Frame, first: First, i: int, j: int, d: int, rows: Rows) -> bool:
    """y less the ORs at the cell that do not stand inside d; whether any could."""
    found = False
    put(rows, i, 1.0)
    for at in range(f.indptr[j], f.indptr[j + 1]):
        for g in range(f.depth[j] + 1):
            slot = f.slot_of[g, f.indices[at]]
            if slot >= 0:
                put(rows, first.p + slot, -1.0)
                if f.z_of[slot, d] >= 0:
                    found = True
                    put(rows, first.z + f.z_of[slot, d], 1.0)
    return found


@compiled
def _end_taken(f: Frame, first: First, j: int, d: int, rows: Rows) -> None:
    if f.deep_of[j] >= 0:
        put(rows, first.u + f.deep_of[j], -1.0)
    rows.owner[rows.at[0]], rows.what[rows.at[0]] = j, d
    end_row(rows, -np.inf, 0.0)


@compiled
def _add_spared(f: Frame, first: First, cells: np.ndarray, rows: Rows) -> None:
    """For each cell of negative value and each OR at it."""
    for i in range(len(cells)):
        j = cells[i]
        if f.good[j]:
            continue
        for at in range(f.indptr[j], f.indptr[j + 1]):
            for g in range(f.depth[j] + 1):
                slot = f.slot_of[g, f.indices[at]]
                if slot < 0:
                    continue
                put(rows, i, -1.0)
                put(rows, first.p + slot, 1.0)
                for other in range(f.indptr[j], f.indptr[j + 1]):
                    z = f.z_of[slot, f.indices[other]]
                    if z >= 0:
                        put(rows, first.z + z, -1.0)
                rows.owner[rows.at[0]], rows.what[rows.at[0]] = j, slot
                end_row(rows, -np.inf, 0.0)


@compiled
def _add_deep(f: Frame, first: First, deep_cells: np.ndarray, rows: Rows) -> None:
    """u is at most the ORs, and at most the ANDs, further in that are of the cell's concepts."""
    for of, begin in ((f.inner_of, first.inner), (f.next_of, first.next)):
        for i in range(len(deep_cells)):
            put(rows, first.u + i, 1.0)
            for at in range(f.indptr[deep_cells[i]], f.indptr[deep_cells[i] + 1]):
                if of[f.indices[at]] >= 0:
                    put(rows, begin + of[f.indices[at]], -1.0)
            end_row(rows, -np.inf, 0.0)


@compiled
def _add_counts(f: Frame, first: First, budget: int, deeper: bool, rows: Rows) -> None:
    """One role for each concept, one AND further in at least, and the budget."""
    for c in range(len(f.in_pattern)):
        before = rows.at[1]
        for g in range(f.slot_of.shape[0]):
            if f.slot_of[g, c] >= 0:
                put(rows, first.p + f.slot_of[g, c], 1.0)
        if f.filter_of[c] >= 0:
            put(rows, first.n + f.filter_of[c], 1.0)
        if f.inner_of[c] >= 0:
            put(rows, first.inner + f.inner_of[c], 1.0)
        if rows.at[1] - before < 2:
            rows.at[1] = before
        else:
            end_row(rows, -np.inf, 1.0)
    if deeper:
        for column in range(first.next, first.total):
            put(rows, column, 1.0)
        end_row(rows, 1.0, np.inf)
    for column in range(first.p, first.total):
        if column < first.z or column >= first.inner:
            put(rows, column, 1.0)
    end_row(rows, -np.inf, float(budget))
