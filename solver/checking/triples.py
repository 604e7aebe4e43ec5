"""Check by pairs, three concepts: go through x, y after x and z after y, by the bounds of `pairs.py`.

For each x: what any table is worth at most with it; for those that may be above the limit, with it and each y; for the
pairs that are left, with each z; and for the z that are left, V(xyz) is counted, and with it the tables.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .bits import in_all_three
from .pairs import NOTHING

STEPS_BETWEEN_LOOKS = 1 << 16
PAIRS, STEPS = range(2)
"""What is counted of a walk."""


class Values(NamedTuple):
    """G, L and V = G - L of each concept, or of what it shares with another one: int64 (n,) each."""

    gains: np.ndarray
    losses: np.ndarray
    values: np.ndarray


class Given(NamedTuple):
    """What stands for the whole walk.

    counts: `Counts`.  standing: `Standing`.  products: `Products`.  after, beyond: as `largest_parts` gives them.
    alone: `Values` of each concept.  used: bool (5,), what some table does with a concept.
    """

    counts: Any
    standing: Any
    products: Any
    after: np.ndarray
    beyond: np.ndarray
    alone: Any
    used: np.ndarray


class First(NamedTuple):
    """What is known of x and the concepts after it.

    shared: `Values` of what they share.  ahead: int64 (n_parts, n), of each part the largest of x over the z after y;
    far below any sum where x, or no such z, can stand there.  low to most_lost: int64 (5,) each, of the y that can
    stand where a table does such a thing: the least and the largest V(y) and V(xy), the largest G(xy) and L(xy).
    """

    shared: Any
    ahead: np.ndarray
    low: np.ndarray
    high: np.ndarray
    low_shared: np.ndarray
    high_shared: np.ndarray
    most_gained: np.ndarray
    most_lost: np.ndarray


class Third(NamedTuple):
    """What is known of each z with x and y: int64 (n,) each.

    upper, lower: u and l.  least_lost, most_lost: what L(xyz) is between.  shared: V(yz).  known_for, likely_for: for
    which pair, by number, all that holds; and that some table might do with z.
    """

    upper: np.ndarray
    lower: np.ndarray
    least_lost: np.ndarray
    most_lost: np.ndarray
    shared: np.ndarray
    known_for: np.ndarray
    likely_for: np.ndarray


class Work(NamedTuple):
    """What is known of one x at a time.

    first: `First`.  third: `Third`.  tried: bool (n_tables,), with x.  bound: int64 (n_tables, n), what each of these
    is worth at most with y.  wanted: bool (n,), the y with which some may be above the limit.  triple: int64 (n, n),
    V(xyz) of y and z where cells are added up; else (0, 0).
    """

    first: Any
    third: Any
    tried: np.ndarray
    bound: np.ndarray
    wanted: np.ndarray
    triple: np.ndarray


class Held(NamedTuple):
    """Where each concept holds.

    starts to places: those of `sets.Ordered`.  by_cell: int64 (n_cells,), v.  all_bits, active_bits: uint64
    (n, n_words), of all points and of active ones; where there are no words, cells are added up.
    """

    starts: np.ndarray
    rows: np.ndarray
    indptr: np.ndarray
    places: np.ndarray
    by_cell: np.ndarray
    all_bits: np.ndarray
    active_bits: np.ndarray


def begin(
    counts: Any, standing: Any, largest_after: tuple[np.ndarray, np.ndarray], products: Any, has_bits: bool
) -> tuple[Any, Any]:
    """`Given` and `Work` of a walk.  largest_after: what `largest_parts` gives."""
    n, n_tables, n_parts, by_kind = len(counts.points), len(products.signs), len(products.parts), range(5)
    gains, points = counts.worth * counts.active.diagonal(), counts.points.diagonal()
    losses = counts.cost * (points - counts.active.diagonal())
    alone, shared = Values(gains, losses, gains - losses), Values(*np.zeros((3, n), np.int64))
    used = np.array([(products.does == kind).any() for kind in by_kind])
    given = Given(counts, standing, products, *largest_after, alone, used)
    first = First(shared, np.zeros((n_parts, n), np.int64), *np.zeros((6, len(by_kind)), np.int64))
    tried, bound, wanted = np.zeros(n_tables, np.bool_), np.zeros((n_tables, n), np.int64), np.zeros(n, np.bool_)
    triple = np.zeros((0, 0) if has_bits else (n, n), np.int64)
    return given, Work(first, Third(*np.zeros((7, n), np.int64)), tried, bound, wanted, triple)


def go_on(x: int, held: Any, given: Any, work: Any, limit: int, reached: np.ndarray, done: np.ndarray) -> int:
    """Go through all triples of x, and of the next x: for so many steps, or until a table is above the limit.

    Returns which x is next.  held: `Held`.  given, work: as `begin` makes them.  reached: int64 (1,), at least B and at
    most the limit; raised to the most that any V(g) of three concepts is, if that is more.  done: int64 (2,), to which
    the pairs opened and the steps are added.
    """
    due = done[STEPS] + STEPS_BETWEEN_LOOKS
    while x < len(work.wanted) - 2 and done[STEPS] <= due and reached[0] <= limit:
        if _can_stand(x, given):
            _see(x, given, work.first)
            done[STEPS] += _bound_pairs(x, given, work, reached[0])
            if len(work.triple) > 0:
                _count_sums(x, held, given, work, limit, reached, done)
            else:
                _count_bits(x, held, given, work, limit, reached, done)
        x += 1
    return x


def _share(counts: Any, x: int, y: int, into: Any) -> None:
    """Values of what x <= y share, at y."""
    into.gains[y] = counts.worth * counts.active[x, y]
    into.losses[y] = counts.cost * (counts.points[x, y] - counts.active[x, y])
    into.values[y] = into.gains[y] - into.losses[y]


def _can_stand(x: int, given: Any) -> bool:
    """Whether some table has a place in which x can stand."""
    stands = False
    for kind in range(5):
        stands |= given.used[kind] and given.standing.can[kind, x]
    return stands


def _see(x: int, given: Any, first: Any) -> None:
    """What `First` says, but for what is ahead."""
    _, those, many = given.standing
    for y in range(x + 1, len(given.counts.points)):
        _share(given.counts, x, y, first.shared)
    alone, shared = given.alone.values, first.shared
    for kind in range(5):
        first.low[kind], first.high[kind] = -NOTHING, NOTHING
        first.low_shared[kind], first.high_shared[kind] = -NOTHING, NOTHING
        first.most_gained[kind], first.most_lost[kind] = 0, 0
        if not given.used[kind]:
            continue
        for at in range(many[kind] - 1, -1, -1):
            y = those[kind, at]
            if y <= x:
                break
            first.low[kind], first.high[kind] = min(first.low[kind], alone[y]), max(first.high[kind], alone[y])
            first.low_shared[kind] = min(first.low_shared[kind], shared.values[y])
            first.high_shared[kind] = max(first.high_shared[kind], shared.values[y])
            first.most_gained[kind] = max(first.most_gained[kind], shared.gains[y])
            first.most_lost[kind] = max(first.most_lost[kind], shared.losses[y])


def _bound_pairs(x: int, given: Any, work: Any, limit: int) -> int:
    """Which tables are tried with x, and what they are worth at most with each y.  The steps done."""
    steps = (len(work.wanted) - x) // 2 + len(work.tried)
    work.wanted[:] = False
    if _try_tables(x, given, work, limit):
        steps += _look_ahead(x, given, work.first)
        for f in range(len(work.tried)):
            if work.tried[f]:
                steps += _most_of_each(x, f, given, work, limit)
        work.wanted[-1] = False  # no concept is after it
    return steps


def _try_tables(x: int, given: Any, work: Any, limit: int) -> Any:
    """Mark the tables that may be above the limit with x, by the most that any y and z may add; whether some are."""
    (_, signs, does, _, places), alone, first, some = given.products, given.alone.values, work.first, False
    after, beyond, can, every = given.after, given.beyond, given.standing.can, given.counts.every
    for f in range(len(does)):
        second = does[f, 1]
        work.tried[f] = False
        if not can[does[f, 0], x] or first.high[second] == NOTHING:
            continue
        m0, m1, m2, m3, m7 = signs[f, 0], signs[f, 1], signs[f, 2], signs[f, 3], signs[f, 7]
        x_with_z, x_only, y_only, y_with_z = places[f]
        largest = max(m2 * first.low[second], m2 * first.high[second])
        largest += max(m3 * first.low_shared[second], m3 * first.high_shared[second])
        third = min(after[x_with_z, x] + beyond[y_only, x], after[x_only, x] + beyond[y_with_z, x])
        of_all = first.most_gained[second] if m7 > 0 else first.most_lost[second]
        work.tried[f] = m0 * every + m1 * alone[x] + largest + third + abs(m7) * of_all > limit
        some |= work.tried[f]
    return some


def _look_ahead(x: int, given: Any, first: Any) -> int:
    """Fill `first.ahead`.  The steps done."""
    parts, can, alone, n = given.products.parts, given.standing.can, given.alone.values, len(given.counts.points)
    for k in range(len(parts)):
        most = np.int64(NOTHING)
        if can[parts[k, 3], x]:
            for z in range(n - 1, x, -1):
                if can[parts[k, 2], z]:
                    most = max(most, parts[k, 0] * alone[z] + parts[k, 1] * first.shared.values[z])
                first.ahead[k, z - 1] = most
    return (n - x) * len(parts) // 8


def _most_of_each(x: int, f: int, given: Any, work: Any, limit: int) -> Any:
    """What a table is worth at most with x and each y after it that can stand there.  The steps done."""
    m, second, alone = given.products.signs[f], given.products.does[f, 1], given.alone.values
    x_with_z, x_only, y_only, y_with_z = given.products.places[f]
    first = work.first
    one, other = (first.ahead[x_with_z], given.after[y_only]), (first.ahead[x_only], given.after[y_with_z])
    of_all, of_x, bound = first.shared.gains if m[7] > 0 else first.shared.losses, first.shared.values, work.bound[f]
    fixed, times, many = m[0] * given.counts.every + m[1] * alone[x], abs(m[7]), given.standing.many[second]
    bound[x + 1 :] = NOTHING
    for at in range(many - 1, -1, -1):
        y = given.standing.those[second, at]
        if y <= x:
            break
        third = min(one[0][y] + one[1][y], other[0][y] + other[1][y])
        bound[y] = fixed + m[2] * alone[y] + m[3] * of_x[y] + third + times * of_all[y]
        work.wanted[y] |= bound[y] > limit
    return many // 4


def _without_third(x: int, y: int, f: int, given: Any, work: Any) -> Any:
    """The first four products of a table, with x and y."""
    m, alone = given.products.signs[f], given.alone.values
    return m[0] * given.counts.every + m[1] * alone[x] + m[2] * alone[y] + m[3] * work.first.shared.values[y]


def _bound_triples(x: int, y: int, given: Any, work: Any, limit: int) -> int:
    """What the tables that are left for x and y are worth at most with any z; which z might do.  The steps done."""
    does, (_, those, many), third = given.products.does, given.standing, work.third
    alone, of_x, pair = given.alone.values, work.first.shared.values, _number(x, y, work)
    work.wanted[y], steps = False, 0
    for f in range(len(does)):
        if not work.tried[f] or work.bound[f, y] <= limit:
            continue
        m, kind, fixed = given.products.signs[f], does[f, 2], _without_third(x, y, f, given, work)
        most, extreme = np.int64(limit), third.upper if m[7] > 0 else third.lower
        for at in range(many[kind] - 1, -1, -1):
            z = those[kind, at]
            if z <= y:
                break
            if third.known_for[z] != pair:
                third.known_for[z] = pair
                _between(x, y, z, given, work)
                steps += 1
            value = fixed + m[4] * alone[z] + m[5] * of_x[z] + m[6] * third.shared[z] + m[7] * extreme[z]
            third.likely_for[z] = pair if value > limit else third.likely_for[z]
            most = max(most, value)
        work.bound[f, y] = most
        work.wanted[y] |= most > limit
        steps += many[kind] // 4
    return steps


def _number(x: int, y: int, work: Any) -> int:
    """Of a pair; another one for each, and never 0."""
    return x * len(work.wanted) + y


def _between(x: int, y: int, z: int, given: Any, work: Any) -> None:
    """What V(xyz) is between, by what pairs share."""
    counts, third, alone, of_x = given.counts, work.third, given.alone, work.first.shared
    xy, xz, yz = of_x.gains[y], of_x.gains[z], counts.worth * counts.active[y, z]
    most = min(xy, xz, yz)
    least = max(0, xy + xz - alone.gains[x], xy + yz - alone.gains[y], xz + yz - alone.gains[z])
    third.shared[z] = yz
    xy, xz, yz = of_x.losses[y], of_x.losses[z], counts.cost * (counts.points[y, z] - counts.active[y, z])
    third.most_lost[z] = min(xy, xz, yz)
    third.least_lost[z] = max(0, xy + xz - alone.losses[x], xy + yz - alone.losses[y], xz + yz - alone.losses[z])
    third.shared[z] -= yz
    third.upper[z], third.lower[z] = most - third.least_lost[z], least - third.most_lost[z]


def _count_bits(x: int, held: Any, given: Any, work: Any, limit: int, reached: np.ndarray, done: np.ndarray) -> None:
    """Count V(xyz) bit by bit, of the y and z that might do, and raise `reached`, until it is above the limit."""
    third, (_, _, worth, cost, _), n = work.third, given.counts, len(work.wanted)
    for y in range(x + 1, n - 1):
        if not work.wanted[y]:
            continue
        done[STEPS] += _bound_triples(x, y, given, work, reached[0])
        if not work.wanted[y]:
            continue
        done[PAIRS] += 1
        for z in range(y + 1, n):
            if third.likely_for[z] != _number(x, y, work):
                continue
            done[STEPS] += held.active_bits.shape[1] // 16
            active = in_all_three(held.active_bits, x, y, z)
            third.upper[z], third.lower[z] = worth * active - third.least_lost[z], worth * active - third.most_lost[z]
            if _most_left(x, y, z, given, work, reached[0]) == reached[0]:
                continue
            done[STEPS] += held.all_bits.shape[1] // 16
            inactive = in_all_three(held.all_bits, x, y, z) - active
            third.upper[z] = third.lower[z] = worth * active - cost * inactive
            reached[0] = _most_left(x, y, z, given, work, reached[0])
            if reached[0] > limit:
                return


def _most_left(x: int, y: int, z: int, given: Any, work: Any, limit: int) -> Any:
    """What any table is worth at most with these three, where that is above the limit; else the limit."""
    largest, third = np.int64(limit), work.third
    alone, of_x = given.alone.values, work.first.shared.values
    for f in range(len(work.tried)):
        if work.tried[f] and work.bound[f, y] > limit:
            m, extreme = given.products.signs[f], third.upper if given.products.signs[f, 7] > 0 else third.lower
            value = _without_third(x, y, f, given, work) + m[4] * alone[z] + m[5] * of_x[z] + m[6] * third.shared[z]
            largest = max(largest, value + m[7] * extreme[z])
    return largest


def _count_sums(x: int, held: Any, given: Any, work: Any, limit: int, reached: np.ndarray, done: np.ndarray) -> None:
    """Add V(xyz) up from the cells of x, for the y that might do; raise `reached`, until it is above the limit."""
    n = len(work.wanted)
    for y in range(x + 1, n - 1):
        if work.wanted[y]:
            done[STEPS] += _bound_triples(x, y, given, work, reached[0])
    if not work.wanted.any():
        return
    done[STEPS] += _add_up(x, held, work)
    for y in range(x + 1, n - 1):
        if not work.wanted[y]:
            continue
        done[PAIRS] += 1
        for f in range(len(work.tried)):
            if work.tried[f] and work.bound[f, y] > reached[0]:
                done[STEPS] += (n - y) // 4
                reached[0] = max(reached[0], _most_of_third(x, y, f, given, work))
                if reached[0] > limit:
                    return
        work.triple[y, y + 1 :] = 0


def _add_up(x: int, held: Any, work: Any) -> Any:
    """V(xyz) into `triple`, of each y that is wanted.  The steps done."""
    starts, indptr, places, triple = held.starts, held.indptr, held.places, work.triple
    for at in range(starts[x], starts[x + 1]):
        row = held.rows[at]
        i = indptr[row + 1] - 1
        while places[i] > x:
            if work.wanted[places[i]]:
                for j in range(i + 1, indptr[row + 1]):
                    triple[places[i], places[j]] += held.by_cell[row]
            i -= 1
    return starts[x + 1] - starts[x]


def _most_of_third(x: int, y: int, f: int, given: Any, work: Any) -> Any:
    """The most that a table is worth with x and y, by `triple`."""
    points, active, worth, cost, _ = given.counts
    m, alone, of_x, of_xy = given.products.signs[f], given.alone.values, work.first.shared.values, work.triple[y]
    most, fixed = np.int64(NOTHING), _without_third(x, y, f, given, work)
    for z in range(y + 1, len(of_x)):
        of_yz = worth * active[y, z] - cost * (points[y, z] - active[y, z])
        most = max(most, fixed + m[4] * alone[z] + m[5] * of_x[z] + m[6] * of_yz + m[7] * of_xy[z])
    return most
