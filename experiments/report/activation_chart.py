"""The histogram of a unit's values, with its threshold.  Counts are on a scale of logarithms: few values are high."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .charts import BOTTOM, LEFT, RIGHT, TOP, Bar, Tick, nice_step


@dataclass(frozen=True)
class ActivationChart:
    """x_ticks, y_ticks: where they stand.  bars: of each bin.  threshold: where it stands; None outside the values."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    threshold: float | None


def activation_chart(
    counts: np.ndarray, lowest: float, highest: float, threshold: float, what: str = "point"
) -> ActivationChart:
    """counts: int (n_bins,), of bins of one width from the lowest value to the highest.  what: one that is counted."""
    span = (highest - lowest) or 1.0
    decades = max(1, math.ceil(math.log10(max(int(counts.max(initial=1)), 2))))

    def across(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - lowest) / span, 2)

    def up(count: int) -> float:
        """One value is a quarter of a decade high, so that it can be seen."""
        height = 0.0 if not count else 0.25 + math.log10(count)
        return round(BOTTOM - (BOTTOM - TOP) * height / (0.25 + decades), 2)

    edges = [lowest + span * i / len(counts) for i in range(len(counts) + 1)]
    bars = tuple(
        Bar(across(low), round(across(high) - across(low), 2), up(n), round(BOTTOM - up(n), 2), text)
        for low, high, n in zip(edges, edges[1:], counts.tolist())
        for text in [_said(low, high, n, what)]
    )
    step = nice_step(span, 6)
    digits = max(0, -math.floor(math.log10(step)) + (1 if step != 10 ** math.floor(math.log10(step)) else 0))
    marks = [i * step for i in range(math.ceil(lowest / step), math.floor(highest / step) + 1)]
    return ActivationChart(
        tuple(Tick(across(mark), f"{mark:,.{digits}f}") for mark in marks),
        tuple(Tick(up(10**i), _said_shortly(10**i)) for i in range(decades + 1)),
        bars,
        across(threshold) if lowest <= threshold <= highest else None,
    )


def _said_shortly(count: int) -> str:
    """What finds room beside the chart."""
    if count < 100_000:
        return f"{count:,}"
    return f"{count // 1000:,}k" if count < 1_000_000 else f"{count // 1_000_000:,}M"


def _said(low: float, high: float, n: int, what: str) -> str:
    return f"{low:.4g} to {high:.4g}: {n:,} {what}{'s' if n != 1 else ''}"
