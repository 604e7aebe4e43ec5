"""How each thing of the demo world is painted.

Each function paints one thing at a `Place`: coordinates are seen from the thing's foot, in units of its
size, y upwards.  Parts painted later hide the earlier ones.
"""

from __future__ import annotations

import numpy as np

from .canvas import Place


def sun(p: Place) -> None:
    """A disc."""
    p.ellipse(p.pick("sun"), 0, 0, 0.5, 0.5)


def cloud(p: Place) -> None:
    """Puffs side by side."""
    vapour = p.pick("cloud")
    for x, y, radius in ((-0.3, 0.0, 0.20), (0.0, 0.07, 0.27), (0.3, 0.0, 0.22), (0.05, -0.04, 0.24)):
        p.ellipse(vapour, x, y, radius, 0.62 * radius)


def mountain(p: Place) -> None:
    """A leaning peak with snow."""
    lean = p.canvas.rng.uniform(-0.15, 0.15)
    p.polygon(p.pick("mountain"), (-1, -0.1), (lean, 0.62), (1, -0.1))
    if p.canvas.chance(0.7):
        p.polygon(
            p.pick("mountain", "peak"),
            (lean, 0.62), (0.7 * lean + 0.27, 0.42), (lean, 0.47), (0.7 * lean - 0.27, 0.42),
        )  # fmt: skip


def boat(p: Place) -> None:
    """A hull with a mast and a sail."""
    side, sail = p.side(), p.pick("boat", "sail")
    p.box(p.pick("boat", "mast"), -0.025, 0.22, 0.025, 1.17)
    p.polygon(sail, (side * 0.05, 1.17), (side * 0.05, 0.28), (side * 0.48, 0.28))
    p.polygon(sail, (side * -0.06, 0.98), (side * -0.06, 0.28), (side * -0.34, 0.28))
    p.polygon(p.pick("boat", "hull"), (-0.5, 0.22), (0.5, 0.22), (0.34, 0), (-0.36, 0))


def house(p: Place) -> None:
    """Walls, a roof, a door, windows."""
    p.box(p.pick("house", "facade"), -0.5, 0, 0.5, 0.62)
    ridge = 0.0 if p.canvas.chance(0.5) else 0.28
    p.polygon(p.pick("house", "roof"), (-0.56, 0.62), (-ridge, 0.98), (ridge, 0.98), (0.56, 0.62))
    columns = (-0.28, 0.0, 0.28)
    door = columns[p.canvas.rng.integers(3)]
    p.box(p.pick("house", "door"), door - 0.09, 0, door + 0.09, 0.32)
    window = p.pick("house", "window")
    for x in columns:
        if x != door:
            p.box(window, x - 0.09, 0.26, x + 0.09, 0.46)


def tree(p: Place) -> None:
    """A trunk under a round crown."""
    p.box(p.pick("tree", "trunk"), -0.05, 0, 0.05, 0.45)
    crown = p.pick("tree", "crown")
    for x, y, radius in ((-0.16, 0.52, 0.2), (0.17, 0.54, 0.19), (0.0, 0.74, 0.24), (0.02, 0.56, 0.22)):
        p.ellipse(crown, x, y, radius, radius)


def fir(p: Place) -> None:
    """A trunk under a pointed crown."""
    p.box(p.pick("fir", "trunk"), -0.04, 0, 0.04, 0.2)
    for foot, half in ((0.14, 0.28), (0.36, 0.22), (0.58, 0.16)):
        p.polygon(p.pick("fir", "crown"), (-half, foot), (0, foot + 0.44), (half, foot))


def car(p: Place) -> None:
    """A body on two wheels, with windows."""
    body, window = p.pick("car", "body"), p.pick("car", "window")
    p.polygon(body, (-0.3, 0.28), (-0.18, 0.46), (0.16, 0.46), (0.3, 0.28))
    p.box(body, -0.5, 0.07, 0.5, 0.3)
    p.polygon(window, (-0.24, 0.3), (-0.15, 0.42), (-0.02, 0.42), (-0.02, 0.3))
    p.polygon(window, (0.03, 0.3), (0.03, 0.42), (0.14, 0.42), (0.23, 0.3))
    for x in (-0.28, 0.28):
        p.ellipse(p.pick("car", "wheel"), x, 0.085, 0.105, 0.105)


def person(p: Place) -> None:
    """Legs, torso and head."""
    legs = p.pick("person", "legs")
    for left in (-0.13, 0.02):
        p.box(legs, left, 0, left + 0.11, 0.42)
    p.polygon(p.pick("person", "torso"), (-0.2, 0.42), (-0.14, 0.76), (0.14, 0.76), (0.2, 0.42))
    p.ellipse(p.pick("person", "hair"), 0, 0.88, 0.13, 0.13)
    p.ellipse(p.pick("person", "head"), 0, 0.84, 0.11, 0.11)


def cow(p: Place) -> None:
    """A spotted body on four legs."""
    side, coat, spot = p.side(), p.pick("cow", "torso"), p.pick("cow", "torso")
    for left in (-0.36, -0.25, 0.2, 0.31):
        p.box(p.pick("cow", "legs"), left, 0, left + 0.06, 0.26)
    p.box(coat, -0.4, 0.22, 0.4, 0.52)
    p.ellipse(spot, side * -0.14, 0.41, 0.13, 0.08)
    neck, nose = side * 0.36, side * 0.62
    p.polygon(p.pick("cow", "head"), (neck, 0.66), (nose, 0.52), (nose, 0.4), (neck, 0.42))


