"""Layers over pictures: where a unit is active and a formula holds, outlined, so that the picture keeps its colours.

The layers of a unit are one file, one below the other, of five colours, one of them clear: a few kilobytes.
"""

from __future__ import annotations

import io
import zlib
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

RIM = LINE + HALO_LINE
"""As far as a pixel looks around itself."""


def layers(shots: Sequence[Shot]) -> np.ndarray:
    """uint8 (shots, k height, k width): what each pixel shows; k pixels a point, k a whole number.

    Outlines lie just inside their masks; outside of the picture counts as clear.
    """
    k = max(1, round(LAYER_SIZE / max(shots[0].unit_mask.shape)))
    # One by one: what is computed of a picture stays in the processor's cache.
    return np.stack([_layer(_drawn(shot.unit_mask, k), _drawn(shot.formula_mask, k)) for shot in shots])


def layers_png(shots: Sequence[Shot]) -> bytes:
    """The layers one below the other, as a PNG file with a palette of `COLOURS`."""
    pixels = layers(shots)
    picture = Image.fromarray(pixels.reshape(-1, pixels.shape[-1]), mode="P")
    picture.putpalette([value for colour in COLOURS for value in colour[:3]])
    buffer = io.BytesIO()
    clear = bytes(colour[3] for colour in COLOURS)
    # Long runs of one colour: telling zlib so takes half the time, and makes a smaller file.
    picture.save(buffer, "PNG", transparency=clear, bits=4, compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def _layer(unit: np.ndarray, formula: np.ndarray) -> np.ndarray:
    inside = _eroded(unit, LINE)
    pixels = formula * np.uint8(FORMULA)
    np.copyto(pixels, FORMULA_EDGE, where=formula & ~_eroded(formula, LINE))
    np.copyto(pixels, HALO, where=_dilated(unit, HALO_LINE) & ~_eroded(inside, HALO_LINE))
    np.copyto(pixels, UNIT_EDGE, where=unit & ~inside)
    return pixels[RIM:-RIM, RIM:-RIM]


def _drawn(mask: np.ndarray, k: int) -> np.ndarray:
    """bool (k height + 2 RIM, k width + 2 RIM): each point k pixels wide, with a clear rim around them."""
    height, width = mask.shape
    drawn = np.zeros((k * height + 2 * RIM, k * width + 2 * RIM), dtype=bool)
    drawn[RIM:-RIM, RIM:-RIM] = mask.repeat(k, axis=1).repeat(k, axis=0)
    return drawn


def _eroded(mask: np.ndarray, radius: int) -> np.ndarray:
    """Where all within a square of this radius is set."""
    return _joined(mask, radius, np.logical_and)


def _dilated(mask: np.ndarray, radius: int) -> np.ndarray:
    """Where something within a square of this radius is set."""
    return _joined(mask, radius, np.logical_or)


def _joined(mask: np.ndarray, radius: int, join: np.ufunc) -> np.ndarray:
    """Each pixel joined with all within a square.  Rows lie one after the other, so a neighbour is a place of one long
    row: that is fast, and the rim keeps the rows apart."""
    row, joined = mask.flatten(), np.empty(mask.size, dtype=bool)
    for step in [1] * radius + [mask.shape[1]] * radius:
        np.copyto(joined, row)
        join(joined[step:], row[:-step], out=joined[step:])
        join(joined[:-step], row[step:], out=joined[:-step])
        row, joined = joined, row
    return row.reshape(mask.shape)
