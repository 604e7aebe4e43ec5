"""The audit page: how far the beam is from what is proven, over units, lengths and beam sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...solver.error_weights import EVEN, ErrorWeights
from ..run.audit import AuditSummary, summarise
from ..run.audit_plot import settled
from ..run.folder import Record, Run
from ..run.recount_audit import measured
from .gap_chart import GapChart, gap_chart
from .unit_page import UnitReport

MOST_WORST = 20


@dataclass(frozen=True)
class BeatenUnit:
    """A unit for which a better formula than the beam's is known."""

    unit: UnitReport
    missed: Fraction


@dataclass(frozen=True)
class Message:
    """Of the units whose optimum is proven, those on which a beam misses it.

    largest: by what share of the beam's score the best formula is better, at most; None where the beam found nothing.
    """

    beam_size: int | None
    max_length: int
    missed: int
    proven: int
    largest: float | None


@dataclass(frozen=True)
class AuditPage:
    """What the audit page shows.

    messages: of each beam size at the largest length, the widest first.
    asked: units.  settled: those with a proven bound.  optimal: of these, where the beam's formula was the best.
    gaps: None where an earlier version made the audit.
    """

    messages: Sequence[Message]
    summaries: Sequence[AuditSummary]
    beaten: Sequence[BeatenUnit]
    n_beaten: int
    asked: int
    settled: int
    optimal: int
    gaps: GapChart | None


def audit_page(run: Run, units: Sequence[UnitReport], errors: ErrorWeights = EVEN) -> AuditPage:
    """The page of an audit; `units` are those of the run that are read."""
    records = list(run.records.values())
    proven = settled(records)
    beaten = _beaten(run.records, units, errors)
    return AuditPage(
        messages=_messages(records),
        summaries=summarise(records),
        beaten=beaten[:MOST_WORST],
        n_beaten=len(beaten),
        asked=len(records),
        settled=len(proven),
        optimal=sum(line["beam_optimal"] is True for line in proven),
        gaps=gap_chart([line["trace"] for line in proven if line.get("trace")]),
    )


def _messages(records: Sequence[Record]) -> list[Message]:
    groups: dict[tuple[int, int], list[Record]] = {}
    for point in (point for line in records for point in line["grid"]):
        if point["status"] == "optimal":
            groups.setdefault((point["max_length"], point["beam_size"]), []).append(point)
    longest = max((length for length, _ in groups), default=0)
    return [
        _message(size, length, groups[length, size])
        for length, size in sorted(groups, reverse=True)
        if length == longest
    ]


def _message(size: int, length: int, points: Sequence[Record]) -> Message:
    missed = [point for point in points if point["beam_optimal"] is False]
    gains = [measured(point, "exact") / measured(point, "beam") - 1 for point in missed if measured(point, "beam")]
    return Message(size, length, len(missed), len(points), max(gains, default=None))


def _beaten(records: Mapping[str, Any], units: Sequence[UnitReport], errors: ErrorWeights) -> list[BeatenUnit]:
    """Worst first."""
    found = [
        BeatenUnit(unit, errors.score(unit.best) - errors.score(unit.beam))
        for unit in units
        if unit.best is not None and unit.beam is not None and records[unit.name]["beam_optimal"] is False
    ]
    return sorted(found, key=lambda each: -each.missed)
