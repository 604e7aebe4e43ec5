"""A run as a static site: an index and a page per unit, opened from disk, with nothing fetched from elsewhere.

    index.html         all units, sortable and searchable
    units/N.html       a page per unit; N is the unit's place in the probe
    pictures/N.jpg     the images shown, each once
    layers/N-R.png     where unit N is active and its formula holds in its R-th top image
    assets/            the style sheet and the script that sorts and filters

The same run gives the same bytes.  Names come from users' data: templates escape everything, nothing is marked
safe, no name becomes a file's name, and a content security policy forbids inline script.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...probes.folders import check_output, new_folder
from ...probes.store import Probe
from ...probes.versions import versions
from ..runs import Run
from . import charts, text
from .index import Summary, all_settings, probe_facts, search_facts, summarise
from .pictures import Pictures, layer_png
from .sentences import Sentences
from .units import UnitReport, read_units

TEMPLATES = Path(__file__).with_name("templates")
ASSETS = ("report.css", "report.js", "icon.svg")
GENERATOR = '<meta name="generator" content="compexact report">'
MOST_WEIGHTS = 5

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Picture:
    """An image on a unit's page.

    file, layer: paths from the site's root; no layer where there is nothing to mark.  correct: None where the
    target is not one of the model's classes.  iou: in this image alone.  largest: the unit's largest value.
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
    is_active: bool


@dataclass(frozen=True)
class Weight:
    """How strongly a unit speaks for a class."""

    label: str
    value: float


def write_report(
    run: Run, probe: Probe, folder: Path, *, force: bool = False, on_progress: Progress | None = None
) -> Path:
    """Write the site of a run, whole or not at all; give the path of its index.html.

    probe: the one that the run was made from (`run.open_probe()`).
    force: replace the report that lies there.
    on_progress: called with (what is being done, how many units are done, of how many).

    Raises `UsageError` where the folder exists, or with `force` holds something else than a report; `DataError`
    where it cannot be written, and where run and probe do not belong together or are damaged.
    """
    folder = Path(folder)
    check_output(folder, force=force, is_ours=is_report)
    units = read_units(run, probe)
    with new_folder(folder, force=force, is_ours=is_report) as partial:
        _Site(run, probe, units, partial).write(on_progress or (lambda what, done, total: None))
    return folder / "index.html"


def is_report(folder: Path) -> bool:
    """Whether a report lies in the folder."""
    index = folder / "index.html"
    return index.is_file() and GENERATOR in index.read_text(encoding="utf-8", errors="replace")[:2000]


