"""Check by pairs: all formulas over at most three concepts, where tables of what pairs share are small.

Let cell j have the value v_j = q * active - p * inactive, and V of some cells be the sum of theirs; no IoU is above p/q
if every formula's cells sum to at most T = p * (active points).  A truth table g over concepts x, y, z is a sum of
products of them (its Moebius transform): with xy for the cells that have both,

    V(g) = m0 V(all) + m1 V(x) + m2 V(y) + m3 V(xy) + m4 V(z) + m5 V(xz) + m6 V(yz) + m7 V(xyz)
    m[S] = sum over the subsets R of S of (-1)**|S - R| g[R].

The points of all x and xy are counted once.  Write G for q times the active points of some cells, L for p times the
inactive ones; V = G - L.  As the cells of xyz are among those of xy, V(xyz) is at most G(xy), and at least -L(xy).  So
for x and y, and any z after them in one order, with u that largest and l that smallest value, V(g) is at most

    m0 V(all) + m1 V(x) + m2 V(y) + m3 V(xy) + the larger of m7 u and m7 l
      + the smaller of  max (m4 V(z) + m5 V(xz)) + max m6 V(yz)  and  max m5 V(xz) + max (m4 V(z) + m6 V(yz)),

each maximum over all z after y: no sum exceeds the sum of the maxima of its parts.  Where that is above T for some g,
the z are gone through with more of what pairs tell.  G(xyz) is at most the least of G(xy), G(xz), G(yz); and the cells
of x with neither y nor z have G(x) - G(xy) - G(xz) + G(xyz) >= 0, so with the same of y and z

    G(xyz) >= max(0, G(xy) + G(xz) - G(x), G(xy) + G(yz) - G(y), G(xz) + G(yz) - G(z)),

likewise L.  u is then the most of G(xyz) less the least of L(xyz), l the least of G(xyz) less the most of L(xyz).
A table that is false wherever one of its concepts does not hold gains at most what that concept does: it needs one with
G above T, and none else is tried in its place.  Nor is a table tried with an x where the sum of the largest parts, over
all y after x and z after them, is not above T.

Where some z is left, V(xyz) is counted: for all z from the cells of x; or where points are bits (`bits.py`), for this z
alone, the active ones first, as G(xyz) may settle it.  Then each V(g) is exact.  Every set of three concepts is x, y, z
in one way; a table that depends on fewer of them is tried with its concepts as x, or as x and y, once and not for
every z.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import bits
from .clock import ENDED, EXCEEDED, GOING

MAX_LENGTH = 3
LARGEST_SUM = 16
"""No value or bound is above so many times what a sum over cells can be: the sizes of m0 to m7 are at most 1, 1, 1, 2,
1, 2, 2 and 4."""
MAX_TABLE = 1 << 24
MAX_PAIRS = 1 << 28


class Products(NamedTuple):
    """signs: int64 (n_tables, 8), m of each truth table.  needs: bool (n_tables, 3), if false without x, y, z.

    parts: int64 (n_parts, 3), the (m4, m5), (0, m5), (0, m6) and (m4, m6) that occur, each with whether the table is
    false without z; places: int64 (n_tables, 4), where each table's are.
    """

    signs: np.ndarray
    needs: np.ndarray
    parts: np.ndarray
    places: np.ndarray


def products(tables: np.ndarray) -> Products:
    """tables: int64, truth tables over three variables; bit r is the value where just the variables in r hold.

    Left out are those that depend on the third and not on both others.
    """
    signs = np.zeros((len(tables), 8), dtype=np.int64)
    for chosen in range(8):
        for inner in range(8):
            if inner & chosen == inner:
                signs[:, chosen] += (-1) ** (chosen ^ inner).bit_count() * (tables >> inner & 1)
    on = [signs[:, [s for s in range(8) if s >> variable & 1]].any(axis=1) for variable in range(3)]
    kept = ~on[2] | (on[0] & on[1])
    signs, tables = signs[kept], tables[kept]
    without = [[region for region in range(8) if not region >> variable & 1] for variable in range(3)]
    needs = np.array([[not any(table >> r & 1 for r in some) for some in without] for table in tables.tolist()])
    m4, m5, m6, last = signs[:, 4], signs[:, 5], signs[:, 6], needs[:, 2].astype(np.int64)
    none = np.zeros_like(m4)
    pairs = ((m4, m5, last), (none, m5, last), (none, m6, last), (m4, m6, last))
    wanted = np.stack([np.stack(each, axis=1) for each in pairs], axis=1)
    parts, places = np.unique(wanted.reshape(-1, 3), axis=0, return_inverse=True)
    return Products(signs, needs, parts, places.reshape(-1, 4))


def few_enough(n: int, widths: np.ndarray) -> bool:
    """Whether three or more concepts, and cells with so many of them (int64 (n_cells,)), are checked by pairs."""
    return n >= 3 and n * n <= MAX_TABLE and int((widths**2).sum()) <= MAX_PAIRS


def bits_pay(n: int, widths: np.ndarray, points: np.ndarray) -> bool:
    """Whether they are checked by pairs, and soonest bit by bit.  points: int64 (n_cells,)."""
    words, additions = bits.words_for(n, int(points[widths > 0].sum())), int((widths * (widths + 1)).sum()) // 2
    return n >= 3 and n * n <= MAX_TABLE and words <= min(bits.MOST_WORDS, bits.PER_ADDITION * additions)


def worth(
    points: np.ndarray, active: np.ndarray, p: int, q: int, gain: np.ndarray, loss: np.ndarray, pair: np.ndarray
) -> None:
    """Into gain, loss and pair, of x <= y: G, L and V of their cells; points, active: int64 (n, n), what they share."""
    for x in range(len(points)):
        for y in range(x, len(points)):
            gain[x, y], loss[x, y] = q * active[x, y], p * (points[x, y] - active[x, y])
            pair[x, y] = gain[x, y] - loss[x, y]


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


def largest_parts(gain: np.ndarray, pair: np.ndarray, parts: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each part k and concept: after[k, y], the largest of y over the z after it; beyond[k, x], that of all y > x.

    int64 (n_parts, n) each.  A part that needs z strong has only those; one that is nothing has 0; without a z they are
    far below any sum.  gain, pair: int64 (n, n), G and V of xy.
    """
    n, nothing = len(pair), -(1 << 60)
    alone = np.array([pair[x, x] for x in range(n)])
    strong = np.array([gain[x, x] > limit for x in range(n)])
    after = np.full((len(parts), n), np.int64(nothing))
    beyond = after.copy()
    for k in range(len(parts)):
        single, double, needs = parts[k]
        if single == 0 and double == 0:
            after[k], beyond[k] = 0, 0
            continue
        for y in range(n - 2, -1, -1):
            of_y, largest = pair[y], np.int64(nothing)
            if needs:
                for z in range(y + 1, n):
                    if strong[z]:
                        largest = max(largest, single * alone[z] + double * of_y[z])
            else:
                for z in range(y + 1, n):
                    largest = max(largest, single * alone[z] + double * of_y[z])
            after[k, y] = largest
            beyond[k, y] = max(beyond[k, y + 1], after[k, y + 1])
    return after, beyond


