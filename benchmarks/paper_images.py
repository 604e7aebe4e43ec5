"""Annotated images as many and as varied as the paper's, in the Broden form, from a seed.

    python benchmarks/paper_images.py FOLDER --images 22210

The names and frequencies of colours, objects, parts and scenes are those of Broden (Bau et al. 2017), 1,105 concepts as
in the paper.  An image has a scene and 6 to 20 regions, each of one object that its scene likes; some regions are
unlabelled, a third of the kinds of objects have parts, and every point has the colour that its pixel is nearest to.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from inputs import REAL
from PIL import Image

IMAGES, SIDE, MASK_SIDE = 22_210, 224, 112
N_SCENES = 276
WORLD_SEED, IMAGE_SEED = 7, 11
PALETTE = {
    "black-c": (0, 0, 0), "grey-c": (128, 128, 128), "white-c": (245, 245, 245), "brown-c": (120, 70, 30),
    "green-c": (40, 140, 50), "pink-c": (240, 150, 180), "purple-c": (120, 40, 150), "blue-c": (30, 60, 200),
    "yellow-c": (235, 220, 50), "red-c": (200, 30, 30), "orange-c": (230, 130, 30),
}  # fmt: skip
FIELDS = ("image", "split", "ih", "iw", "sh", "sw", "color", "object", "part", "scene")


@dataclass(frozen=True, eq=False)
class World:
    """What all images share: label numbers by category, which objects a scene has, their colours and parts."""

    names: dict[str, list[str]]
    frequency: dict[str, np.ndarray]
    first: dict[str, int]
    objects_of_scene: np.ndarray
    colour_of_object: np.ndarray
    parts_of_object: list[np.ndarray]

    @classmethod
    def of_broden(cls) -> World:
        names, counts = _vocabulary()
        frequency = {category: np.array(count) / sum(count) for category, count in counts.items()}
        first = dict(zip(names, np.cumsum([1, *(len(each) for each in names.values())]).tolist()))
        rng = np.random.default_rng(WORLD_SEED)
        n_objects, n_parts = len(names["object"]), len(names["part"])
        likes = frequency["object"] * (rng.gamma(0.35, 1.0, (N_SCENES, n_objects)) + 1e-3)
        colours = rng.uniform(0, 255, (n_objects, 3)).astype(np.float32)
        is_grey = rng.random(n_objects) < 0.5
        colours[is_grey] = rng.uniform(30, 220, (int(is_grey.sum()), 1))
        parts = [
            rng.choice(n_parts, rng.integers(2, 9) * (rng.random() < 1 / 3), replace=False, p=frequency["part"])
            for _ in range(n_objects)
        ]
        return cls(names, frequency, first, likes / likes.sum(axis=1, keepdims=True), colours, parts)


def _vocabulary() -> tuple[dict[str, list[str]], dict[str, list[int]]]:
    """Names and image counts by category; a label with several categories stands in the one that it has most often."""
    names: dict[str, list[str]] = {"color": [], "object": [], "part": [], "scene": []}
    counts: dict[str, list[int]] = {category: [] for category in names}
    limits = {"color": len(PALETTE), "object": 584, "part": 234, "scene": N_SCENES}
    with gzip.open(REAL / "reference/broden1_227_label.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            for category, _, count in (part.partition("(") for part in row["category"].split(";")):
                if category in names and len(names[category]) < limits[category]:
                    taken = any(row["name"] in others for others in names.values())
                    names[category].append(f"{row['name']}-{category}" if taken else row["name"])
                    counts[category].append(int(count.rstrip(")")))
    return names, counts


def _nearest_region(rng: np.random.Generator, n_regions: int) -> np.ndarray:
    """int (112, 112): which of some random points is nearest, some of them reaching further than others."""
    rows, columns = np.mgrid[0:MASK_SIDE, 0:MASK_SIDE].astype(np.float32)
    points = rng.uniform(0, MASK_SIDE, (n_regions, 2)).astype(np.float32)
    reach = rng.exponential(400, n_regions).astype(np.float32)
    distance = (rows - points[:, 0, None, None]) ** 2 + (columns - points[:, 1, None, None]) ** 2
    return np.asarray((distance - reach[:, None, None]).argmin(axis=0))


@dataclass(frozen=True, eq=False)
class Drawn:
    """An image: float32 (112, 112, 3); the number of its scene, 0 for none; and planes of its other labels."""

    pixels: np.ndarray
    scene: int
    planes: dict[str, list[np.ndarray]]


def draw(world: World, number: int) -> Drawn:
    rng = np.random.default_rng([IMAGE_SEED, number])
    scene = int(rng.choice(N_SCENES, p=world.frequency["scene"]))
    n_regions = int(rng.integers(6, 21))
    region = _nearest_region(rng, n_regions)
    objects = rng.choice(len(world.names["object"]), n_regions, p=world.objects_of_scene[scene])
    shades = rng.normal(0, 25, (n_regions, 1)) + rng.normal(0, 12, (n_regions, 3))
    light = Image.fromarray(rng.normal(0, 70, (14, 14)).astype(np.float32)).resize((MASK_SIDE,) * 2, Image.BICUBIC)
    noise = rng.normal(0, 38, (MASK_SIDE, MASK_SIDE, 1))
    own = (world.colour_of_object[objects] + shades)[region]
    pixels = np.clip(own + np.asarray(light)[..., None] + noise, 0, 255).astype(np.float32)
    palette = np.array(list(PALETTE.values()), np.float32)
    colour = ((pixels[..., None, :] - palette) ** 2).sum(axis=-1).argmin(axis=-1) + world.first["color"]
    labels = objects[region] + world.first["object"]
    labels[np.isin(region, np.flatnonzero(rng.random(n_regions) < 0.08))] = 0
    planes = {"color": [colour], "object": [labels], "part": _parts(world, rng, region, objects)}
    return Drawn(pixels, 0 if rng.random() < 0.11 else scene + world.first["scene"], planes)


def _parts(world: World, rng: np.random.Generator, region: np.ndarray, objects: np.ndarray) -> list[np.ndarray]:
    """Up to two planes: within some regions, pieces that are parts of their object."""
    planes = []
    for share in (0.6, 0.15):
        chosen = [i for i, each in enumerate(objects) if len(world.parts_of_object[each]) and rng.random() < share]
        if not chosen:
            break
        piece = _nearest_region(rng, int(rng.integers(8, 25)))
        plane = np.zeros((MASK_SIDE, MASK_SIDE), dtype=np.int64)
        for i in chosen:
            parts = world.parts_of_object[objects[i]]
            part = parts[rng.integers(0, len(parts), 25)]
            within = (region == i) & (rng.random(25) < 0.7)[piece]
            plane[within] = part[piece][within] + world.first["part"]
        planes.append(plane)
    return planes


def _write_plane(path: Path, labels: np.ndarray) -> str:
    channels = np.zeros((*labels.shape, 3), np.uint8)
    channels[..., 0], channels[..., 1] = labels % 256, labels // 256
    Image.fromarray(channels).save(path, compress_level=1)
    return path.name


def _write_image(job: tuple[Path, int]) -> dict[str, object]:
    """The image's row of the index."""
    folder, number = job
    drawn = draw(_world(), number)
    picture = Image.fromarray(drawn.pixels.astype(np.uint8)).resize((SIDE, SIDE), Image.BILINEAR)
    picture.save(folder / f"{number:05d}.jpg", quality=85)
    maps = {
        category: ";".join(
            _write_plane(folder / f"{number:05d}_{category}_{level}.png", plane) for level, plane in enumerate(planes)
        )
        for category, planes in drawn.planes.items()
    }
    sizes = (SIDE, SIDE, MASK_SIDE, MASK_SIDE)
    return dict(zip(FIELDS, (f"{number:05d}.jpg", "train", *sizes, *maps.values(), drawn.scene or "")))