class _Site:
    """The pages and files of one report, written to a folder."""

    def __init__(self, run: Run, probe: Probe, units: Sequence[UnitReport], folder: Path) -> None:
        self.run, self.probe, self.units, self.folder = run, probe, units, folder
        self.pictures, self.sentences = Pictures.of(probe), Sentences.of(probe)
        optional = ("unit_max", "predictions", "thresholds", "class_weights")
        self.arrays = {name: probe.arrays[name] for name in optional if name in probe.arrays}
        self.written: dict[int, tuple[int, int]] = {}
        self.environment = _environment()
        self.environment.globals |= {
            "generator": f"compexact {versions(('compexact',)).get('compexact', '')}".strip(),
            "subject": " · ".join(str(probe.about[key]) for key in ("model", "layer") if probe.about.get(key)),
            "dataset": str(probe.about.get("dataset") or ""),
            "settings": run.header["settings"],
            "run_name": Path(os.path.abspath(run.path)).name,
        }

    def write(self, on_progress: Progress) -> None:
        """Everything, in any folder that does not exist."""
        for name in ("units", "assets", *(("pictures", "layers") if self.pictures else ())):
            (self.folder / name).mkdir(parents=True)
        for name in ASSETS:
            shutil.copyfile(TEMPLATES / name, self.folder / "assets" / name)
        summary = summarise(self.run, self.units, len(self.probe.cells.concepts.names))
        self._write_index(summary)
        for place, unit in enumerate(self.units):
            self._write_unit(place, unit)
            on_progress("writing pages", place + 1, len(self.units))

    def _render(self, template: str, path: str, **values: Any) -> None:
        text = self.environment.get_template(template).render(root="../" * path.count("/"), **values)
        (self.folder / path).write_bytes(text.encode("utf-8", "replace"))

    def _write_index(self, summary: Summary) -> None:
        self._render(
            "index.html",
            "index.html",
            summary=summary,
            facts=[*probe_facts(self.probe), *search_facts(self.run)],
            settings_groups=all_settings(self.run, self.probe),
            notes=self.probe.about.get("notes") or [],
            widest=max((unit.ceiling for unit in summary.explained), default=0) or 1,
        )

    def _write_unit(self, place: int, unit: UnitReport) -> None:
        self._render(
            "unit.html",
            unit.page,
            unit=unit,
            before=self.units[place - 1] if place else None,
            after=self.units[place + 1] if place + 1 < len(self.units) else None,
            chart=charts.length_chart(unit.by_length, unit.ceiling, None if unit.bound is None else float(unit.bound)),
            changes=charts.changes(unit.by_length),
            has_pictures=self.pictures is not None,
            pictures=self._pictures(unit),
            pairs=self.sentences.unit(unit.column, unit.cell_mask) if self.sentences else None,
            threshold=self._threshold(unit),
            weights=self._weights(unit),
        )

    def _pictures(self, unit: UnitReport) -> list[Picture]:
        """Write the unit's layers, and its pictures where no unit before had them."""
        if self.pictures is None:
            return []
        shown = []
        for rank, shot in enumerate(self.pictures.shots(unit.column, unit.cell_mask), start=1):
            file = f"pictures/{shot.image}.jpg"
            if shot.image not in self.written:
                self.written[shot.image] = self.pictures.size(shot.image)
                (self.folder / file).write_bytes(self.pictures.jpeg(shot.image))
            layer = None
            if shot.unit_mask.any() or shot.formula_mask.any():
                layer = f"layers/{unit.column}-{rank}.png"
                (self.folder / layer).write_bytes(layer_png(shot))
            width, height = self.written[shot.image]
            prediction, target, correct = self._classes(shot.image)
            values = self.arrays.get("unit_max")
            largest = None if values is None else float(values[shot.image, unit.column])
            shown.append(
                Picture(
                    file, layer, width, height, str(self.probe.names["images"][shot.image]),
                    prediction, target, correct, shot.iou, largest, bool(shot.unit_mask.any()),
                )
            )  # fmt: skip
        return shown

    def _classes(self, image: int) -> tuple[str | None, str | None, bool | None]:
        """The image's prediction and target, and whether they agree."""
        targets, predictions = self.probe.names.get("targets"), self.arrays.get("predictions")
        target = targets[image] if targets else None
        number = -1 if predictions is None else int(predictions[image])
        prediction = self._class_name(number) if number >= 0 else None
        comparable = prediction is not None and target in self.probe.names.get("classes", ())
        return prediction, target, prediction == target if comparable else None

    def _class_name(self, number: int) -> str:
        classes = self.probe.names.get("classes") or ()
        return str(classes[number]) if number < len(classes) else f"class {number}"

    def _threshold(self, unit: UnitReport) -> float | None:
        thresholds = self.arrays.get("thresholds")
        return None if thresholds is None else float(thresholds[unit.column])

    def _weights(self, unit: UnitReport) -> tuple[list[Weight], list[Weight]]:
        """The classes that the unit speaks for and against most, where the last layer has one input per unit."""
        weights = self.arrays.get("class_weights")
        if weights is None or weights.shape[1] != len(self.probe.cells.unit_names):
            return [], []
        column = weights[:, unit.column]
        order = np.argsort(-column, kind="stable").tolist()
        most, least = order[:MOST_WEIGHTS], order[: -MOST_WEIGHTS - 1 : -1]
        return (
            [Weight(self._class_name(number), float(column[number])) for number in most if column[number] > 0],
            [Weight(self._class_name(number), float(column[number])) for number in least if column[number] < 0],
        )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ratio": text.ratio,
        "count": text.count,
        "decimal": text.decimal,
        "tokens": text.tokens,
    }
    environment.globals |= {
        "percent": text.percent,
        "plot": charts,
    }
    return environment
