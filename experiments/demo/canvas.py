"""What the demo world is painted on: a map of materials, and how bright each pixel is.

Nothing is smoothed at edges, so every pixel has exactly one material.  Lengths are percent of the
picture's width, from the upper left corner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from ...probes.demo_palette import PALETTE, RGB, SHADING, Material, colors_of

Point = tuple[float, float]

PLAIN = (0.75, 0.25, 0.0)
TEXTURES = {
    "sky": (-0.9, 0.1, 0.0),
    "water": (0.2, 0.15, 1.0),
    "sand": (0.3, 0.7, 0.2),
    "grass": (0.4, 0.7, 0.3),
    "earth": (0.3, 0.7, 0.3),
    "road": (0.3, 0.5, 0.2),
    "floor": (0.4, 0.1, 0.9),
}
"""How brightness varies over a thing, in parts of `SHADING`: from its upper left corner to its lower right
one, from pixel to pixel, and in horizontal streaks."""

ONE_PER_PICTURE = {
    "sky", "cloud", "water", "sand", "grass", "quay", "wall", "floor", "cabinet", "refrigerator",
}  # fmt: skip


class Canvas:
    """A picture under way.

    materials: uint8 (size, size), an index into `MATERIALS`.
    light: float32 (size, size) from -1 (darkest) to 1 (lightest).
    rng: the source of everything random in this picture.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.materials = np.zeros((size, size), dtype=np.uint8)
        self.light = np.zeros((size, size), dtype=np.float32)
        self._scale = size / 100
        self._grain = rng.uniform(-1, 1, (size, size)).astype(np.float32)
        self._streaks = _smeared(rng.uniform(-1, 1, (size, size)))
        self._colors = _picture_colors(rng)

    def pick(self, thing: str, part: str = "") -> Material:
        """One of the colours that this picture has for the part."""
        colors = self._colors[thing, part]
        return colors[self.rng.integers(len(colors))]

    def chance(self, probability: float) -> bool:
        """True this often."""
        return bool(self.rng.random() < probability)

    def polygon(self, material: Material, *points: Point) -> None:
        self._paint(material, lambda draw: draw.polygon([self._pixel(*point) for point in points], fill=1))

    def box(self, material: Material, left: float, top: float, right: float, bottom: float) -> None:
        corners = [self._pixel(left, top), self._pixel(right, bottom)]
        self._paint(material, lambda draw: draw.rectangle(corners, fill=1))

    def ellipse(self, material: Material, x: float, y: float, rx: float, ry: float) -> None:
        corners = [self._pixel(x - rx, y - ry), self._pixel(x + rx, y + ry)]
        self._paint(material, lambda draw: draw.ellipse(corners, fill=1))

    def rgb(self) -> np.ndarray:
        """uint8 (size, size, 3): the picture."""
        brightness = 1 + SHADING * np.clip(self.light, -1, 1)
        return np.rint(RGB[self.materials] * brightness[..., None]).astype(np.uint8)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self._scale), round(y * self._scale)

    def _paint(self, material: Material, shape: Callable[[ImageDraw.ImageDraw], None]) -> None:
        """Give the pixels of a shape this material, and light from the upper left."""
        stencil = Image.new("L", self.materials.shape)
        shape(ImageDraw.Draw(stencil))
        bounds = stencil.getbbox()
        if bounds is None:  # the shape lies outside the picture
            return
        left, top, right, bottom = bounds
        window = np.s_[top:bottom, left:right]
        inside = np.asarray(stencil, dtype=bool)[window]
        gradient, grain, streaks = TEXTURES.get(material.object, PLAIN)
        across = np.linspace(0.4, -0.4, right - left, dtype=np.float32)[None, :]
        down = np.linspace(0.6, -0.6, bottom - top, dtype=np.float32)[:, None]
        light = gradient * (across + down) + grain * self._grain[window] + streaks * self._streaks[window]
        self.materials[window][inside] = material.index
        self.light[window][inside] = light[inside]


@dataclass(frozen=True)
class Place:
    """Where a thing stands: its foot at (x, y) and its size in percent of the picture.

    Shapes are given as seen from the foot, in units of the size: x to the right, y *upwards*.
    """

    canvas: Canvas
    x: float
    y: float
    size: float

    def pick(self, thing: str, part: str = "") -> Material:
        return self.canvas.pick(thing, part)

    def side(self) -> int:
        """-1 or 1: whether the thing looks to the left or to the right."""
        return 1 if self.canvas.chance(0.5) else -1

    def at(self, x: float, y: float) -> Point:
        """A point of the thing as a point of the picture."""
        return self.x + x * self.size, self.y - y * self.size

    def polygon(self, material: Material, *points: Point) -> None:
        self.canvas.polygon(material, *(self.at(*point) for point in points))

    def box(self, material: Material, left: float, bottom: float, right: float, top: float) -> None:
        self.canvas.box(material, *self.at(left, top), *self.at(right, bottom))

    def ellipse(self, material: Material, x: float, y: float, rx: float, ry: float) -> None:
        self.canvas.ellipse(material, *self.at(x, y), rx * self.size, ry * self.size)


def _smeared(noise: np.ndarray, width: int = 15) -> np.ndarray:
    """The noise drawn out to horizontal streaks, in [-1, 1]."""
    padded = np.pad(noise, ((0, 0), (width // 2, width // 2)), mode="wrap")
    mean = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1).mean(axis=-1)
    return np.clip(2.5 * mean, -1, 1).astype(np.float32)


def _picture_colors(rng: np.random.Generator) -> dict[tuple[str, str], list[Material]]:
    """The colours of one picture: at most two for each kind of part, so that they go together.

    The colour that stands first in the palette is twice as common as each other.  Under a grey sky, clouds
    and water are mostly grey.
    """
    chosen = {}
    for thing, part in PALETTE:
        colors = colors_of(thing, part)
        weights = np.array([2.0] + [1.0] * (len(colors) - 1))
        number = 1 if thing in ONE_PER_PICTURE else min(2, len(colors))
        drawn = rng.choice(len(colors), size=number, replace=False, p=weights / weights.sum())
        chosen[thing, part] = [colors[i] for i in sorted(drawn)]
    if chosen["sky", ""][0].color == "grey-c" and rng.random() < 0.6:
        for thing in ("water", "cloud"):
            chosen[thing, ""] = [material for material in colors_of(thing) if material.color == "grey-c"]
    return chosen
