"""A folder of pictures and a folder of label maps, such as MIT Scene Parsing (ADE20K, 150 classes).

`images/` holds the pictures, `annotations/` for each a PNG of the same path whose pixels are label
ids (8- or 16-bit grey, or palette), 0 for none.  The names of the ids stand in the folder or the one
above it, in the first of these files that is there:

* `names.csv` with the columns id, name and, if you like, category (default `object`); where it names 0, that is a
  label, too; a name `-`, and `void` or `ignore` for 255, say that the id is none;
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
from .annotated_images import (
    Annotation,
    Concept,
    Described,
    check_concepts,
    check_keys,
    choose_categories,
    distinct_names,
)
from .files import (
    PICTURES,
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
NO_NAME = "-"
VOID, VOID_NAMES = 255, ("void", "ignore", "ignored", "unlabeled", "unlabelled")
"""What the maps of Pascal VOC and Cityscapes have where nothing is said."""


@dataclass(frozen=True, eq=False, repr=False)
class LabelMaps(Described):
    """Pictures with a label map each; see `AnnotatedImages`."""

    scenes: tuple[str | None, ...]
    scene_concepts: dict[str, int]
    table: np.ndarray
    """int32, label id -> concept index; -1 for ids of other categories, and those that are no label."""
    without_map: frozenset[str] = frozenset()
    """Pictures that have no label map."""

    def lacks_labels(self) -> Sequence[str]:
        """Why, of each picture without a label map."""
        return [self._no_map(key) for key in self.keys if key in self.without_map]

    def _no_map(self, key: str) -> str:
        return f"{shown(self.root / key)}: no label map of that path (.png) in annotations/"

    def _picture(self, index: int) -> Path:
        return safe_path(self.root / "images", self.keys[index].removeprefix("images/"))

    def image(self, index: int) -> Image:
        """The picture."""
        return open_image(self._picture(index))

    def annotation(self, index: int) -> Annotation:
        """One plane; DataError if there is no label map, or it has not the shape of the picture."""
        if self.keys[index] in self.without_map:
            raise DataError(self._no_map(self.keys[index]))
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


def read(
    path: Path,
    *,
    categories: Sequence[str] | None = None,
    mask_size: tuple[int, int] | None = None,
    ignore_labels: Sequence[int] = (),
) -> LabelMaps:
    """The pictures of a folder.

    categories: among those of the names file and `scene` (default: all).
    mask_size: (height, width) to take the label maps to (default: 112 x 112).
    ignore_labels: ids that are no label, whatever they are called.
    """
    pictures, without_map = _find(path)
    names_file = _beside(path, NAME_FILES)
    if names_file is None:
        raise DataError(f"{shown(path)}: no {' or '.join(NAME_FILES)} here or in the folder above")
    named = [(number, None if number in ignore_labels else concept) for number, concept in _read_names(names_file)]
    scene_file = _beside(path, (SCENE_FILE,))
    scene_of = _read_scenes(scene_file) if scene_file else {}
    scenes = tuple(scene_of.get(PurePosixPath(picture).stem) for picture in pictures)
    present = sorted(set(filter(None, scenes)))
    known = list(dict.fromkeys([concept.category for _, concept in named if concept] + [SCENE] * bool(present)))
    chosen = choose_categories(categories, known, shown(path))

    ids = [number for number, concept in named if concept and concept.category in chosen]
    concepts = [concept for _, concept in named if concept and concept.category in chosen]
    if SCENE in chosen:
        concepts += [Concept(scene, SCENE) for scene in present]
    no_concept = dict.fromkeys([*(number for number, _ in named), *ignore_labels], -1)
    concept_of = no_concept | {number: index for index, number in enumerate(ids)}
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
        without_map=frozenset(f"images/{picture}" for picture in without_map),
    )


def _find(root: Path) -> tuple[list[str], list[str]]:
    """The pictures, relative to `images/`, and those of them that have no label map.

    Raises `DataError` where two of them would have the same one.
    """
    for folder in ("images", "annotations"):
        if not (root / folder).is_dir():
            raise DataError(f"{shown(root)}: no folder {folder}/; pictures are in images/, maps in annotations/")
    pictures = list_files(root / "images", PICTURES)
    if not pictures:
        raise DataError(f"{shown(root / 'images')}: no image at all; expected {', '.join(PICTURES)}")
    maps = set(list_files(root / "annotations", (".png",)))
    map_of = {picture: str(PurePosixPath(picture).with_suffix(".png")) for picture in pictures}
    check_keys(list(map_of.values()), f"{shown(root)}: two pictures of one label map", pictures)
    without_map = [picture for picture in pictures if map_of[picture] not in maps]
    return pictures, without_map


def _beside(root: Path, names: Sequence[str]) -> Path | None:
    files = (folder / name for folder in (root, root.parent) for name in names)
    return next((file for file in files if file.is_file()), None)


def _read_names(file: Path) -> list[tuple[int, Concept | None]]:
    """(id, concept, or None where it is no label) in the order of ids."""
    if file.suffix == ".csv" and file.stem == "names":
        rows = read_table(file, ["id", "name"])
        named = [
            (
                whole_number(row.cells["id"], "label id", row.where),
                row.cells["name"],
                row.cells.get("category") or OBJECT,
            )
            for row in rows
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
    return [(number, _concept(number, name, category)) for number, name, category in named]


def _concept(number: int, name: str, category: str) -> Concept | None:
    is_void = name == NO_NAME or (number == VOID and name.lower() in VOID_NAMES)
    return None if is_void else Concept(name, category)


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
