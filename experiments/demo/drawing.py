"""The world of `compexact demo vision`: pictures of six kinds of scene, drawn on the spot, with exact labels.

`draw_scene` draws one picture in memory; `draw_world` writes a folder in the Broden format (Bau et al.,
"Network Dissection", CVPR 2017).  What the scenes consist of is said in `scenes.py`.

Labels have one number each over all categories, fixed by the legend and not by what a particular world
happens to show.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ...probes.demo_palette import HELD_OUT_EVERY, MATERIALS, SCENE_NAMES
from ...solver.errors import UsageError, did_you_mean
from .canvas import Canvas
from .scenes import SCENES

IMAGE_SIZE = 112

PLANES = ("color", "object", "part")
CATEGORIES = (*PLANES, "scene")
INDEX_COLUMNS = ("image", "split", "ih", "iw", "sh", "sw", *CATEGORIES)


@dataclass(frozen=True)
class Label:
    """A name of the world, with its number in the label maps."""

    number: int
    name: str
    category: str


def _labels() -> tuple[Label, ...]:
    names = {plane: sorted({getattr(material, plane) for material in MATERIALS} - {""}) for plane in PLANES}
    named = [(name, plane) for plane in PLANES for name in names[plane]] + [(name, "scene") for name in SCENE_NAMES]
    return tuple(Label(number, name, category) for number, (name, category) in enumerate(named, start=1))


LABELS = _labels()
"""All labels, by number from 1; 0 is "no label"."""

_NUMBERS = {(label.category, label.name): label.number for label in LABELS}


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture with its labels.

    name: its scene label, such as `beach-s`.  rgb: uint8 (size, size, 3).
    object_labels, part_labels, color_labels: int32 (size, size), numbers of `LABELS`; 0 for none.
    """

    name: str
    rgb: np.ndarray
    object_labels: np.ndarray
    part_labels: np.ndarray
    color_labels: np.ndarray

    def labels(self, plane: str) -> np.ndarray:
        """The label map of `color`, `object` or `part`."""
        return {"color": self.color_labels, "object": self.object_labels, "part": self.part_labels}[plane]


def draw_scene(scene: str, rng: np.random.Generator, *, size: int = IMAGE_SIZE) -> Scene:
    """A new picture of a scene (a key of `SCENES`: `beach`, `harbour`, ...), size x size pixels.

    Generators in the same state give the same picture.  Raises `UsageError` for an unknown scene.
    """
    if scene not in SCENES:
        raise UsageError(f"no scene is named {scene!r}; there are {', '.join(SCENES)}{did_you_mean(scene, SCENES)}")
    canvas = Canvas(size, rng)
    for step in SCENES[scene]:
        step.paint(canvas)
    color, thing, part = (_numbers_of(plane)[canvas.materials] for plane in PLANES)
    return Scene(f"{scene}-s", canvas.rgb(), thing, part, color)


def _numbers_of(plane: str) -> np.ndarray:
    """int32 (n_materials,): the label number of each material in this plane."""
    return np.array([_NUMBERS.get((plane, getattr(material, plane)), 0) for material in MATERIALS], dtype=np.int32)


def draw_world(
    folder: Path, *, n_images: int = 360, image_size: int = IMAGE_SIZE, mask_size: int = IMAGE_SIZE, seed: int = 0
) -> None:
    """Write a Broden-format folder of `n_images` pictures, the scenes by turns.

    image_size, mask_size: pixels a side of the pictures and of their label maps.  A point of a label map has the
    label of the pixel at its centre.  seed: equal seeds give equal files; picture i is the same in worlds of any
    number of pictures.

    Raises `UsageError` for sizes below 1 and for a folder that has files in it already.
    """
    for name, value in (("n_images", n_images), ("image_size", image_size), ("mask_size", mask_size)):
        if value < 1:
            raise UsageError(f"{name} must be at least 1, not {value}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: there is something in it already; name a new folder")
    names = list(SCENES)
    rows, counts = [], _Counts()
    for number in range(n_images):
        scene = draw_scene(names[number % len(names)], np.random.default_rng([seed, number]), size=image_size)
        maps = {plane: _resampled(scene.labels(plane), mask_size) for plane in PLANES}
        counts.add(maps.values(), scene.name)
        rows.append(_write_picture(folder, number, scene, maps))
    _write_table(folder / "index.csv", INDEX_COLUMNS, rows)
    counts.write(folder)


def _resampled(labels: np.ndarray, size: int) -> np.ndarray:
    """The labels at the centres of a size x size grid."""
    centres = (2 * np.arange(size) + 1) * len(labels) // (2 * size)
    return labels[np.ix_(centres, centres)]


def _write_picture(folder: Path, number: int, scene: Scene, maps: dict[str, np.ndarray]) -> tuple[object, ...]:
    """Write the files of one picture; its row of the index."""
    kind = scene.name.removesuffix("-s")
    (folder / "images" / kind).mkdir(parents=True, exist_ok=True)
    stem = f"{kind}/{number:04d}"
    Image.fromarray(scene.rgb).save(folder / "images" / f"{stem}.png")
    cells = []
    for plane, labels in maps.items():
        path = f"{stem}_{plane}.png"
        split = np.stack([labels % 256, labels // 256, np.zeros_like(labels)], axis=-1).astype(np.uint8)
        Image.fromarray(split).save(folder / "images" / path)
        cells.append(path)
    split_name = "val" if number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 else "train"
    scene_number = _NUMBERS["scene", scene.name]
    height, width = scene.rgb.shape[:2]
    return (f"{stem}.png", split_name, height, width, *maps["object"].shape, *cells, scene_number)


class _Counts:
    """In how many pictures each label is, and how much of them it covers (a whole picture counts 1)."""

    def __init__(self) -> None:
        self.frequency = np.zeros(len(LABELS) + 1, dtype=np.int64)
        self.coverage = np.zeros(len(LABELS) + 1, dtype=np.float64)

    def add(self, maps: Iterable[np.ndarray], scene_name: str) -> None:
        for labels in maps:
            points = np.bincount(labels.ravel(), minlength=len(LABELS) + 1)
            self.frequency += points > 0
            self.coverage += points / labels.size
        scene = _NUMBERS["scene", scene_name]
        self.frequency[scene] += 1
        self.coverage[scene] += 1

    def write(self, folder: Path) -> None:
        """`label.csv`, `category.csv` and the `c_*.csv`: the labels that occur."""
        seen = [label for label in LABELS if self.frequency[label.number]]
        rows = [(n.number, n.name, f"{n.category}({self.frequency[n.number]})", *self._row(n), "") for n in seen]
        _write_table(folder / "label.csv", ("number", "name", "category", "frequency", "coverage", "syns"), rows)
        categories = []
        for category in CATEGORIES:
            of_category = [label for label in seen if label.category == category]
            numbers = [label.number for label in of_category]
            if numbers:  # a picture or two may show no part
                categories.append((category, numbers[0], numbers[-1], len(numbers), self.frequency[numbers].sum()))
            by_frequency = sorted(of_category, key=lambda label: (-self.frequency[label.number], label.number))
            coded = [(code, n.number, n.name, *self._row(n)) for code, n in enumerate(by_frequency, start=1)]
            _write_table(folder / f"c_{category}.csv", ("code", "number", "name", "frequency", "coverage"), coded)
        _write_table(folder / "category.csv", ("name", "first", "last", "count", "frequency"), categories)

    def _row(self, label: Label) -> tuple[int, str]:
        return int(self.frequency[label.number]), f"{self.coverage[label.number]:.6f}"


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
