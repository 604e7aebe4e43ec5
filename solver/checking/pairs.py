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
STEPS_BETWEEN_LOOKS = 1 << 16
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
        low, high, low_shared, high_shared = (
            np.int64(1 << 60),
            -np.int64(1 << 60),
            np.int64(1 << 60),
            -np.int64(1 << 60),
        )
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
    n, nothing = len(points), -(1 << 60)
    alone = np.array([worth * active[x, x] - cost * (points[x, x] - active[x, x]) for x in range(n)])
    after = np.full((len(parts), n), np.int64(nothing))
    beyond = after.copy()
    for k in range(len(parts)):
        single, double, third, own = parts[k]
        for y in range(n - 2, -1, -1):
            largest = np.int64(nothing)
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


def walk(
    cells: Any,
    by_cell: np.ndarray,
    by_bit: tuple[np.ndarray, np.ndarray],
    counts: Any,
    standing: Any,
    largest_after: tuple[np.ndarray, np.ndarray],
    products: Any,
    limit: int,
    reached: np.ndarray,
) -> Iterator[tuple[int, int, int]]:
    """GOING, the pairs opened, the steps done: after so many steps; at last with ENDED, or EXCEEDED.

    cells: the four arrays of `sets.Ordered`.  by_cell: int64 (n_cells,), v.  by_bit: uint64 (n, n_words), the bits of
    all points and of active ones; where there are no words, cells are added up.  counts: `Counts`.  standing:
    `Standing`.  largest_after: what `largest_parts` gives.  products: `Products`.
    EXCEEDED: some V(g) of three concepts is above the limit.  reached: int64 (1,), at least B and at most the limit;
    raised to the most that any V(g) is, if that is more.
    """
    top, limit = limit, reached[0]
    starts, rows, indptr, places = cells
    all_bits, active_bits = by_bit
    points, active, worth, cost, every = counts
    can, those, many = standing
    after, beyond = largest_after
    _, signs, does, parts, of_table = products
    n, nothing, opened, steps = len(points), np.int64(-(1 << 60)), 0, len(places)
    gains = np.array([worth * active[x, x] for x in range(n)])
    losses = np.array([cost * (points[x, x] - active[x, x]) for x in range(n)])
    alone = gains - losses
    used = np.array([(does == kind).any() for kind in range(5)])
    yield GOING, opened, steps
    of_cells = 0 if all_bits.shape[1] else n
    triple, bound = np.zeros((of_cells, of_cells), np.int64), np.zeros((len(signs), n), np.int64)
    ahead = np.zeros((len(parts), n), np.int64)  # as `after` in `largest_parts`, of x, after y
    gain_x, loss_x, of_x = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    low, high, most_up, most_down = (
        np.zeros(5, np.int64),
        np.zeros(5, np.int64),
        np.zeros(5, np.int64),
        np.zeros(5, np.int64),
    )
    low_shared, high_shared = np.zeros(5, np.int64), np.zeros(5, np.int64)
    upper, lower, least, most_lost = (
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    of_y, known_for, likely_for = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    wanted, tried = np.zeros(n, np.bool_), np.zeros(len(signs), np.bool_)
    visit, due = 0, steps
    for x in range(n - 2):
        stands = False
        for kind in range(5):
            stands |= used[kind] and can[kind, x]
        if not stands:
            continue
        for y in range(x + 1, n):
            gain_x[y], loss_x[y] = worth * active[x, y], cost * (points[x, y] - active[x, y])
            of_x[y] = gain_x[y] - loss_x[y]
        for kind in range(5):
            low[kind], high[kind], low_shared[kind], high_shared[kind] = -nothing, nothing, -nothing, nothing
            most_up[kind], most_down[kind] = 0, 0
            if not used[kind]:
                continue
            for at in range(many[kind] - 1, -1, -1):
                y = those[kind, at]
                if y <= x:
                    break
                low[kind], high[kind] = min(low[kind], alone[y]), max(high[kind], alone[y])
                low_shared[kind], high_shared[kind] = min(low_shared[kind], of_x[y]), max(high_shared[kind], of_x[y])
                most_up[kind], most_down[kind] = max(most_up[kind], gain_x[y]), max(most_down[kind], loss_x[y])
        steps += (n - x) // 2 + len(signs)
        wanted[:], ready = False, False
        for f in range(len(signs)):
            second = does[f, 1]
            tried[f] = False
            if not can[does[f, 0], x] or high[second] == nothing:
                continue
            m0, m1, m2, m3, m7 = signs[f, 0], signs[f, 1], signs[f, 2], signs[f, 3], signs[f, 7]
            x_with_z, x_only, y_only, y_with_z = of_table[f]
            fixed, times = m0 * every + m1 * alone[x], abs(m7)
            largest = max(m2 * low[second], m2 * high[second])
            largest += max(m3 * low_shared[second], m3 * high_shared[second])
            third = min(after[x_with_z, x] + beyond[y_only, x], after[x_only, x] + beyond[y_with_z, x])
            if fixed + largest + third + times * (most_up[second] if m7 > 0 else most_down[second]) <= limit:
                continue
            if not ready:
                ready = True
                for k in range(len(parts)):
                    most = nothing
                    if can[parts[k, 3], x]:
                        for z in range(n - 1, x, -1):
                            if can[parts[k, 2], z]:
                                most = max(most, parts[k, 0] * alone[z] + parts[k, 1] * of_x[z])
                            ahead[k, z - 1] = most
                steps += (n - x) * len(parts) // 8
            of_f, of_all = bound[f], gain_x if m7 > 0 else loss_x
            tried[f], of_f[x + 1 :] = True, nothing
            one, other = (ahead[x_with_z], after[y_only]), (ahead[x_only], after[y_with_z])
            for at in range(many[second] - 1, -1, -1):
                y = those[second, at]
                if y <= x:
                    break
                third = min(one[0][y] + one[1][y], other[0][y] + other[1][y])
                of_f[y] = fixed + m2 * alone[y] + m3 * of_x[y] + third + times * of_all[y]
                wanted[y] |= of_f[y] > limit
            steps += many[second] // 4
        wanted[n - 1] = False  # no concept is after it
        for y in range(x + 1, n - 1):
            if not wanted[y]:
                continue
            wanted[y], visit = False, visit + 1
            for f in range(len(signs)):
                if not tried[f] or bound[f, y] <= limit:
                    continue
                m4, m5, m6, m7, third = signs[f, 4], signs[f, 5], signs[f, 6], signs[f, 7], does[f, 2]
                fixed = signs[f, 0] * every + signs[f, 1] * alone[x] + signs[f, 2] * alone[y] + signs[f, 3] * of_x[y]
                most, extreme = np.int64(limit), upper if m7 > 0 else lower
                for at in range(many[third] - 1, -1, -1):
                    z = those[third, at]
                    if z <= y:
                        break
                    if known_for[z] != visit:
                        known_for[z] = visit
                        of_xy, of_xz, of_yz = gain_x[y], gain_x[z], worth * active[y, z]
                        upper[z] = min(of_xy, of_xz, of_yz)
                        lower[z] = max(0, of_xy + of_xz - gains[x], of_xy + of_yz - gains[y], of_xz + of_yz - gains[z])
                        of_y[z] = of_yz
                        of_xy, of_xz, of_yz = loss_x[y], loss_x[z], cost * (points[y, z] - active[y, z])
                        most_lost[z] = min(of_xy, of_xz, of_yz)
                        least[z] = max(
                            0, of_xy + of_xz - losses[x], of_xy + of_yz - losses[y], of_xz + of_yz - losses[z]
                        )
                        of_y[z] -= of_yz
                        upper[z] -= least[z]
                        lower[z] -= most_lost[z]
                        steps += 1
                    value = fixed + m4 * alone[z] + m5 * of_x[z] + m6 * of_y[z] + m7 * extreme[z]
                    likely_for[z] = visit if value > limit else likely_for[z]
                    most = max(most, value)
                bound[f, y] = most
                wanted[y] |= most > limit
                steps += many[third] // 4
            if not wanted[y] or of_cells > 0:
                continue
            wanted[y] = False
            opened += 1
            for z in range(y + 1, n):
                if likely_for[z] != visit:
                    continue
                held = np.int64(0)
                for known in range(1, 3):  # the active points of xyz; all of them
                    bits_of, count = active_bits if known == 1 else all_bits, np.uint64(0)
                    one_bits, two_bits, three_bits = bits_of[x], bits_of[y], bits_of[z]
                    for at in range(len(one_bits)):
                        word = one_bits[at] & two_bits[at] & three_bits[at]
                        word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
                        fours = (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
                        word = (word & np.uint64(0x3333333333333333)) + fours
                        word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
                        count += (word * np.uint64(0x0101010101010101)) >> np.uint64(56)
                    steps += len(one_bits) // 16
                    if known == 1:
                        held = np.int64(count)
                        upper[z], lower[z] = worth * held - least[z], worth * held - most_lost[z]
                    else:
                        upper[z] = lower[z] = worth * held - cost * (np.int64(count) - held)
                    largest = np.int64(limit)
                    for f in range(len(signs)):
                        if tried[f] and bound[f, y] > limit:
                            m4, m5, m6, m7 = signs[f, 4], signs[f, 5], signs[f, 6], signs[f, 7]
                            value = signs[f, 0] * every + signs[f, 1] * alone[x] + signs[f, 2] * alone[y]
                            value += signs[f, 3] * of_x[y] + m4 * alone[z] + m5 * of_x[z] + m6 * of_y[z]
                            largest = max(largest, value + m7 * (upper[z] if m7 > 0 else lower[z]))
                    if largest == limit:
                        break
                    if known == 2:
                        limit = reached[0] = largest
                        if limit > top:
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
                if not tried[f] or bound[f, y] <= limit:
                    continue
                m4, m5, m6, m7 = signs[f, 4], signs[f, 5], signs[f, 6], signs[f, 7]
                fixed = signs[f, 0] * every + signs[f, 1] * alone[x] + signs[f, 2] * alone[y] + signs[f, 3] * of_x[y]
                for z in range(y + 1, n):
                    of_yz = worth * active[y, z] - cost * (points[y, z] - active[y, z])
                    value = fixed + m4 * alone[z] + m5 * of_x[z] + m6 * of_yz + m7 * triple[y, z]
                    if value > limit:
                        limit = reached[0] = value
                        if limit > top:
                            yield EXCEEDED, opened, steps
                            return
                steps += (n - y) // 4
            triple[y, y + 1 :] = 0
        if steps > due:
            due = steps + STEPS_BETWEEN_LOOKS
            yield GOING, opened, steps
    yield ENDED, opened, steps
