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
    for the rows "a cell is spared only if ...".  inner: cell, amount, for the rows "u <= sum of P".
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

    def of_allowed(self, frame: Frame) -> Charges:
        """Without those of ORs that may not be, at this target."""
        kept = frame.slot_of[self.spared_segment, self.spared_concept] >= 0
        if kept.all():
            return self
        return self._replace(
            spared_cell=self.spared_cell[kept], spared_segment=self.spared_segment[kept],
            spared_concept=self.spared_concept[kept], spared=self.spared[kept],
        )  # fmt: skip

    def rounded(self, scale: float) -> Charges:
        """Integers: the amounts times the scale; those of 0 are left out."""
        taken, spared, inner = (
            np.rint(part * scale).astype(np.int64) for part in (self.taken, self.spared, self.inner)
        )
        t, s, i = np.flatnonzero(taken), np.flatnonzero(spared), np.flatnonzero(inner)
        return Charges(
            self.taken_cell[t], self.taken_concept[t], taken[t], self.spared_cell[s], self.spared_segment[s],
            self.spared_concept[s], spared[s], self.inner_cell[i], inner[i],
        )  # fmt: skip


_NONE = np.zeros(0, dtype=np.int64)
NO_CHARGES = Charges(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE)


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
    """What charges leave: rest, of the cells; ors (h + 1, n), pairs (n_slots, n), inner (n,) and ands (n,)."""

    frame: Frame
    rest: int
    ors: np.ndarray
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
            for role, d in fixed.inside:
                base += int(pairs[frame.slot_of[role // n, role % n], d])
                pairs[frame.slot_of[role // n, role % n], d] = 0
            for role, d in fixed.outside:
                pairs[frame.slot_of[role // n, role % n], d] = 0
        table = np.full((h + 2 + deeper, n), -1, dtype=np.int64)
        table[: h + 1] = np.where(frame.slot_of >= 0, self.ors, -1)
        table[h + 1] = np.maximum(pairs, 0).sum(axis=0)
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
    """rest, ors, pairs, inner and ands of `Worths`."""
    indptr, indices, pattern, depth, slot_of, reachable = frame
    taken_cell, taken_concept, taken, spared_cell, spared_segment, spared_concept, spared, inner_cell, inner = charges
    n = slot_of.shape[1]
    h = len(pattern)
    in_pattern = np.zeros(n, np.bool_)
    in_pattern[pattern] = True
    ors, pairs = np.zeros((h + 1, n), np.int64), np.zeros((n_slots, n), np.int64)
    left, deep = values.copy(), np.zeros(len(values), np.int64)
    for i in range(len(taken)):
        j, d, amount = taken_cell[i], taken_concept[i], taken[i]
        left[j] -= amount
        deep[j] += amount
        for at in range(indptr[j], indptr[j + 1]):
            c = indices[at]
            for g in range(depth[j] + 1):
                slot = slot_of[g, c]
                if slot >= 0:
                    ors[g, c] += amount
                    if c != d and not in_pattern[d]:
                        pairs[slot, d] -= amount
    for i in range(len(spared)):
        j, c, amount = spared_cell[i], spared_concept[i], spared[i]
        slot = slot_of[spared_segment[i], c]
        if slot < 0:
            continue
        left[j] += amount
        ors[spared_segment[i], c] -= amount
        for at in range(indptr[j], indptr[j + 1]):
            d = indices[at]
            if c != d and not in_pattern[d]:
                pairs[slot, d] += amount
    inner_worth, ands = np.zeros(n, np.int64), np.zeros(n, np.int64)
    if deeper:
        given = np.zeros(len(values), np.int64)
        for i in range(len(inner)):
            given[inner_cell[i]] += inner[i]
        for j in range(len(values)):
            if deep[j] > 0 and depth[j] == h:
                part = min(given[j], deep[j])
                for at in range(indptr[j], indptr[j + 1]):
                    inner_worth[indices[at]] += part
                    if not in_pattern[indices[at]]:
                        ands[indices[at]] += deep[j] - part
    rest = 0
    for j in range(len(values)):
        if reachable[j] and left[j] > 0:
            rest += left[j]
    return rest, ors, pairs, inner_worth, ands
