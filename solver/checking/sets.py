"""Check by sets: go through all sets of at most five concepts, and through all formulas over those that might do.

Let cell j have the value v_j = q * active - p * inactive; no IoU is above p/q if every formula's cells sum to at most
T = p * (active points).  A set S of concepts splits the cells into regions; no formula can tell the cells of a region
apart, so none over S exceeds
    V*(S) = sum over the regions of max(0, value of the region).
Where V*(S) > T, the formulas over S are counted one by one, as truth tables.

Sets are gone through in one order of the concepts, each as a list that rises in this order.  What can still be added to
S is bounded.  Write P(A) for the sum of the positive values of cells A, N(A) for that of the negative ones without
sign, V = P - N.  If d splits the regions r of S into r1 (inside d) and r2, V* grows by the sum over r of
    g(r) = max(0, V(r1)) + max(0, V(r2)) - max(0, V(r)),
which is 0 where V(r1) and V(r2) have the same sign, else the smaller of |V(r1)| and |V(r2)|.  Therefore V* grows by at
most each of these:

(a) the sum of |V(r1)|, at most P(d) + N(d); with r2 for r1, P + N of the cells outside d;
(b) P of all cells, as V* never exceeds it;
(c) P(d) + the L - 1 largest min(N(c and d), P(c and not d)) over the concepts c before d, if V of the cells outside any
    L concepts is at most 0.  For in the region outside all of S, r2 is then no more than 0, so g is at most P(r1).
    Any other region r lies in some c of S: give it to one.  There g is at most P(r1) where V(r1) > 0, and where
    V(r2) > 0 it is at most the smaller of N(r1) and P(r2); the latter add up, for each c, to at most
    min(N(c and d), P(c and not d)).  S has at most L - 1 concepts, all of them before d.

A chain holds on no cell that has none of its concepts.  So for chains V* is without the region outside all of S, where
it grows by max(0, V(r1)) then, at most P(r1): (c) holds whatever V is outside, and (a) only without the exchange.

`reach` is the least of the three, then made falling along the order (the largest of itself and what follows).  So with
m more concepts from place d of the order on, V* grows by at most reach[d] + ... + reach[d + m - 1].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from . import bits, larger, pairs, set_walk, triples
from .cell_counts import Counted, transposed
from .clock import ENDED, EXCEEDED, GOING, Clock
from .errors import CertificateError, Undecided
from .set_walk import Ordered

MAX_CONCEPTS = 5
STEPS_BETWEEN_POLLS = 1 << 18
"""Some hundredths of a second where the walk is compiled: so long it sees neither the clock nor Ctrl-C."""
CONCEPTS_BETWEEN_POLLS = 8
CONCEPTS_OF_PAIRS_BETWEEN_POLLS = 128


def check_sets(
    cells: Counted,
    bound: Fraction,
    length: int,
    space: str,
    compiled: Callable[[Any], Any] | None = None,
    max_steps: int | None = None,
) -> str:
    """What was counted; `CertificateError` where some formula of at most `length` concepts exceeds the bound."""
    if length > MAX_CONCEPTS:
        raise CertificateError(f"sets prove lengths up to {MAX_CONCEPTS}, not {length}")
    if length == 1:
        return _check_one(cells, bound, space)
    p, q = bound.numerator, bound.denominator
    # In Python's integers.  All gains and losses together are below the first factor: so is any sum over cells, each
    # taken once, and no value is smaller than its negative.  What follows adds up at most length + 2 such sums: V* of
    # a set, and reach, itself no more than one of them, for up to length concepts; (c) has length - 1 cuts and one sum.
    every = q * cells.unit_points + p * int(cells.inactive.sum())
    if every * (length + 2) >= 2**62:
        raise Undecided("the counts are too large for exact arithmetic in 64 bits at this bound")
    values = q * cells.active - p * cells.inactive
    fast = compiled or (lambda function: function)
    limit, most = p * cells.unit_points, 2**62 if max_steps is None else max_steps
    order = cells.once("distinct", lambda: _distinct(cells))
    way, pause = _way(cells, len(order), compiled is not None), min(most, STEPS_BETWEEN_POLLS)
    if way != NEITHER and every * pairs.LARGEST_SUM < 2**62:
        has_bits = way == BITS or (compiled is not None and length > 2 and _bits_fit(cells, len(order)))
        walk = _by_size(cells, order, bound, length, space, fast, (way == BITS, has_bits), pause)
    else:
        lists = [_tables(space, k, length) for k in range(1, length + 1)]
        walk = _by_reach(cells, order, values, lists, space, limit, pause, fast)
    opened = 0
    for state, sets, steps in walk:
        if state == EXCEEDED:
            raise CertificateError(f"a {space} of at most {length} concepts exceeds the bound {bound}")
        if steps > most:
            raise Undecided(f"more than {max_steps:,} steps are needed")
        cells.clock.poll()
        opened = sets
    return f"{opened} sets of concepts opened"


Walk = Iterator[tuple[int, int, int]]
"""How it stands, the sets opened, the steps done: each time that the clock may be looked at."""


NEITHER, CELLS, BITS = range(3)
"""How what pairs share is counted, if they are few enough."""


def _way(cells: Counted, n: int, is_compiled: bool) -> int:
    """n: how many distinct concepts there are."""
    points, widths = cells.active + cells.inactive, cells.widths
    if is_compiled and cells.once("bits", lambda: pairs.bits_pay(n, widths, points)):
        return BITS
    return CELLS if cells.once("few", lambda: pairs.few_enough(n, widths)) else NEITHER


def _bits_fit(cells: Counted, n: int) -> bool:
    return cells.once("fit", lambda: pairs.bits_fit(n, cells.widths, cells.active + cells.inactive))


def _check_one(cells: Counted, bound: Fraction, space: str) -> str:
    """The same for one concept: V of each, and in trees of its complement, in Python's integers."""
    p, q = bound.numerator, bound.denominator
    points = cells.once("points of concepts", lambda: cells.singles(cells.active + cells.inactive)).tolist()
    every = q * cells.unit_points - p * int(cells.inactive.sum())
    for active, held in zip(cells.singles(cells.active).tolist(), points, strict=True):
        value = q * active - p * (held - active)
        if value > p * cells.unit_points or (space == "tree" and every - value > p * cells.unit_points):
            raise CertificateError(f"a {space} of at most 1 concepts exceeds the bound {bound}")
    return "every concept counted"


