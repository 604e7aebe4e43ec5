"""Where a unit of a vision model counts as active: its threshold, and the edges between ranges above it.

They come from all values of the unit, read from disk again for every portion of units, because the values of all units
may not fit in memory.  A unit that alone has too many is split by every second one, third one, ... of its values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ..masks import upsample
from ..progress import Progress
from ..ranges import split_into_ranges
from ..thresholds import TopQuantile, as_float32_below
from ..trace import LayerMaps

ROOM = 2**29
"""Bytes of values that are kept at once."""
MOST_VALUES = 2**22
"""Values by which one unit is split into ranges, at most."""


@dataclass(frozen=True, eq=False)
class UnitValues:
    """All values of a layer's units: those of its own maps, or of maps upsampled to `size`."""

    maps: LayerMaps
    size: tuple[int, int] | None = None

    @property
    def n_values(self) -> int:
        """Of each unit."""
        height, width = self.size or self.maps.map_size
        return self.maps.n_images * height * width

    def of(self, units: slice) -> Iterator[np.ndarray]:
        """float32 (n_units, n), for each image."""
        for maps in self.maps:
            values = maps[units]
            if self.size is not None:
                values = upsample(torch.from_numpy(values), self.size).numpy()
            yield values.reshape(len(values), -1)


@dataclass(frozen=True, eq=False)
class Edges:
    """Of a layer's units.

    lower: float64 (n_units, k): the threshold, then the edges between k ranges, ascending; k is 1 without ranges.  A
    range is open below and closed above; the last has no end.  steps: int64 (n_units,): the edges are those of every
    `steps`-th value above the threshold; 1 for all of them.
    """

    lower: np.ndarray
    steps: np.ndarray


def quantile_thresholds(values: UnitValues, share: float, on_progress: Progress, room: int = ROOM) -> np.ndarray:
    """float64 (n_units,): the value that a share of each unit's values exceeds.  room: bytes to keep values in."""
    n_units, n_images = len(values.maps.units), values.maps.n_images
    # Two buffers' worth of 4-byte values per unit are kept; as many units at a time as fit.
    at_once = max(1, int(room / (8 * share * values.n_values + 8)))
    thresholds = []
    for first in range(0, n_units, at_once):
        units = slice(first, min(first + at_once, n_units))
        top = TopQuantile(units.stop - first, values.n_values, share)
        for done, portion in enumerate(values.of(units), start=1):
            top.add(portion)
            share_done = (first * n_images + (units.stop - first) * done) // n_units
            on_progress("finding thresholds", share_done, n_images)
        thresholds.append(top.thresholds())
    return np.concatenate(thresholds)


def range_edges(
    values: UnitValues,
    thresholds: np.ndarray,
    k: int,
    how: str,
    on_progress: Progress,
    room: int = ROOM,
    most_values: int = MOST_VALUES,
) -> Edges:
    """Split each unit's values above its threshold into k ranges, as `split_into_ranges` does.

    room: bytes to keep values in.  most_values: by which one unit is split.
    """
    above = as_float32_below(thresholds)
    counts = np.zeros(len(above), dtype=np.int64)
    for portion in values.of(slice(None)):
        counts += (portion > above[:, None]).sum(axis=1)
    steps = np.maximum(1, -(-counts // most_values))
    sizes = -(-counts // steps)
    lower = np.empty((len(above), k))
    for units in _portions(sizes, room // 4):
        found = _collect(values, units, above[units], steps[units], sizes[units])
        for unit, of_unit in enumerate(found, start=units.start):
            lower[unit] = split_into_ranges(of_unit, k, how, float(thresholds[unit]))[:-1]
            on_progress("splitting into ranges", unit + 1, len(above))
    return Edges(lower, steps)


def _portions(sizes: np.ndarray, room: int) -> Iterator[slice]:
    """The units in order: each time as many as have `room` values in all, and one at least."""
    first = 0
    while first < len(sizes):
        stop = first + max(1, int(np.searchsorted(np.cumsum(sizes[first:]), room, side="right")))
        yield slice(first, stop)
        first = stop


def _collect(
    values: UnitValues, units: slice, above: np.ndarray, steps: np.ndarray, sizes: np.ndarray
) -> list[np.ndarray]:
    """For each of the units float32 (sizes,): every `steps`-th of its values above the threshold, in their order."""
    starts = np.cumsum(sizes) - sizes
    found = np.empty(int(sizes.sum()), dtype=np.float32)
    seen = np.zeros(len(sizes), dtype=np.int64)
    for portion in values.of(units):
        unit, place = np.nonzero(portion > above[:, None])
        counts = np.bincount(unit, minlength=len(sizes))
        number = np.arange(len(unit)) - (np.cumsum(counts) - counts)[unit] + seen[unit]
        taken = number % steps[unit] == 0
        slot = starts[unit] + number // steps[unit]
        found[slot[taken]] = portion[unit, place][taken]
        seen += counts
    return np.split(found, starts[1:])
