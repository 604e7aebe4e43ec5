"""The pictures on units' pages: files of the site, and what stands below each."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...probes.store import Probe
from .class_weights import Classes
from .contributions import Contribution
from .layers import layers_png
from .negation import Negation
from .pictures import Pictures, Shot
from .unit_page import UnitReport

MOST_WRONG = 3
"""How many misses are shown, and how many false alarms."""
MOST_PARTS = 8
"""Of how many concepts of a formula an example is shown."""
MOST_TILES = 30
"""Layers in a file; `report.css` has a place for each."""
JPEG_SIZE, JPEG_QUALITY = 320, 80
"""Pictures are shown small, each on many pages."""


@dataclass(frozen=True)
class Tile:
    """Where a layer is found: which of how many, one below the other, in a file seen from the site's root."""

    file: str
    number: int
    of: int


@dataclass(frozen=True)
class Picture:
    """An image on a unit's page.

    file: its path from the site's root.  correct: None where the target is not one of the model's classes.
    iou: in this image alone.  largest: the unit's largest value.  formula_points, points: of the image, where the
    formula holds, and all.  is_active: None where it is not known.  has_outline: whether it is known where the unit is
    active.
    """

    file: str
    layer: Tile
    width: int
    height: int
    key: str
    prediction: str | None
    target: str | None
    correct: bool | None
    iou: Fraction | None
    largest: float | None
    formula_points: int
    points: int
    is_active: bool | None
    has_outline: bool


@dataclass(frozen=True)
class PartPicture:
    """What a concept of the formula does, with an image where it does so most; None where no picture shows it."""

    part: Contribution
    picture: Picture | None


@dataclass(frozen=True)
class UnitPictures:
    """top: the images with the highest values.  parts: an example for each concept of the formula.

    misses: images where the unit is active and the formula holds nowhere; alarms: where the formula holds and the unit
    is active nowhere.  negated: where the formula with a leaf negated holds most.
    """

    top: Sequence[Picture]
    parts: Sequence[PartPicture]
    misses: Sequence[Picture]
    alarms: Sequence[Picture]
    negated: Sequence[Picture]

    @property
    def n_against(self) -> int:
        """Of the top images, those in which the formula holds nowhere that the unit is active."""
        return sum(picture.iou == 0 for picture in self.top)


