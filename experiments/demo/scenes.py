"""What the scenes of the demo world consist of.

A scene is a sequence of steps; what is painted later stands in front.  `SCENES` is the grammar: it says how
many things of a kind there may be, how high in the picture their feet are, and how large they are, in
percent of the picture (y grows downwards).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import things
from .canvas import Canvas, Place


@dataclass(frozen=True)
class Ground:
    """One of these kinds of material from some height down to the lower edge; `roll` is how hilly its upper edge is."""

    kinds: tuple[str, ...]
    top: tuple[float, float]
    roll: float = 0.0

    def paint(self, c: Canvas) -> None:
        material = c.pick(self.kinds[c.rng.integers(len(self.kinds))])
        top, phase = c.rng.uniform(*self.top), c.rng.uniform(0, 2 * np.pi)
        edge = [(float(x), top + self.roll * np.sin(x / 18 + phase)) for x in range(-2, 104, 2)]
        c.polygon(material, *edge, (102, 101), (-2, 101))


@dataclass(frozen=True)
class Some:
    """`count` (least, most) things side by side.

    y, size: for the farthest and for the nearest of them.  Sizes vary by a tenth more.
    """

    thing: Callable[[Place], None]
    count: tuple[int, int]
    y: tuple[float, float]
    size: tuple[float, float]

    def paint(self, c: Canvas) -> None:
        number = int(c.rng.integers(self.count[0], self.count[1] + 1))
        columns = (c.rng.permutation(number) + c.rng.uniform(0.2, 0.8, number)) / max(number, 1)
        for x, nearness in zip(100 * columns, np.sort(c.rng.random(number))):
            y, size = np.interp(nearness, (0, 1), self.y), np.interp(nearness, (0, 1), self.size)
            self.thing(Place(c, float(x), float(y), float(size * c.rng.uniform(0.9, 1.1))))


AIR = (
    Ground(("sky",), top=(-2, -2)),
    Some(things.sun, (0, 1), y=(10, 22), size=(10, 14)),
    Some(things.cloud, (0, 3), y=(8, 24), size=(18, 30)),
)

SCENES: dict[str, tuple[Ground | Some, ...]] = {
    "beach": (
        *AIR,
        Some(things.mountain, (0, 2), y=(44, 44), size=(16, 28)),
        Ground(("water",), top=(38, 43)),
        Some(things.boat, (0, 2), y=(48, 58), size=(16, 24)),
        Ground(("sand",), top=(62, 70), roll=2.0),
        Some(things.rock, (0, 1), y=(74, 92), size=(10, 20)),
        Some(things.parasol, (0, 2), y=(82, 96), size=(28, 40)),
        Some(things.person, (0, 3), y=(76, 96), size=(18, 28)),
    ),
    "harbour": (
        *AIR,
        Some(things.mountain, (0, 1), y=(46, 46), size=(24, 36)),
        Some(things.house, (1, 4), y=(47, 48), size=(18, 24)),
        Ground(("water",), top=(46, 48)),
        Some(things.boat, (1, 4), y=(60, 84), size=(22, 38)),
        Ground(("quay",), top=(86, 92)),
        Some(things.street_lamp, (0, 1), y=(96, 98), size=(36, 44)),
        Some(things.person, (0, 2), y=(95, 99), size=(22, 26)),
    ),
    "street": (
        *AIR,
        Some(things.tree, (0, 2), y=(62, 62), size=(34, 46)),
        Some(things.house, (2, 3), y=(62, 62), size=(28, 36)),
        Ground(("sidewalk",), top=(61, 62)),
        Some(things.street_lamp, (0, 2), y=(66, 68), size=(36, 44)),
        Some(things.tree, (0, 2), y=(66, 68), size=(30, 36)),
        Some(things.person, (0, 3), y=(67, 71), size=(18, 22)),
        Ground(("road",), top=(71, 74)),
        Some(things.markings, (1, 1), y=(84, 86), size=(1.5, 2)),
        Some(things.car, (1, 3), y=(80, 97), size=(30, 46)),
    ),
    "field": (
        *AIR,
        Some(things.mountain, (0, 2), y=(50, 50), size=(28, 44)),
        Ground(("grass", "grass", "earth"), top=(44, 50), roll=2.0),
        Some(things.path, (0, 1), y=(50, 52), size=(7, 11)),
        Some(things.house, (0, 1), y=(56, 60), size=(20, 26)),
        Some(things.tree, (0, 3), y=(58, 70), size=(24, 36)),
        Some(things.haystack, (0, 3), y=(64, 86), size=(12, 22)),
        Some(things.fence, (0, 1), y=(72, 80), size=(10, 12)),
        Some(things.cow, (0, 3), y=(68, 92), size=(20, 34)),
        Some(things.flower, (0, 8), y=(84, 99), size=(9, 13)),
    ),
    "forest": (
        *AIR,
        Some(things.mountain, (0, 2), y=(54, 54), size=(30, 50)),
        Ground(("grass", "grass", "earth"), top=(50, 56), roll=2.0),
        Some(things.river, (0, 1), y=(54, 56), size=(10, 18)),
        Some(things.path, (0, 1), y=(54, 56), size=(6, 9)),
        Some(things.fir, (2, 6), y=(56, 68), size=(40, 54)),
        Some(things.rock, (0, 2), y=(72, 92), size=(10, 18)),
        Some(things.tree, (2, 5), y=(68, 92), size=(46, 64)),
        Some(things.person, (0, 1), y=(86, 96), size=(22, 28)),
        Some(things.flower, (0, 5), y=(84, 99), size=(9, 12)),
    ),
    "kitchen": (
        Ground(("wall",), top=(-2, -2)),
        Some(things.kitchen_window, (0, 2), y=(40, 42), size=(34, 42)),
        Ground(("floor",), top=(70, 74)),
        Some(things.cabinets, (1, 1), y=(76, 78), size=(52, 66)),
        Some(things.refrigerator, (0, 1), y=(78, 80), size=(56, 64)),
        Some(things.hanging_lamp, (0, 2), y=(14, 20), size=(14, 18)),
        Some(things.person, (0, 2), y=(82, 90), size=(40, 46)),
        Some(things.table, (0, 1), y=(94, 97), size=(46, 56)),
        Some(things.chair, (0, 2), y=(94, 98), size=(32, 36)),
    ),
}
"""Each scene: what is painted, in this order, so that what comes later stands in front."""
