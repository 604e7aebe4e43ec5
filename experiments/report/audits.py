"""The audit page: how far the beam is from what is proven, over units, lengths and beam sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..run.audit import AuditSummary, summarise
from ..run.folder import Run
from . import charts
from .charts import LEFT, RIGHT, Axis, Bar, Tick
from .text import ratio
from .unit_page import UnitReport

MOST_WORST = 20


@dataclass(frozen=True)
class GapHistogram:
    """How many units have which gap."""

    x: Axis
    y: Axis
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class GapLine:
    """The mean gap by beam size at one length: the points of an SVG polyline, and a dot with its text for each."""

    max_length: int
    points: str
    dots: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True)
class GapLines:
    """A line for each length."""

    y: Axis
    x_ticks: tuple[Tick, ...]
    lines: tuple[GapLine, ...]


@dataclass(frozen=True)
class BeatenUnit:
    """A unit for which a better formula than the beam's is known."""

    unit: UnitReport
    beam_iou: float
    missed: float


@dataclass(frozen=True)
class AuditPage:
    """What the audit page shows.

    settled: units with a proven bound.  optimal: of these, where the beam's formula was the best.  histogram: of gaps
    at the greatest length and beam size, None where nothing is proven.  lines: None for a single beam size.
    """

    summaries: Sequence[AuditSummary]
    histogram: GapHistogram | None
    lines: GapLines | None
    beaten: Sequence[BeatenUnit]
    n_beaten: int
    settled: int
    optimal: int


def is_audit(run: Run) -> bool:
    """Whether `compexact audit` made the run."""
    return run.header.get("command") == "audit"


def audit_page(run: Run, units: Sequence[UnitReport]) -> AuditPage:
    """The page of an audit; `units` are those of the run that are read."""
    records = list(run.records.values())
    proven = [line for line in records if line["beam_gap"] is not None and line["exact"]["status"] != "degenerate"]
    summaries = summarise(records)
    beaten = _beaten(run.records, units)
    return AuditPage(
        summaries=summaries,
        histogram=_histogram([float(line["beam_gap"]) for line in proven]),
        lines=_lines([summary for summary in summaries if summary.mean_gap is not None]),
        beaten=beaten[:MOST_WORST],
        n_beaten=len(beaten),
        settled=len(proven),
        optimal=sum(line["beam_optimal"] is True for line in proven),
    )


def _beaten(records: Mapping[str, Any], units: Sequence[UnitReport]) -> list[BeatenUnit]:
    """Worst first."""
    found = [
        BeatenUnit(unit, float(unit.beam.iou), float(unit.best.iou - unit.beam.iou))
        for unit in units
        if unit.best is not None and unit.beam is not None and records[unit.name]["beam_optimal"] is False
    ]
    return sorted(found, key=lambda each: -each.missed)


def _histogram(gaps: Sequence[float]) -> GapHistogram | None:
    """Gaps of exactly 0 have a bar of their own, left of all others: they are what one looks for."""
    if not gaps:
        return None
    step = charts.nice_step(max(gaps), 20)
    n_bins = max(1, math.ceil(max(gaps) / step - 1e-9)) + 1
    counts = [0] * n_bins
    for gap in gaps:
        counts[0 if gap == 0 else min(n_bins - 1, 1 + int(gap / step - 1e-12))] += 1
    width = (RIGHT - LEFT) / n_bins
    every = max(1, round(charts.nice_step((n_bins - 1) * step, 5) / step))
    x = Axis((n_bins - 1) * step, every * step, LEFT + width, RIGHT)
    y = charts.height_axis(max(counts), whole=True)
    texts = [f"gap 0: {counts[0]:,} units"]
    texts += [f"gap {i * step:.4g} to {(i + 1) * step:.4g}: {n:,} units" for i, n in enumerate(counts[1:])]
    bars = tuple(
        Bar(round(LEFT + i * width, 2), round(width, 2), y.at(n), round(charts.BOTTOM - y.at(n), 2), text)
        for i, (n, text) in enumerate(zip(counts, texts))
    )
    return GapHistogram(x, y, bars)


def _lines(summaries: Sequence[AuditSummary]) -> GapLines | None:
    sizes = sorted({summary.beam_size for summary in summaries})
    if len(sizes) < 2:
        return None
    places = {size: round(LEFT + (RIGHT - LEFT) * (i + 0.5) / len(sizes), 2) for i, size in enumerate(sizes)}
    y = charts.height_axis(max(summary.mean_gap or 0.0 for summary in summaries))
    lines = []
    for length in sorted({summary.max_length for summary in summaries}):
        dots = tuple(
            (places[each.beam_size], y.at(each.mean_gap or 0.0), _dot_text(each))
            for each in summaries
            if each.max_length == length
        )
        lines.append(GapLine(length, " ".join(f"{x},{height}" for x, height, _ in dots), dots))
    return GapLines(y, tuple(Tick(places[size], str(size)) for size in sizes), tuple(lines))


def _dot_text(summary: AuditSummary) -> str:
    return f"length {summary.max_length}, beam {summary.beam_size}: mean gap {ratio(summary.mean_gap or 0.0)}"