def walk(
    cells: Any,
    by_cell: np.ndarray,
    by_bit: tuple[np.ndarray, np.ndarray, int, int],
    by_pair: tuple[np.ndarray, np.ndarray, np.ndarray],
    largest_after: tuple[np.ndarray, np.ndarray],
    products: Products,
    limit: int,
) -> Iterator[tuple[int, int, int]]:
    """GOING, the pairs opened, the steps done: after every concept; at last with ENDED, or EXCEEDED.

    cells: the four arrays of `sets.Ordered`.  by_cell: int64 (n_cells,), v.  by_bit: uint64 (n, n_words), the bits of
    all points and of active ones, what an active point is worth, and another costs; where there are no words, cells are
    added up.  by_pair: int64 (n, n) each, G, L and V of xy.  largest_after: what `largest_parts` gives.
    EXCEEDED: some V(g) is above the limit.
    """
    starts, rows, indptr, places = cells
    points, active, worth, cost = by_bit
    gain, loss, pair = by_pair
    after, beyond = largest_after
    signs, needs, parts, of_table = products
    n, nothing = len(gain), -(1 << 60)
    exact = np.array([not signs[f, 4:].any() for f in range(len(signs))])
    alone = np.array([pair[x, x] for x in range(n)])
    strong = np.array([gain[x, x] > limit for x in range(n)])
    every, opened, steps = by_cell.sum(), 0, len(places)
    none = np.array([parts[k, 0] == 0 and parts[k, 1] == 0 for k in range(len(parts))])
    ahead = np.full((len(parts), n), np.int64(nothing))  # as `after` in `largest_parts`, of x, after y
    for k in range(len(parts)):
        if none[k]:
            ahead[k] = 0
    yield GOING, opened, steps
    triple, bound = np.zeros((n, n), np.int64), np.zeros((len(signs), n), np.int64)
    wanted = np.zeros(n, np.bool_)
    upper, lower = np.zeros(n, np.int64), np.zeros(n, np.int64)
    least, most_lost = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for x in range(n - 1):
        wanted[:], ready = False, False
        of_x, most_gain, most_loss = pair[x], np.int64(0), np.int64(0)
        low, high, low_shared, high_shared = alone[x + 1], alone[x + 1], of_x[x + 1], of_x[x + 1]
        for y in range(x + 1, n):
            most_gain, most_loss = max(most_gain, gain[x, y]), max(most_loss, loss[x, y])
            low, high = min(low, alone[y]), max(high, alone[y])
            low_shared, high_shared = min(low_shared, of_x[y]), max(high_shared, of_x[y])
        for f in range(len(signs)):
            m0, m1, m2, m3, m7 = signs[f, 0], signs[f, 1], signs[f, 2], signs[f, 3], signs[f, 7]
            x_with_z, x_only, y_only, y_with_z = of_table[f]
            fixed, times, of_all, of_f = m0 * every + m1 * alone[x], abs(m7), gain[x] if m7 > 0 else loss[x], bound[f]
            of_f[x + 1 :] = nothing
            if needs[f, 0] and not strong[x]:
                continue
            largest = max(m2 * low, m2 * high) + max(m3 * low_shared, m3 * high_shared)
            third = min(after[x_with_z, x] + beyond[y_only, x], after[x_only, x] + beyond[y_with_z, x])
            if fixed + largest + third + times * (most_gain if m7 > 0 else most_loss) <= limit:
                continue
            if not ready:
                ready = True
                for k in range(len(parts)):
                    most = np.int64(nothing)
                    for z in range(n - 1, x + 1 if not none[k] else n, -1):
                        if strong[z] or not parts[k, 2]:
                            most = max(most, parts[k, 0] * alone[z] + parts[k, 1] * of_x[z])
                        ahead[k, z - 1] = most
                steps += (n - x) * len(parts) // 4
            one, other = (ahead[x_with_z], after[y_only]), (ahead[x_only], after[y_with_z])
            for y in range(x + 1, n):
                if needs[f, 1] and not strong[y]:
                    continue
                third = min(one[0][y] + one[1][y], other[0][y] + other[1][y])
                of_f[y] = fixed + m2 * alone[y] + m3 * of_x[y] + third + times * of_all[y]
                wanted[y] |= of_f[y] > limit
            if exact[f] and wanted.any() and of_f[x + 1 :].max() > limit:
                yield EXCEEDED, opened, steps
                return
            steps += (n - x) // 4
        steps += (n - x) // 2 + len(signs)
        wanted[n - 1] = False  # no concept is after it, and what needs none was exact
        for y in range(x + 1, n - 1):
            if not wanted[y]:
                continue
            wanted[y] = False
            for z in range(y + 1, n):
                of_xy, of_xz, of_yz = gain[x, y], gain[x, z], gain[y, z]
                upper[z] = min(of_xy, of_xz, of_yz)
                lower[z] = max(0, of_xy + of_xz - gain[x, x], of_xy + of_yz - gain[y, y], of_xz + of_yz - gain[z, z])
                of_xy, of_xz, of_yz = loss[x, y], loss[x, z], loss[y, z]
                most_lost[z] = min(of_xy, of_xz, of_yz)
                least[z] = max(0, of_xy + of_xz - loss[x, x], of_xy + of_yz - loss[y, y], of_xz + of_yz - loss[z, z])
                upper[z] -= least[z]
                lower[z] -= most_lost[z]
            steps += (n - y) // 2
            for f in range(len(signs)):
                if bound[f, y] <= limit:
                    continue
                m4, m5, m6, m7 = signs[f, 4], signs[f, 5], signs[f, 6], signs[f, 7]
                fixed = signs[f, 0] * every + signs[f, 1] * alone[x] + signs[f, 2] * alone[y] + signs[f, 3] * pair[x, y]
                most, with_x, with_y, extreme = np.int64(limit), pair[x], pair[y], upper if m7 > 0 else lower
                if needs[f, 2]:
                    for z in range(y + 1, n):
                        if strong[z]:
                            value = m4 * alone[z] + m5 * with_x[z] + m6 * with_y[z] + m7 * extreme[z]
                            most = max(most, fixed + value)
                else:
                    for z in range(y + 1, n):
                        value = m4 * alone[z] + m5 * with_x[z] + m6 * with_y[z] + m7 * extreme[z]
                        most = max(most, fixed + value)
                bound[f, y] = most
                wanted[y] |= most > limit
                steps += (n - y) // 4
            if not wanted[y] or points.shape[1] == 0:
                continue
            wanted[y] = False
            opened += 1
            for z in range(y + 1, n):
                held = np.int64(0)
                for known in range(3):  # by pairs; with the active points of xyz; with all of them
                    if known > 0:
                        bits_of, count = active if known == 1 else points, np.uint64(0)
                        of_x, of_y, of_z = bits_of[x], bits_of[y], bits_of[z]
                        for at in range(len(of_x)):
                            word = of_x[at] & of_y[at] & of_z[at]
                            word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
                            fours = (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
                            word = (word & np.uint64(0x3333333333333333)) + fours
                            word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
                            count += (word * np.uint64(0x0101010101010101)) >> np.uint64(56)
                        steps += len(of_x) // 16
                        if known == 1:
                            held = np.int64(count)
                            upper[z], lower[z] = worth * held - least[z], worth * held - most_lost[z]
                        else:
                            upper[z] = lower[z] = worth * held - cost * (np.int64(count) - held)
                    exceeded = False
                    for f in range(len(signs)):
                        if bound[f, y] > limit:
                            m4, m5, m6, m7 = signs[f, 4], signs[f, 5], signs[f, 6], signs[f, 7]
                            value = signs[f, 0] * every + signs[f, 1] * alone[x] + signs[f, 2] * alone[y]
                            value += signs[f, 3] * pair[x, y] + m4 * alone[z] + m5 * pair[x, z] + m6 * pair[y, z]
                            exceeded |= value + m7 * (upper[z] if m7 > 0 else lower[z]) > limit
                    if not exceeded:
                        break
                    if known == 2:
                        yield EXCEEDED, opened, steps
                        return
        if wanted.any():
            for at in range(starts[x], starts[x + 1]):
                row, last = rows[at], indptr[rows[at] + 1]
                i = last - 1
                while places[i] > x:
                    if wanted[places[i]]:
                        for j in range(i + 1, last):
                            triple[places[i], places[j]] += by_cell[row]
                    i -= 1
            steps += starts[x + 1] - starts[x]
        for y in range(x + 1, n - 1):
            if not wanted[y]:
                continue
            opened += 1
            for f in range(len(signs)):
                if bound[f, y] <= limit:
                    continue
                m4, m5, m6, m7 = signs[f, 4], signs[f, 5], signs[f, 6], signs[f, 7]
                fixed = signs[f, 0] * every + signs[f, 1] * alone[x] + signs[f, 2] * alone[y] + signs[f, 3] * pair[x, y]
                for z in range(y + 1, n):
                    if fixed + m4 * alone[z] + m5 * pair[x, z] + m6 * pair[y, z] + m7 * triple[y, z] > limit:
                        yield EXCEEDED, opened, steps
                        return
                steps += (n - y) // 4
            triple[y, y + 1 :] = 0
        yield GOING, opened, steps
    yield ENDED, opened, steps