def _by_size(
    cells: Counted,
    order: np.ndarray,
    bound: Fraction,
    length: int,
    space: str,
    fast: Callable[[Any], Any],
    way: tuple[bool, bool],
    pause: int,
) -> Walk:
    """Up to three concepts by `pairs.py`; then four, and five, as `larger.py` says.  way: `by_bits` and `has_bits`."""
    p, q = bound.numerator, bound.denominator
    values, limit, before = q * cells.active - p * cells.inactive, p * cells.unit_points, (0, 0)
    reached = np.array([limit])
    if length > pairs.MAX_LENGTH:
        some = larger.some_value(cells, order, bound, _tables(space, 3, length), 3)
        reached[0] = larger.beginning(0, limit, some)
    for state, opened, steps in _by_pairs(cells, order, bound, length, space, fast, *way, reached):
        before = (opened, steps)
        yield state, opened, steps
    for k in range(pairs.MAX_LENGTH + 1, length + 1):
        most = int(reached[0])  # no formula over fewer than k concepts is worth more
        some = limit if k == length else larger.some_value(cells, order, bound, _tables(space, k, length), k)
        reached[0] = larger.beginning(most, limit, some)
        gains, losses = cells.singles(np.maximum(values, 0)), cells.singles(np.maximum(-values, 0))
        adds = larger.added(gains, losses, int(reached[0]) - most, once=k == length)
        left, so_far = order[adds[order] > 0], before
        if len(left) < k:
            continue
        lists = [*[np.zeros(0, dtype=np.int64)] * (k - 1), _tables(space, k, length)]
        walk = _by_reach(cells, left, values, lists, space, limit, pause, fast, adds, reached)
        for state, opened, steps in walk:
            before = (so_far[0] + opened, so_far[1] + steps)
            yield state, *before


