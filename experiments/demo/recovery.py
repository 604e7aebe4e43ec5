"""What became of planted units: what a beam finds of each, and whether the proven best is what was planted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ...probes.store import Probe
from ...solver.parsing import parse
from ..run.engines import SearchSettings
from ..run.folder import Record

COLUMNS = ("unit", "planted", "beam", "beam_iou", "best", "best_iou", "status", "recovered")


@dataclass(frozen=True)
class Recovery:
    """A planted unit: the formula it was built from, what the beam found, and what is proven to be best.

    recovered: whether the best formula holds on exactly the points of the planted one.
    """

    unit: str
    planted: str
    beam: str
    beam_iou: float
    best: str
    best_iou: float
    status: str
    recovered: bool


def recovery(probe: Probe, planted: str, beam: Record, proven: Record) -> Recovery:
    """Of a unit's lines of both engines."""
    formulas = parse(planted), parse(proven["formula"])
    built, found = (probe.cells.concepts.mask(formula).tobytes() for formula in formulas)
    return Recovery(
        unit=proven["unit"],
        planted=planted,
        beam=beam["formula"],
        beam_iou=beam["iou"],
        best=proven["formula"],
        best_iou=proven["iou"],
        status=proven["status"],
        recovered=built == found,
    )


def say(recoveries: Sequence[Recovery]) -> None:
    """One line on stderr."""
    beaten = sum(recovery.beam_iou < recovery.best_iou for recovery in recoveries)
    recovered = sum(recovery.recovered and recovery.status == "optimal" for recovery in recoveries)
    print(
        f"{recovered} of {len(recoveries)} planted formulas are the proven best; "
        f"a beam of {SearchSettings().beam_size} misses {beaten} of them",
        file=sys.stderr,
    )