def haystack(p: Place) -> None:
    """A heap."""
    p.ellipse(p.pick("haystack"), 0, 0.3, 0.5, 0.34)
    p.box(p.pick("haystack"), -0.5, 0, 0.5, 0.3)


def flower(p: Place) -> None:
    """A stem with a blossom."""
    p.box(p.pick("flower", "stem"), -0.05, 0, 0.05, 0.6)
    p.ellipse(p.pick("flower", "petal"), 0, 0.7, 0.3, 0.3)


def rock(p: Place) -> None:
    """A stone with five corners."""
    p.polygon(p.pick("rock"), (-0.5, 0), (-0.36, 0.34), (0, 0.5), (0.38, 0.28), (0.5, 0))


def fence(p: Place) -> None:
    """From edge to edge of the picture."""
    wood = p.pick("fence")
    for rail in (0.35, 0.7):
        p.canvas.box(wood, 0, p.y - rail * p.size, 100, p.y - rail * p.size + 1.6)
    for post in np.arange(p.x % 12, 100, 12):
        p.canvas.box(wood, post, p.y - p.size, post + 2, p.y)


def parasol(p: Place) -> None:
    """A pole under a shade."""
    p.box(p.pick("parasol", "pole"), -0.025, 0, 0.025, 1)
    rim, top = ((-0.5, 0.66), (-0.28, 0.92)), (0, 1.02)
    p.polygon(p.pick("parasol", "canopy"), *rim, top, (0.28, 0.92), (0.5, 0.66))
    p.polygon(p.pick("parasol", "canopy"), (-0.18, 0.66), top, (0.18, 0.66))


def street_lamp(p: Place) -> None:
    """A pole with a light."""
    p.box(p.pick("lamp", "pole"), -0.02, 0, 0.02, 1)
    p.ellipse(p.pick("lamp", "bulb"), 0, 1, 0.09, 0.09)


def path(p: Place) -> None:
    """From its far end at the place to the lower edge of the picture, `size` to either side there."""
    near, bend = p.canvas.rng.uniform(20, 80), p.canvas.rng.uniform(-12, 12)
    x, y = (p.x + near) / 2 + bend, (p.y + 100) / 2
    left = ((p.x - 1.5, p.y), (x - 5, y), (near - p.size, 101))
    p.canvas.polygon(p.pick("path"), *left, (near + p.size, 101), (x + 6, y), (p.x + 1.5, p.y))


def river(p: Place) -> None:
    """As `path`, and straight."""
    near = p.canvas.rng.uniform(10, 90)
    far = ((p.x + 3, p.y), (p.x - 2, p.y))
    p.canvas.polygon(p.pick("water"), (near - p.size, 101), (near + p.size, 101), *far)


def markings(p: Place) -> None:
    """A broken line from edge to edge of the picture."""
    for left in np.arange(p.x % 24 - 24, 100, 24):
        p.canvas.box(p.pick("road", "marking"), left, p.y, left + 12, p.y + p.size)


def kitchen_window(p: Place) -> None:
    """A window with what is outside."""
    p.box(p.pick("wall", "window"), -0.5, 0, 0.5, 0.8)
    for left in (-0.44, 0.04):
        p.box(p.pick("sky"), left, 0.06, left + 0.4, 0.74)
        if p.canvas.chance(0.5):
            p.ellipse(p.pick("tree", "crown"), left + 0.2, 0.24, 0.16, 0.16)


def cabinets(p: Place) -> None:
    """A worktop with three doors below it."""
    door = p.pick("cabinet", "door")
    p.box(p.pick("cabinet", "top"), -0.52, 0, 0.52, 0.44)
    for left in (-0.49, -0.16, 0.17):
        p.box(door, left, 0.02, left + 0.31, 0.38)


def refrigerator(p: Place) -> None:
    """Two doors, one above the other, with handles."""
    paint, handle = p.pick("refrigerator", "door"), p.pick("refrigerator", "handle")
    p.box(paint, -0.2, 0, 0.2, 0.6)
    p.box(paint, -0.2, 0.62, 0.2, 1)
    p.box(handle, 0.12, 0.4, 0.15, 0.55)
    p.box(handle, 0.12, 0.67, 0.15, 0.77)


def hanging_lamp(p: Place) -> None:
    """A bulb on a cord from the ceiling."""
    p.canvas.box(p.pick("lamp", "pole"), p.x - 0.5, 0, p.x + 0.5, p.y - 0.3 * p.size)
    p.ellipse(p.pick("lamp", "bulb"), 0, 0, 0.5, 0.34)


def table(p: Place) -> None:
    """A top on two legs, often with a bowl of fruit."""
    for left in (-0.42, 0.36):
        p.box(p.pick("table", "legs"), left, 0, left + 0.06, 0.5)
    p.box(p.pick("table", "top"), -0.52, 0.5, 0.52, 0.58)
    if p.canvas.chance(0.8):
        for x in (-0.09, 0.02, 0.12):
            p.ellipse(p.pick("fruit"), x, 0.71, 0.07, 0.07)
        p.polygon(p.pick("bowl"), (-0.2, 0.7), (0.22, 0.7), (0.12, 0.58), (-0.1, 0.58))


def chair(p: Place) -> None:
    """A seat on two legs, one of them up to a back."""
    paint, side = p.pick("chair"), 1 if p.x < 50 else -1
    p.box(paint, -0.32, 0.42, 0.32, 0.5)
    for x, height in ((side * -0.3, 1.0), (side * 0.3, 0.5)):
        p.box(paint, x - 0.04, 0, x + 0.04, height)
