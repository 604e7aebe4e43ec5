"""Check by pairs: all formulas over at most three concepts, where cells have few concepts each.

Let cell j have the value v_j = q * active - p * inactive, and V of some cells be the sum of theirs; no IoU is above p/q
if every formula's cells sum to at most T = p * (active points).  A truth table g over concepts x, y, z is a sum of
products of them (its Moebius transform): with xy for the cells that have both,

    V(g) = m0 V(all) + m1 V(x) + m2 V(y) + m3 V(xy) + m4 V(z) + m5 V(xz) + m6 V(yz) + m7 V(xyz)
    m[S] = sum over the subsets R of S of (-1)**|S - R| g[R].

V of all x and xy are counted once.  Then the concepts x are gone through in one order, and for each the V(xyz) of all y
and z after it are counted, from the cells of x.  For x and y, V(g) with any z after y is at most

    m0 V(all) + m1 V(x) + m2 V(y) + m3 V(xy) + max m7 V(xyz)
      + the smaller of  max (m4 V(z) + m5 V(xz)) + max m6 V(yz)  and  max m5 V(xz) + max (m4 V(z) + m6 V(yz)),

each maximum over all z after y: no sum exceeds the sum of the maxima of its parts.  Where that is above T, the z are
gone through one by one.  Every set of three concepts is x, y, z in one way, and the truth tables over it are those of
all formulas over one, two or three of its concepts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .clock import ENDED, EXCEEDED, GOING

MAX_LENGTH = 3
LARGEST_SUM = 16
"""No value or bound is above so many times what a sum over cells can be: the sizes of m0 to m7 are at most 1, 1, 1, 2,
1, 2, 2 and 4."""
MAX_TABLE = 1 << 24
MAX_TRIPLES = 1 << 30


class Products(NamedTuple):
    """signs: int64 (n_tables, 8), m of each truth table.  parts: int64 (n_parts, 2), the (m4, m5), (0, m5), (0, m6) and
    (m4, m6) that occur; places: int64 (n_tables, 4), where each table's are."""

    signs: np.ndarray
    parts: np.ndarray
    places: np.ndarray


def products(tables: np.ndarray) -> Products:
    """tables: int64, truth tables over three variables; bit r is the value where just the variables in r hold."""
    signs = np.zeros((len(tables), 8), dtype=np.int64)
    for chosen in range(8):
        for inner in range(8):
            if inner & chosen == inner:
                signs[:, chosen] += (-1) ** (chosen ^ inner).bit_count() * (tables >> inner & 1)
    m4, m5, m6 = signs[:, 4], signs[:, 5], signs[:, 6]
    none = np.zeros_like(m4)
    wanted = np.stack([np.stack(each, axis=1) for each in ((m4, m5), (none, m5), (none, m6), (m4, m6))], axis=1)
    parts, places = np.unique(wanted.reshape(-1, 2), axis=0, return_inverse=True)
    return Products(signs, parts, places.reshape(-1, 4))


def few_enough(n: int, widths: np.ndarray) -> bool:
    """Whether three or more concepts, and cells with so many of them (int64 (n_cells,)), are checked by pairs."""
    return n >= 3 and n * n <= MAX_TABLE and float((widths.astype(np.float64) ** 3).sum()) <= MAX_TRIPLES


