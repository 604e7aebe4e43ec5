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
def program(
    indptr: np.ndarray, indices: np.ndarray, n: int, good: np.ndarray, bad: np.ndarray, pattern: np.ndarray,
    budget: int, deeper: bool,
) -> Any:  # fmt: skip
    """good, bad: bool (n_cells,), the cells of positive and of negative value."""
    h, n_cells = len(pattern), len(good)
    depth = depths(indptr, indices, n, pattern)
    place = np.full(n, -1, np.int64)
    for i in range(h):
        place[pattern[i]] = i

    slot_of = np.full((h + 1, n), -1, np.int64)
    for j in range(n_cells):
        if good[j]:
            for at in range(indptr[j], indptr[j + 1]):
                c = indices[at]
                for g in range(depth[j] + 1):
                    if place[c] < 0 or g == h:
                        slot_of[g, c] = 0
    n_p = 0
    for g in range(h + 1):
        for c in range(n):
            if slot_of[g, c] == 0:
                slot_of[g, c] = n_p
                n_p += 1
    slot_segment, slot_concept = np.zeros(n_p, np.int64), np.zeros(n_p, np.int64)
    for g in range(h + 1):
        for c in range(n):
            if slot_of[g, c] >= 0:
                slot_segment[slot_of[g, c]], slot_concept[slot_of[g, c]] = g, c

    # Which cells are in use, and the z.
    used = np.zeros(n_cells, np.bool_)
    z_of = np.full((n_p, n), -1, np.int64)
    filter_of = np.full(n, -1, np.int64)
    n_z = 0
    for j in range(n_cells):
        if not good[j] and not bad[j]:
            continue
        for at in range(indptr[j], indptr[j + 1]):
            c = indices[at]
            for g in range(depth[j] + 1):
                slot = slot_of[g, c]
                if slot < 0:
                    continue
                used[j] = True
                for other in range(indptr[j], indptr[j + 1]):
                    d = indices[other]
                    if d != c and place[d] < 0 and z_of[slot, d] < 0:
                        z_of[slot, d] = n_z
                        filter_of[d] = 0
                        n_z += 1
    cells = np.flatnonzero(used)
    n_y = len(cells)
    filters = np.flatnonzero(filter_of == 0)
    for i in range(len(filters)):
        filter_of[filters[i]] = i
    n_n = len(filters)
    z_slot, z_filter = np.zeros(n_z, np.int64), np.zeros(n_z, np.int64)
    for slot in range(n_p):
        for d in range(n):
            if z_of[slot, d] >= 0:
                z_slot[z_of[slot, d]], z_filter[z_of[slot, d]] = slot, d

    deep_of = np.full(n_cells, -1, np.int64)
    inner_of, next_of = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    n_u = 0
    if deeper:
        for i in range(n_y):
            j = cells[i]
            if good[j] and depth[j] == h and indptr[j + 1] - indptr[j] > h:
                deep_of[j] = n_u
                n_u += 1
                for at in range(indptr[j], indptr[j + 1]):
                    inner_of[indices[at]] = 0
                    if place[indices[at]] < 0:
                        next_of[indices[at]] = 0
    inner, next_ands = np.flatnonzero(inner_of == 0), np.flatnonzero(next_of == 0)
    for i in range(len(inner)):
        inner_of[inner[i]] = i
    for i in range(len(next_ands)):
        next_of[next_ands[i]] = i
    deep_cells = np.zeros(n_u, np.int64)
    for j in range(n_cells):
        if deep_of[j] >= 0:
            deep_cells[deep_of[j]] = j

    first_p = n_y
    first_n = first_p + n_p
    first_z = first_n + n_n
    first_u = first_z + n_z
    first_in = first_u + n_u
    first_next = first_in + len(inner)
    total = first_next + len(next_ands)

    # An upper limit on the entries and rows.
    most_rows, most = 2 * n + n_z + 2 * n_u + 8, 2 * n_z + 2 * total + 4 * n + 8
    for i in range(n_y):
        j = cells[i]
        width = indptr[j + 1] - indptr[j]
        slots = width * (depth[j] + 1)
        if good[j]:
            most_rows += width
            most += width * (2 + 2 * slots) + 2 * width + 4
        else:
            most_rows += slots
            most += slots * (2 + width)
    starts = np.zeros(most_rows + 1, np.int64)
    columns, entries = np.zeros(most, np.int64), np.zeros(most, np.float64)
    lows, highs = np.full(most_rows, -np.inf), np.zeros(most_rows)
    row, end = 0, 0

    taken_cell, taken_concept = np.zeros(most_rows, np.int64), np.zeros(most_rows, np.int64)
    for i in range(n_y):
        j = cells[i]
        if not good[j]:
            continue
        some = False
        for turn in range(2):
            if turn == 1 and some:
                break
            for other in range(indptr[j], indptr[j + 1]):
                d = indices[other]
                before = end
                found = False
                columns[end], entries[end] = i, 1.0
                end += 1
                for at in range(indptr[j], indptr[j + 1]):
                    c = indices[at]
                    for g in range(depth[j] + 1):
                        slot = slot_of[g, c]
                        if slot >= 0:
                            columns[end], entries[end] = first_p + slot, -1.0
                            end += 1
                            if z_of[slot, d] >= 0:
                                found = True
                                columns[end], entries[end] = first_z + z_of[slot, d], 1.0
                                end += 1
                if not found and turn == 0:
                    end = before
                    continue
                some = True
                if deep_of[j] >= 0:
                    columns[end], entries[end] = first_u + deep_of[j], -1.0
                    end += 1
                taken_cell[row], taken_concept[row] = j, d
                row += 1
                starts[row] = end
                if turn == 1:
                    break
    n_taken = row

    spared_cell, spared_slot = np.zeros(most_rows, np.int64), np.zeros(most_rows, np.int64)
    for i in range(n_y):
        j = cells[i]
        if good[j]:
            continue
        for at in range(indptr[j], indptr[j + 1]):
            c = indices[at]
            for g in range(depth[j] + 1):
                slot = slot_of[g, c]
                if slot < 0:
                    continue
                columns[end], entries[end] = i, -1.0
                columns[end + 1], entries[end + 1] = first_p + slot, 1.0
                end += 2
                for other in range(indptr[j], indptr[j + 1]):
                    z = z_of[slot, indices[other]]
                    if z >= 0:
                        columns[end], entries[end] = first_z + z, -1.0
                        end += 1
                spared_cell[row - n_taken], spared_slot[row - n_taken] = j, slot
                row += 1
                starts[row] = end
    n_spared = row - n_taken

    for i in range(n_u):
        j = deep_cells[i]
        columns[end], entries[end] = first_u + i, 1.0
        end += 1
        for at in range(indptr[j], indptr[j + 1]):
            columns[end], entries[end] = first_in + inner_of[indices[at]], -1.0
            end += 1
        row += 1
        starts[row] = end
    for i in range(n_u):
        j = deep_cells[i]
        columns[end], entries[end] = first_u + i, 1.0
        end += 1
        for at in range(indptr[j], indptr[j + 1]):
            if next_of[indices[at]] >= 0:
                columns[end], entries[end] = first_next + next_of[indices[at]], -1.0
                end += 1
        row += 1
        starts[row] = end
    for z in range(n_z):
        columns[end], entries[end] = first_z + z, 1.0
        columns[end + 1], entries[end + 1] = first_n + filter_of[z_filter[z]], -1.0
        end += 2
        row += 1
        starts[row] = end
    for c in range(n):
        before = end
        for g in range(h + 1):
            if slot_of[g, c] >= 0:
                columns[end], entries[end] = first_p + slot_of[g, c], 1.0
                end += 1
        if filter_of[c] >= 0:
            columns[end], entries[end] = first_n + filter_of[c], 1.0
            end += 1
        if inner_of[c] >= 0:
            columns[end], entries[end] = first_in + inner_of[c], 1.0
            end += 1
        if end - before < 2:
            end = before
            continue
        highs[row] = 1.0
        row += 1
        starts[row] = end
    if deeper:
        for i in range(len(next_ands)):
            columns[end], entries[end] = first_next + i, 1.0
            end += 1
        lows[row], highs[row] = 1.0, np.inf
        row += 1
        starts[row] = end
    for column in range(first_p, total):
        if column < first_z or column >= first_in:
            columns[end], entries[end] = column, 1.0
            end += 1
    highs[row] = budget
    row += 1
    starts[row] = end
    return (
        cells, slot_segment, slot_concept, slot_of, filters, z_slot, z_filter, z_of, deep_cells, deep_of, inner,
        inner_of, next_ands, next_of, starts[: row + 1], columns[:end], entries[:end], lows[:row], highs[:row], n_taken,
        taken_cell[:n_taken], taken_concept[:n_taken], n_spared, spared_cell[:n_spared], spared_slot[:n_spared], n_u,
        depth,
    )  # fmt: skip
