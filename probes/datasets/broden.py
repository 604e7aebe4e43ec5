"""The Broden dataset of Network Dissection, and whatever is stored in its form.

A folder with `index.csv` (one row per image), `category.csv`, `label.csv` and `images/`.  A category
cell of the index is empty or holds entries joined by `;`: a number is a label of the whole image, a
path is a PNG whose pixels are label numbers, red + 256 * green, 0 for none.  Several entries (the
levels of parts) are several planes.

Bau et al., Network Dissection (CVPR 2017), section 2.1; Mu and Andreas (NeurIPS 2020), section 3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL.Image import Image

from ...solver.errors import DataError, did_you_mean
from .annotated_images import Annotation, Concept, Described, check_concepts, choose_categories
from .files import (
    Row,
    check_relative,
    check_same_shape,
    id_table,
    is_number,
    nearest,
    open_image,
    read_rgb_map,
    read_table,
    safe_path,
    shown,
    to_concepts,
    whole_number,
)

SCENE = "scene"
_CATEGORY_COUNT = re.compile(r"\s*([^();]+?)\s*(?:\((\d{1,18})\))?\s*")


@dataclass(frozen=True)
class _Entry:
    """One row of the index: the size of its label maps, their paths, and the labels of the whole image."""

    where: str
    size: tuple[int, int]
    maps: tuple[str, ...]
    labels: tuple[int, ...]
    scene: str | None


@dataclass(frozen=True, eq=False, repr=False)
class Broden(Described):
    """A dataset in the Broden form; see `AnnotatedImages`."""

    entries: tuple[_Entry, ...]
    table: np.ndarray
    """int32, label number -> concept index; -1 for labels of other categories."""

    def where(self, index: int) -> str:
        """Its line in the index."""
        return self.entries[index].where

    def image(self, index: int) -> Image:
        """The picture; DataError if its shape is not that of its label maps."""
        entry = self.entries[index]
        path = safe_path(self.root / "images", self.keys[index].removeprefix("images/"), entry.where)
        picture = open_image(path)
        check_same_shape((picture.height, picture.width), entry.size, path, entry.where)
        return picture

    def annotation(self, index: int) -> Annotation:
        """One plane per label map of the chosen categories."""
        entry = self.entries[index]
        planes = np.full((len(entry.maps), *self.mask_size), -1, np.int32)
        for plane, relative in zip(planes, entry.maps, strict=True):
            path = safe_path(self.root / "images", relative, entry.where)
            channels = read_rgb_map(path, grey=True)
            if channels.shape[:2] != entry.size:
                raise DataError(
                    f"{shown(path)}: label map of {channels.shape[0]} x {channels.shape[1]} (height x width); "
                    f"{entry.where} says {entry.size[0]} x {entry.size[1]}"
                )
            ids = nearest(channels, self.mask_size).astype(np.int32) @ np.array([1, 256, 0], np.int32)
            plane[:] = to_concepts(ids, self.table, path, "label.csv")
        whole = (int(self.table[label]) for label in entry.labels)
        return Annotation(planes, tuple(sorted({concept for concept in whole if concept >= 0})))

    def target(self, index: int) -> str | None:
        """The name of its scene label."""
        return self.entries[index].scene


def read(
    path: Path,
    *,
    categories: Sequence[str] | None = None,
    mask_size: tuple[int, int] | None = None,
    ignore_labels: Sequence[int] = (),
) -> Broden:
    """The dataset in a folder, or that of one index file in it (`PATH/index_ade20k.csv`).

    categories: the category columns to read (default: all that `category.csv` names and the index has).
    mask_size: (height, width) to take the label maps to (default: their own, which must all agree).
    ignore_labels: numbers that are no label, whatever they are called.
    """
    index_file = path if path.is_file() else path / "index.csv"
    root = index_file.parent
    files = (index_file, root / "category.csv", root / "label.csv")
    known = [row.cells["name"] for row in read_table(files[1], ["name"])]
    rows = read_table(index_file, ["image", "sh", "sw"])
    if not rows:
        raise DataError(f"{shown(index_file)}: no image at all; at least one row is needed")
    known = _columns(known, list(rows[0].cells), index_file)
    chosen = choose_categories(categories, known, shown(index_file))
    names, concepts, table = _labels(files[2], chosen, ignore_labels)
    entries = tuple(_entry(row, chosen, names) for row in rows)
    return Broden(
        name=root.name if index_file.name == "index.csv" else f"{root.name}/{index_file.name}",
        root=root,
        concepts=concepts,
        keys=tuple(f"images/{check_relative(row.cells['image'], row.where)}" for row in rows),
        mask_size=mask_size or _common_size(entries),
        metadata_files=files,
        entries=entries,
        table=table,
    )


def _columns(categories: Sequence[str], columns: Sequence[str], index_file: Path) -> list[str]:
    """The categories that the index has a column for; DataError where it has one of nearly that name."""
    for name in categories:
        if name not in columns and (near := did_you_mean(name, set(columns) - set(categories))):
            raise DataError(f"{shown(index_file)}: no column {name!r}{near}")
    return [name for name in categories if name in columns]


def _labels(
    file: Path, chosen: Sequence[str], ignored: Sequence[int]
) -> tuple[dict[int, str], tuple[Concept, ...], np.ndarray]:
    """Names of all labels, the concepts in label order, and the table from label to concept."""
    names: dict[int, str] = {}
    category_of: dict[int, str] = {}
    for row in read_table(file, ["number", "name", "category"]):
        number = whole_number(row.cells["number"], "label number", row.where)
        if number == 0:  # "no label" in the maps, whatever it is called
            continue
        if number in names:
            raise DataError(f"{row.where}: label number {number} is there twice")
        names[number] = row.cells["name"]
        counts = _counts(row, chosen)
        if counts and number not in ignored:
            category_of[number] = max(counts, key=lambda category: counts[category])
    order = sorted(category_of)
    concepts = check_concepts([Concept(names[n], category_of[n]) for n in order], shown(file))
    concept_of = dict.fromkeys([*names, *ignored], -1) | {number: index for index, number in enumerate(order)}
    return names, concepts, id_table(concept_of)


def _counts(row: Row, chosen: Sequence[str]) -> dict[str, int]:
    """`object(12);part(3)` as the chosen categories and their numbers of images."""
    counts = {}
    for item in filter(str.strip, row.cells["category"].split(";")):
        match = _CATEGORY_COUNT.fullmatch(item)
        if match is None:
            raise DataError(f"{row.where}: category {item[:40]!r} is not of the form name(count)")
        if match[1] in chosen:
            counts[match[1]] = int(match[2] or 0)
    return counts


def _entry(row: Row, chosen: Sequence[str], names: dict[int, str]) -> _Entry:
    maps: list[str] = []
    labels: list[int] = []
    for category in chosen:
        for item in _items(row.cells[category]):
            if is_number(item):
                labels.append(_label(item, category, row, names))
            else:
                maps.append(check_relative(item, row.where))
    scenes = [item for item in _items(row.cells.get(SCENE, "")) if is_number(item)]
    height, width = (whole_number(row.cells[column], column, row.where, least=1) for column in ("sh", "sw"))
    return _Entry(
        where=row.where,
        size=(height, width),
        maps=tuple(maps),
        labels=tuple(labels),
        scene=names.get(_label(scenes[0], SCENE, row, names)) if scenes else None,
    )


def _items(cell: str) -> list[str]:
    return [item.strip() for item in cell.split(";") if item.strip()]


def _label(item: str, category: str, row: Row, names: dict[int, str]) -> int:
    number = whole_number(item, f"{category} label", row.where)
    if number and number not in names:
        raise DataError(f"{row.where}: {category} label {number} is not in label.csv, whose largest is {max(names)}")
    return number


def _common_size(entries: Sequence[_Entry]) -> tuple[int, int]:
    size = entries[0].size
    other = [entry for entry in entries if entry.size != size]
    if other:
        (rows, columns), first = other[0].size, f"{size[0]} x {size[1]}"
        raise DataError(
            f"{other[0].where}: label maps of {rows} x {columns} (height x width), in the first row {first}; "
            f"{len(other)} rows differ: choose one mask size for all"
        )
    return size
