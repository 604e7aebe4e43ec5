"""COCO panoptic segmentation: things and stuff.

`annotations/panoptic_SPLIT.json` lists images, categories (`isthing` 1 or 0) and, for each image, the
category of each segment; a PNG in `annotations/panoptic_SPLIT/` gives each point its segment,
red + 256 * green + 65536 * blue, 0 for none.  The pictures are in `SPLIT/`, `images/SPLIT/` or `images/`.

Kirillov et al., Panoptic Segmentation (CVPR 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image

from ...solver.errors import DataError, UsageError
from .annotated_images import Annotation, Concept, Described, check_concepts, check_keys, choose_categories
from .files import (
    check_relative,
    check_same_shape,
    nearest,
    open_image,
    picture_size,
    read_json,
    read_rgb_map,
    safe_path,
    shown,
)

MASK_SIZE = (112, 112)
CATEGORIES = ("thing", "stuff")


@dataclass(frozen=True, eq=False, repr=False)
class CocoPanoptic(Described):
    """A split of COCO panoptic; see `AnnotatedImages`."""

    pictures: Path
    maps: Path
    map_names: tuple[str, ...]
    segments: np.ndarray
    """int32 (2, n): ids of the segments, ascending within an image, and their concepts (-1: none)."""
    starts: np.ndarray
    """int64 (n_images + 1,): the segments of image i are `segments[:, starts[i]:starts[i + 1]]`."""

    def _picture(self, index: int) -> Path:
        below = "" if self.pictures == self.root else f"{self.pictures.relative_to(self.root).as_posix()}/"
        return safe_path(self.pictures, self.keys[index].removeprefix(below))

    def image(self, index: int) -> Image:
        """The picture."""
        return open_image(self._picture(index))

    def annotation(self, index: int) -> Annotation:
        """One plane; DataError if the segment map has not the shape of the picture."""
        picture = self._picture(index)
        path = safe_path(self.maps, self.map_names[index])
        channels = read_rgb_map(path)
        check_same_shape(picture_size(picture), channels.shape[:2], picture, path)
        ids = nearest(channels, self.mask_size).astype(np.int32) @ np.array([1, 256, 65536], np.int32)
        first, end = self.starts[index % len(self.keys)], self.starts[index % len(self.keys) + 1]
        known, concepts = self.segments[:, first:end]
        at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
        wrong = known[at] != ids
        if wrong.any():
            raise DataError(
                f"{shown(path)}: segment id {ids[wrong][0]} is not in {self.metadata_files[0].name}, whose largest "
                f"for this image is {known[-1]}; {np.unique(ids[wrong]).size} such ids"
            )
        return Annotation(concepts[at][None])

    def target(self, index: int) -> str | None:
        """None: COCO has no scenes."""
        return None


def read(
    path: Path, *, categories: Sequence[str] | None = None, mask_size: tuple[int, int] | None = None
) -> CocoPanoptic:
    """The split of a folder, or of one `panoptic_SPLIT.json` where the folder has several.

    categories: `thing`, `stuff` or both (default).
    mask_size: (height, width) to take the segment maps to (default: 112 x 112).
    """
    chosen = choose_categories(categories, CATEGORIES, shown(path))
    file = path if path.is_file() else _only_json(path)
    root = file.parent.parent if file.parent.name == "annotations" else file.parent
    content = read_json(file)
    images, annotations, kinds = (_records(content, key, file) for key in ("images", "annotations", "categories"))
    concepts, concept_of = _concepts(kinds, chosen, file)
    file_of = {_get(item, "id", int, at): _path(item, at) for at, item in images}
    check_keys([str(_get(item, "id", int, at)) for at, item in images], f"{shown(file)} ids", [at for at, _ in images])
    keys, map_names, segments = [], [], []
    for at, item in annotations:
        image_id = _get(item, "image_id", int, at)
        if image_id not in file_of:
            raise DataError(f"{at}: image_id {image_id} is not among the images")
        keys.append(file_of[image_id])
        map_names.append(_path(item, at))
        segments.append(_segments(item, concept_of, at))
    if not keys:
        raise DataError(f"{shown(file)}: no image at all; 'annotations' is empty")
    check_keys(map_names, f"{shown(file)}: two pictures of one segment map", keys)
    split = file.stem.removeprefix("panoptic_")
    pictures = _folder((root / split, root / "images" / split, root / "images", root), keys[0], "pictures", file)
    below = "" if pictures == root else f"{pictures.relative_to(root).as_posix()}/"
    return CocoPanoptic(
        name=f"{root.name}/{split}",
        root=root,
        concepts=concepts,
        keys=tuple(f"{below}{key}" for key in keys),
        mask_size=mask_size or MASK_SIZE,
        metadata_files=(file,),
        pictures=pictures,
        maps=_folder((file.with_suffix(""), root / file.stem, file.parent), map_names[0], "segment maps", file),
        map_names=tuple(map_names),
        segments=np.concatenate(segments, axis=1),
        starts=np.cumsum([0] + [part.shape[1] for part in segments]),
    )


def _only_json(root: Path) -> Path:
    files = sorted(root.glob("annotations/panoptic_*.json")) or sorted(root.glob("panoptic_*.json"))
    if not files:
        raise DataError(f"{shown(root)}: no annotations/panoptic_SPLIT.json")
    if len(files) > 1:
        raise UsageError(f"{shown(root)}: choose one of {', '.join(f'coco:{shown(file)}' for file in files)}")
    return files[0]


def _folder(candidates: Sequence[Path], first: str, what: str, file: Path) -> Path:
    """The first folder that holds the first file."""
    for folder in candidates:
        if (folder / first).is_file():
            return folder
    places = ", ".join(shown(folder) for folder in candidates)
    raise DataError(f"{shown(file)}: no folder with its {what}: {first!r} is in none of {places}")


def _concepts(
    kinds: Sequence[tuple[str, Any]], chosen: Sequence[str], file: Path
) -> tuple[tuple[Concept, ...], dict[int, int]]:
    """The concepts in the file's order, and the concept (-1: not chosen) of each category number."""
    concepts: list[Concept] = []
    concept_of: dict[int, int] = {}
    for at, item in kinds:
        number = _get(item, "id", int, at)
        if number in concept_of:
            raise DataError(f"{at}: category id {number} is there twice")
        concept = Concept(_get(item, "name", str, at), "thing" if _get(item, "isthing", int, at) else "stuff")
        concept_of[number] = len(concepts) if concept.category in chosen else -1
        concepts += [concept] if concept.category in chosen else []
    return check_concepts(concepts, shown(file)), concept_of


