"""What the scenes of the demo world consist of, and how each thing is painted.

Lengths and positions are percent of the picture's width; y grows downwards, and a thing stands at (x, y)
on its foot.  `SCENES` at the end is the grammar: read it first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .world_palette import MATERIALS, PALETTE, RGB, SHADING, Material, colors_of

Point = tuple[float, float]

# How brightness varies over a thing: from its upper left to its lower right, from pixel to pixel, and in
# horizontal streaks.  Amounts are relative to SHADING.
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


class Canvas:
    """A picture under way: the material and the brightness of every pixel.

    materials: uint8 (size, size), an index into `MATERIALS`.
    light: float32 (size, size) from -1 (darkest) to 1 (lightest).
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
        """A colour for this part: one of those that this picture uses for it."""
        colors = self._colors[thing, part]
        return colors[self.rng.integers(len(colors))]

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def polygon(self, material: Material, points: Sequence[Point]) -> None:
        self._paint(material, lambda draw: draw.polygon([self._pixel(x, y) for x, y in points], fill=1))

    def box(self, material: Material, left: float, top: float, right: float, bottom: float) -> None:
        corners = [self._pixel(left, top), self._pixel(max(left, right), max(top, bottom))]
        self._paint(material, lambda draw: draw.rectangle(corners, fill=1))

    def ellipse(self, material: Material, x: float, y: float, rx: float, ry: float) -> None:
        box = [self._pixel(x - rx, y - ry), self._pixel(x + rx, y + ry)]
        self._paint(material, lambda draw: draw.ellipse(box, fill=1))

    def rgb(self) -> np.ndarray:
        """uint8 (size, size, 3): the picture."""
        brightness = 1 + SHADING * np.clip(self.light, -1, 1)
        return np.rint(RGB[self.materials] * brightness[..., None]).astype(np.uint8)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self._scale), round(y * self._scale)

    def _paint(self, material: Material, shape: Callable[[ImageDraw.ImageDraw], None]) -> None:
        stencil = Image.new("L", self.materials.shape[::-1])
        shape(ImageDraw.Draw(stencil))
        bounds = stencil.getbbox()
        if bounds is None:  # outside the picture
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


