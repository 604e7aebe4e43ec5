"""What the report's first page says: how the run was made, and the units taken together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any

from ...probes.store import Probe
from ...solver.error_weights import ErrorWeights
from ...solver.result import Status
from ..run.folder import Run
from .charts import Histogram, histogram
from .first_view import active_where
from .text import count
from .unit_page import UnitReport

MOST_USED = 12
WEIGHTS = (("fp_weight", "1"), ("fn_weight", "1"))
NAMES = {"fp_weight": "A false positive counts", "fn_weight": "A false negative counts"}


@dataclass(frozen=True)
class Fact:
    """A name and what it is, both text."""

    name: str
    value: str


@dataclass(frozen=True)
class Use:
    """A concept and the number of units whose formula has it."""

    concept: str
    n_units: int


@dataclass(frozen=True)
class Summary:
    """The units taken together.

    explained: those with a formula; means and the median are over them (None without any).  missing: how many
    units of the run have no answer yet.  mean_score: of what ceilings are of, the IoU but where errors are weighed.
    histogram: None where no unit is explained.
    """

    units: Sequence[UnitReport]
    explained: Sequence[UnitReport]
    failed: Sequence[UnitReport]
    missing: int
    statuses: Mapping[Status, int]
    mean_iou: float | None
    mean_score: float | None
    median_score: float | None
    mean_ceiling: float | None
    mean_length: float | None
    histogram: Histogram | None
    uses: Sequence[Use]
    n_concepts_used: int
    n_concepts: int
    categories: Sequence[str]

    @cached_property
    def has_bounds(self) -> bool:
        """Whether something is proven of any unit."""
        return any(unit.bound is not None for unit in self.units)


def summarise(run: Run, units: Sequence[UnitReport], n_concepts: int, errors: ErrorWeights) -> Summary:
    """The summary of the run's finished units.  n_concepts: of the probe.  errors: what they count in the run."""
    explained = [unit for unit in units if unit.best is not None]
    ious = [float(unit.best.iou) for unit in explained if unit.best]
    scores = [float(errors.score(unit.best)) for unit in explained if unit.best]
    ceilings = [unit.ceiling for unit in explained]
    uses = Counter(name for unit in explained if unit.best for name in set(unit.best.formula.atoms()))
    statuses = Counter(unit.status for unit in units)
    return Summary(
        units=units,
        explained=explained,
        failed=[unit for unit in units if unit.status is Status.FAILED],
        missing=len(run.header["units"]) - len(units),
        statuses={status: statuses[status] for status in Status if statuses[status]},
        mean_iou=fmean(ious) if ious else None,
        mean_score=fmean(scores) if scores else None,
        median_score=median(scores) if scores else None,
        mean_ceiling=fmean(ceilings) if ious else None,
        mean_length=fmean(unit.best.formula.length for unit in explained if unit.best) if ious else None,
        histogram=histogram(scores, ceilings, errors.measure),
        uses=[Use(name, n) for name, n in sorted(uses.items(), key=lambda use: (-use[1], use[0]))[:MOST_USED]],
        n_concepts_used=len(uses),
        n_concepts=n_concepts,
        categories=sorted({category for unit in explained for category in unit.categories}),
    )


def probe_facts(probe: Probe) -> list[Fact]:
    """What was probed."""
    about, cells = probe.about, probe.cells
    settings = about.get("settings") or {}
    facts = [Fact(key.capitalize(), str(about[key])) for key in ("model", "layer", "dataset") if about.get(key)]
    numbers = {"Images": about.get("images"), "Points": cells.n_points, "Cells": len(cells)}
    numbers |= {"Concepts": len(cells.concepts.names), "Units": len(cells.unit_names)}
    facts += [Fact(name, count(number)) for name, number in numbers.items() if number is not None]
    if active := active_where(probe):
        where = {"pixels": ", on upsampled maps", "cells": ", on the layer's own maps"}
        facts.append(Fact("Active", f"{active}{where.get(str(settings.get('threshold_on')), '')}"))
    if "device" in settings:
        facts.append(Fact("Device", str(settings["device"])))
    return facts


def search_facts(run: Run) -> list[Fact]:
    """How formulas were searched for; what is the default and says nothing is left out."""
    settings = run.header["settings"]
    width = settings.get("beam_size")
    facts = [
        Fact("Engine", str(settings.get("engine"))),
        Fact("Space", str(settings.get("space"))),
        Fact("Maximum length", str(settings.get("max_length"))),
    ]
    if settings.get("engine") == "beam":
        facts.append(Fact("Beam size", "every distinct function" if width is None else str(width)))
    for key, default in (("penalty", "1"), ("metric", "iou"), ("compat", None), ("top_k", 1), *WEIGHTS):
        if settings.get(key, default) != default:
            facts.append(Fact(NAMES.get(key, key.replace("_", "-").capitalize()), str(settings[key])))
    return facts


def all_settings(run: Run, probe: Probe) -> dict[str, list[Fact]]:
    """Every setting, version and digest by heading: what somebody needs who wants to do it again."""
    groups = {
        "Search": run.header["settings"],
        "Probe": probe.about.get("settings"),
        "Software of the search": run.header.get("versions"),
        "Software of the probe": probe.about.get("versions"),
        "Inputs (sha256)": {**(probe.about.get("inputs") or {}), "probe": run.header["probe"]["digest"]},
    }
    return {heading: list(_flat(group)) for heading, group in groups.items() if group}


def _flat(group: Mapping[str, Any], prefix: str = "") -> Iterator[Fact]:
    for key, value in group.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            yield Fact(f"{prefix}{key}", ", ".join(map(str, value)))
        else:
            yield Fact(f"{prefix}{key}", "-" if value is None else str(value))
