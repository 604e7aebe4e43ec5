"""The full ADE20K (2021 release): every object, and their parts and parts of parts.

Somewhere below the folder stand `X.jpg`, `X_seg.png` (objects), `X_parts_1.png`, `X_parts_2.png`, ...
(parts, parts of parts) and `X.json`.  The class code of a point is (red // 10) * 256 + green, 0 for
none; blue tells instances apart and is not read.  The JSON files give the name of each code
(`name_ndx`) and the scene.  `index_ade20k.pkl` is never read: unpickling runs code.

Zhou et al., Semantic Understanding of Scenes through the ADE20K Dataset (IJCV 2019).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image

from ...solver.errors import DataError
from .annotated_images import Annotation, Concept, Described, check_concepts, choose_categories, distinct_names
from .files import (
    check_relative,
    check_same_shape,
    id_table,
    nearest,
    open_image,
    picture_size,
    read_json,
    read_rgb_map,
    safe_path,
    shown,
    to_concepts,
)

MASK_SIZE = (112, 112)
"""What Broden took ADE20K's label maps to."""
OBJECT, PART, SCENE = "object", "part", "scene"
MAX_CODE = 25 * 256 + 255


@dataclass
class _Names:
    """What the JSON files say: the synonyms of each code, and how often it is an object or a part."""

    synonyms: dict[int, str] = field(default_factory=dict)
    uses: dict[int, Counter[str]] = field(default_factory=dict)
    scenes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, repr=False)
class Ade20k(Described):
    """The full ADE20K; see `AnnotatedImages`."""

    maps: tuple[tuple[str, ...], ...]
    """Per image, the label maps of the chosen categories, relative to `root`."""
    scenes: tuple[str | None, ...]
    scene_concepts: dict[str, int]
    table: np.ndarray
    """int32, class code -> concept index; -1 for codes of other categories."""

    def image(self, index: int) -> Image:
        """The picture."""
        return open_image(safe_path(self.root, self.keys[index]))

    def annotation(self, index: int) -> Annotation:
        """One plane per label map; DataError if one has not the shape of the picture."""
        picture = safe_path(self.root, self.keys[index])
        size = picture_size(picture)
        planes = np.full((len(self.maps[index]), *self.mask_size), -1, np.int32)
        for plane, relative in zip(planes, self.maps[index], strict=True):
            path = safe_path(self.root, relative)
            channels = read_rgb_map(path)
            check_same_shape(size, channels.shape[:2], picture, path)
            channels = nearest(channels, self.mask_size).astype(np.int32)
            codes = channels[..., 0] // 10 * 256 + channels[..., 1]
            plane[:] = to_concepts(codes, self.table, path, "the JSON files")
        scene = self.scene_concepts.get(self.scenes[index] or "")
        return Annotation(planes, () if scene is None else (scene,))

    def target(self, index: int) -> str | None:
        """The scene of its JSON file, e.g. `street-s`."""
        return self.scenes[index]


def read(path: Path, *, categories: Sequence[str] | None = None, mask_size: tuple[int, int] | None = None) -> Ade20k:
    """The images below a folder.

    categories: among `object`, `part` and `scene` (default: all).
    mask_size: (height, width) to take the label maps to (default: 112 x 112).
    """
    maps, json_files = _find(path)
    names = _read_names(path, json_files)
    known = [OBJECT, PART] + ([SCENE] if names.scenes else [])
    chosen = choose_categories(categories, known, shown(path))
    concepts, concept_of = _concepts(names, chosen, path)
    keys = tuple(sorted(maps))
    return Ade20k(
        name=path.name,
        root=path,
        concepts=concepts,
        keys=keys,
        mask_size=mask_size or MASK_SIZE,
        metadata_files=tuple(path / name for name in json_files.values()),
        maps=tuple(tuple(_of_levels(maps[key], chosen)) for key in keys),
        scenes=tuple(names.scenes.get(key) for key in keys),
        scene_concepts={c.name: index for index, c in enumerate(concepts) if c.category == SCENE},
        table=id_table(concept_of),
    )


def _of_levels(maps: Sequence[str], chosen: Sequence[str]) -> Iterable[str]:
    yield from maps[:1] if OBJECT in chosen else ()
    yield from maps[1:] if PART in chosen else ()


