"""Units that are active on so few points that a high IoU says little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .unit_page import UnitReport

LEAST_POINTS = 25
"""As many as a concept of words has to hold on unless `--min-points` says otherwise."""


def least_points(about: Mapping[str, Any]) -> int:
    """On how many points a unit of the probe should be active: as many as its concepts hold on, and 25 at least."""
    concepts = (about.get("settings") or {}).get("concepts")
    said = concepts.get("min_points") if isinstance(concepts, Mapping) else None
    return max(said, LEAST_POINTS) if isinstance(said, int) else LEAST_POINTS


def on_few_points(units: Sequence[UnitReport], least: int) -> set[int]:
    """The columns of the units that have a formula, and are active on fewer points."""
    return {unit.column for unit in units if unit.best is not None and unit.active < least}
