"""The materials of the demo world: every colour that a part of an object can be painted in.

A material is one colour of one object, or of one part of an object (`boat`, `hull`, `red-c`).  It fixes the
labels and the colour of its pixels: a pixel deviates from its material's entry in `PALETTE` only by a factor
within `1 - SHADING ... 1 + SHADING` (and rounding).  The entries are so far apart that the nearest one
(Euclidean, RGB) then names the material again, so the labels can be read off the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHADING = 0.07
"""The greatest relative deviation of a pixel's brightness from its material's."""

Rgb = tuple[int, int, int]

# One line per object and part, its colours side by side: this is a chart, and reads as one.
# fmt: off
PALETTE: dict[tuple[str, str], dict[str, Rgb]] = {
    ("sky", ""): {"blue": (146, 202, 238), "grey": (185, 191, 205), "orange": (242, 187, 131)},
    ("cloud", ""): {"white": (226, 228, 231), "grey": (154, 158, 178)},
    ("sun", ""): {"yellow": (238, 217, 65)},
    ("mountain", ""): {"purple": (134, 120, 166), "green": (90, 131, 109), "grey": (132, 134, 143)},
    ("mountain", "peak"): {"white": (216, 229, 242)},
    ("water", ""): {"blue": (40, 118, 184), "green": (62, 160, 158), "grey": (110, 134, 150)},
    ("sand", ""): {"yellow": (233, 196, 146), "brown": (194, 164, 119)},
    ("boat", "hull"): {"red": (176, 50, 62), "white": (226, 236, 207), "blue": (36, 66, 122), "brown": (142, 86, 53)},
    ("boat", "sail"): {"white": (242, 227, 207), "red": (219, 85, 68), "yellow": (239, 184, 97)},
    ("boat", "mast"): {"brown": (91, 63, 40)},
    ("quay", ""): {"grey": (122, 118, 110), "brown": (157, 117, 97)},
    ("house", "wall"): {"white": (228, 221, 237), "yellow": (231, 198, 110), "red": (190, 99, 81), "pink": (231, 172, 168)},
    ("house", "roof"): {"red": (156, 62, 46), "brown": (109, 72, 60), "grey": (83, 94, 108)},
    ("house", "door"): {"brown": (103, 56, 21), "green": (34, 96, 84)},
    ("house", "window"): {"blue": (66, 92, 146), "yellow": (235, 237, 149)},
    ("road", ""): {"grey": (108, 104, 118)},
    ("road", "marking"): {"yellow": (224, 202, 116)},
    ("sidewalk", ""): {"grey": (180, 170, 161)},
    ("path", ""): {"brown": (170, 144, 91)},
    ("car", "body"): {"red": (211, 37, 40), "blue": (44, 84, 208), "yellow": (238, 186, 24), "white": (215, 241, 234)},
    ("car", "window"): {"blue": (167, 217, 220)},
    ("car", "wheel"): {"black": (26, 24, 30)},
    ("lamp", "pole"): {"black": (40, 56, 58)},
    ("lamp", "bulb"): {"yellow": (240, 238, 101)},
    ("tree", "crown"): {"green": (58, 126, 54), "orange": (216, 117, 35), "yellow": (214, 176, 48), "pink": (234, 158, 196)},
    ("tree", "trunk"): {"brown": (116, 82, 46)},
    ("fir", "crown"): {"green": (30, 84, 58)},
    ("grass", ""): {"green": (118, 176, 78), "yellow": (202, 201, 86)},
    ("earth", ""): {"brown": (133, 106, 75)},
    ("rock", ""): {"grey": (151, 150, 133)},
    ("flower", "petal"): {"red": (227, 41, 92), "purple": (150, 70, 180), "pink": (240, 120, 170)},
    ("flower", "stem"): {"green": (70, 150, 40)},
    ("fence", ""): {"brown": (148, 111, 62)},
    ("cow", "torso"): {"white": (238, 224, 214), "brown": (123, 62, 33), "black": (62, 52, 48)},
    ("cow", "head"): {"brown": (91, 47, 36)},
    ("cow", "legs"): {"black": (48, 36, 30)},
    ("haystack", ""): {"yellow": (229, 193, 83)},
    ("person", "head"): {"pink": (235, 188, 156), "brown": (131, 85, 75)},
    ("person", "hair"): {"black": (36, 20, 20), "brown": (96, 66, 18)},
    ("person", "torso"): {"red": (198, 29, 68), "green": (90, 190, 120), "purple": (110, 60, 140), "orange": (238, 140, 60)},
    ("person", "legs"): {"blue": (40, 52, 92), "black": (24, 40, 40)},
    ("parasol", "canopy"): {"red": (226, 60, 60), "blue": (70, 140, 230), "purple": (180, 110, 200)},
    ("parasol", "pole"): {"brown": (100, 81, 60)},
    ("wall", ""): {"yellow": (241, 232, 181), "green": (176, 211, 172), "blue": (165, 189, 228)},
    ("wall", "window"): {"brown": (203, 149, 112)},
    ("floor", ""): {"brown": (179, 112, 75), "grey": (154, 171, 165), "red": (162, 78, 71)},
    ("cabinet", "door"): {"white": (240, 216, 220), "brown": (139, 86, 64), "blue": (80, 122, 156), "green": (114, 151, 111)},
    ("cabinet", "top"): {"grey": (96, 92, 92)},
    ("refrigerator", "door"): {"grey": (184, 202, 199), "red": (191, 52, 40)},
    ("table", "top"): {"brown": (188, 143, 80)},
    ("table", "legs"): {"brown": (148, 94, 41)},
    ("chair", ""): {"red": (192, 70, 48), "blue": (50, 100, 150)},
    ("bowl", ""): {"blue": (60, 80, 170)},
    ("fruit", ""): {"red": (212, 30, 29), "orange": (238, 151, 29), "green": (150, 190, 50)},
}
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