def _find(root: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Of each picture its label maps (objects, then parts level by level) and its JSON file, if any."""
    maps: dict[str, list[str]] = {}
    json_files: dict[str, str] = {}
    bare = []
    for parent, folders, names in os.walk(root):
        there = set(names)
        stems = sorted(name.removesuffix(".jpg") for name in names if name.endswith(".jpg"))
        folders[:] = sorted(set(folders) - set(stems))  # X/ holds a mask per instance of X.jpg
        for stem in stems:
            base = check_relative((Path(parent).relative_to(root) / stem).as_posix(), shown(root))
            if f"{stem}_seg.png" not in there:
                bare.append(f"{base}.jpg")
                continue
            maps[f"{base}.jpg"] = [f"{base}_seg.png"]
            while f"{stem}_parts_{len(maps[f'{base}.jpg'])}.png" in there:
                maps[f"{base}.jpg"].append(f"{base}_parts_{len(maps[f'{base}.jpg'])}.png")
            if f"{stem}.json" in there:
                json_files[f"{base}.jpg"] = f"{base}.json"
    if bare:
        raise DataError(f"{shown(root / bare[0])}: has no _seg.png beside it ({len(bare)} such pictures)")
    if not maps:
        raise DataError(f"{shown(root)}: no image at all; expected X.jpg with X_seg.png, in any folder below")
    return maps, json_files


def _read_names(root: Path, json_files: dict[str, str]) -> _Names:
    names = _Names()
    for key, relative in json_files.items():
        path = safe_path(root, relative)
        content = read_json(path, fallback="latin-1")  # a few files of the release are not UTF-8
        annotation = content.get("annotation") if isinstance(content, dict) else None
        if not isinstance(annotation, dict) or not isinstance(annotation.get("object"), list):
            raise DataError(f"{shown(path)}: no 'annotation' with a list 'object'")
        for item in annotation["object"]:
            _add_object(names, item, path)
        scene = _scene(annotation.get("scene"))
        if scene:
            names.scenes[key] = scene
    if not names.synonyms:
        raise DataError(
            f"{shown(root)}: no X.json with class names beside any X.jpg; the 2021 release of ADE20K has them"
        )
    return names


def _add_object(names: _Names, item: Any, path: Path) -> None:
    """Count one annotated object; those that have no class (an empty list for number or name) are left out."""
    code, name = (item.get("name_ndx"), item.get("name")) if isinstance(item, dict) else (None, None)
    if not isinstance(code, int) or not isinstance(name, str) or code == 0:
        return
    if not 0 < code <= MAX_CODE:
        raise DataError(f"{shown(path)}: name_ndx {code} is not a class code; the largest is {MAX_CODE}")
    name = name.strip()
    if names.synonyms.setdefault(code, name) != name:
        raise DataError(f"{shown(path)}: name_ndx {code} is {name!r}, elsewhere {names.synonyms[code]!r}")
    parts = item.get("parts")
    level = parts.get("part_level") if isinstance(parts, dict) else None
    names.uses.setdefault(code, Counter())[PART if isinstance(level, int) and level > 0 else OBJECT] += 1


def _scene(scene: Any) -> str | None:
    """`["outdoor", "urban", "street"]` as `street-s`: without the place's kind and group."""
    words = [scene] if isinstance(scene, str) else scene if isinstance(scene, list) else []
    words = [str(word) for word in (words[2:] or words[-1:])]
    return f"{'_'.join(words)}-s" if any(words) else None


def _concepts(names: _Names, chosen: Sequence[str], root: Path) -> tuple[tuple[Concept, ...], dict[int, int]]:
    """The concepts (classes by code, then scenes by name) and the concept of each code.

    A class that is now an object, now a part, has the category that it has more often.  A code whose
    name is blank is no concept.
    """
    codes = sorted(names.synonyms)
    short = distinct_names([(code, names.synonyms[code]) for code in codes])
    concepts: list[Concept] = []
    concept_of = dict.fromkeys(codes, -1)
    for code, name in zip(codes, short, strict=True):
        uses = {category: names.uses[code][category] for category in (OBJECT, PART) if category in chosen}
        category = max(uses, key=lambda category: uses[category], default=OBJECT)
        if name and uses.get(category):
            concept_of[code] = len(concepts)
            concepts.append(Concept(name, category))
    if SCENE in chosen:
        concepts += [Concept(scene, SCENE) for scene in sorted(set(names.scenes.values()))]
    return check_concepts(concepts, shown(root)), concept_of
