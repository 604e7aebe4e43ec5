"""What chance alone explains: of each unit, from an answer of `controls` on the same probe at the run's length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...probes.store import Probe
from .answer_pages import AnswerPage

QUESTION = "controls"
BY_IOU = {"metric": "iou", "fp_weight": "1", "fn_weight": "1"}
FIELDS = ("unit", "max_length", "chance_iou", "p_value", "q_value")


@dataclass(frozen=True)
class ChanceLevel:
    """iou: above it p is at most 0.05, by the unit's masks shuffled.  q: p corrected for the number of units."""

    iou: float
    p: float
    q: float

    @property
    def says(self) -> str:
        """In a sentence."""
        return f"above it p is at most 0.05; here p = {self.p:.2g}, corrected for all units {self.q:.2g}"


def chance_levels(probe: Probe, settings: Mapping[str, Any], answers: Sequence[AnswerPage]) -> dict[int, ChanceLevel]:
    """By the unit's column; empty without such an answer.  settings: of the run; chance is that of an IoU."""
    if any(settings.get(name, usual) != usual for name, usual in BY_IOU.items()):
        return {}
    columns = {name: column for column, name in enumerate(probe.cells.unit_names)}
    for answer in answers:
        if answer.name == QUESTION and answer.digest is not None and probe.has_digest(answer.digest):
            found = {columns[row["unit"]]: _level(row) for row in _rows(answer, settings["max_length"], columns)}
            if found:
                return found
    return {}


def _rows(answer: AnswerPage, length: int, columns: Mapping[str, int]) -> list[Mapping[str, Any]]:
    """Those of the length; none where an earlier version wrote others."""
    rows = [row for row in answer.content.more.get("units", ()) if all(name in row for name in FIELDS)]
    return [row for row in rows if row["max_length"] == length and row["unit"] in columns]


def _level(row: Mapping[str, Any]) -> ChanceLevel:
    return ChanceLevel(float(row["chance_iou"]), float(row["p_value"]), float(row["q_value"]))
