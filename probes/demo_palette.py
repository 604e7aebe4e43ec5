"""The legend of the demo world: its scenes, and every colour that a part of an object can be painted in.

A material is one colour of one object, or of one part of an object (`boat`, `hull`, `red-c`).  It fixes the
labels and the colour of its pixels: a pixel deviates from its material's entry in `PALETTE` only by a factor
within `1 - SHADING ... 1 + SHADING` (and rounding).  The entries are so far apart that the nearest one
(Euclidean, RGB) then names the material again, so the labels can be read off the picture.

The pictures are drawn with this legend (`experiments/demo/drawing.py`), and the fixed units of the demo
network read them by it (`demo_model.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHADING = 0.07
"""The greatest relative deviation of a pixel's brightness from its material's."""

SCENE_NAMES = ("beach-s", "harbour-s", "street-s", "field-s", "forest-s", "kitchen-s")

HELD_OUT_EVERY = 5
"""Every fifth picture is not trained on."""

Rgb = tuple[int, int, int]

# One line per object and part, its colours side by side: this is a chart, and reads as one.
# fmt: off
PALETTE: dict[tuple[str, str], dict[str, Rgb]] = {
    ("sky", ""): {"blue": (146, 202, 237), "grey": (184, 190, 204), "orange": (237, 188, 130)},
    ("cloud", ""): {"white": (224, 229, 230), "grey": (153, 157, 177)},
    ("sun", ""): {"yellow": (237, 217, 64)},
    ("mountain", ""): {"purple": (134, 120, 166), "green": (89, 130, 110), "grey": (132, 134, 143)},
    ("mountain", "peak"): {"white": (217, 228, 237)},
    ("water", ""): {"blue": (40, 118, 184), "green": (62, 160, 158), "grey": (110, 134, 150)},
    ("sand", ""): {"yellow": (230, 194, 149), "brown": (194, 164, 120)},
    ("boat", "hull"): {
        "red": (176, 50, 62), "white": (226, 237, 208), "blue": (36, 66, 122), "brown": (143, 85, 54),
    },
    ("boat", "sail"): {"white": (237, 230, 207), "red": (220, 86, 69), "yellow": (237, 183, 96)},
    ("boat", "mast"): {"brown": (91, 63, 40)},
    ("quay", ""): {"grey": (123, 119, 109), "brown": (157, 117, 97)},
    ("house", "facade"): {
        "white": (225, 220, 237), "yellow": (228, 197, 109), "red": (190, 99, 82), "pink": (231, 172, 168),
    },
    ("house", "roof"): {"red": (156, 62, 46), "brown": (109, 72, 60), "grey": (82, 94, 108)},
    ("house", "door"): {"brown": (103, 56, 21), "green": (34, 96, 84)},
    ("house", "window"): {"blue": (66, 92, 146), "yellow": (234, 237, 150)},
    ("road", ""): {"grey": (109, 104, 119)},
    ("road", "marking"): {"yellow": (222, 200, 116)},
    ("sidewalk", ""): {"grey": (181, 170, 162)},
    ("path", ""): {"brown": (169, 144, 91)},
    ("car", "body"): {
        "red": (211, 36, 40), "blue": (44, 84, 208), "yellow": (237, 186, 24), "white": (214, 237, 232),
    },
    ("car", "window"): {"blue": (167, 217, 220)},
    ("car", "wheel"): {"black": (26, 24, 30)},
    ("lamp", "pole"): {"black": (40, 56, 58)},
    ("lamp", "bulb"): {"yellow": (237, 237, 101)},
    ("tree", "crown"): {
        "green": (58, 126, 54), "orange": (216, 117, 35), "yellow": (214, 176, 48), "pink": (234, 158, 196),
    },
    ("tree", "trunk"): {"brown": (115, 83, 45)},
    ("fir", "crown"): {"green": (30, 84, 58)},
    ("fir", "trunk"): {"brown": (81, 71, 60)},
    ("grass", ""): {"green": (118, 176, 78), "yellow": (200, 200, 84)},
    ("earth", ""): {"brown": (133, 106, 75)},
    ("rock", ""): {"grey": (150, 149, 131)},
    ("flower", "petal"): {"red": (227, 41, 92), "purple": (150, 70, 180), "pink": (237, 120, 170)},
    ("flower", "stem"): {"green": (70, 150, 40)},
    ("fence", ""): {"brown": (148, 111, 62)},
    ("cow", "torso"): {"white": (236, 224, 214), "brown": (123, 62, 33), "black": (62, 52, 48)},
    ("cow", "head"): {"brown": (91, 47, 36)},
    ("cow", "legs"): {"black": (48, 36, 30)},
    ("haystack", ""): {"yellow": (230, 194, 84)},
    ("person", "head"): {"pink": (234, 185, 156), "brown": (131, 85, 75)},
    ("person", "hair"): {"black": (36, 20, 20), "brown": (96, 66, 18)},
    ("person", "torso"): {
        "red": (198, 29, 68), "green": (90, 190, 120), "purple": (110, 60, 140), "orange": (237, 140, 60),
    },
    ("person", "legs"): {"blue": (40, 52, 92), "black": (24, 40, 40)},
    ("parasol", "canopy"): {"red": (226, 60, 60), "blue": (70, 140, 230), "purple": (180, 110, 200)},
    ("parasol", "pole"): {"brown": (101, 81, 59)},
    ("wall", ""): {"yellow": (237, 235, 180), "green": (176, 211, 172), "blue": (165, 189, 228)},
    ("wall", "window"): {"brown": (203, 149, 112)},
    ("floor", ""): {"brown": (180, 111, 75), "grey": (152, 170, 164), "red": (161, 77, 70)},
    ("cabinet", "door"): {
        "white": (237, 216, 221), "brown": (139, 86, 64), "blue": (80, 122, 156), "green": (115, 152, 110),
    },
    ("cabinet", "top"): {"grey": (96, 92, 92)},
    ("refrigerator", "door"): {"grey": (182, 198, 197), "red": (192, 52, 40)},
    ("refrigerator", "handle"): {"black": (70, 70, 80)},
    ("table", "top"): {"brown": (188, 143, 79)},
    ("table", "legs"): {"brown": (148, 94, 40)},
    ("chair", ""): {"red": (190, 70, 47), "blue": (50, 100, 150)},
    ("bowl", ""): {"blue": (60, 80, 170)},
    ("fruit", ""): {"red": (212, 30, 29), "orange": (237, 151, 29), "green": (150, 190, 50)},
}
"""For each (object, part): colour and RGB.  In most pictures a thing has the colour that stands first."""
# fmt: on


@dataclass(frozen=True)
class Material:
    """A colour of an object's part.  `part` is empty where the object has no named part there."""

    index: int
    object: str
    part: str
    color: str
    rgb: Rgb

    @property
    def concepts(self) -> tuple[str, ...]:
        """The names of the concepts that hold where this material is seen, without the scene."""
        return tuple(name for name in (self.object, self.part, self.color) if name)


def _materials() -> tuple[Material, ...]:
    entries = [(*kind, color, rgb) for kind, colors in PALETTE.items() for color, rgb in colors.items()]
    return tuple(
        Material(index, thing, part, f"{color}-c", rgb) for index, (thing, part, color, rgb) in enumerate(entries)
    )


MATERIALS = _materials()
"""All materials; `MATERIALS[i].index == i`."""

RGB = np.array([material.rgb for material in MATERIALS], dtype=np.uint8)
"""uint8 (n_materials, 3): the palette."""


def colors_of(thing: str, part: str = "") -> list[Material]:
    """The materials of one object's part, one per colour."""
    return [material for material in MATERIALS if (material.object, material.part) == (thing, part)]
