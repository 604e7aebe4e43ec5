"""Pictures of six kinds of scene, drawn on the spot, with exact labels: the world of `compexact demo vision`.

A picture is painted as a map of *materials*.  A material is one colour of one object, or of one part of an
object (`boat`, `hull`, `red-c`); it fixes the labels and the colour of its pixels, so both are exact.
`SCENES` says what each scene is made of; `draw_world` writes a folder in the Broden format (Bau et al.,
"Network Dissection", CVPR 2017).

Each pixel's brightness is within `SHADING` of its material's `PALETTE` entry, and the entries are so far
apart that the nearest one (Euclidean, RGB) names the material again.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..solver.errors import UsageError

IMAGE_SIZE = 112
SHADING = 0.05
"""The greatest relative deviation of a pixel's brightness from its material's."""

Rgb = tuple[int, int, int]
Points = list[tuple[float, float]]

PALETTE: dict[tuple[str, str], dict[str, Rgb]] = {
    ("sky", ""): {"blue": (146, 202, 238), "grey": (186, 192, 206), "orange": (238, 186, 132)},
    ("cloud", ""): {"white": (240, 240, 236), "grey": (154, 158, 178)},
    ("sun", ""): {"yellow": (240, 216, 70)},
    ("mountain", ""): {"purple": (134, 120, 166), "green": (92, 132, 108), "grey": (132, 134, 142)},
    ("mountain", "peak"): {"white": (210, 226, 244)},
    ("water", ""): {"blue": (40, 118, 184), "green": (62, 160, 158), "grey": (110, 134, 150)},
    ("sand", ""): {"yellow": (230, 206, 148), "brown": (194, 164, 118)},
    ("boat", "hull"): {"red": (176, 50, 62), "white": (216, 216, 206), "blue": (36, 66, 122), "brown": (136, 88, 48)},
    ("boat", "sail"): {"white": (244, 228, 206), "red": (218, 84, 66), "yellow": (238, 190, 96)},
    ("boat", "mast"): {"brown": (92, 62, 40)},
    ("quay", ""): {"grey": (122, 118, 112), "brown": (156, 122, 92)},
    ("house", "wall"): {"white": (222, 220, 226), "yellow": (236, 204, 112), "red": (186, 96, 80), "pink": (230, 172, 166)},
    ("house", "roof"): {"red": (156, 62, 46), "brown": (112, 74, 62), "grey": (88, 94, 108)},
    ("house", "door"): {"brown": (104, 56, 22), "green": (34, 96, 84)},
    ("house", "window"): {"blue": (66, 92, 146), "yellow": (240, 228, 148)},
    ("road", ""): {"grey": (104, 104, 116)},
    ("road", "marking"): {"yellow": (220, 206, 108)},
    ("sidewalk", ""): {"grey": (176, 172, 162)},
    ("path", ""): {"brown": (174, 138, 96)},
    ("car", "body"): {"red": (212, 40, 40), "blue": (44, 84, 208), "yellow": (238, 186, 24), "white": (222, 240, 238)},
    ("car", "window"): {"blue": (170, 216, 222)},
    ("car", "wheel"): {"black": (26, 24, 30)},
    ("lamp", "pole"): {"black": (40, 56, 58)},
    ("lamp", "bulb"): {"yellow": (240, 236, 104)},
    ("tree", "crown"): {"green": (58, 126, 54), "orange": (216, 118, 34), "yellow": (214, 176, 48), "pink": (234, 158, 196)},
    ("tree", "trunk"): {"brown": (118, 82, 46)},
    ("fir", "crown"): {"green": (30, 84, 58)},
    ("grass", ""): {"green": (118, 176, 78), "yellow": (204, 196, 92)},
    ("earth", ""): {"brown": (134, 106, 76)},
    ("rock", ""): {"grey": (152, 152, 138)},
    ("flower", "petal"): {"red": (226, 40, 90), "purple": (150, 70, 180), "pink": (240, 120, 170)},
    ("flower", "stem"): {"green": (70, 150, 40)},
    ("fence", ""): {"brown": (150, 104, 64)},
    ("cow", "torso"): {"white": (244, 236, 222), "brown": (122, 62, 32), "black": (62, 52, 48)},
    ("cow", "head"): {"brown": (90, 48, 36)},
    ("cow", "legs"): {"black": (48, 36, 30)},
    ("haystack", ""): {"yellow": (224, 188, 80)},
    ("person", "head"): {"pink": (238, 190, 158), "brown": (128, 84, 72)},
    ("person", "hair"): {"black": (36, 20, 20), "brown": (96, 66, 18)},
    ("person", "torso"): {"red": (200, 30, 70), "green": (90, 190, 120), "purple": (110, 60, 140), "orange": (238, 140, 60)},
    ("person", "legs"): {"blue": (40, 52, 92), "black": (24, 40, 40)},
    ("parasol", "canopy"): {"red": (226, 60, 60), "blue": (70, 140, 230), "purple": (180, 110, 200)},
    ("parasol", "pole"): {"brown": (100, 80, 60)},
    ("wall", ""): {"yellow": (240, 224, 178), "green": (176, 210, 172), "blue": (164, 190, 226)},
    ("wall", "window"): {"brown": (200, 150, 110)},
    ("floor", ""): {"brown": (176, 120, 74), "grey": (158, 168, 160), "red": (166, 84, 72)},
    ("cabinet", "door"): {"white": (230, 214, 214), "brown": (140, 92, 62), "blue": (80, 122, 156), "green": (112, 150, 112)},
    ("cabinet", "top"): {"grey": (96, 92, 92)},
    ("refrigerator", "door"): {"grey": (194, 210, 208), "red": (190, 50, 40)},
    ("table", "top"): {"brown": (190, 136, 82)},
    ("table", "legs"): {"brown": (150, 94, 46)},
    ("chair", ""): {"red": (196, 70, 50), "blue": (50, 100, 150)},
    ("bowl", ""): {"blue": (60, 80, 170)},
    ("fruit", ""): {"red": (210, 30, 30), "orange": (238, 150, 30), "green": (150, 190, 50)},
}