def _by_pairs(
    cells: Counted,
    order: np.ndarray,
    bound: Fraction,
    length: int,
    space: str,
    fast: Callable[[Any], Any],
    by_bits: bool,
    has_bits: bool,
    reached: np.ndarray,
) -> Walk:
    """The walk of `pairs.py`, concepts of many points first.

    reached: int64 (1,), what is known to be reached, at most the limit; raised to the most that any formula is worth.
    """
    assert len(order) > 2, "a concept alone is counted only where others follow; `_way` sees to it"
    points = cells.active + cells.inactive
    order = cells.once("by points", lambda: order[np.argsort(-cells.singles(points)[order], kind="stable")])
    ordered, all_bits, active_bits = NO_CELLS, NO_BITS, NO_BITS
    if has_bits:
        all_bits = cells.once("bits of points", lambda: _bits_of(cells, order, points, fast))
        active_bits = _bits_of(cells, order, cells.active, fast)
    if by_bits:
        of_points = cells.once("points", lambda: _shared_bits(all_bits, fast))
        of_active = cells.once_for_unit("points", lambda: _shared_bits(active_bits, fast))
    else:
        ordered, shared = cells.once("cells by points", lambda: _in_order(cells, order)), fast(pairs.shared)
        of_points = cells.once("points", lambda: shared(ordered, points))
        of_active = cells.once_for_unit("points", lambda: shared(ordered, cells.active))
    p, q, limit = bound.numerator, bound.denominator, bound.numerator * cells.unit_points
    counts = pairs.Counts(of_points, of_active, q, p, q * cells.unit_points - p * int(cells.inactive.sum()))
    products, most = pairs.products(_tables(space, 3, length)), max(0, counts.every) if space != "chain" else 0
    for first in range(0, len(order), CONCEPTS_OF_PAIRS_BETWEEN_POLLS):
        stop = first + CONCEPTS_OF_PAIRS_BETWEEN_POLLS
        most_of_two = fast(pairs.most_of_two)(counts, products.two, first, stop)
        yield (EXCEEDED if most_of_two > limit else GOING), 0, stop * len(order)
        most = max(most, most_of_two)
    reached[0] = max(reached[0], most)
    standing = pairs.standing(counts, int(reached[0]), most)
    largest_after = fast(pairs.largest_parts)(counts, products.parts, standing)
    held = triples.Held(*ordered, q * cells.active - p * cells.inactive, all_bits, active_bits)
    given, work = triples.begin(counts, standing, largest_after, products, has_bits)
    x, done = 0, np.array([0, len(ordered.places)])
    while x < len(order) - 2 and reached[0] <= limit:
        yield GOING, *done.tolist()
        x = fast(triples.go_on)(x, held, given, work, limit, reached, done)
    yield (ENDED if reached[0] <= limit else EXCEEDED), *done.tolist()


