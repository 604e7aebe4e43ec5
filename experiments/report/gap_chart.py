"""How the gap closes while searches go: over the units of an audit, against time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .charts import LEFT, RIGHT, Axis, Dot, Tick, height_axis
from .text import ratio

STEPS = 160
"""Times at which the gaps are read, from the left edge to the right."""
CLOSED = 1e-12
"""A smaller gap is that of a bound which was rounded up."""
LEAST = 1e-3
"""Seconds; what is earlier is not shown."""

Moments = Sequence[Sequence[float]]
"""Seconds, IoU and bound of one search, as an audit's line keeps them."""


@dataclass(frozen=True)
class GapChart:
    """mean, largest: the points of SVG polylines.  dots: the mean at every power of ten, with what is known then."""

    y: Axis
    x_ticks: Sequence[Tick]
    mean: str
    largest: str
    dots: Sequence[Dot]


def gap_chart(traces: Sequence[Moments]) -> GapChart | None:
    """The chart of these searches, each with a last moment that stays; None where there is none.

    The time is shown by powers of ten, from where the first search has a formula to where the last ends.
    """
    if not traces:
        return None
    starts = [next((at[0] for at in moments if at[1]), moments[-1][0]) for moments in traces]
    first = math.floor(math.log10(max(min(starts), LEAST)) + 1e-9)
    last = max(first + 1, math.ceil(math.log10(max(moments[-1][0] for moments in traces) or LEAST) - 1e-9))

    def place(power: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (power - first) / (last - first), 2)

    powers = np.linspace(first, last, STEPS)
    mean, largest = (values(_gaps(traces, 10**powers), axis=0) for values in (np.mean, np.max))
    y = height_axis(float(largest.max()))
    decades = range(first, last + 1)
    return GapChart(
        y=y,
        x_ticks=[Tick(place(power), f"{10.0**power:g}") for power in decades],
        mean=_line(y, map(place, powers.tolist()), mean.tolist()),
        largest=_line(y, map(place, powers.tolist()), largest.tolist()),
        dots=[_dot(y, place(power), power, _gaps(traces, np.array([10.0**power]))[:, 0]) for power in decades],
    )


def _gaps(traces: Sequence[Moments], times: np.ndarray) -> np.ndarray:
    """(searches, times): the gap known at each time; before the first moment, that of the first."""
    rows = []
    for moments in traces:
        seconds, iou, bound = np.array(moments).T
        rows.append((bound - iou)[np.maximum(np.searchsorted(seconds, times, side="right") - 1, 0)])
    return np.maximum(np.array(rows), 0.0)


def _line(y: Axis, places: Iterable[float], gaps: Sequence[float]) -> str:
    return " ".join(f"{x},{y.at(gap)}" for x, gap in zip(places, gaps))


def _dot(y: Axis, x: float, power: int, gaps: np.ndarray) -> Dot:
    mean, closed = float(gaps.mean()), int((gaps < CLOSED).sum())
    text = f"after {10.0**power:g} s: mean gap {ratio(mean)}, largest {ratio(float(gaps.max()))}"
    return Dot(x, y.at(mean), True, f"{text}, closed for {closed:,} of {len(gaps):,}")
