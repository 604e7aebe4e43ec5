"""The picture of a proof: each unit's IoU, and what no formula exceeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..questions.answer import legend_above, new_figure
from .reading import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def gap_figure(answers: Sequence[Record], measure: str = "IoU") -> Figure:
    """The units by what they are measured by, highest first: a bar, and above it what the bound leaves, if any.

    answers: lines of units, as `explain` has them.  measure: what their bounds are of.
    """
    figure, axes = new_figure()
    value = "iou" if measure == "IoU" else "score"
    ordered = sorted(answers, key=lambda answer: -answer[value])
    places = range(len(ordered))
    axes.bar(places, [answer[value] for answer in ordered], color="#2f7fd0", width=0.8, label=measure)
    gaps = [(place, answer) for place, answer in zip(places, ordered) if answer["bound"] is not None]
    if gaps:
        left = [answer["bound"] - answer[value] for _, answer in gaps]
        below = [answer[value] for _, answer in gaps]
        axes.bar([place for place, _ in gaps], left, bottom=below, color="#f0b27a", width=0.8, label="gap to the bound")
    ceilings = [answer["ceiling"] for answer in ordered]
    axes.plot(places, ceilings, color="#777777", marker="_", linestyle="", label="ceiling, of any formula")
    axes.set(xlabel="unit", ylabel=measure, ylim=(0, None))
    axes.set_xticks(*_ticks([answer["unit"] for answer in ordered]))
    legend_above(axes)
    return figure


def _ticks(names: Sequence[str], most: int = 12) -> tuple[list[int], list[str]]:
    """Places on the axis, and the units' names there."""
    places = list(range(0, len(names), max(1, -(-len(names) // most))))
    return places, [names[place] for place in places]
