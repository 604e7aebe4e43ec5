"""What charges prove: the bound of `checking/roles.py`, in integers.

A *charge* is a multiplier of 0 or more of a row.  Charges come from a linear program as floats and are rounded; any
charges prove a bound, so rounding costs tightness and never truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..compiled import compiled
from .model import depths, or_slots


class Charges(NamedTuple):
    """Of one linear program; amounts are float64 in points, or int64 once they are rounded.

    taken: cell, concept, amount, for the rows "a cell is taken only if ...".  spared: cell, segment, concept, amount,
    for the rows "a cell is spared only if ...".  inner: cell, amount, for the rows "u <= sum of P".  apart: cell, other
    cell, amount, for the rows that say what holds two cells apart.  steps: int64 (n, 6), the circle and five numbers of
    each step of the circles, one circle after the other; circles: amount of each.
    """

    taken_cell: np.ndarray
    taken_concept: np.ndarray
    taken: np.ndarray
    spared_cell: np.ndarray
    spared_segment: np.ndarray
    spared_concept: np.ndarray
    spared: np.ndarray
    inner_cell: np.ndarray
    inner: np.ndarray
    apart_cell: np.ndarray
    apart_other: np.ndarray
    apart: np.ndarray
    steps: np.ndarray
    circles: np.ndarray

    def of_allowed(self, frame: Frame) -> Charges:
        """Without those of ORs that may not be, at this target."""
        kept = frame.slot_of[self.spared_segment, self.spared_concept] >= 0
        charges = self
        if not kept.all():
            charges = self._replace(
                spared_cell=self.spared_cell[kept], spared_segment=self.spared_segment[kept],
                spared_concept=self.spared_concept[kept], spared=self.spared[kept],
            )  # fmt: skip
        circle, g, c, _, end_g, end_c = self.steps.T
        out = (frame.slot_of[g, c] < 0) | (frame.slot_of[end_g, end_c] < 0)
        return charges._circles_of(~np.isin(np.arange(len(self.circles)), circle[out])) if out.any() else charges

    def _circles_of(self, kept: np.ndarray) -> Charges:
        """Only these circles, bool (n_circles,)."""
        steps = self.steps[kept[self.steps[:, 0]]]
        steps[:, 0] = (np.cumsum(kept) - 1)[steps[:, 0]]
        return self._replace(steps=steps, circles=self.circles[kept])

    @property
    def amounts(self) -> tuple[np.ndarray, ...]:
        """Of each kind."""
        return self.taken, self.spared, self.inner, self.apart, self.circles

    def _amounts(
        self, taken: np.ndarray, spared: np.ndarray, inner: np.ndarray, apart: np.ndarray, circles: np.ndarray
    ) -> Charges:
        return self._replace(taken=taken, spared=spared, inner=inner, apart=apart, circles=circles)

    def rounded(self, scale: float) -> Charges:
        """Integers: the amounts times the scale; those of 0 are left out."""
        made = self._amounts(*(np.rint(part * scale).astype(np.int64) for part in self.amounts))
        t, s, i, a = map(np.flatnonzero, made.amounts[:4])
        return Charges(
            made.taken_cell[t], made.taken_concept[t], made.taken[t], made.spared_cell[s], made.spared_segment[s],
            made.spared_concept[s], made.spared[s], made.inner_cell[i], made.inner[i],
            made.apart_cell[a], made.apart_other[a], made.apart[a], made.steps, made.circles,
        )._circles_of(made.circles > 0)  # fmt: skip

    def shifted(self, up: int) -> Charges:
        """Integers times 2**up."""
        return self._amounts(*(part << up for part in self.amounts)) if up else self

    @property
    def size(self) -> float:
        """All amounts, each as often as one number may take it: a circle's at most twice for each of its steps."""
        of_circles = float((np.bincount(self.steps[:, 0], minlength=len(self.circles)) * 2.0 * self.circles).sum())
        return sum(float(part.sum()) for part in self.amounts[:4]) + of_circles


_NONE = np.zeros(0, dtype=np.int64)
NO_CHARGES = Charges._make([*[_NONE] * 12, np.zeros((0, 6), dtype=np.int64), _NONE])


@dataclass(frozen=True)
class Fixed:
    """What is decided in a branch: roles that are played or not, and pairs (role of an OR, filter) inside or not.

    A role is `segment * n + concept` for an OR, `(h + 1) * n + concept` for a filter.
    """

    played: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    inside: tuple[tuple[int, int], ...] = ()
    outside: tuple[tuple[int, int], ...] = ()


FREE = Fixed()


class FrameArrays(NamedTuple):
    """The arrays of a `Frame`, for compiled code."""

    indptr: np.ndarray
    indices: np.ndarray
    pattern: np.ndarray
    depth: np.ndarray
    slot_of: np.ndarray
    reachable: np.ndarray


