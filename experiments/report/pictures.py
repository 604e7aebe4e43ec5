"""The pictures of a vision probe, and the layers that show in them where a unit is active and a formula holds.

A page lays a layer over the picture.  So each picture is stored once, as it is, and a layer takes a few
kilobytes: five colours, one of them clear.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion

from ...probes.inputs import StoredPictures
from ...probes.store import Probe
from ...solver.errors import DataError

CLEAR, FORMULA, FORMULA_EDGE, UNIT_EDGE, UNIT_HALO = range(5)
"""What a pixel of a layer shows."""

COLOURS = ((0, 0, 0, 0), (0, 140, 255, 125), (0, 90, 200, 235), (255, 158, 24, 255), (24, 14, 0, 190))
"""Red, green, blue and opacity of each.  Orange and blue differ under all common kinds of colour blindness; an
outline and a fill differ without any colour."""

LAYER_SIZE = 452
"""About how long a layer's longer side is: a multiple of the mask's, so that points stay squares."""

LINE, HALO = 3, 1
"""How wide the unit's outline is, and the dark lines along it that keep it visible on bright ground."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A unit in one image.

    image: its number in the probe.  unit_mask, formula_mask: bool (height, width); the latter is all False
    where there is no formula.  has_unit_mask: whether the former is known: the probe keeps it for top images.
    """

    image: int
    unit_mask: np.ndarray
    formula_mask: np.ndarray
    has_unit_mask: bool = True

    @property
    def iou(self) -> Fraction | None:
        """In this image alone; None where neither mask has a point, or the unit's is not known."""
        if not self.has_unit_mask:
            return None
        either = int((self.unit_mask | self.formula_mask).sum())
        return Fraction(int((self.unit_mask & self.formula_mask).sum()), either) if either else None


@dataclass(frozen=True, eq=False)
class Pictures(StoredPictures):
    """What a vision probe keeps for showing units, as its pages ask for it.  n_cells: of the probe."""

    n_cells: int

    @classmethod
    def of(cls, probe: Probe) -> Pictures | None:
        """None where the probe has no pictures."""
        if not (probe.inputs.has("pictures") and probe.inputs.images):
            return None
        pictures = cls(**vars(probe.inputs.pictures), n_cells=len(probe.cells))
        n_units, n_pictures = len(probe.cells.unit_names), len(pictures.pictured)
        lengths = (len(pictures.top_images), len(pictures.top_masks), len(pictures.point_cells))
        if lengths != (n_units, n_units, n_pictures) or len(pictures.picture_offsets) != n_pictures + 1:
            raise DataError("the probe's arrays for pictures do not fit its units and images; probe again")
        return pictures

    def shots(self, unit: int, cell_mask: np.ndarray | None) -> list[Shot]:
        """The unit (a column) in its top images, best first.

        cell_mask: bool (n_cells,): where the formula holds; None where there is none.
        """
        size = self.point_cells.shape[1:]
        shots = []
        for image, packed in zip(self.top_images[unit].tolist(), self.top_masks[unit]):
            unit_mask = np.unpackbits(packed, count=size[0] * size[1]).astype(bool).reshape(size)
            cells = self.point_cells[self._place(image)]
            formula_mask = np.zeros(size, dtype=bool) if cell_mask is None else cell_mask[cells]
            shots.append(Shot(image, unit_mask, formula_mask))
        return shots

    def holding_most(self, unit: int, cell_mask: np.ndarray, is_active: np.ndarray | None) -> list[Shot]:
        """Where a formula holds on most points, of all images that the probe has a picture of; largest first.

        is_active: bool (n_images,): where the unit is; elsewhere its mask is known to be empty.  As many shots as
        the unit has top images, fewer where the formula holds in fewer.
        """
        top = {shot.image: shot.unit_mask for shot in self.shots(unit, None)}
        areas = np.asarray(self._cell_points @ cell_mask.astype(np.int64))
        shots = []
        for place in np.argsort(-areas, kind="stable")[: self.top_images.shape[1]].tolist():
            image, mask = int(self.pictured[place]), cell_mask[self.point_cells[place]]
            known = image in top or (is_active is not None and not is_active[image])
            if areas[place]:
                shots.append(Shot(image, top.get(image, np.zeros_like(mask)), mask, known))
        return shots

    @cached_property
    def _cell_points(self) -> Any:
        """int64 (n_pictures, n_cells), sparse: how many points of each cell a picture has."""
        from scipy.sparse import csr_array

        counted = [np.unique(cells, return_counts=True) for cells in self.point_cells]
        bounds = np.cumsum([0, *(len(cells) for cells, _ in counted)])
        columns, counts = (np.concatenate([each[i] for each in counted]) for i in (0, 1)) if counted else ([], [])
        return csr_array((counts, columns, bounds), shape=(len(self.pictured), self.n_cells))

    def jpeg(self, image: int) -> bytes:
        """The stored file."""
        place = self._place(image)
        return self.picture_bytes[self.picture_offsets[place] : self.picture_offsets[place + 1]].tobytes()

    def size(self, image: int) -> tuple[int, int]:
        """(width, height) in pixels."""
        try:
            with Image.open(io.BytesIO(self.jpeg(image)), formats=["JPEG"]) as picture:
                return picture.size
        except OSError:
            raise DataError(f"the stored picture of image {image} cannot be read; probe again") from None

    def _place(self, image: int) -> int:
        place = int(np.searchsorted(self.pictured, image))
        if place == len(self.pictured) or self.pictured[place] != image:
            raise DataError(f"the probe has no picture of image {image}; probe again")
        return place


def layer(shot: Shot) -> np.ndarray:
    """uint8 (k height, k width): what each pixel of the layer shows; k pixels a point, k a whole number.

    The formula is a fill, the unit an outline just inside its mask; outside of the picture counts as clear.
    """
    k = max(1, round(LAYER_SIZE / max(shot.unit_mask.shape)))
    unit, formula = (mask.repeat(k, axis=0).repeat(k, axis=1) for mask in (shot.unit_mask, shot.formula_mask))
    pixels = np.where(formula, np.uint8(FORMULA), np.uint8(CLEAR))
    pixels[formula & ~binary_erosion(formula, _square(3))] = FORMULA_EDGE
    inside, halo = binary_erosion(unit, _square(2 * LINE + 1)), _square(2 * HALO + 1)
    pixels[binary_dilation(unit, halo) & ~binary_erosion(inside, halo)] = UNIT_HALO
    pixels[unit & ~inside] = UNIT_EDGE
    return pixels


def layer_png(shot: Shot) -> bytes:
    """The layer as a PNG file with a palette of `COLOURS`."""
    picture = Image.fromarray(layer(shot), mode="P")
    picture.putpalette([value for colour in COLOURS for value in colour[:3]])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes(colour[3] for colour in COLOURS), bits=4)
    return buffer.getvalue()


def _square(side: int) -> np.ndarray:
    return np.ones((side, side), dtype=bool)
