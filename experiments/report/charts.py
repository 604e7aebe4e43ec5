"""Where the marks of the report's charts stand.  The templates draw them as inline SVG.

Lengths are in a chart's own units: it is `WIDTH` by `HEIGHT`, and scales with the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ...solver.error_weights import EVEN, ErrorWeights
from ...solver.explanation import Explanation
from .text import ratio

WIDTH, HEIGHT = 440, 230
LEFT, RIGHT, TOP, BOTTOM = 40, 428, 12, 190
"""The edges of the plot; outside them are the labels."""

MOST_BINS = 32


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it stands, and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """From 0 at `start` to `top` at `end`, with a tick every `step`."""

    top: float
    step: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value stands."""
        return round(self.start + (self.end - self.start) * value / self.top, 2)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Up to the last whole step, written with as many decimals as the step needs."""
        digits = next(n for n in range(20) if math.isclose(self.step * 10**n, round(self.step * 10**n)))
        values = [i * self.step for i in range(math.floor(self.top / self.step + 1e-9) + 1)]
        return tuple(Tick(self.at(value), f"{value:,.{digits}f}") for value in values)


@dataclass(frozen=True)
class Bar:
    """A bar: its left end, width, top and height, and what it says."""

    x: float
    width: float
    y: float
    height: float
    text: str

    @property
    def path(self) -> str:
        """Its outline, for SVG, a little narrower than its place."""
        width = max(round(self.width - 1, 2), 0.5)
        return f"M{round(self.x + 0.5, 2):g} {self.y:g}h{width:g}V{BOTTOM}h{-width:g}z"


@dataclass(frozen=True)
class Histogram:
    """How many units have which IoU.  ceilings: the same for ceilings, as the path of a stepped line."""

    x: Axis
    y: Axis
    bars: tuple[Bar, ...]
    ceilings: str
    mean: float


@dataclass(frozen=True)
class Dot:
    """A length on the line.  changed: whether the formula differs from the one before."""

    x: float
    y: float
    changed: bool
    text: str


@dataclass(frozen=True)
class LengthChart:
    """IoU by maximum length.  line: the points of an SVG polyline.  ceiling, bound: heights; None: not known."""

    y: Axis
    x_ticks: tuple[Tick, ...]
    dots: tuple[Dot, ...]
    line: str
    ceiling: float
    bound: float | None


def nice_step(span: float, most_steps: int) -> float:
    """The least of 1, 2, 2.5, 5 times a power of ten that covers the span in this many steps.

    >>> nice_step(0.97, 5), nice_step(0.065, 4), nice_step(0, 4)
    (0.2, 0.02, 1.0)
    """
    if span <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / most_steps))
    return next(step * power for step in (1, 2, 2.5, 5, 10, 20) if step * power * most_steps >= span * (1 - 1e-9))


def height_axis(highest: float, *, whole: bool = False) -> Axis:
    """A vertical axis that ends on a tick at or above `highest`.  whole: for counts."""
    step = nice_step(highest, 4)
    if whole:
        step = float(math.ceil(step))
    return Axis(step * max(1, math.ceil(highest / step - 1e-9)), step, BOTTOM, TOP)


def histogram(ious: Sequence[float], ceilings: Sequence[float], measure: str = "IoU") -> Histogram | None:
    """The chart of the index page; None where there are no units.

    ious, ceilings: in [0, 1], of the same units; what they are is the measure.
    """
    if not ious:
        return None
    highest = max(*ious, *ceilings)
    step = nice_step(highest, MOST_BINS)
    n_bins = max(1, math.ceil(highest / step - 1e-9))
    x = Axis(n_bins * step, step * max(1, round(nice_step(highest, 6) / step)), LEFT, RIGHT)
    iou_counts, ceiling_counts = (_binned(values, step, n_bins) for values in (ious, ceilings))
    y = height_axis(max(*iou_counts, *ceiling_counts), whole=True)
    edges = [i * step for i in range(n_bins + 1)]
    bars = tuple(
        Bar(
            x.at(low),
            round(x.at(high) - x.at(low), 2),
            y.at(n),
            round(BOTTOM - y.at(n), 2),
            _bin_text(low, high, n, measure),
        )
        for low, high, n in zip(edges, edges[1:], iou_counts)
    )
    steps = "".join(f"V{y.at(n)}H{x.at(high)}" for n, high in zip(ceiling_counts, edges[1:]))
    return Histogram(x, y, bars, f"M{LEFT} {BOTTOM}{steps}V{BOTTOM}", x.at(sum(ious) / len(ious)))


def _binned(values: Iterable[float], step: float, n_bins: int) -> list[int]:
    """How many values lie in each bin; the last bin has its upper end, too."""
    place = np.minimum((np.fromiter(values, dtype=float) / step + 1e-9).astype(int), n_bins - 1)
    counts: list[int] = np.bincount(place, minlength=n_bins).tolist()
    return counts


def _bin_text(low: float, high: float, n: int, measure: str) -> str:
    return f"{measure} {low:.4g} to {high:.4g}: {n:,} unit{'s' if n != 1 else ''}"


def length_chart(
    by_length: Sequence[Explanation], ceiling: float, bound: float | None, errors: ErrorWeights = EVEN
) -> LengthChart | None:
    """The chart of a unit's page; None where there is no formula.

    by_length: the best formula of length at most 1, 2, ...  bound: for the last of these lengths.  errors: what the
    score counts that all this is about.
    """
    if not by_length:
        return None
    n = len(by_length)
    y = height_axis(max(float(errors.score(by_length[-1])), ceiling, bound or 0))
    places = [round(LEFT + (RIGHT - LEFT) * (length - 0.5) / n, 2) for length in range(1, n + 1)]
    dots = tuple(
        Dot(place, y.at(float(score)), changed, f"length {length}: {errors.measure} {ratio(score)}, {found.formula}")
        for length, (place, found, changed) in enumerate(zip(places, by_length, changes(by_length)), start=1)
        for score in [errors.score(found)]
    )
    every = math.ceil(n / 15)
    return LengthChart(
        y=y,
        x_ticks=tuple(Tick(place, str(length)) for length, place in enumerate(places, start=1) if length % every == 0),
        dots=dots,
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        ceiling=y.at(ceiling),
        bound=None if bound is None else y.at(bound),
    )


def changes(by_length: Sequence[Explanation]) -> list[bool]:
    """For each length, whether its formula differs from the one before; the first always does."""
    return [not i or found.formula != by_length[i - 1].formula for i, found in enumerate(by_length)]