@dataclass(frozen=True)
class Frame:
    """A pattern at one target: its segments, and which ORs may stand in them.  values: int64 (n_cells,)."""

    indptr: np.ndarray
    indices: np.ndarray
    n: int
    pattern: np.ndarray
    values: np.ndarray
    depth: np.ndarray
    slot_of: np.ndarray
    reachable: np.ndarray = field(repr=False)

    @property
    def arrays(self) -> FrameArrays:
        """For compiled code."""
        return FrameArrays(self.indptr, self.indices, self.pattern, self.depth, self.slot_of, self.reachable)

    @classmethod
    def of(cls, indptr: np.ndarray, indices: np.ndarray, n: int, pattern: tuple[int, ...], values: np.ndarray) -> Frame:
        chosen = np.array(pattern, dtype=np.int64)
        depth = depths(indptr, indices, n, chosen)
        slot_of, reachable = slots(indptr, indices, n, chosen, depth, values)
        return cls(indptr, indices, n, chosen, values, depth, slot_of, reachable)


@dataclass(frozen=True)
class Worths:
    """What charges leave: rest, of the cells and circles; ors (h + 1, n), filters (n,), what they have beside their
    pairs (n_slots, n); inner (n,) and ands (n,)."""

    frame: Frame
    rest: int
    ors: np.ndarray
    filters: np.ndarray
    pairs: np.ndarray
    inner: np.ndarray
    ands: np.ndarray

    def roles(self, fixed: Fixed, deeper: bool) -> tuple[int, np.ndarray]:
        """What is decided is worth, and int64 (h + 2 or h + 3, n): the worth of each role, below 0 where it is out."""
        frame, n = self.frame, self.frame.n
        h = len(frame.pattern)
        pairs, base = self.pairs, 0
        if fixed.inside or fixed.outside:
            pairs = pairs.copy()
            for role, d in (*fixed.inside, *fixed.outside):
                slot = frame.slot_of.flat[role]
                if slot >= 0:  # else the OR may not be, at this target, and whatever is said of it is true
                    base += int(pairs[slot, d]) * ((role, d) in fixed.inside)
                    pairs[slot, d] = 0
        table = np.full((h + 2 + deeper, n), -1, dtype=np.int64)
        table[: h + 1] = np.where(frame.slot_of >= 0, self.ors, -1)
        table[h + 1] = self.filters + np.maximum(pairs, 0).sum(axis=0)
        table[h + 1, frame.pattern] = -1
        if deeper:
            table[h + 2] = self.inner
        flat = table.reshape(-1)
        for role in fixed.played:
            base += int(np.where(frame.slot_of >= 0, self.ors, 0).flat[role] if role < (h + 1) * n else flat[role])
        flat[list(fixed.left_out)] = -1
        if fixed.played:
            table[:, [role % n for role in fixed.played]] = -1
        return base, table

    def bound(self, budget: int, fixed: Fixed = FREE, deeper: bool = False) -> int:
        """No choice of at most `budget` roles has a value above this; with `deeper`, of which one is an AND."""
        base, table = self.roles(fixed, deeper)
        best = np.maximum(table.max(axis=0), 0)
        left = budget - len(fixed.played)
        if not deeper:
            return self.rest + base + top_sum(best, left)
        ands = self.ands
        return (
            self.rest + base + int(ands.max(initial=0)) + top_sum(np.concatenate([best, np.sort(ands)[:-1]]), left - 1)
        )


def top_sum(values: np.ndarray, k: int) -> int:
    """The sum of the k largest, which are not negative."""
    if k <= 0:
        return 0
    if k >= len(values):
        return int(values.sum())
    return int(np.partition(values, len(values) - k)[len(values) - k :].sum())


def worths(frame: Frame, charges: Charges, values: np.ndarray, deeper: bool = False) -> Worths:
    """values: int64 (n_cells,), in the unit of the charges."""
    n_slots = int(frame.slot_of.max(initial=-1)) + 1
    return Worths(frame, *_worths(frame.arrays, charges, values, n_slots, deeper))


@compiled
def slots(
    indptr: np.ndarray, indices: np.ndarray, n: int, pattern: np.ndarray, depth: np.ndarray, values: np.ndarray
) -> Any:
    """int64 (h + 1, n): the number of each OR that may be, else -1; bool (n_cells,): whether some OR could take it."""
    in_pattern = np.zeros(n, np.bool_)
    in_pattern[pattern] = True
    slot_of, _ = or_slots(indptr, indices, values > 0, pattern, depth, in_pattern)
    reachable = np.zeros(len(values), np.bool_)
    for j in range(len(values)):
        for at in range(indptr[j], indptr[j + 1]):
            for g in range(depth[j] + 1):
                reachable[j] |= slot_of[g, indices[at]] >= 0
    return slot_of, reachable


