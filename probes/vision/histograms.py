"""How the values of vision units are spread, over all places of the layers' own maps of all images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..progress import Progress
from ..trace import LayerMaps
from ..value_histogram import ARRAYS, HistogramTally


def histograms(layers: Sequence[LayerMaps], ranges: int, on_progress: Progress) -> dict[str, np.ndarray]:
    """The arrays `value_histogram.ARRAYS`, each unit's row once for each of its ranges."""
    found = [_histogram(maps, on_progress) for maps in layers]
    return {name: np.concatenate(each).repeat(ranges, axis=0) for name, each in zip(ARRAYS, zip(*found))}


def _histogram(maps: LayerMaps, on_progress: Progress) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The maps are read twice: where bins end is known after the last image."""
    lowest = np.full(len(maps.units), np.inf, dtype=np.float32)
    highest = -lowest
    for values in maps:
        np.minimum(lowest, values.min(axis=(1, 2)), out=lowest)
        np.maximum(highest, values.max(axis=(1, 2)), out=highest)
    tally = HistogramTally(lowest, highest)
    for done, values in enumerate(maps, start=1):
        tally.add(values.reshape(len(values), -1).T)
        on_progress("counting values", done, maps.n_images)
    return tally.counts, lowest, highest
