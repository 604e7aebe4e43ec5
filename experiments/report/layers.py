"""Layers over pictures: where a unit is active and a formula holds, outlined, so that the picture keeps its colours.

The layers of a unit are one file, one below the other, of five colours, one of them clear: a few kilobytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from .pictures import Shot

CLEAR, FORMULA, FORMULA_EDGE, UNIT_EDGE, HALO = range(5)
"""What a pixel of a layer shows."""

COLOURS = ((0, 0, 0, 0), (0, 140, 255, 46), (40, 160, 255, 255), (255, 158, 24, 255), (20, 14, 4, 170))
"""Red, green, blue and opacity of each.  Orange and blue differ under all common kinds of colour blindness; the
formula is tinted within, too, so the two differ without any colour."""

LAYER_SIZE = 226
"""About how long a layer's longer side is: a multiple of the mask's, so that points stay squares."""

LINE, HALO_LINE = 2, 1
"""How wide outlines are, and the dark lines beside the unit's that keep it visible on bright ground."""


def layers(shots: Sequence[Shot]) -> np.ndarray:
    """uint8 (shots, k height, k width): what each pixel shows; k pixels a point, k a whole number.

    Outlines lie just inside their masks; outside of the picture counts as clear.
    """
    k = max(1, round(LAYER_SIZE / max(shots[0].unit_mask.shape)))
    unit, formula = (
        np.stack(masks).repeat(k, axis=1).repeat(k, axis=2)
        for masks in ([shot.unit_mask for shot in shots], [shot.formula_mask for shot in shots])
    )
    pixels = formula * np.uint8(FORMULA)
    pixels[formula & ~_eroded(formula, LINE)] = FORMULA_EDGE
    inside = _eroded(unit, LINE)
    pixels[~_eroded(~unit, HALO_LINE, outside=True) & ~_eroded(inside, HALO_LINE)] = HALO
    pixels[unit & ~inside] = UNIT_EDGE
    return pixels


def layers_png(shots: Sequence[Shot]) -> bytes:
    """The layers one below the other, as a PNG file with a palette of `COLOURS`."""
    pixels = layers(shots)
    picture = Image.fromarray(pixels.reshape(-1, pixels.shape[-1]), mode="P")
    picture.putpalette([value for colour in COLOURS for value in colour[:3]])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes(colour[3] for colour in COLOURS), bits=4, compress_level=4)
    return buffer.getvalue()


def _eroded(masks: np.ndarray, radius: int, *, outside: bool = False) -> np.ndarray:
    """bool (n, height, width): where all within a square of this radius is set.  outside: of the pictures."""
    eroded = masks
    for axis in (1, 2):
        length = masks.shape[axis]
        padded = np.pad(
            eroded, [(radius, radius) if each == axis else (0, 0) for each in range(3)], constant_values=outside
        )
        eroded = np.ones_like(masks)
        for start in range(2 * radius + 1):
            eroded &= _cut(padded, axis, start, length)
    return eroded


def _cut(masks: np.ndarray, axis: int, start: int, length: int) -> np.ndarray:
    return masks[:, start : start + length] if axis == 1 else masks[:, :, start : start + length]
