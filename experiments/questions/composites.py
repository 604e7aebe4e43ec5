"""The picture of copy-paste examples: before, after, every position at the best size, and rates beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .answer import new_figure
from .edited_pictures import Tried

TINTS = {"success": (46, 160, 67), "partial": (227, 179, 65), "failure": (200, 60, 50)}
TINTED = 0.3
THUMBNAIL = 72
WIDTH, ROW, GAP, CHART = 11.0, 2.6, 0.7, 3.2
"""Inches: of the figure, of a picture, of the texts around it, and of the chart of rates."""
MOST_SHOWN = 12
"""How many examples are drawn; the table has all."""


Rates = Mapping[str, Mapping[str, float]]
"""Share of each outcome but failure, by example."""


def adversarial_figure(tried: Sequence[Tried], paper: Rates) -> Any:
    """A row for each example and network: the picture, the patch, the best edit, and the composite of one size.

    Below them the rates of outcomes, with the paper's.
    """
    shown = list(tried)[:MOST_SHOWN]
    figure = new_figure()[0]
    figure.clear()
    figure.set_size_inches(WIDTH, (ROW + GAP) * len(shown) + CHART)
    parts: Any = figure.subfigures(2, 1, height_ratios=[(ROW + GAP) * len(shown), CHART])
    pictures, chart = parts
    for row, each in zip(np.reshape(pictures.subplots(len(shown), 4), (len(shown), 4)), shown):
        _draw(row, each)
        for axis in row:
            axes_off(axis)
    _draw_rates(chart.subplots(), shown, paper)
    return figure


def _draw_rates(axes: Any, tried: Sequence[Tried], paper: Rates) -> None:
    """A bar for each patch with something to turn, then the paper's."""
    pasted = [each for each in tried if each.is_open and each.example.patch is not None]
    ours = {f"{each.example.name}, {each.network.name}": each.rates() for each in pasted}
    theirs = {f"paper: {name}": rates for name, rates in paper.items()}
    bars: list[tuple[str, Mapping[str, float | None]]] = [*ours.items(), *theirs.items()]
    left = np.zeros(len(bars))
    for outcome in ("success", "partial"):
        shares = np.array([rates[outcome] or 0.0 for _, rates in bars])
        drawn = axes.barh(
            range(len(bars)), shares, left=left, color=[value / 255 for value in TINTS[outcome]], label=outcome
        )
        for bar in drawn[len(ours) :]:
            bar.set_hatch("//")
        left += shares
    axes.set_yticks(range(len(bars)), [_short(name, 60) for name, _ in bars], fontsize=9)
    axes.invert_yaxis()
    axes.set(xlabel="share of pictures; the paper's (hatched) are of other pictures, classes and models")
    axes.legend(frameon=False)


def axes_off(axis: Any) -> None:
    """No ticks and no frame: this is a picture."""
    axis.set_xticks([])
    axis.set_yticks([])
    for side in axis.spines.values():
        side.set_visible(False)


def _draw(row: Sequence[Any], tried: Tried) -> None:
    example, best = tried.example, tried.best
    row[0].imshow(example.picture)
    row[0].set_title(_short(tried.before), fontsize=10)
    row[0].set_ylabel(f"{_short(example.name)}\n{_short(tried.network.name)}", fontsize=9)
    if example.patch is not None:
        row[1].imshow(_on_grey(example.patch))
        row[1].set_title(f"patch{_short(' from: ' + tried.pasted) if tried.pasted else ''}", fontsize=10)
    else:
        assert example.region is not None
        row[1].imshow(example.region, cmap="gray")
        row[1].set_title(f"painted {example.colour}", fontsize=10)
    row[2].imshow(example.edited(tried.places[best]))
    title = f"{_short(tried.predicted[best])} ({tried.outcomes[best]})"
    row[2].set_title(title, fontsize=10, color=[value / 300 for value in TINTS[tried.outcomes[best]]])
    row[2].set_xlabel(f"intended: {_short(example.intended)}, {tried.probability[best]:.0%}", fontsize=9)
    if example.patch is not None:
        size = best_size(tried)
        row[3].imshow(composite(tried, size))
        of = [i for i, place in enumerate(tried.places) if place and place.size == size]
        outcomes = [tried.outcomes[i] for i in of]
        row[3].set_title(f"all positions at size {size:g}", fontsize=10)
        row[3].set_xlabel(", ".join(f"{outcomes.count(name)} {name}" for name in TINTS), fontsize=9)


def best_size(tried: Tried) -> float:
    """The size with most successes, of equal ones that with the most probable intended class."""
    sizes = {place.size for place in tried.places if place}

    def merit(size: float) -> tuple[int, float]:
        of = [i for i, place in enumerate(tried.places) if place and place.size == size]
        return sum(tried.outcomes[i] == "success" for i in of), float(tried.probability[of].max())

    return max(sorted(sizes), key=merit)


def composite(tried: Tried, size: float) -> np.ndarray:
    """uint8 (n, m, 3): the picture at every position of one size, tinted by outcome: green, yellow, red."""
    of = [(i, place) for i, place in enumerate(tried.places) if place and place.size == size]
    rows = sorted({place.y for _, place in of})
    columns = sorted({place.x for _, place in of})
    sheet = np.zeros((len(rows) * THUMBNAIL, len(columns) * THUMBNAIL, 3), dtype=np.uint8)
    for i, place in of:
        small = np.asarray(tried.example.edited(place).resize((THUMBNAIL, THUMBNAIL)), dtype=np.float64)
        tinted = (1 - TINTED) * small + TINTED * np.array(TINTS[tried.outcomes[i]])
        top, left = rows.index(place.y) * THUMBNAIL, columns.index(place.x) * THUMBNAIL
        sheet[top : top + THUMBNAIL, left : left + THUMBNAIL] = np.rint(tinted)
    return sheet


def _on_grey(patch: Any) -> Any:
    """The patch (RGBA) on plain grey, so that its outline shows on any page."""
    from PIL import Image

    ground = Image.new("RGBA", patch.size, (224, 224, 224, 255))
    return Image.alpha_composite(ground, patch).convert("RGB")


def _short(text: str, most: int = 34) -> str:
    """One line of text that fits above a picture; matplotlib would read `$` as the start of a formula."""
    text = text.replace("$", r"\$")
    return text if len(text) <= most else text[: most - 1] + "…"