def _bits_of(cells: Counted, order: np.ndarray, amounts: np.ndarray, fast: Callable[[Any], Any]) -> np.ndarray:
    """So many points of each cell, as bits of each concept: uint64 (n, n_words)."""
    places = np.full(cells.n, -1)
    places[order] = np.arange(len(order))
    made = np.zeros((len(order), -(-int(amounts[cells.widths > 0].sum()) // 64)), dtype=np.uint64)
    fast(bits.set_bits)(cells.starts, cells.indices, places, amounts, made)
    return made


def _shared_bits(made: np.ndarray, fast: Callable[[Any], Any]) -> np.ndarray:
    """int64 (n, n): how many of them x <= y share."""
    counts = np.zeros((len(made), len(made)), dtype=np.int64)
    fast(bits.shared)(made, counts)
    return counts


def _by_reach(
    cells: Counted,
    order: np.ndarray,
    values: np.ndarray,
    lists: list[np.ndarray],
    space: str,
    limit: int,
    pause: int,
    fast: Callable[[Any], Any],
    adds: np.ndarray | None = None,
    reached: np.ndarray | None = None,
) -> Walk:
    """The walk of this file, concepts that change most first.

    lists: the truth tables over one, two, ... concepts.  adds: int64 (n,), what each concept adds at most, by
    `larger.py` and not by (a), (b) and (c).  reached: as in `_by_pairs`.
    """
    length = len(lists)
    gain, loss = np.maximum(values, 0), np.maximum(-values, 0)
    gains, losses = cells.singles(gain), cells.singles(loss)
    changes = gains + losses if adds is None else adds
    order = order[np.argsort(-changes[order], kind="stable")]
    ordered = _in_order(cells, order)
    by_concept, cuts = (gains[order], losses[order]), fast(_largest_cuts)
    reach = adds[order] if adds is not None else NO_REACH
    if adds is None:
        reach = _reach(ordered, (gain, loss), by_concept, length, space, cuts, cells.clock)
    begins = np.cumsum([0, 0, *map(len, lists)])
    reached = np.array([limit]) if reached is None else reached
    left = larger.left_of(lists[-1], length) if adds is not None and length > larger.FEW else lists[-1][:0]
    tables = set_walk.Tables(np.concatenate(lists), begins, left)
    own = fast(_own_places)(ordered)
    given = set_walk.Given(ordered, own, values, _ahead(reach, length), length, space != "chain")
    stack, state, done = set_walk.begin(given, gains[order] - losses[order]), GOING, np.array([1, 0])
    while state == GOING:
        state = fast(set_walk.go_on)(given, tables, stack, limit, reached, pause, done)
        yield state, *done.tolist()


def _own_places(cells: Ordered) -> np.ndarray:
    """int64, as `rows`: where in `places` each concept stands in each of its cells."""
    _, rows, indptr, _ = cells
    filled, own = indptr[:-1].copy(), np.empty(len(rows), np.int64)
    for at in range(len(rows)):
        own[at] = filled[rows[at]]
        filled[rows[at]] += 1
    return own


def _distinct(cells: Counted) -> np.ndarray:
    """int64: the concepts, each set of cells once."""
    seen: dict[bytes, int] = {}
    for c in range(cells.n):
        seen.setdefault(cells.rows_of(c).tobytes(), c)
    return np.array(sorted(seen.values()), dtype=np.int64)


def _reach(
    cells: Ordered,
    by_cell: tuple[np.ndarray, np.ndarray],
    by_concept: tuple[np.ndarray, np.ndarray],
    length: int,
    space: str,
    largest_cuts: Callable[..., Any],
    clock: Clock,
) -> np.ndarray:
    """int64, per concept in order: the least of (a), (b) and (c), made falling.

    by_cell: gain and loss int64 (n_cells,).  by_concept: their sums over the cells of each concept in order.
    """
    (gain, loss), (gains, losses) = by_cell, by_concept
    every = int(gain.sum() + loss.sum())
    reach = np.minimum(gains + losses, int(gain.sum()))
    if space != "chain":
        reach = np.minimum(reach, every - gains - losses)
    if space == "chain" or int(gain.sum() - loss.sum()) + int(np.sort(losses)[-length:].sum()) <= 0:
        for first in range(0, len(gains), CONCEPTS_BETWEEN_POLLS):
            clock.poll()
            some = slice(first, first + CONCEPTS_BETWEEN_POLLS)
            cuts = largest_cuts(cells, gain, loss, gains, length - 1, first, len(gains[some]))
            reach[some] = np.minimum(reach[some], gains[some] + cuts)
    return np.asarray(np.maximum.accumulate(reach[::-1])[::-1])


def _ahead(reach: np.ndarray, length: int) -> np.ndarray:
    """int64 (length + 1, n + 1): the sums of reach over the 0, 1, ... concepts from each place of the order on."""
    n = len(reach)
    padded = np.concatenate([reach, np.zeros(length, dtype=np.int64)])
    shifted = [padded[m : m + n + 1] for m in range(length)]
    return np.cumsum([np.zeros(n + 1, dtype=np.int64), *shifted], axis=0)


def _largest_cuts(
    cells: Ordered, gain: np.ndarray, loss: np.ndarray, gains: np.ndarray, k: int, first: int, count: int
) -> np.ndarray:
    """int64 (count,): for each d from the first on, the sum of the k largest min(N(c and d), P(c and not d)), c < d."""
    starts, rows, indptr, places = cells
    total = np.zeros(count, np.int64)
    shared_gain, shared_loss = np.zeros(first + count, np.int64), np.zeros(first + count, np.int64)
    if k == 0:
        return total
    for d in range(first, first + count):
        shared_gain[:d], shared_loss[:d] = 0, 0
        for at in range(starts[d], starts[d + 1]):
            row = rows[at]
            for where in range(indptr[row], indptr[row + 1]):
                if places[where] >= d:
                    break
                shared_gain[places[where]] += gain[row]
                shared_loss[places[where]] += loss[row]
        cut = np.minimum(shared_loss[:d], gains[:d] - shared_gain[:d])
        total[d - first] = np.sort(cut)[-k:].sum()
    return total


NO_CELLS = Ordered(*(np.zeros(1, dtype=np.int64) for _ in range(4)))
NO_BITS = np.zeros((0, 0), dtype=np.uint64)
NO_REACH = np.zeros(0, dtype=np.int64)


def _in_order(cells: Counted, order: np.ndarray) -> Ordered:
    of_each = [cells.rows_of(c) for c in order.tolist()]
    widths = np.array([len(rows) for rows in of_each], dtype=np.int64)
    starts, rows = np.concatenate([[0], np.cumsum(widths)]), np.concatenate([np.zeros(0, dtype=np.int64), *of_each])
    return Ordered(starts, rows, *transposed(starts, rows, len(cells.active), cells.clock))


@lru_cache(maxsize=32)
def _tables(space: str, k: int, length: int) -> np.ndarray:
    """int64: the truth tables of all formulas over k variables; bit r is the value in region r, of the variables in r.

    A chain is a variable; or a chain with OR, AND or AND NOT and a variable.  A tree is a variable or its
    negation, or two trees with OR or AND.
    """
    every = (1 << (1 << k)) - 1
    variables = [sum(1 << r for r in range(1 << k) if r >> i & 1) for i in range(k)]
    literals = variables if space == "chain" else [*variables, *(every ^ v for v in variables)]
    exactly: list[set[int]] = [set(), set(literals)]
    for leaves in range(2, length + 1):
        made: set[int] = set()
        if space == "chain":
            for table in exactly[-1]:
                for v in variables:
                    made |= {table | v, table & v, table & ~v}
        else:
            for part in range(1, leaves // 2 + 1):
                made |= {t for a in exactly[leaves - part] for b in exactly[part] for t in (a | b, a & b)}
        exactly.append(made)
    return np.array(sorted(set().union(*exactly)), dtype=np.int64)