def _smeared(noise: np.ndarray, width: int = 15) -> np.ndarray:
    """Noise with horizontal streaks, in [-1, 1]."""
    padded = np.pad(noise, ((0, 0), (width // 2, width // 2)), mode="wrap")
    mean = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1).mean(axis=-1)
    return np.clip(2.5 * mean, -1, 1).astype(np.float32)


def _picture_colors(rng: np.random.Generator) -> dict[tuple[str, str], list[Material]]:
    """The colours of one picture: two at most of each kind, one of what there is only one of.

    Weather and season tie some of them: under a grey sky the water is mostly grey.
    """
    single = {"sky", "water", "sand", "grass", "quay", "wall", "floor", "cabinet", "cloud", "refrigerator"}
    chosen = {}
    for thing, part in PALETTE:
        colors = colors_of(thing, part)
        keep = 1 if thing in single else min(2, len(colors))
        chosen[thing, part] = [colors[i] for i in sorted(rng.permutation(len(colors))[:keep])]
    if chosen["sky", ""][0].color == "grey-c" and rng.random() < 0.6:
        for thing in ("water", "cloud"):
            chosen[thing, ""] = [material for material in colors_of(thing) if material.color == "grey-c"]
    return chosen


# Things.  Each takes the canvas, the foot (x, y) and a size s.


def sun(c: Canvas, x: float, y: float, s: float) -> None:
    c.ellipse(c.pick("sun"), x, y, s / 2, s / 2)


def cloud(c: Canvas, x: float, y: float, s: float) -> None:
    white = c.pick("cloud")
    for dx, dy, r in ((-0.3, 0.0, 0.20), (0.0, -0.07, 0.27), (0.3, 0.0, 0.22), (0.05, 0.04, 0.24)):
        c.ellipse(white, x + dx * s, y + dy * s, r * s, 0.62 * r * s)


def mountain(c: Canvas, x: float, y: float, s: float) -> None:
    top, lean = y - 0.62 * s, c.rng.uniform(-0.15, 0.15) * s
    c.polygon(c.pick("mountain"), [(x - s, y + 4), (x + lean, top), (x + s, y + 4)])
    if c.chance(0.7):
        left, right = x + 0.7 * lean - 0.27 * s, x + 0.7 * lean + 0.27 * s
        ridge = [(right, top + 0.2 * s), (x + lean, top + 0.14 * s), (left, top + 0.2 * s)]
        c.polygon(c.pick("mountain", "peak"), [(x + lean, top), *ridge])


def boat(c: Canvas, x: float, y: float, s: float) -> None:
    mast, deck = 0.95 * s, y - 0.22 * s
    side = 1 if c.chance(0.5) else -1
    c.box(c.pick("boat", "mast"), x - 0.025 * s, deck - mast, x + 0.025 * s, deck)
    sail = c.pick("boat", "sail")
    c.polygon(sail, [(x + side * 0.05 * s, deck - mast), (x + side * 0.05 * s, deck - 2), (x + side * 0.48 * s, deck - 2)])
    c.polygon(sail, [(x - side * 0.06 * s, deck - 0.8 * mast), (x - side * 0.06 * s, deck - 2), (x - side * 0.34 * s, deck - 2)])
    bow = 0.5 * s
    c.polygon(c.pick("boat", "hull"), [(x - bow, deck), (x + bow, deck), (x + 0.34 * s, y), (x - 0.36 * s, y)])


def house(c: Canvas, x: float, y: float, s: float) -> None:
    left, right, eaves = x - 0.5 * s, x + 0.5 * s, y - 0.62 * s
    c.box(c.pick("house", "wall"), left, eaves, right, y)
    over, ridge = 0.06 * s, 0.5 * s if c.chance(0.5) else 0.22 * s
    roof = [(left - over, eaves), (x - 0.5 * s + ridge, eaves - 0.36 * s), (x + 0.5 * s - ridge, eaves - 0.36 * s), (right + over, eaves)]
    c.polygon(c.pick("house", "roof"), roof)
    door = x + c.rng.choice([-0.28, 0.0, 0.28]) * s
    c.box(c.pick("house", "door"), door - 0.09 * s, y - 0.32 * s, door + 0.09 * s, y)
    window = c.pick("house", "window")
    for dx in (-0.28, 0.0, 0.28):
        if abs(x + dx * s - door) > 0.1 * s:
            c.box(window, x + (dx - 0.09) * s, y - 0.46 * s, x + (dx + 0.09) * s, y - 0.26 * s)


def tree(c: Canvas, x: float, y: float, s: float) -> None:
    c.box(c.pick("tree", "trunk"), x - 0.05 * s, y - 0.45 * s, x + 0.05 * s, y)
    crown = c.pick("tree", "crown")
    for dx, dy, r in ((-0.16, -0.52, 0.2), (0.17, -0.54, 0.19), (0.0, -0.74, 0.24), (0.02, -0.56, 0.22)):
        c.ellipse(crown, x + dx * s, y + dy * s, r * s, r * s)


def fir(c: Canvas, x: float, y: float, s: float) -> None:
    c.box(c.pick("tree", "trunk"), x - 0.04 * s, y - 0.2 * s, x + 0.04 * s, y)
    needles = c.pick("fir", "crown")
    for foot, top, half in ((0.14, 0.6, 0.28), (0.36, 0.8, 0.22), (0.58, 1.0, 0.16)):
        c.polygon(needles, [(x - half * s, y - foot * s), (x, y - top * s), (x + half * s, y - foot * s)])


def car(c: Canvas, x: float, y: float, s: float) -> None:
    body, r = c.pick("car", "body"), 0.105 * s
    c.polygon(body, [(x - 0.3 * s, y - 0.28 * s), (x - 0.18 * s, y - 0.46 * s), (x + 0.16 * s, y - 0.46 * s), (x + 0.3 * s, y - 0.28 * s)])
    c.box(body, x - 0.5 * s, y - 0.3 * s, x + 0.5 * s, y - 0.07 * s)
    pane = c.pick("car", "window")
    c.polygon(pane, [(x - 0.24 * s, y - 0.3 * s), (x - 0.15 * s, y - 0.42 * s), (x - 0.02 * s, y - 0.42 * s), (x - 0.02 * s, y - 0.3 * s)])
    c.polygon(pane, [(x + 0.03 * s, y - 0.3 * s), (x + 0.03 * s, y - 0.42 * s), (x + 0.14 * s, y - 0.42 * s), (x + 0.23 * s, y - 0.3 * s)])
    for dx in (-0.28, 0.28):
        c.ellipse(c.pick("car", "wheel"), x + dx * s, y - r + 0.02 * s, r, r)


def person(c: Canvas, x: float, y: float, s: float) -> None:
    legs, torso = c.pick("person", "legs"), c.pick("person", "torso")
    for left in (-0.13, 0.02):
        c.box(legs, x + left * s, y - 0.42 * s, x + (left + 0.11) * s, y)
    c.polygon(torso, [(x - 0.2 * s, y - 0.42 * s), (x - 0.14 * s, y - 0.76 * s), (x + 0.14 * s, y - 0.76 * s), (x + 0.2 * s, y - 0.42 * s)])
    c.ellipse(c.pick("person", "hair"), x, y - 0.88 * s, 0.13 * s, 0.13 * s)
    c.ellipse(c.pick("person", "head"), x, y - 0.84 * s, 0.11 * s, 0.11 * s)


def cow(c: Canvas, x: float, y: float, s: float) -> None:
    side = 1 if c.chance(0.5) else -1
    for dx in (-0.32, -0.2, 0.18, 0.3):
        c.box(c.pick("cow", "legs"), x + (dx - 0.035) * s, y - 0.3 * s, x + (dx + 0.035) * s, y)
    c.ellipse(c.pick("cow", "torso"), x, y - 0.4 * s, 0.42 * s, 0.2 * s)
    c.ellipse(c.pick("cow", "head"), x + side * 0.44 * s, y - 0.56 * s, 0.13 * s, 0.11 * s)


def haystack(c: Canvas, x: float, y: float, s: float) -> None:
    hay = c.pick("haystack")
    c.ellipse(hay, x, y - 0.3 * s, 0.5 * s, 0.34 * s)
    c.box(hay, x - 0.5 * s, y - 0.3 * s, x + 0.5 * s, y)


def flower(c: Canvas, x: float, y: float, s: float) -> None:
    c.box(c.pick("flower", "stem"), x - 0.05 * s, y - 0.6 * s, x + 0.05 * s, y)
    c.ellipse(c.pick("flower", "petal"), x, y - 0.7 * s, 0.3 * s, 0.3 * s)


def rock(c: Canvas, x: float, y: float, s: float) -> None:
    c.polygon(c.pick("rock"), [(x - 0.5 * s, y), (x - 0.36 * s, y - 0.34 * s), (x, y - 0.5 * s), (x + 0.38 * s, y - 0.28 * s), (x + 0.5 * s, y)])


def fence(c: Canvas, x: float, y: float, s: float) -> None:
    wood = c.pick("fence")
    for rail in (0.35, 0.7):
        c.box(wood, 0, y - rail * s, 100, y - rail * s + 1.6)
    for post in np.arange(x % 12, 100, 12):
        c.box(wood, post, y - s, post + 2, y)


def parasol(c: Canvas, x: float, y: float, s: float) -> None:
    c.box(c.pick("parasol", "pole"), x - 0.025 * s, y - s, x + 0.025 * s, y)
    first, second = c.pick("parasol", "canopy"), c.pick("parasol", "canopy")
    c.polygon(first, [(x - 0.5 * s, y - 0.66 * s), (x - 0.28 * s, y - 0.92 * s), (x, y - 1.02 * s), (x + 0.28 * s, y - 0.92 * s), (x + 0.5 * s, y - 0.66 * s)])
    c.polygon(second, [(x - 0.18 * s, y - 0.66 * s), (x, y - 1.02 * s), (x + 0.18 * s, y - 0.66 * s)])


def street_lamp(c: Canvas, x: float, y: float, s: float) -> None:
    c.box(c.pick("lamp", "pole"), x - 0.02 * s, y - s, x + 0.02 * s, y)
    c.ellipse(c.pick("lamp", "bulb"), x, y - s, 0.09 * s, 0.09 * s)


def path(c: Canvas, x: float, y: float, s: float) -> None:
    near, bend = c.rng.uniform(20, 80), c.rng.uniform(-12, 12)
    middle = ((x + near) / 2 + bend, (y + 100) / 2)
    left = [(x - 1.5, y), (middle[0] - 5, middle[1]), (near - s, 101)]
    c.polygon(c.pick("path"), [*left, (near + s, 101), (middle[0] + 6, middle[1]), (x + 1.5, y)])


def river(c: Canvas, x: float, y: float, s: float) -> None:
    near = c.rng.uniform(10, 90)
    c.polygon(c.pick("water"), [(x - 2, y), (near - s, 101), (near + s, 101), (x + 3, y)])


def markings(c: Canvas, x: float, y: float, s: float) -> None:
    for left in np.arange(x % 24 - 24, 100, 24):
        c.box(c.pick("road", "marking"), left, y, left + 12, y + s)


def kitchen_window(c: Canvas, x: float, y: float, s: float) -> None:
    frame, top = c.pick("wall", "window"), y - 0.8 * s
    c.box(frame, x - 0.5 * s, top, x + 0.5 * s, y)
    for left in (-0.44, 0.04):
        c.box(c.pick("sky"), x + left * s, top + 0.06 * s, x + (left + 0.4) * s, y - 0.06 * s)
        if c.chance(0.5):
            c.ellipse(c.pick("tree", "crown"), x + (left + 0.2) * s, y - 0.22 * s, 0.16 * s, 0.16 * s)


def cabinets(c: Canvas, x: float, y: float, s: float) -> None:
    left, right = x - 0.5 * s, x + 0.5 * s
    doors = c.pick("cabinet", "door")
    c.box(c.pick("cabinet", "top"), left - 1, y - 27, right + 1, y)
    width = s / 3
    for k in range(3):
        c.box(doors, left + k * width + 0.5, y - 23, left + (k + 1) * width - 1, y - 1)


def refrigerator(c: Canvas, x: float, y: float, s: float) -> None:
    grey = c.pick("refrigerator", "door")
    c.box(grey, x - 0.2 * s, y - s, x + 0.2 * s, y - 0.62 * s)
    c.box(grey, x - 0.2 * s, y - 0.6 * s, x + 0.2 * s, y)
    c.box(c.pick("cabinet", "top"), x + 0.12 * s, y - 0.54 * s, x + 0.14 * s, y - 0.4 * s)


def hanging_lamp(c: Canvas, x: float, y: float, s: float) -> None:
    c.box(c.pick("lamp", "pole"), x - 0.5, 0, x + 0.5, y - 0.3 * s)
    c.ellipse(c.pick("lamp", "bulb"), x, y, 0.5 * s, 0.34 * s)


def chair(c: Canvas, x: float, y: float, s: float) -> None:
    paint, back = c.pick("chair"), 1 if x < 50 else -1
    c.box(paint, x - back * 0.3 * s - 0.04 * s, y - s, x - back * 0.3 * s + 0.04 * s, y)
    c.box(paint, x - 0.32 * s, y - 0.5 * s, x + 0.32 * s, y - 0.42 * s)
    c.box(paint, x + back * 0.3 * s - 0.04 * s, y - 0.5 * s, x + back * 0.3 * s + 0.04 * s, y)


def table(c: Canvas, x: float, y: float, s: float) -> None:
    top = y - 0.5 * s
    for dx in (-0.42, 0.36):
        c.box(c.pick("table", "legs"), x + dx * s, top, x + (dx + 0.06) * s, y)
    c.box(c.pick("table", "top"), x - 0.52 * s, top - 0.08 * s, x + 0.52 * s, top)
    if c.chance(0.8):
        for dx in (-0.09, 0.02, 0.12):
            c.ellipse(c.pick("fruit"), x + dx * s, top - 0.21 * s, 0.07 * s, 0.07 * s)
        c.polygon(c.pick("bowl"), [(x - 0.2 * s, top - 0.2 * s), (x + 0.22 * s, top - 0.2 * s), (x + 0.12 * s, top - 0.08 * s), (x - 0.1 * s, top - 0.08 * s)])


# The grammar.


@dataclass(frozen=True)
class Ground:
    """One of these materials from some height down to the picture's lower edge."""

    things: tuple[str, ...]
    top: tuple[float, float]
    roll: float = 0.0

    def paint(self, c: Canvas) -> None:
        material, top = c.pick(self.things[c.rng.integers(len(self.things))]), c.rng.uniform(*self.top)
        phase = c.rng.uniform(0, 2 * np.pi)
        edge = [(x, top + self.roll * np.sin(x / 18 + phase)) for x in range(-2, 104, 2)]
        c.polygon(material, [*edge, (102, 101), (-2, 101)])


@dataclass(frozen=True)
class Some:
    """`count` (least, most) things beside each other, their feet at heights `y`; the nearer, the larger."""

    thing: Callable[[Canvas, float, float, float], None]
    count: tuple[int, int]
    y: tuple[float, float]
    size: tuple[float, float]

    def paint(self, c: Canvas) -> None:
        number = int(c.rng.integers(self.count[0], self.count[1] + 1))
        columns = (c.rng.permutation(number) + c.rng.uniform(0.2, 0.8, number)) / max(number, 1)
        for x, nearness in zip(100 * columns, np.sort(c.rng.random(number))):
            y, size = np.interp(nearness, (0, 1), self.y), np.interp(nearness, (0, 1), self.size)
            self.thing(c, float(x), float(y), float(size * c.rng.uniform(0.9, 1.1)))


AIR = (
    Ground(("sky",), top=(-2, -2)),
    Some(sun, (0, 1), y=(10, 22), size=(10, 14)),
    Some(cloud, (0, 3), y=(8, 24), size=(18, 30)),
)

SCENES: dict[str, tuple[Ground | Some, ...]] = {
    "beach": (
        *AIR,
        Some(mountain, (0, 2), y=(44, 44), size=(16, 28)),
        Ground(("water",), top=(38, 43)),
        Some(boat, (0, 2), y=(48, 58), size=(16, 24)),
        Ground(("sand",), top=(62, 70), roll=2.0),
        Some(rock, (0, 1), y=(74, 92), size=(10, 20)),
        Some(parasol, (0, 2), y=(82, 96), size=(28, 40)),
        Some(person, (0, 3), y=(76, 96), size=(18, 28)),
    ),
    "harbour": (
        *AIR,
        Some(mountain, (0, 1), y=(46, 46), size=(24, 36)),
        Some(house, (1, 4), y=(47, 48), size=(18, 24)),
        Ground(("water",), top=(46, 48)),
        Some(boat, (1, 4), y=(60, 84), size=(22, 38)),
        Ground(("quay",), top=(86, 92)),
        Some(street_lamp, (0, 1), y=(96, 98), size=(36, 44)),
        Some(person, (0, 2), y=(95, 99), size=(22, 26)),
    ),
    "street": (
        *AIR,
        Some(tree, (0, 2), y=(62, 62), size=(34, 46)),
        Some(house, (2, 3), y=(62, 62), size=(28, 36)),
        Ground(("sidewalk",), top=(61, 62)),
        Some(street_lamp, (0, 2), y=(66, 68), size=(36, 44)),
        Some(tree, (0, 2), y=(66, 68), size=(30, 36)),
        Some(person, (0, 3), y=(67, 71), size=(18, 22)),
        Ground(("road",), top=(71, 74)),
        Some(markings, (1, 1), y=(84, 86), size=(1.5, 2)),
        Some(car, (1, 3), y=(80, 97), size=(30, 46)),
    ),
    "field": (
        *AIR,
        Some(mountain, (0, 2), y=(50, 50), size=(28, 44)),
        Ground(("grass", "grass", "earth"), top=(44, 50), roll=2.0),
        Some(path, (0, 1), y=(50, 52), size=(7, 11)),
        Some(house, (0, 1), y=(56, 60), size=(20, 26)),
        Some(tree, (0, 3), y=(58, 70), size=(24, 36)),
        Some(haystack, (0, 3), y=(64, 86), size=(12, 22)),
        Some(fence, (0, 1), y=(72, 80), size=(10, 12)),
        Some(cow, (0, 3), y=(68, 92), size=(20, 34)),
        Some(flower, (0, 8), y=(84, 99), size=(9, 13)),
    ),
    "forest": (
        *AIR,
        Some(mountain, (0, 2), y=(54, 54), size=(30, 50)),
        Ground(("grass", "grass", "earth"), top=(50, 56), roll=2.0),
        Some(river, (0, 1), y=(54, 56), size=(10, 18)),
        Some(path, (0, 1), y=(54, 56), size=(6, 9)),
        Some(fir, (2, 6), y=(56, 68), size=(40, 54)),
        Some(rock, (0, 2), y=(72, 92), size=(10, 18)),
        Some(tree, (2, 5), y=(68, 92), size=(46, 64)),
        Some(person, (0, 1), y=(86, 96), size=(22, 28)),
        Some(flower, (0, 5), y=(84, 99), size=(9, 12)),
    ),
    "kitchen": (
        Ground(("wall",), top=(-2, -2)),
        Some(kitchen_window, (0, 2), y=(40, 42), size=(34, 42)),
        Ground(("floor",), top=(70, 74)),
        Some(cabinets, (1, 1), y=(76, 78), size=(52, 66)),
        Some(refrigerator, (0, 1), y=(78, 80), size=(56, 64)),
        Some(hanging_lamp, (0, 2), y=(14, 20), size=(14, 18)),
        Some(person, (0, 2), y=(82, 90), size=(40, 46)),
        Some(table, (0, 1), y=(94, 97), size=(46, 56)),
        Some(chair, (0, 2), y=(94, 98), size=(32, 36)),
    ),
}
"""Each scene: what is painted, in this order, so that what comes later stands in front."""