def walk(
    starts: np.ndarray,
    rows: np.ndarray,
    indptr: np.ndarray,
    places: np.ndarray,
    values: np.ndarray,
    signs: np.ndarray,
    parts: np.ndarray,
    of_table: np.ndarray,
    limit: int,
) -> Iterator[tuple[int, int, int]]:
    """GOING, the pairs opened, the steps done: after every concept; at last with ENDED, or EXCEEDED.

    starts, rows: the cells of each concept in the order; indptr, places: the concepts of each cell, rising.  values:
    int64 (n_cells,).  signs, parts, of_table: `Products`.  EXCEEDED: some V(g) is above the limit.
    """
    n, n_parts = len(starts) - 1, len(parts)
    pair = np.zeros((n, n), np.int64)
    for row in range(len(values)):
        for i in range(indptr[row], indptr[row + 1]):
            for j in range(i, indptr[row + 1]):
                pair[places[i], places[j]] += values[row]
    every, opened, steps = values.sum(), 0, len(places)
    # after[k, y]: the largest of part k of y over the concepts after it.
    after = np.zeros((n_parts, n), np.int64)
    for y in range(n - 1):
        for k in range(n_parts):
            largest = parts[k, 0] * pair[n - 1, n - 1] + parts[k, 1] * pair[y, n - 1]
            for z in range(y + 1, n - 1):
                largest = max(largest, parts[k, 0] * pair[z, z] + parts[k, 1] * pair[y, z])
            after[k, y] = largest
        if y % 32 == 0:
            steps += 4 * n * n_parts
            yield GOING, opened, steps
    triple = np.zeros((n, n), np.int64)
    begins = starts if (signs[:, 7] != 0).any() else np.zeros_like(starts)  # else no triple is asked for
    highest, lowest = np.zeros(n, np.int64), np.zeros(n, np.int64)
    of_x = np.zeros((n_parts, n), np.int64)
    bound = np.zeros(n, np.int64)
    for x in range(n - 2):
        # V(xyz) of all y and z after x, and of each y its largest and smallest; those of no cell are 0.
        highest[:], lowest[:] = 0, 0
        for at in range(begins[x], begins[x + 1]):
            last = indptr[rows[at] + 1]
            i = last - 1
            while places[i] > x:
                for j in range(i + 1, last):
                    triple[places[i], places[j]] += values[rows[at]]
                i -= 1
        for at in range(begins[x], begins[x + 1]):
            last = indptr[rows[at] + 1]
            i = last - 1
            while places[i] > x:
                for j in range(i + 1, last):
                    y, found = places[i], triple[places[i], places[j]]
                    highest[y], lowest[y] = max(highest[y], found), min(lowest[y], found)
                steps += last - i
                i -= 1
        for k in range(n_parts):
            largest = parts[k, 0] * pair[n - 1, n - 1] + parts[k, 1] * pair[x, n - 1]
            for z in range(n - 2, x, -1):
                of_x[k, z] = largest
                largest = max(largest, parts[k, 0] * pair[z, z] + parts[k, 1] * pair[x, z])
        bound[:] = -(1 << 62)
        for f in range(len(signs)):
            m0, m1, m2, m3, m7 = signs[f, 0], signs[f, 1], signs[f, 2], signs[f, 3], signs[f, 7]
            with_x, x_only, y_only, with_y = of_table[f]
            fixed = m0 * every + m1 * pair[x, x]
            for y in range(x + 1, n - 1):
                third = min(of_x[with_x, y] + after[y_only, y], of_x[x_only, y] + after[with_y, y])
                of_all = max(m7 * highest[y], m7 * lowest[y])
                bound[y] = max(bound[y], fixed + m2 * pair[y, y] + m3 * pair[x, y] + third + of_all)
        steps += (n - x) * len(signs) // 4
        for y in range(x + 1, n - 1):
            if bound[y] <= limit:
                continue
            opened += 1
            steps += (n - y) * len(signs) // 4
            for f in range(len(signs)):
                m4, m5, m6, m7 = signs[f, 4], signs[f, 5], signs[f, 6], signs[f, 7]
                fixed = signs[f, 0] * every + signs[f, 1] * pair[x, x] + signs[f, 2] * pair[y, y]
                fixed += signs[f, 3] * pair[x, y]
                largest = limit
                for z in range(y + 1, n):
                    value = m4 * pair[z, z] + m5 * pair[x, z] + m6 * pair[y, z] + m7 * triple[y, z]
                    largest = max(largest, fixed + value)
                if largest > limit:
                    yield EXCEEDED, opened, steps
                    return
        for at in range(begins[x], begins[x + 1]):
            last = indptr[rows[at] + 1]
            i = last - 1
            while places[i] > x:
                for j in range(i + 1, last):
                    triple[places[i], places[j]] = 0
                i -= 1
        yield GOING, opened, steps
    yield ENDED, opened, steps
