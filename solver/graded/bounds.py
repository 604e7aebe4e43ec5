"""Which functions of two concepts and any third can have the AUC that is asked for: the others need no look.

Let N be all points; of cell c, w(c) its points and D(c) the sum of twice their ranks, minus N + 1 for each; and n(F),
D(F) the sums of these over the cells of a formula F.  By `activations.py`

    2 AUC(F) - 1 = D(F) / (n(F) (N - n(F)))

so F has at least the AUC of a target t = 2 AUC - 1 = p / q > 0 where  q D(F) >= p n (N - n).

Bands.  n (N - n) is concave in n: between a and b it lies above its chord, (N - a - b) n + a b.  So where a <= n <= b,
such an F has

    V(F) >= p a b,   V the sum over its cells of  v(c) = q D(c) - p (N - a - b) w(c).

What V can be is bounded by single cells, as in searches for IoU.  Let P(R) be the sum of the positive v of a region R.
Two concepts x, y cut all cells into four regions, and a function of x, y and a third concept z is in each of them all
of it, none, the part with z, or the part without z.  A chain names z once, so no function has parts of both kinds.

    V(F) = V(all) + V(parts),  where V(all) is over the regions that F has whole, and of the others, together R,
    V(R and z) <= P(R and z) <= min(P(R), P(z)),
    V(R without z) <= P(R);  and it is V(R) - V(R and z) <= V(R) + sum of -v over the negative cells of z.

P(z) and that sum are replaced by their largest over all concepts after y.  Alike for points: with z a function has
from n(all) to n(all) + min(n(R), most) of them, without z from n(all) + max(0, n(R) - most) to n(all) + n(R), where
`most` is the largest number of points of a concept after y.

Where that rules nothing out, each z after y is looked at by what pairs share.  V(F) is a sum of what x, y, z, xy, xz,
yz share and k times V(xyz), for a whole number k of the function.  What all three share lies within what two of them
do; so V(xyz) is at most the least P of xy, xz and yz, and at least minus the least sum of -v over the negative cells of
one of these; and n(xyz) is from 0 to the least n of one.

A function of x and y is left out where in each band no z is left, by V or by points; so whatever is left out has an AUC
strictly below the target, for each z after y.

The bands cover all sizes that are asked for; they share their ends.  All is in whole numbers: the target is rounded
down to a denominator q, a power of two, with which no sum is above 2 ** 62.  Where t <= 0, or q < 1, all is kept.
"""

from __future__ import annotations

from collections import namedtuple
from fractions import Fraction
from typing import Any

import numpy as np

from ..compiled import CellArrays, compiled, gains_and_losses
from ..front.small_functions import functions_of, third, without_third
from ..sets.pair_counts import pair_sums
from ..stopping import Stopping

SLACK = Fraction(1, 50)
"""By how much of n (N - n), at most, a band's chord lies below it in the middle of the band."""
LARGEST = 2**62
TERMS = 24
"""A sum over cells is at most 3/2 q N ** 2 in size; at most sixteen such are added."""
NONE, WHOLE, WITH, WITHOUT = range(4)
NEVER = 1 << 62

Band = namedtuple(
    "Band", "p q slope least lowest highest gain total total_gain gains losses ahead_gain ahead_loss ahead_points"
)
"""p, q: the target.  slope: p (N - a - b).  least: p a b.  lowest, highest: a, b.
gain: int64 (n, n), P of what x <= y share.  total, total_gain: V and P of all cells.
gains, losses: int64 (n,), P of each concept, and the sum of -v over its negative cells.
ahead_gain, ahead_loss, ahead_points: int64 (n,), the largest of these, and of numbers of points, after a concept."""


def kept_functions(
    cells: CellArrays,
    weights: np.ndarray,
    points: np.ndarray,
    ranks: np.ndarray,
    least: int,
    auc: Fraction,
    stopping: Stopping,
) -> np.ndarray:
    """uint32 (n, n): of x < y a bit for each function, as `functions_of(3)` lists them, that may have the AUC.

    cells: their values are the ranks.  weights: int64 (n_cells,).  points, ranks: int64 (n, n), what x <= y share.
    least: as many points a formula holds on, and as many are left.  Raises `Stopped`.
    """
    n, n_points = len(points), int(weights.sum())
    kinds, counts = _kinds(), np.hstack([without_third(3), third()])
    target = _rounded(2 * auc - 1, n_points)
    if target is None:
        return np.full((n, n), (1 << len(kinds)) - 1, dtype=np.uint32)
    kept = np.zeros((n, n), dtype=np.uint32)
    for lowest, highest in bands(n_points, least):
        stopping.check()
        band = band_of(cells, weights, n_points, points, lowest, highest, *target)
        keep(points, ranks, n_points, band, kinds, counts, kept)
    return kept


