"""Check by pairs: all formulas over at most three concepts, where tables of what pairs share are small.

Let cell j have the value v_j = q * active - p * inactive, and V of some cells be the sum of theirs; no IoU is above p/q
if every formula's cells sum to at most T = p * (active points).  A truth table g over concepts x, y, z is a sum of
products of them (its Moebius transform): with xy for the cells that have both,

    V(g) = m0 V(all) + m1 V(x) + m2 V(y) + m3 V(xy) + m4 V(z) + m5 V(xz) + m6 V(yz) + m7 V(xyz)
    m[S] = sum over the subsets R of S of (-1)**|S - R| g[R].

The points of all x and xy are counted once.  Write G for q times the active points of some cells, L for p times the
inactive ones; V = G - L.  Tables that depend on two concepts or fewer come first, exactly, for all pairs.  Let B be the
most that any is worth, or all cells, or none.

Then three.  Take z out of g: where that leaves a table of those that were counted, or a constant, what is left is worth
at most B.  If g never loses a region by z, putting z back gains at most G(z); if it never gains one, at most L(z) is
saved; and if nothing is left without z, V(g) is at most G(z).  So z can stand in g only where

    G(z) > T - B  (g rises with z),    L(z) > T - B  (it falls),    G(z) > T  (it needs z),

else V(g) <= T.  If g gains some regions by z and loses others, both have a part in it: G(z) + L(z) > T - B.  (With a
concept at several leaves there are such.)  That holds for x and y as well.  A table that does something else in a place
takes every concept there.

As the cells of xyz are among those of xy, V(xyz) is at most G(xy), and at least -L(xy).  So for x and y, and any z
after them in one order that can stand there, with u that largest and l that smallest value, V(g) is at most

    m0 V(all) + m1 V(x) + m2 V(y) + m3 V(xy) + the larger of m7 u and m7 l
      + the smaller of  max (m4 V(z) + m5 V(xz)) + max m6 V(yz)  and  max m5 V(xz) + max (m4 V(z) + m6 V(yz)),

each maximum over all such z after y: no sum exceeds the sum of the maxima of its parts.  Where that is above T for some
g, the z are gone through with more of what pairs tell.  G(xyz) is at most the least of G(xy), G(xz), G(yz); and the
cells of x with neither y nor z have G(x) - G(xy) - G(xz) + G(xyz) >= 0, so with the same of y and z

    G(xyz) >= max(0, G(xy) + G(xz) - G(x), G(xy) + G(yz) - G(y), G(xz) + G(yz) - G(z)),

likewise L.  u is then the most of G(xyz) less the least of L(xyz), l the least of G(xyz) less the most of L(xyz).
Nor is a table tried with an x where the sum of the largest parts, over all y after x and z after them, is not above T.

Where some z is left, V(xyz) is counted: for all z from the cells of x; or where points are bits (`bits.py`), for this z
alone, the active ones first, as G(xyz) may settle it.  Then each V(g) is exact.  Every set of three concepts is x, y, z
in one way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import bits

MAX_LENGTH = 3
LARGEST_SUM = 16
"""No value or bound is above so many times what a sum over cells can be: the sizes of m0 to m7 are at most 1, 1, 1, 2,
1, 2, 2 and 4."""
MAX_TABLE = 1 << 24
MAX_PAIRS = 1 << 28
NOTHING = -(1 << 60)
"""Far below any sum."""
RISES, FALLS, NEEDS, MIXES, OTHER = range(5)
"""What a table does with a concept, as above."""


class Products(NamedTuple):
    """two: int64 (n_two, 4), m0 to m3 of each table that depends on x and y alone.

    signs: int64 (n_tables, 8), m of each table that depends on all three.  does: int64 (n_tables, 3), what it does with
    x, y and z.  parts: int64 (n_parts, 4), the (m4, m5), (0, m5), (0, m6) and (m4, m6) that occur, each with what the
    table does with z, and with the other concept; places: int64 (n_tables, 4), where each table's are.
    """

    two: np.ndarray
    signs: np.ndarray
    does: np.ndarray
    parts: np.ndarray
    places: np.ndarray


def products(tables: np.ndarray) -> Products:
    """tables: int64, truth tables over three variables; bit r is the value where just the variables in r hold.

    Left out are those that depend on the third and not on both others: they are among the tables over two, as a list
    of truth tables has each for every order of the variables.
    """
    signs = np.zeros((len(tables), 8), dtype=np.int64)
    for chosen in range(8):
        for inner in range(8):
            if inner & chosen == inner:
                signs[:, chosen] += (-1) ** (chosen ^ inner).bit_count() * (tables >> inner & 1)
    on = [signs[:, [s for s in range(8) if s >> variable & 1]].any(axis=1) for variable in range(3)]
    known, three = set(tables.tolist()) | {0, 255}, on[0] & on[1] & on[2]
    two, signs = signs[~on[2], :4], signs[three]
    made = [[_does(table, variable, known) for variable in range(3)] for table in tables[three].tolist()]
    does = np.array(made, dtype=np.int64).reshape(-1, 3)
    m4, m5, m6, none = signs[:, 4], signs[:, 5], signs[:, 6], np.zeros(len(signs), dtype=np.int64)
    x, y, z = does.T
    pairs = ((m4, m5, z, x), (none, m5, z, x), (none, m6, z, y), (m4, m6, z, y))
    wanted = np.stack([np.stack(each, axis=1) for each in pairs], axis=1)
    parts, places = np.unique(wanted.reshape(-1, 4), axis=0, return_inverse=True)
    return Products(two, signs, does, parts, places.reshape(-1, 4))


def _does(table: int, variable: int, known: set[int]) -> int:
    """What a table does with one of its variables.  known: the tables that were counted, and the constants."""
    outside = [region for region in range(8) if not region >> variable & 1]
    before = [table >> region & 1 for region in outside]
    after = [table >> (region | 1 << variable) & 1 for region in outside]
    if not any(before):
        return NEEDS
    left = sum(bit << region for region, bit in enumerate(before))
    if left | left << 4 not in known:
        return OTHER
    rises, falls = all(a <= b for a, b in zip(before, after)), all(a >= b for a, b in zip(before, after))
    return RISES if rises else FALLS if falls else MIXES


def few_enough(n: int, widths: np.ndarray) -> bool:
    """Whether three or more concepts, and cells with so many of them (int64 (n_cells,)), are checked by pairs."""
    return n >= 3 and n * n <= MAX_TABLE and int((widths**2).sum()) <= MAX_PAIRS


def bits_pay(n: int, widths: np.ndarray, points: np.ndarray) -> bool:
    """Whether they are checked by pairs, and soonest bit by bit.  points: int64 (n_cells,)."""
    words, additions = bits.words_for(n, int(points[widths > 0].sum())), int((widths * (widths + 1)).sum()) // 2
    return n >= 3 and n * n <= MAX_TABLE and words <= min(bits.MOST_WORDS, bits.PER_ADDITION * additions)


def bits_fit(n: int, widths: np.ndarray, points: np.ndarray) -> bool:
    """Whether the bits of all concepts are few enough to be held."""
    return n * -(-int(points[widths > 0].sum()) // 64) <= bits.MOST_HELD


def shared(cells: Any, amounts: np.ndarray) -> np.ndarray:
    """int64 (n, n), of x <= y: the sum of the amounts, int64 (n_cells,), of the cells that have both."""
    starts, _, indptr, places = cells
    sums = np.zeros((len(starts) - 1, len(starts) - 1), np.int64)
    for row in range(len(amounts)):
        if amounts[row] > 0:
            for i in range(indptr[row], indptr[row + 1]):
                for j in range(i, indptr[row + 1]):
                    sums[places[i], places[j]] += amounts[row]
    return sums


class Counts(NamedTuple):
    """points, active: int64 (n, n), how many x <= y share.  worth, cost: q and p.  every: V of all cells."""

    points: np.ndarray
    active: np.ndarray
    worth: int
    cost: int
    every: int


def most_of_two(counts: Any, two: np.ndarray, first: int, stop: int) -> Any:
    """The most that a table over x and a y after it is worth, first <= x < stop; 0, if that is more.

    counts: `Counts`.  two: as in `Products`.
    """
    points, active, worth, cost, every = counts
    n, most = len(points), np.int64(0)
    alone = np.array([worth * active[x, x] - cost * (points[x, x] - active[x, x]) for x in range(n)])
    of_x = np.zeros(n, np.int64)
    for x in range(first, min(stop, n)):
        low, high = -np.int64(NOTHING), np.int64(NOTHING)
        low_shared, high_shared = low, high
        for y in range(x + 1, n):
            of_x[y] = worth * active[x, y] - cost * (points[x, y] - active[x, y])
            low, high = min(low, alone[y]), max(high, alone[y])
            low_shared, high_shared = min(low_shared, of_x[y]), max(high_shared, of_x[y])
        for f in range(len(two)):
            m2, m3, fixed = two[f, 2], two[f, 3], two[f, 0] * every + two[f, 1] * alone[x]
            if x == n - 1 or fixed + max(m2 * low, m2 * high) + max(m3 * low_shared, m3 * high_shared) <= most:
                continue
            for y in range(x + 1, n):
                most = max(most, fixed + m2 * alone[y] + m3 * of_x[y])
    return most


class Standing(NamedTuple):
    """Which concepts can stand where.

    can: bool (5, n), of what a table does.  those: int64 (5, n), the concepts that can, ascending, then n; many: (5,).
    """

    can: np.ndarray
    those: np.ndarray
    many: np.ndarray


def standing(counts: Counts, limit: int, most: int) -> Standing:
    """limit: T.  most: at least B."""
    points, active = counts.points.diagonal(), counts.active.diagonal()
    gain, loss, spare = counts.worth * active, counts.cost * (points - active), limit - most
    can = np.stack([gain > spare, loss > spare, gain > limit, gain + loss > spare, np.ones(len(gain), dtype=bool)])
    those = np.full(can.shape, len(gain))
    for row, some in zip(those, can, strict=True):
        row[: some.sum()] = np.flatnonzero(some)
    return Standing(can, those, can.sum(axis=1))


def largest_parts(counts: Any, parts: np.ndarray, standing: Any) -> tuple[np.ndarray, np.ndarray]:
    """Of each part k and concept: after[k, y], the largest of y over the z after it; beyond[k, x], that of all y > x.

    int64 (n_parts, n) each; far below any sum where y, or no z after it, can stand there.  counts: `Counts`.
    standing: `Standing`.
    """
    points, active, worth, cost, _ = counts
    can, those, many = standing
    n = len(points)
    alone = np.array([worth * active[x, x] - cost * (points[x, x] - active[x, x]) for x in range(n)])
    after = np.full((len(parts), n), np.int64(NOTHING))
    beyond = after.copy()
    for k in range(len(parts)):
        single, double, third, own = parts[k]
        for y in range(n - 2, -1, -1):
            largest = np.int64(NOTHING)
            if can[own, y]:
                for at in range(many[third] - 1, -1, -1):
                    z = those[third, at]
                    if z <= y:
                        break
                    of_yz = worth * active[y, z] - cost * (points[y, z] - active[y, z])
                    largest = max(largest, single * alone[z] + double * of_yz)
            after[k, y] = largest
            beyond[k, y] = max(beyond[k, y + 1], after[k, y + 1])
    return after, beyond
