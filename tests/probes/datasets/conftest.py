"""Small datasets made on the spot, and the real ones beside the project."""

from __future__ import annotations

import csv
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

REAL_DATA = Path(__file__).resolve().parents[3] / "../shared/data"


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """The folder of a real input; the test is skipped where it is missing."""

    def find(name: str) -> Path:
        folder = (REAL_DATA / name).resolve()
        if not folder.exists():
            pytest.skip(f"real input {name} is not beside the project")
        return folder

    return find


@pytest.fixture
def draw() -> Callable[..., Path]:
    """draw(path, array): save an image; its dtype and shape give the mode."""

    def save(path: Path, pixels: Any, **options: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(pixels)).save(path, **options)
        return path

    return save


@pytest.fixture
def ids_png(draw: Callable[..., Path]) -> Callable[[Path, Any], Path]:
    """ids_png(path, ids): save label numbers as red + 256 * green."""

    def save(path: Path, ids: Any) -> Path:
        ids = np.asarray(ids)
        return draw(path, np.stack([ids % 256, ids // 256, ids * 0], axis=-1).astype(np.uint8))

    return save


@pytest.fixture
def raw_png() -> Callable[..., bytes]:
    """raw_png(width, height, depth, colour, rows): a PNG of any depth, byte by byte."""

    def make(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
        parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + parts

    return make


def write_csv(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


BRODEN_OBJECTS = np.array([[1, 1, 0], [300, 300, 0]])
BRODEN_PARTS = (np.array([[2, 0, 0], [0, 0, 0]]), np.array([[0, 3, 0], [0, 0, 0]]))


@pytest.fixture
def broden(tmp_path: Path, draw: Callable[..., Path], ids_png: Callable[..., Path]) -> Path:
    """Two pictures of 4 x 6 with label maps of 2 x 3; the second has a scene and two layers of parts."""
    root = tmp_path / "tiny"
    for name, grey in (("a", 10), ("b", 200)):
        draw(root / f"images/{name}.png", np.full((4, 6, 3), grey, np.uint8))
        ids_png(root / f"images/{name}_object.png", BRODEN_OBJECTS)
    for level, ids in enumerate(BRODEN_PARTS, start=1):
        ids_png(root / f"images/b_part_{level}.png", ids)
    write_csv(
        root / "label.csv",
        [
            ["number", "name", "category", "frequency", "coverage", "syns"],
            [1, "wall", "object(9);part(1)", 10, 3.5, ""],
            [2, "leg", "object(2);part(7)", 9, 0.5, "limb"],
            [3, "shin", "part(5)", 5, 0.1, ""],
            [4, "street-s", "scene(2)", 2, 2, ""],
            [300, "sky, clear", "object(3)", 3, 1, ""],
        ],
    )
    write_csv(
        root / "category.csv",
        [
            ["name", "first", "last", "count", "frequency"],
            ["object", 1, 300, 3, 14],
            ["part", 1, 3, 3, 13],
            ["scene", 4, 4, 1, 2],
        ],
    )
    write_csv(
        root / "index.csv",
        [
            ["image", "split", "ih", "iw", "sh", "sw", "object", "part", "scene"],
            ["a.png", "train", 4, 6, 2, 3, "a_object.png", "", ""],
            ["b.png", "val", 4, 6, 2, 3, "b_object.png", "b_part_1.png;b_part_2.png", "4"],
        ],
    )
    return root


@pytest.fixture
def ade20k(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """One picture, half car and half door; no parts."""
    root = tmp_path / "ADE20K"
    draw(root / "images/one.jpg", np.zeros((2, 2, 3), np.uint8))
    draw(root / "images/one_seg.png", np.array([[[10, 145, 1]] * 2, [[30, 6, 2]] * 2], np.uint8))
    named = [
        {"name_ndx": code, "name": name, "parts": {"part_level": 0, "hasparts": [], "ispartof": []}}
        for code, name in ((401, "car, auto"), (774, "door"))
    ]
    (root / "images/one.json").write_text(json.dumps({"annotation": {"scene": ["street"], "object": named}}))
    return root


@pytest.fixture
def labelmaps(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """Two pictures in the scene-parsing form, names in names.csv, a scene for one of them."""
    root = tmp_path / "maps"
    for name in ("train/x", "y"):
        draw(root / f"images/{name}.png", np.zeros((4, 4, 3), np.uint8))
        draw(root / f"annotations/{name}.png", np.array([[0, 1], [2, 3]], np.uint8))
    write_csv(
        root / "names.csv",
        [["id", "name", "category"], [1, "wall", ""], [2, "sky", "stuff"], [3, "car", "object"]],
    )
    (root / "sceneCategories.txt").write_text("x airport_terminal\nz street\n")
    return root


@pytest.fixture
def coco(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """One picture in COCO's panoptic form, with segments 1, 256 and 65536."""
    root = tmp_path / "coco"
    draw(root / "val2017/000007.jpg", np.zeros((4, 4, 3), np.uint8))
    segments = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 0]]], np.uint8)
    draw(root / "annotations/panoptic_val2017/000007.png", segments)
    content = {
        "images": [{"id": 7, "file_name": "000007.jpg", "height": 4, "width": 4}],
        "annotations": [
            {
                "image_id": 7,
                "file_name": "000007.png",
                "segments_info": [
                    {"id": 65536, "category_id": 200},
                    {"id": 1, "category_id": 44},
                    {"id": 256, "category_id": 44},
                ],
            }
        ],
        "categories": [
            {"id": 44, "name": "bottle", "isthing": 1, "supercategory": "kitchen"},
            {"id": 200, "name": "rug-merged", "isthing": 0, "supercategory": "floor"},
        ],
    }
    (root / "annotations/panoptic_val2017.json").write_text(json.dumps(content))
    return root


@pytest.fixture
def imagefolder(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """Two classes: a red picture with a blue corner, and, one folder deeper, a white one."""
    root = tmp_path / "photos"
    pixels = np.full((4, 6, 3), (200, 10, 10), np.uint8)
    pixels[:2, :3] = (0, 0, 255)
    draw(root / "sunset/a.png", pixels)
    draw(root / "polar bear/north/b.png", np.full((8, 8, 3), 255, np.uint8))
    (root / ".hidden").mkdir()
    return root