def bands(n_points: int, least: int) -> list[tuple[int, int]]:
    """Sizes from `least` to all but `least` in bands that share their ends, each as wide as `SLACK` lets it be."""
    found, first, last = [], least, n_points - least
    while first < last:
        low, high = first + 1, last
        while low < high:  # the chord is lower the wider the band
            middle = (low + high + 1) // 2
            if _slack(first, middle, n_points) <= SLACK:
                low = middle
            else:
                high = middle - 1
        found.append((first, low))
        first = low
    return found or ([(least, least)] if least == last else [])


def _slack(first: int, last: int, n_points: int) -> Fraction:
    """How far below n (N - n) the chord is where they differ most, (last - first) ** 2 / 4, of what it is there."""
    middle = Fraction(first + last, 2)
    return Fraction((last - first) ** 2, 4) / (middle * (n_points - middle))


def _rounded(target: Fraction, n_points: int) -> tuple[int, int] | None:
    """(p, q): the target or a little less; None where nothing can be bounded by it."""
    bits = (LARGEST // (TERMS * n_points**2)).bit_length() - 1
    if bits < 0:
        return None
    p = (target.numerator << bits) // target.denominator
    return (p, 1 << bits) if p > 0 else None


def _kinds() -> np.ndarray:
    """int64 (n_functions, 4): of each region of x and y (x is bit 0 of its number), what a function has of it."""
    of_parts = {(0, 0): NONE, (1, 1): WHOLE, (0, 1): WITH, (1, 0): WITHOUT}
    kinds = [
        [of_parts[each.table >> region & 1, each.table >> region + 4 & 1] for region in range(4)]
        for each in functions_of(3)
    ]
    assert all(not {WITH, WITHOUT}.issubset(regions) for regions in kinds)
    return np.array(kinds, dtype=np.int64)


def band_of(
    cells: CellArrays,
    weights: np.ndarray,
    n_points: int,
    points: np.ndarray,
    lowest: int,
    highest: int,
    p: int,
    q: int,
) -> Band:
    """What a band of sizes, `lowest` to `highest`, asks of a formula with the target p / q.  Arrays as above."""
    slope = p * (n_points - lowest - highest)
    values = q * (cells.values - (n_points + 1) * weights) - slope * weights
    positive = np.flatnonzero(values > 0)
    gains, losses = gains_and_losses(cells.starts, cells.rows, values)
    return Band(
        p,
        q,
        slope,
        p * lowest * highest,
        lowest,
        highest,
        pair_sums(cells, positive, values[positive]),
        int(values.sum()),
        int(values[positive].sum()),
        gains,
        losses,
        _largest_after(gains),
        _largest_after(losses),
        _largest_after(np.diagonal(points)),
    )


def _largest_after(values: np.ndarray) -> np.ndarray:
    """int64 (n,): of each place, the largest of the values after it; 0 after the last."""
    return np.append(np.maximum.accumulate(values[::-1])[::-1][1:], 0).astype(np.int64)


@compiled
def keep(
    points: np.ndarray,
    ranks: np.ndarray,
    n_points: int,
    band: Band,
    kinds: np.ndarray,
    counts: np.ndarray,
    kept: np.ndarray,
) -> None:
    """Set the bits of the functions that may have the target's AUC in the band.

    kinds: int64 (n_functions, 4).  counts: int64 (n_functions, 7), as in `sweep.py`.
    """
    value, gain, size = np.zeros(4, np.int64), np.zeros(4, np.int64), np.zeros(4, np.int64)
    each = band.q * (n_points + 1) + band.slope
    for x in range(len(points)):
        value_x = band.q * ranks[x, x] - each * points[x, x]
        for y in range(x + 1, len(points) - 1):
            gain_both = band.gain[x, y]
            gain_either = band.gain[x, x] + band.gain[y, y] - gain_both
            outside = band.total_gain - gain_either
            # Of no function V is more, as none has the region outside x and y whole, or without z.
            if gain_either + min(outside, band.ahead_gain[y]) < band.least:
                continue
            value_y = band.q * ranks[y, y] - each * points[y, y]
            value[3] = band.q * ranks[x, y] - each * points[x, y]
            value[1], value[2] = value_x - value[3], value_y - value[3]
            value[0] = band.total - value[1] - value[2] - value[3]
            gain[3], gain[1], gain[2] = gain_both, band.gain[x, x] - gain_both, band.gain[y, y] - gain_both
            gain[0] = outside
            size[3], size[1], size[2] = points[x, y], points[x, x] - points[x, y], points[y, y] - points[x, y]
            size[0] = n_points - size[1] - size[2] - size[3]
            for f in range(len(kinds)):
                if kept[x, y] >> f & 1:
                    continue
                needed, is_without = _needed(band, y, kinds[f], value, gain, size)
                given = band.losses if is_without else band.gains
                if needed < NEVER and _has_third(points, ranks, each, band, x, y, counts[f], given, needed):
                    kept[x, y] |= np.uint32(1 << f)


@compiled
def _needed(band: Band, y: int, kinds: np.ndarray, value: np.ndarray, gain: np.ndarray, size: np.ndarray) -> Any:
    """How much z has to give at least for a function to be worth p a b, and whether that is the part without z.

    It gives P(z), or the sum of -v over its negative cells.  NEVER where none after y can give it, or the number of
    points is not in the band.  value, gain, size: int64 (4,), V, P and points of the regions of x and y.
    """
    whole, open_value, open_gain, n_whole, n_open, is_without = 0, 0, 0, 0, 0, False
    for region in range(4):
        if kinds[region] == WHOLE:
            whole += value[region]
            n_whole += size[region]
        elif kinds[region] != NONE:
            open_value += value[region]
            open_gain += gain[region]
            n_open += size[region]
            is_without = kinds[region] == WITHOUT
    needed = band.least - whole
    if open_gain < needed:
        return NEVER, is_without
    if is_without:
        needed -= open_value
        fewest, most, ahead = n_whole + max(0, n_open - band.ahead_points[y]), n_whole + n_open, band.ahead_loss[y]
    else:
        fewest, most, ahead = n_whole, n_whole + min(n_open, band.ahead_points[y]), band.ahead_gain[y]
    if ahead < needed or fewest > band.highest or most < band.lowest:
        return NEVER, is_without
    return needed, is_without


@compiled
def _has_third(
    points: np.ndarray,
    ranks: np.ndarray,
    each: int,
    band: Band,
    x: int,
    y: int,
    counts: np.ndarray,
    given: np.ndarray,
    needed: int,
) -> Any:
    """Whether there is a z after y with which the function may be worth p a b with a number of points of the band.

    each: what V takes for a point; it gives q for a rank.  given: int64 (n,), what each concept gives at most.
    """
    of_x, of_y, of_xy, of_z, of_xz, of_yz, of_all = counts
    n_before = of_x * points[x, x] + of_y * points[y, y] + of_xy * points[x, y]
    ranks_before = of_x * ranks[x, x] + of_y * ranks[y, y] + of_xy * ranks[x, y]
    gain_xy, loss_xy = band.gain[x, y], band.gain[x, y] - band.q * ranks[x, y] + each * points[x, y]
    gain_x, gain_y, ranks_x, ranks_y = band.gain[x], band.gain[y], ranks[x], ranks[y]
    points_x, points_y = points[x], points[y]
    for z in range(y + 1, len(points)):
        if given[z] < needed:
            continue
        n = n_before + of_z * points[z, z] + of_xz * points_x[z] + of_yz * points_y[z]
        most = of_all * min(points[x, y], points_x[z], points_y[z])
        if n + min(most, 0) > band.highest or n + max(most, 0) < band.lowest:
            continue
        reach = band.q * (ranks_before + of_z * ranks[z, z] + of_xz * ranks_x[z] + of_yz * ranks_y[z]) - each * n
        if of_all > 0:
            reach += of_all * min(gain_xy, gain_x[z], gain_y[z])
        elif of_all < 0:
            loss_x = gain_x[z] - band.q * ranks_x[z] + each * points_x[z]
            loss_y = gain_y[z] - band.q * ranks_y[z] + each * points_y[z]
            reach -= of_all * min(loss_xy, loss_x, loss_y)
        if reach >= band.least:
            return True
    return False
