"""The picture of an audit: how large the beam's gaps are, and how they depend on length and beam size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .audit import summarise
from .folder import Record

GAP = "proven bound - IoU of the beam"


def plot_audit(records: Sequence[Record], *files: Path) -> None:
    """Draw the lines of an audit; a file's ending gives its format (SVG, PNG, PDF).

    Left: the distribution of gaps at the largest length and beam size.  Right: the mean gap against the beam
    size, a line for each length.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    gaps = [line["beam_gap"] for line in records if line["beam_gap"] is not None]
    left.hist(gaps, bins=30, color="#2f7fd0")
    left.set(xlabel=GAP, ylabel="units", title=f"{sum(gap == 0 for gap in gaps)} of {len(gaps)} gaps are 0")
    summaries = [summary for summary in summarise(records) if summary.mean_gap is not None]
    for length in sorted({summary.max_length for summary in summaries}):
        points = [summary for summary in summaries if summary.max_length == length]
        right.plot(
            [point.beam_size for point in points],
            [point.mean_gap for point in points],
            marker="o",
            label=f"length {length}",
        )
    right.set(xlabel="beam size", ylabel=f"mean of {GAP}", ylim=(0, None), xscale="log")
    sizes = sorted({summary.beam_size for summary in summaries})
    right.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    right.minorticks_off()
    if summaries:
        right.legend(frameon=False)
    for file in files:
        # Without dates and random ids, equal audits give equal files.
        with matplotlib.rc_context({"svg.hashsalt": "compexact"}):
            figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)
