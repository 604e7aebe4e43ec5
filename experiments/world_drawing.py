"""The world of `compexact demo vision`: pictures of six kinds of scene, drawn on the spot, with exact labels.

`draw_scene` draws one picture in memory; `draw_world` writes a folder in the Broden format (Bau et al.,
"Network Dissection", CVPR 2017).  What the scenes consist of is said in `world_scenes.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..solver.errors import UsageError, did_you_mean
from .world_palette import MATERIALS
from .world_scenes import SCENES, Canvas

IMAGE_SIZE = 112
HELD_OUT = 5
"""Every fifth picture is of the split `val`."""

PLANES = ("color", "object", "part")


def _label_names() -> dict[str, tuple[str, ...]]:
    """For each category its names in the order of the palette; scenes end in `-s`, colours in `-c`."""
    by_plane = {plane: [getattr(m, plane) for m in MATERIALS if getattr(m, plane)] for plane in PLANES}
    names = {plane: tuple(sorted(set(found))) for plane, found in by_plane.items()}
    return {**names, "scene": tuple(f"{scene}-s" for scene in SCENES)}


LABEL_NAMES = _label_names()
LABEL_NUMBERS = {
    (category, name): number
    for number, (category, name) in enumerate(
        ((category, name) for category, names in LABEL_NAMES.items() for name in names), start=1
    )
}
"""The number of each (category, name) in the label maps; 0 is "no label"."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture with its labels.

    name: the scene, a key of `SCENES`.  rgb: uint8 (size, size, 3).
    object_labels, part_labels, color_labels: int32 (size, size), numbers of `LABEL_NUMBERS`; 0 is none.
    """

    name: str
    rgb: np.ndarray
    object_labels: np.ndarray
    part_labels: np.ndarray
    color_labels: np.ndarray


def draw_scene(scene: str, rng: np.random.Generator, *, size: int = IMAGE_SIZE) -> Scene:
    """A new picture of a scene (`beach`, `harbour`, ...).

    The same generator state gives the same picture.  Raises `UsageError` for a scene that there is not.
    """
    if scene not in SCENES:
        raise UsageError(f"no scene is named {scene!r}; there are {', '.join(SCENES)}{did_you_mean(scene, SCENES)}")
    canvas = Canvas(size, rng)
    for step in SCENES[scene]:
        step.paint(canvas)
    planes = {plane: _labels_of(plane)[canvas.materials] for plane in PLANES}
    return Scene(scene, canvas.rgb(), planes["object"], planes["part"], planes["color"])


def _labels_of(plane: str) -> np.ndarray:
    """int32 (n_materials,): the label number of each material in this plane."""
    return np.array([LABEL_NUMBERS.get((plane, getattr(m, plane)), 0) for m in MATERIALS], dtype=np.int32)