_WORLDS: list[World] = []


def _world() -> World:
    """The world, made once a process."""
    if not _WORLDS:
        _WORLDS.append(World.of_broden())
    return _WORLDS[0]


def write_dataset(folder: Path, n_images: int, processes: int | None = None) -> None:
    """Write the dataset; `index.csv` last, so that a folder that has it is whole."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    world = _world()
    with open(folder / "category.csv", "w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(("name", "first", "last", "count", "frequency"))
        for category, names in world.names.items():
            first = world.first[category]
            table.writerow((category, first, first + len(names) - 1, len(names), 1))
    with open(folder / "label.csv", "w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(("number", "name", "category", "frequency", "coverage", "syns"))
        for category, names in world.names.items():
            for place, name in enumerate(names):
                table.writerow((world.first[category] + place, name, f"{category}(1)", 1, 1.0, ""))
    with Pool(processes) as pool:
        rows = list(pool.imap(_write_image, ((folder / "images", number) for number in range(n_images)), chunksize=50))
    with open(folder / "index.csv", "w", newline="", encoding="utf-8") as stream:
        index = csv.DictWriter(stream, FIELDS)
        index.writeheader()
        index.writerows(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=IMAGES)
    asked = parser.parse_args()
    write_dataset(asked.folder, asked.images)
