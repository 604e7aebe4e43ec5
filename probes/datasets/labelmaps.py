"""A folder of pictures and a folder of label maps, such as MIT Scene Parsing (ADE20K, 150 classes).

`images/` holds the pictures, `annotations/` for each a PNG of the same path whose pixels are label
ids (8- or 16-bit grey, or palette), 0 for none.  The names of the ids stand in the folder or the one
above it, in the first of these files that is there:

* `names.csv` with the columns id, name and, if you like, category (default `object`);
* `names.txt`: line n names id n;
* `objectInfo150.csv` or `objectInfo150.txt` of Scene Parsing (columns Idx and Name), of whose
  synonyms the first is taken where it is unique.

`sceneCategories.txt` (`X SCENE` for the picture `X.jpg`), where there is one, gives each picture its
scene: a concept (`street-s`, category `scene`) of all its points, and its target.

Zhou et al., Scene Parsing through ADE20K Dataset (CVPR 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np
from PIL.Image import Image

from ...solver.errors import DataError
from .annotated_images import Annotation, Concept, Described, check_concepts, choose_categories, distinct_names
from .files import (
    check_same_shape,
    id_table,
    list_files,
    nearest,
    open_image,
    picture_size,
    read_id_map,
    read_table,
    read_text,
    safe_path,
    shown,
    to_concepts,
    whole_number,
)

MASK_SIZE = (112, 112)
NAME_FILES = ("names.csv", "names.txt", "objectInfo150.csv", "objectInfo150.txt")
SCENE_FILE = "sceneCategories.txt"
OBJECT, SCENE = "object", "scene"
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True, eq=False)
class LabelMaps(Described):
    """Pictures with a label map each; see `AnnotatedImages`."""

    scenes: tuple[str | None, ...]
    scene_concepts: dict[str, int]
    table: np.ndarray
    """int32, label id -> concept index; -1 for ids of other categories."""

    def _picture(self, index: int) -> Path:
        return safe_path(self.root / "images", self.keys[index].removeprefix("images/"))

    def image(self, index: int) -> Image:
        """The picture."""
        return open_image(self._picture(index))

    def annotation(self, index: int) -> Annotation:
        """One plane; DataError if the label map has not the shape of the picture."""
        picture = self._picture(index)
        relative = PurePosixPath(self.keys[index].removeprefix("images/")).with_suffix(".png")
        path = safe_path(self.root / "annotations", str(relative))
        ids = read_id_map(path)
        check_same_shape(picture_size(picture), ids.shape, picture, path)
        plane = to_concepts(nearest(ids, self.mask_size), self.table, path, self.metadata_files[0].name)
        scene = self.scene_concepts.get(self.scenes[index] or "")
        return Annotation(plane[None], () if scene is None else (scene,))

    def target(self, index: int) -> str | None:
        """Its scene, e.g. `street-s`."""
        return self.scenes[index]


def read(path: Path, *, categories: Sequence[str] | None = None, mask_size: tuple[int, int] | None = None) -> LabelMaps:
    """The pictures of a folder.

    categories: among those of the names file and `scene` (default: all).
    mask_size: (height, width) to take the label maps to (default: 112 x 112).
    """
    pictures = _find(path)
    names_file = _beside(path, NAME_FILES)
    if names_file is None:
        raise DataError(f"{shown(path)}: no {' or '.join(NAME_FILES)} here or in the folder above")
    named = _read_names(names_file)
    scene_file = _beside(path, (SCENE_FILE,))
    scene_of = _read_scenes(scene_file) if scene_file else {}
    scenes = tuple(scene_of.get(PurePosixPath(picture).stem) for picture in pictures)
    present = sorted(set(filter(None, scenes)))
    known = list(dict.fromkeys([concept.category for _, concept in named] + [SCENE] * bool(present)))
    chosen = choose_categories(categories, known, shown(path))

    ids = [number for number, concept in named if concept.category in chosen]
    concepts = [concept for _, concept in named if concept.category in chosen]
    if SCENE in chosen:
        concepts += [Concept(scene, SCENE) for scene in present]
    concept_of = {number: -1 for number, _ in named} | {number: index for index, number in enumerate(ids)}
    return LabelMaps(
        name=path.name,
        root=path,
        concepts=check_concepts(concepts, shown(names_file)),
        keys=tuple(f"images/{picture}" for picture in pictures),
        mask_size=mask_size or MASK_SIZE,
        metadata_files=(names_file, scene_file) if scene_file else (names_file,),
        scenes=scenes,
        scene_concepts={c.name: index for index, c in enumerate(concepts) if c.category == SCENE},
        table=id_table(concept_of),
    )


def _find(root: Path) -> list[str]:
    """The pictures, relative to `images/`; DataError if one has no label map."""
    for folder in ("images", "annotations"):
        if not (root / folder).is_dir():
            raise DataError(f"{shown(root)}: no folder {folder}/; pictures are in images/, maps in annotations/")
    pictures = list_files(root / "images", PICTURES)
    if not pictures:
        raise DataError(f"{shown(root / 'images')}: no image at all; expected {', '.join(PICTURES)}")
    maps = set(list_files(root / "annotations", (".png",)))
    bare = [picture for picture in pictures if str(PurePosixPath(picture).with_suffix(".png")) not in maps]
    if bare:
        raise DataError(
            f"{shown(root / 'images' / bare[0])}: no label map of that path (.png) in annotations/ "
            f"({len(bare)} such pictures)"
        )
    return pictures


def _beside(root: Path, names: Sequence[str]) -> Path | None:
    files = (folder / name for folder in (root, root.parent) for name in names)
    return next((file for file in files if file.is_file()), None)


def _read_names(file: Path) -> list[tuple[int, Concept]]:
    """(id, concept) in the order of ids."""
    if file.suffix == ".csv" and file.stem == "names":
        rows = read_table(file, ["id", "name"])
        named = [
            (_id(row.cells["id"], row.where), row.cells["name"], row.cells.get("category") or OBJECT) for row in rows
        ]
    elif file.stem == "names":
        lines = read_text(file).rstrip().split("\n")
        named = [(number, line.strip(), OBJECT) for number, line in enumerate(lines, start=1)]
    else:
        rows = read_table(file, ["Idx", "Name"], delimiter="," if file.suffix == ".csv" else "\t")
        full = [(_id(row.cells["Idx"], row.where), row.cells["Name"]) for row in rows]
        named = [(number, name, OBJECT) for (number, _), name in zip(full, distinct_names(full), strict=True)]
    named.sort(key=lambda entry: entry[0])
    for (number, *_), (after, *_) in pairwise(named):
        if number == after:
            raise DataError(f"{shown(file)}: id {number} is there twice")
    return [(number, Concept(name, category)) for number, name, category in named]


def _id(text: str, where: str) -> int:
    return whole_number(text, "label id", where, least=1)


def _read_scenes(file: Path) -> dict[str, str]:
    """File stem of the picture -> scene concept."""
    scenes = {}
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        words = line.split()
        if words and len(words) != 2:
            raise DataError(f"{shown(file)} line {number}: {line.strip()[:60]!r} is not of the form PICTURE SCENE")
        if words:
            scenes[words[0]] = f"{words[1]}-s"
    return scenes
