"""The pictures of a vision probe: which of them show a unit, and where in these it is active and a formula holds."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from ...probes.inputs import StoredPictures
from ...probes.store import Probe
from ...solver.errors import DataError


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
        shots = []
        for rank, image in enumerate(self.top_images[unit].tolist()):
            cells = self.point_cells[self._place(image)]
            formula_mask = np.zeros(cells.shape, dtype=bool) if cell_mask is None else cell_mask[cells]
            shots.append(Shot(image, self._unit_mask(unit, rank), formula_mask))
        return shots

    def _unit_mask(self, unit: int, rank: int) -> np.ndarray:
        size = self.point_cells.shape[1:]
        return np.unpackbits(self.top_masks[unit, rank], count=size[0] * size[1]).astype(bool).reshape(size)

    def areas(self, cell_mask: np.ndarray) -> np.ndarray:
        """int64 (n_pictures,): on how many points of each picture (`pictured`) a formula holds."""
        return np.asarray(self._cell_points @ cell_mask.astype(np.int64))

    def shot(self, place: int, cell_mask: np.ndarray, unit: int, is_active: np.ndarray | None) -> Shot:
        """The picture of this place in `pictured`.

        is_active: bool (n_images,): where the unit (a column) is; elsewhere its mask is known to be empty.
        """
        image, mask = int(self.pictured[place]), cell_mask[self.point_cells[place]]
        (rank,) = np.nonzero(self.top_images[unit] == image)
        if len(rank):
            return Shot(image, self._unit_mask(unit, int(rank[0])), mask)
        return Shot(image, np.zeros_like(mask), mask, is_active is not None and not is_active[image])

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

    def opened(self, image: int) -> Image.Image:
        """The same, to be read; `DataError` where it cannot be."""
        try:
            picture = Image.open(io.BytesIO(self.jpeg(image)), formats=["JPEG"])
            picture.load()
        except OSError:
            raise DataError(f"the stored picture of image {image} cannot be read; probe again") from None
        return picture

    def _place(self, image: int) -> int:
        place = int(np.searchsorted(self.pictured, image))
        if place == len(self.pictured) or self.pictured[place] != image:
            raise DataError(f"the probe has no picture of image {image}; probe again")
        return place