@compiled
def _worths(frame: FrameArrays, charges: Charges, values: np.ndarray, n_slots: int, deeper: bool) -> Any:
    """rest, ors, filters, pairs, inner and ands of `Worths`."""
    depth, slot_of, reachable = frame.depth, frame.slot_of, frame.reachable
    h, n = len(frame.pattern), slot_of.shape[1]
    in_pattern = np.zeros(n, np.bool_)
    in_pattern[frame.pattern] = True
    ors, filters, pairs = np.zeros((h + 1, n), np.int64), np.zeros(n, np.int64), np.zeros((n_slots, n), np.int64)
    left, deep = values.copy(), np.zeros(len(values), np.int64)
    _pay_taken(frame, charges, in_pattern, left, deep, ors, pairs)
    _pay_spared(frame, charges, in_pattern, left, ors, pairs)
    _pay_apart(frame, charges, in_pattern, left, deep, ors, filters)
    rest = _pay_circles(charges, slot_of, ors, pairs)
    inner_worth, ands = np.zeros(n, np.int64), np.zeros(n, np.int64)
    if deeper:
        given = np.zeros(len(values), np.int64)
        for i in range(len(charges.inner)):
            given[charges.inner_cell[i]] += charges.inner[i]
        for j in range(len(values)):
            if deep[j] > 0 and depth[j] == h:
                part = min(given[j], deep[j])
                for at in range(frame.indptr[j], frame.indptr[j + 1]):
                    inner_worth[frame.indices[at]] += part
                    if not in_pattern[frame.indices[at]]:
                        ands[frame.indices[at]] += deep[j] - part
    for j in range(len(values)):
        if reachable[j] and left[j] > 0:
            rest += left[j]
    return rest, ors, filters, pairs, inner_worth, ands


@compiled
def _pay_taken(
    frame: FrameArrays, charges: Charges, in_pattern: np.ndarray, left: np.ndarray, deep: np.ndarray, ors: np.ndarray,
    pairs: np.ndarray,
) -> None:  # fmt: skip
    for i in range(len(charges.taken)):
        j, d, amount = charges.taken_cell[i], charges.taken_concept[i], charges.taken[i]
        left[j] -= amount
        deep[j] += amount
        for at in range(frame.indptr[j], frame.indptr[j + 1]):
            c = frame.indices[at]
            for g in range(frame.depth[j] + 1):
                slot = frame.slot_of[g, c]
                if slot >= 0:
                    ors[g, c] += amount
                    if c != d and not in_pattern[d]:
                        pairs[slot, d] -= amount


@compiled
def _pay_spared(
    frame: FrameArrays, charges: Charges, in_pattern: np.ndarray, left: np.ndarray, ors: np.ndarray, pairs: np.ndarray
) -> None:
    for i in range(len(charges.spared)):
        j, c, amount = charges.spared_cell[i], charges.spared_concept[i], charges.spared[i]
        slot = frame.slot_of[charges.spared_segment[i], c]
        if slot < 0:
            continue
        left[j] += amount
        ors[charges.spared_segment[i], c] -= amount
        for at in range(frame.indptr[j], frame.indptr[j + 1]):
            d = frame.indices[at]
            if c != d and not in_pattern[d]:
                pairs[slot, d] += amount


@compiled
def _pay_apart(
    frame: FrameArrays, charges: Charges, in_pattern: np.ndarray, left: np.ndarray, deep: np.ndarray, ors: np.ndarray,
    filters: np.ndarray,
) -> None:  # fmt: skip
    indptr, indices, depth = frame.indptr, frame.indices, frame.depth
    n = len(in_pattern)
    of_cell, of_other = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    for i in range(len(charges.apart)):
        j, k, amount = charges.apart_cell[i], charges.apart_other[i], charges.apart[i]
        left[j] -= amount
        left[k] += amount
        deep[j] += amount
        for at in range(indptr[k], indptr[k + 1]):
            of_other[indices[at]] = i
        for at in range(indptr[j], indptr[j + 1]):
            c = indices[at]
            of_cell[c] = i
            for g in range(depth[j] + 1):
                if frame.slot_of[g, c] >= 0 and (of_other[c] != i or depth[k] < g):
                    ors[g, c] += amount
        for at in range(indptr[k], indptr[k + 1]):
            d = indices[at]
            if of_cell[d] != i and not in_pattern[d]:
                filters[d] += amount


@compiled
def _pay_circles(charges: Charges, slot_of: np.ndarray, ors: np.ndarray, pairs: np.ndarray) -> int:
    """The amounts are paid back, each times one less than what may be true of its circle."""
    steps, back = charges.steps, 0
    first = 0
    for i in range(len(steps)):
        circle, g, c, d, end_g, end_c = steps[i]
        amount = charges.circles[circle]
        pairs[slot_of[g, c], d] -= amount
        pairs[slot_of[end_g, end_c], d] += amount
        back += amount
        is_last = i + 1 == len(steps) or steps[i + 1, 0] != circle
        then = first if is_last else i + 1
        if steps[then, 1] != end_g or steps[then, 2] != end_c:
            ors[end_g, end_c] -= amount
            back += amount
        if is_last:
            back -= amount
            first = i + 1
    return back
