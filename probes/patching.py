"""Copy-paste pictures: cut a region out of one image, put it into another, or paint a region in another colour.

Mu and Andreas 2020, section 7 (Fig. 8) and appendix B.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from ..solver.errors import DataError, UsageError, did_you_mean
from .datasets.annotated_images import AnnotatedImages
from .datasets.files import open_image, shown

SIDE = 224
"""Positions are in 224ths of a picture's side: the paper's pictures are 224 pixels wide."""

POSITIONS = (-150, -100, -50, 0, 50, 100)
SIZES = (0.33, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Those of appendix B: 36 positions times 6 sizes."""

MAX_SIZE = 16.0
_LUMINANCE = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Placement:
    """Where a patch is put: its upper left corner in 224ths of the picture's side, its side as a share of that."""

    x: float
    y: float
    size: float


def placements(positions: Sequence[float] = POSITIONS, sizes: Sequence[float] = SIZES) -> list[Placement]:
    """All pairs of positions at all sizes: by size, then from the top, then from the left.

    >>> len(placements())
    216
    """
    if not positions or not sizes:
        raise UsageError("at least one position and one size are needed")
    for size in sizes:
        if not 0 < size <= MAX_SIZE:
            raise UsageError(f"a size is a share of the picture's side, above 0 and at most {MAX_SIZE:g}, not {size:g}")
    return [Placement(x, y, size) for size, y, x in product(sizes, positions, positions)]


def region(dataset: AnnotatedImages, index: int, concept: str) -> np.ndarray:
    """bool (height, width) of the picture: where the image has the concept.

    Raises `UsageError` for an unknown concept, and for one that the image does not have.
    """
    names = [each.name for each in dataset.concepts]
    if concept not in names:
        raise UsageError(f"{dataset.name} has no concept {concept!r}{did_you_mean(concept, names)}")
    number, annotation = names.index(concept), dataset.annotation(index)
    mask = (annotation.planes == number).any(axis=0)
    if number in annotation.image_concepts:
        mask[:] = True
    if not mask.any():
        present = [names[i] for i in np.unique(annotation.planes) if i >= 0]
        raise UsageError(f"{dataset.keys[index]} has no {concept!r}; it has {', '.join(present) or 'no labels'}")
    size = dataset.image(index).size
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))


def cut_out(picture: Image.Image, mask: np.ndarray) -> Image.Image:
    """The picture (RGBA) with everything outside of the mask clear.  mask: bool (height, width)."""
    clear = picture.convert("RGB")
    clear.putalpha(Image.fromarray(mask.astype(np.uint8) * 255))
    return clear


def read_patch(path: Path) -> Image.Image:
    """A PNG with an alpha channel that is neither all clear nor all opaque."""
    if not path.is_file():
        raise UsageError(f"patch {shown(path)}: there is no such file")
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=["PNG"]) as opened:
            patch = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"patch {shown(path)} cannot be read as PNG: {' '.join(str(error).split())[:100]}") from None
    low, high = patch.getchannel("A").getextrema()
    if low == 255 or high == 0:
        raise DataError(f"patch {shown(path)} is {'opaque' if high else 'clear'} everywhere; its alpha must cut it out")
    return patch


def read_picture(path: Path) -> Image.Image:
    """A picture file in RGB."""
    if not path.is_file():
        raise UsageError(f"picture {shown(path)}: there is no such file")
    return open_image(path).convert("RGB")


def paste(picture: Image.Image, patch: Image.Image, placement: Placement) -> Image.Image:
    """The picture (RGB, its own size) with the patch (RGBA) in front of it; what falls outside is cut off.

    At size 1 and position (0, 0) a patch cut out of a picture of equal shape stays where it was.
    """
    width, height = picture.size
    size = (max(1, round(width * placement.size)), max(1, round(height * placement.size)))
    corner = (round(placement.x * width / SIDE), round(placement.y * height / SIDE))
    whole = Image.new("RGBA", (width, height))
    whole.paste(patch.convert("RGBA").resize(size, Image.Resampling.BILINEAR), corner)
    return Image.alpha_composite(picture.convert("RGBA"), whole).convert("RGB")


def recolour(picture: Image.Image, mask: np.ndarray, rgb: Sequence[int]) -> Image.Image:
    """The picture (RGB) with a region painted in a colour; light and shade stay.

    mask: bool (height, width).  rgb: 0..255, what the region's mean brightness becomes.
    """
    pixels = np.array(picture.convert("RGB"), dtype=np.float64)
    brightness = pixels[mask] @ _LUMINANCE
    mean = float(brightness.mean()) if brightness.size else 0.0
    shade = brightness / mean if mean else np.ones_like(brightness)
    pixels[mask] = shade[:, None] * np.asarray(rgb, dtype=np.float64)
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