class Gallery:
    """Writes pictures, each once, and the layers of each unit to a site's folder."""

    def __init__(self, probe: Probe, pictures: Pictures, classes: Classes, folder: Path) -> None:
        self.pictures, self.classes, self.folder = pictures, classes, folder
        self.images = probe.inputs.images
        self.unit_max = probe.inputs.unit_max if probe.inputs.has("unit_max") else None
        self.sizes: dict[int, tuple[int, int]] = {}
        self.first: dict[int, Picture] = {}
        for name in ("pictures", "layers"):
            (folder / name).mkdir(parents=True)

    def unit(self, unit: UnitReport, negation: Negation | None) -> UnitPictures:
        """All of a unit.  negation: of a leaf that is worth a look."""
        rows = _Rows(self.pictures, unit, self.classes.is_active(unit.column), self.unit_max)
        parts = [(part, rows.most(part.cell_mask, 1)) for part in unit.contributions[:MOST_PARTS]]
        shown = [rows.top, *(shots for _, shots in parts), rows.misses(), rows.alarms()]
        shown.append(rows.most(negation.cell_mask, len(rows.top)) if negation else [])
        top, *of_parts, misses, alarms, negated = self._written(unit, shown)
        if top:
            self.first[unit.column] = top[0]
        examples = [PartPicture(part, next(iter(found), None)) for (part, _), found in zip(parts, of_parts)]
        return UnitPictures(top, examples, misses, alarms, negated)

    def _written(self, unit: UnitReport, rows: Sequence[Sequence[Shot]]) -> list[list[Picture]]:
        shots, pictures = [shot for row in rows for shot in row], []
        for first in range(0, len(shots), MOST_TILES):
            sheet, file = shots[first : first + MOST_TILES], f"layers/{unit.column}-{first // MOST_TILES + 1}.png"
            (self.folder / file).write_bytes(layers_png(sheet))
            pictures += [self._picture(unit, shot, Tile(file, n, len(sheet))) for n, shot in enumerate(sheet)]
        shown = iter(pictures)
        return [[next(shown) for _ in row] for row in rows]

    def _picture(self, unit: UnitReport, shot: Shot, layer: Tile) -> Picture:
        file = f"pictures/{shot.image}.jpg"
        if shot.image not in self.sizes:
            self.sizes[shot.image] = self._write_small(shot.image, self.folder / file)
        prediction, target, correct = self.classes.of_input(shot.image)
        is_active = bool(shot.unit_mask.any()) if shot.has_unit_mask else True
        return Picture(
            file, layer, *self.sizes[shot.image], self.images[shot.image], prediction, target, correct, shot.iou,
            None if self.unit_max is None else float(self.unit_max[shot.image, unit.column]),
            int(shot.formula_mask.sum()), shot.formula_mask.size,
            is_active if shot.has_unit_mask or self.classes.active is not None else None, shot.has_unit_mask,
        )  # fmt: skip

    def _write_small(self, image: int, file: Path) -> tuple[int, int]:
        """Write the picture, no larger than it is shown; its width and height."""
        with self.pictures.opened(image) as picture:
            picture.thumbnail((JPEG_SIZE, JPEG_SIZE))
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
            file.write_bytes(buffer.getvalue())
            return picture.size


class _Rows:
    """Chooses the images of one unit.

    active: bool (n_images,): where the unit is; None where that is not kept.  values: float (n_images, n_units).
    """

    def __init__(
        self, pictures: Pictures, unit: UnitReport, active: np.ndarray | None, values: np.ndarray | None
    ) -> None:
        self.pictures, self.unit, self.active = pictures, unit, active
        self.top = pictures.shots(unit.column, unit.cell_mask)
        self._values = None if values is None else values[pictures.pictured, unit.column]
        self._areas = None if unit.cell_mask is None else pictures.areas(unit.cell_mask)

    def most(self, cell_mask: np.ndarray, most: int) -> list[Shot]:
        """Where this holds on most points; an image in which the unit is active counts twice."""
        areas = self.pictures.areas(cell_mask)
        worth = areas if self.active is None else areas * (1 + self.active[self.pictures.pictured])
        order = np.argsort(-worth, kind="stable")[:most]
        return self._shots(order[areas[order] > 0], cell_mask)

    def misses(self) -> list[Shot]:
        """Where the unit is active and the formula holds nowhere, by the unit's largest value; none of the top ones."""
        if self._areas is None or self.active is None:
            return []
        pictured = self.pictures.pictured
        wrong = (
            self.active[pictured] & (self._areas == 0) & ~np.isin(pictured, self.pictures.top_images[self.unit.column])
        )
        return self._worst(wrong, np.zeros(len(wrong)) if self._values is None else self._values)

    def alarms(self) -> list[Shot]:
        """Where the formula holds and the unit is active nowhere, by the formula's points."""
        if self._areas is None or self.active is None:
            return []
        return self._worst(~self.active[self.pictures.pictured] & (self._areas > 0), self._areas)

    def _worst(self, wrong: np.ndarray, worth: np.ndarray) -> list[Shot]:
        (places,) = np.nonzero(wrong)
        order = places[np.argsort(-worth[places], kind="stable")[:MOST_WRONG]]
        assert self.unit.cell_mask is not None
        return self._shots(order, self.unit.cell_mask)

    def _shots(self, places: Iterable[int], cell_mask: np.ndarray) -> list[Shot]:
        return [self.pictures.shot(int(place), cell_mask, self.unit.column, self.active) for place in places]