def _segments(item: Any, concept_of: dict[int, int], where: str) -> np.ndarray:
    """int32 (2, n): segment ids, ascending, with 0 for no segment, and their concepts."""
    found = {0: -1}
    for segment in _get(item, "segments_info", list, where):
        number, category = _get(segment, "id", int, where), _get(segment, "category_id", int, where)
        if category not in concept_of:
            raise DataError(f"{where}: category_id {category} is not in 'categories'")
        if not 0 < number < 2**24 or number in found:
            raise DataError(f"{where}: segment id {number} is there twice or not from 1 to {2**24 - 1}")
        found[number] = concept_of[category]
    return np.array(sorted(found.items()), np.int32).T


def _records(content: Any, key: str, file: Path) -> list[tuple[str, Any]]:
    """The list under a key, each item with where it stands."""
    items = content.get(key) if isinstance(content, dict) else None
    if not isinstance(items, list):
        raise DataError(f"{shown(file)}: no list {key!r}")
    return [(f"{shown(file)} {key}[{index}]", item) for index, item in enumerate(items)]


def _get(item: Any, key: str, kind: type, where: str) -> Any:
    value = item.get(key) if isinstance(item, dict) else None
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)  # as pandas writes a column that has gaps
    if not isinstance(value, kind):
        raise DataError(f"{where}: {key!r} is {str(value)[:40]!r}; expected {kind.__name__}")
    return value


def _path(item: Any, where: str) -> str:
    return check_relative(_get(item, "file_name", str, where), where)
