"""The picture of an audit: how large the beam's gaps are, and how they depend on length and beam size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..questions.answer import legend_above, new_figure, save_figure
from .audit import summarise
from .folder import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAP, WEIGHED_GAP = "proven bound - IoU of the beam", "proven bound - Tversky score of the beam"
BINS = 30


def settled(records: Sequence[Record]) -> list[Record]:
    """The lines of the units with a proven bound, without those that are active nowhere or everywhere."""
    return [line for line in records if line["beam_gap"] is not None and line["exact"]["status"] != "degenerate"]


def plot_audit(records: Sequence[Record], *files: Path) -> None:
    """Draw the lines of an audit; a file's ending gives its format (SVG, PNG, PDF)."""
    save_figure(audit_figure(records), *files)


def audit_figure(records: Sequence[Record]) -> Figure:
    """Left: the distribution of gaps at the largest length and beam size.

    Right: the mean gap against the beam size, a line for each length.
    """
    figure, (left, right) = new_figure(columns=2)
    gap = WEIGHED_GAP if any("score_fraction" in line["exact"] for line in records) else GAP
    _draw_gaps(left, [float(line["beam_gap"]) for line in settled(records)], gap)
    _draw_means(right, records, gap)
    return figure


def _draw_gaps(axes: Any, gaps: Sequence[float], gap: str) -> None:
    """Gaps of exactly 0 have a bar of their own, left of all others: they are what one looks for."""
    largest, none = max(gaps, default=0) or 1.0, sum(each == 0 for each in gaps)
    width = largest / BINS
    axes.bar(-width / 2, none, width, color="#27ae60", label="no gap: the beam was optimal")
    axes.annotate(f" {none:,} of {len(gaps):,}", (-width, none), xytext=(0, 2), textcoords="offset points")
    others = [each for each in gaps if each]
    axes.hist(others, bins=BINS, range=(0, largest), color="#2f7fd0", label="a gap is left")
    axes.set(xlabel=gap, ylabel="units")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.margins(y=0.1)
    legend_above(axes)


def _draw_means(axes: Any, records: Sequence[Record], gap: str) -> None:
    summaries = [summary for summary in summarise(records) if summary.mean_gap is not None]
    for length in sorted({summary.max_length for summary in summaries}):
        points = [(each.beam_size, each.mean_gap) for each in summaries if each.max_length == length]
        axes.plot(*zip(*points), marker="o", label=f"length {length}")
    axes.set(xlabel="beam size", ylabel="mean gap", ylim=(0, None), xscale="log")
    sizes = sorted({summary.beam_size for summary in summaries})
    axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    axes.minorticks_off()
    if summaries:
        legend_above(axes)
