"""The pictures on units' pages: files of the site, and what stands below each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...probes.store import Probe
from .class_weights import Classes
from .negation import Negation
from .pictures import Pictures, Shot, layer_png
from .unit_page import UnitReport


@dataclass(frozen=True)
class Picture:
    """An image on a unit's page.

    file, layer: paths from the site's root; no layer where there is nothing to mark.  correct: None where the
    target is not one of the model's classes.  iou: in this image alone.  largest: the unit's largest value.
    formula_points, points: of the image, where the formula holds, and all.  is_active: None where it is not known.
    has_outline: whether it is known where the unit is active.
    """

    file: str
    layer: str | None
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


class Gallery:
    """Writes pictures, each once, and layers to a site's folder."""

    def __init__(self, probe: Probe, pictures: Pictures, classes: Classes, folder: Path) -> None:
        self.pictures, self.classes, self.folder = pictures, classes, folder
        self.images = probe.inputs.images
        self.unit_max = probe.inputs.unit_max if probe.inputs.has("unit_max") else None
        self.sizes: dict[int, tuple[int, int]] = {}
        for name in ("pictures", "layers"):
            (folder / name).mkdir(parents=True)

    def top(self, unit: UnitReport) -> list[Picture]:
        """The images that activate the unit most."""
        return self._shown(unit, "", self.pictures.shots(unit.column, unit.cell_mask))

    def holding(self, unit: UnitReport) -> list[Picture]:
        """The images where the unit's formula holds on most points."""
        return [] if unit.cell_mask is None else self._holding(unit, "f", unit.cell_mask)

    def negated(self, unit: UnitReport, negation: Negation | None) -> list[Picture]:
        """The images where the negated formula holds on most points."""
        return [] if negation is None else self._holding(unit, "n", negation.cell_mask)

    def _holding(self, unit: UnitReport, row: str, cell_mask: np.ndarray) -> list[Picture]:
        is_active = self.classes.is_active(unit.column)
        return self._shown(unit, row, self.pictures.holding_most(unit.column, cell_mask, is_active))

    def _shown(self, unit: UnitReport, row: str, shots: Iterable[Shot]) -> list[Picture]:
        return [self._picture(unit, shot, f"{row}{rank}") for rank, shot in enumerate(shots, start=1)]

    def _picture(self, unit: UnitReport, shot: Shot, place: str) -> Picture:
        file, layer = f"pictures/{shot.image}.jpg", None
        if shot.image not in self.sizes:
            self.sizes[shot.image] = self.pictures.size(shot.image)
            (self.folder / file).write_bytes(self.pictures.jpeg(shot.image))
        if shot.unit_mask.any() or shot.formula_mask.any():
            layer = f"layers/{unit.column}-{place}.png"
            (self.folder / layer).write_bytes(layer_png(shot))
        prediction, target, correct = self.classes.of_input(shot.image)
        is_active = bool(shot.unit_mask.any()) if shot.has_unit_mask else True
        return Picture(
            file, layer, *self.sizes[shot.image], self.images[shot.image], prediction, target, correct, shot.iou,
            None if self.unit_max is None else float(self.unit_max[shot.image, unit.column]),
            int(shot.formula_mask.sum()), shot.formula_mask.size,
            is_active if shot.has_unit_mask or self.classes.active is not None else None, shot.has_unit_mask,
        )  # fmt: skip
