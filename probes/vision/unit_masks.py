"""On which points of each image the units of a vision model are active, or each range of their values is met.

Columns are units, or where units are split into k ranges, `u@1` to `u@k` of the first unit, then those of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..masks import upsample
from ..progress import Progress
from ..trace import LayerMaps


@dataclass(frozen=True, eq=False)
class ImageActivations:
    """The units that fire in one image.

    units: int64 (n,), their places among the probe's units.  values: float32 (n, n_points), upsampled; where there
    are ranges, at most the largest of the image's map.  lower: float32 (n, k), thresholds and edges between ranges.
    """

    units: np.ndarray
    values: np.ndarray
    lower: np.ndarray

    @property
    def columns(self) -> np.ndarray:
        """int64 (n * k,)."""
        k = self.lower.shape[1]
        return np.asarray(self.units[:, None] * k + np.arange(k)).ravel()

    def mask(self, row: int) -> np.ndarray:
        """bool (n_points,): one row of `masks`."""
        unit, i = divmod(row, self.lower.shape[1])
        above = self.values[unit] > self.lower[unit, i]
        return above if i + 1 == self.lower.shape[1] else above & ~(self.values[unit] > self.lower[unit, i + 1])

    @property
    def masks(self) -> np.ndarray:
        """bool (n * k, n_points): above the threshold; of ranges, up to the next one's lower edge."""
        exceeds = self.values[:, None] > self.lower[:, :, None]
        exceeds[:, :-1] &= ~exceeds[:, 1:]
        return exceeds.reshape(-1, self.values.shape[1])


@dataclass(frozen=True, eq=False)
class ActivationStream:
    """The units that fire in each image, one image after the other.

    lower: of each layer, float32 (n_units, k).  unit_max: float32 (n_images, n_units), over all layers.

    A unit fires where its own map somewhere exceeds the threshold; elsewhere it is nowhere active: upsampling
    averages, it does not exceed the largest value (but for rounding, which the paper's code excludes in this way).
    """

    layers: Sequence[LayerMaps]
    lower: Sequence[np.ndarray]
    unit_max: np.ndarray
    mask_size: tuple[int, int]

    @property
    def edges(self) -> np.ndarray:
        """float32 (n_units, k), over all layers."""
        return np.concatenate(self.lower)

    def __iter__(self) -> Iterator[ImageActivations]:
        edges = self.edges
        starts = np.cumsum([0, *(len(layer.units) for layer in self.layers)])
        fires = self.unit_max > edges[:, 0]
        for in_image, largest, of_layers in zip(fires, self.unit_max, zip(*self.layers)):
            values = []
            for maps, first in zip(of_layers, starts):
                full = upsample(torch.from_numpy(maps[in_image[first : first + len(maps)]]), self.mask_size).numpy()
                values.append(full.reshape(len(full), int(np.prod(self.mask_size))))
            shown = values[0] if len(values) == 1 else np.concatenate(values)
            if edges.shape[1] > 1:
                # Else rounding would lift points of the largest value into a range that no value is in.
                np.minimum(shown, largest[in_image, None], out=shown)
            yield ImageActivations(np.flatnonzero(in_image), shown, edges[in_image])


@dataclass(frozen=True, eq=False)
class Activity:
    """What is known of every image before any label is read; `probes/vision/probe.py` says what each is.

    unit_max: float32 (n_images, n_columns).  image_active: uint8 (n_images, ceil(n_columns / 8)), packed bits.
    top_images: int32 (n_columns, n_top).
    """

    unit_max: np.ndarray
    image_active: np.ndarray
    top_images: np.ndarray


def unit_activity(firing: ActivationStream, n_top: int) -> Activity:
    """Of whole units: their top images are those with the largest values."""
    top_images = np.argsort(-firing.unit_max, axis=0, kind="stable")[:n_top].T.astype(np.int32)
    return Activity(firing.unit_max, np.packbits(firing.unit_max > firing.edges[:, 0], axis=1), top_images)


def range_activity(firing: ActivationStream, n_top: int, on_progress: Progress) -> Activity:
    """Of ranges: their top images are those with the most points in the range, the earlier one where they tie."""
    edges = firing.edges
    k, n_images = edges.shape[1], len(firing.unit_max)
    # Where no point is in the range: its lower edge, which is not in it.
    unit_max = np.tile(edges.ravel(), (n_images, 1))
    image_active = np.zeros((n_images, -(-edges.size // 8)), dtype=np.uint8)
    best = np.full((edges.size, n_top + 1), -1, dtype=np.int64)
    images = np.zeros(best.shape, dtype=np.int32)
    for image, fired in enumerate(firing):
        masks = fired.masks
        best[:, -1], images[:, -1] = 0, image
        best[fired.columns, -1] = masks.sum(axis=1)
        image_active[image] = np.packbits(best[:, -1] > 0)
        for i in range(k):
            within = np.where(masks[i::k], fired.values, fired.lower[:, i, None])
            unit_max[image, fired.units * k + i] = within.max(axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        best = np.asarray(np.take_along_axis(best, order, axis=1))
        images = np.asarray(np.take_along_axis(images, order, axis=1))
        on_progress("sorting images by range", image + 1, n_images)
    return Activity(unit_max, image_active, np.ascontiguousarray(images[:, :n_top]))
