"""`weights`: which units speak for and against a class, and what are they?  (Figure 8 of the paper.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Annotated, Any

import numpy as np
import typer

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import UsageError, did_you_mean
from .answer import Answer, input_record, new_figure
from .explanations import Explained, explain_at
from .inputs import ProbeInput, UnitsInput
from .search_options import AT_LENGTH, SearchAtLengthInput
from .unit_correlations import correlations, extremes, finite, roles

MOST_CLASSES = 20
PANELS = 3


@dataclass(frozen=True, eq=False)
class _Links:
    """Units against classes, each (n_units, n_classes).

    weights: of the last linear layer.  role: by the 1 % rule over all weights.  correlation: of the unit's activity
    with predicting the class.  inside, outside: the share of the inputs that are predicted to be of the class, and of
    the others, on which the unit is active; NaN where there are none.  predictions: int64 (n_classes,).
    """

    weights: np.ndarray
    role: np.ndarray
    correlation: np.ndarray
    inside: np.ndarray
    outside: np.ndarray
    predictions: np.ndarray


def class_contributions(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Repeatable.  Default: the 20 predicted most often.")
    ] = None,
    top: Annotated[int, typer.Option(help="Units with the greatest weight, and as many with the least.")] = 5,
    search: SearchAtLengthInput = AT_LENGTH,
    on_progress: Progress = silent,
) -> Answer:
    """Which units speak for and against a class, and what are they?  (Figure 8.)

    The weights are those of the last linear layer, so the probed layer must be the one that feeds it, pooled or not.

    compexact experiment weights probe --class streetcar -o answers/weights

    Raises `UsageError` where that is not so, for an unknown class, and for a probe without predictions.
    """
    length = search.length
    settings = search.settings([length])
    if top < 1:
        raise UsageError(f"the number of units per class must be at least 1, not {top}")
    names = probe.inputs.named_classes()
    links = _links(probe, units, len(names))
    chosen = _chosen_classes(classes, names, links.predictions)
    picked = {number: extremes(links.weights[:, number], top) for number in chosen}
    wanted = [units[place] for place in sorted({place for places in picked.values() for place in places})]
    explained = explain_at(probe, wanted, [length], settings, where=search.where, on_progress=on_progress)
    by_unit = {unit.unit: unit for unit in explained}
    rows = tuple(
        _row(names[number], number, rank, place, by_unit[units[place]], length, links)
        for number, places in picked.items()
        for rank, place in enumerate(places, start=1)
    )
    return Answer(
        name="weights",
        question="Which units speak for and against a class, and what are they?",
        inputs=(input_record(probe),),
        settings={
            "units": len(units), "top": top, "length": length, "engine": search.engine, "beam_size": search.beam_size,
        },
        rows=rows,
        summary=_summary(rows, links, chosen, names),
        draw=lambda: _figure(rows, links, [names[number] for number in chosen]),
    )  # fmt: skip


def _links(probe: Probe, units: Sequence[str], n_classes: int) -> _Links:
    columns = [probe.cells.unit(unit) for unit in units]
    matrix, predictions, active = probe.inputs.class_weights, probe.inputs.predicted, probe.inputs.active(units)
    says = predictions[:, None] == np.arange(n_classes)
    counts = says.sum(axis=0)
    both = active.astype(np.float64).T @ says
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = both / counts
        outside = (active.sum(axis=0)[:, None] - both) / (len(predictions) - counts)
    weights = np.asarray(matrix[:, columns].T, dtype=np.float64)
    return _Links(weights, roles(weights), correlations(active, says), inside, outside, counts)


def _chosen_classes(wanted: Sequence[str] | None, names: Sequence[str], counts: np.ndarray) -> list[int]:
    """Numbers of classes: those wanted, or the predicted ones, most frequent first."""
    if not wanted:
        order = np.argsort(-counts, kind="stable").tolist()
        return [number for number in order if counts[number]][:MOST_CLASSES]
    for name in wanted:
        if name not in names:
            raise UsageError(f"the model has no class {name!r}{did_you_mean(name, names)}")
    return [names.index(name) for name in dict.fromkeys(wanted)]


def _row(name: str, number: int, rank: int, place: int, unit: Explained, length: int, links: _Links) -> dict[str, Any]:
    return {
        "class": name,
        "predicted": int(links.predictions[number]),
        "rank": rank,
        "unit": unit.unit,
        "weight": float(links.weights[place, number]),
        "role": links.role[place, number].item(),
        "correlation": finite(links.correlation[place, number]),
        "active_in_class": finite(links.inside[place, number]),
        "active_elsewhere": finite(links.outside[place, number]),
        "iou": float(unit.iou(length)),
        "formula": unit.text(length),
    }


def _summary(
    rows: Sequence[dict[str, Any]], links: _Links, chosen: Sequence[int], names: Sequence[str]
) -> tuple[str, ...]:
    known = np.isfinite(links.correlation)
    n = int(known.sum())
    sentences = []
    if n > 1 and (r := correlations(links.weights[known][:, None], links.correlation[known][:, None])[0, 0]) == r:
        sentences.append(
            f"weight and correlation of activity with the prediction agree with r = {r:+.3f} over {n:,} pairs of unit "
            f"and class ({int((links.predictions > 0).sum())} of {len(names)} classes are predicted at all)"
        )
    for number in chosen:
        of_class = [row for row in rows if row["class"] == names[number]]
        best, worst = (end(of_class, key=lambda row: row["weight"]) for end in (max, min))
        sentences.append(
            f"{names[number]} (predicted for {best['predicted']} inputs): most by unit {best['unit']}, "
            f"{best['formula']} ({best['weight']:+.3f}); least by unit {worst['unit']}, {worst['formula']} "
            f"({worst['weight']:+.3f})"
        )
    return tuple(sentences)


def _figure(rows: Sequence[dict[str, Any]], links: _Links, classes: Sequence[str]) -> Any:
    """Weight against correlation, and the extreme units of the first classes."""
    shown = classes[:PANELS]
    figure, axes = new_figure(columns=2, rows=(len(shown) + 2) // 2)
    axes = np.ravel(axes)
    known = np.isfinite(links.correlation)
    axes[0].scatter(
        links.weights[known], links.correlation[known], s=4, alpha=0.3, color="#2f7fd0", edgecolors="none",
        rasterized=True,
    )  # fmt: skip
    axes[0].axhline(0, color="#777777", linewidth=0.7)
    axes[0].axvline(0, color="#777777", linewidth=0.7)
    axes[0].set(xlabel="weight to the class", ylabel="correlation with predicting it", title="all units and classes")
    for panel, name in zip(axes[1:], shown):
        of_class = [row for row in rows if row["class"] == name]
        panel.barh(
            range(len(of_class)), [row["weight"] for row in of_class],
            color=["#2f7fd0" if row["weight"] >= 0 else "#c0392b" for row in of_class],
        )  # fmt: skip
        labels = [fill(f"{row['unit']}: {row['formula']}", 34, max_lines=2, placeholder=" ...") for row in of_class]
        panel.set_yticks(range(len(of_class)), labels, fontsize=6)
        panel.invert_yaxis()
        panel.axvline(0, color="#777777", linewidth=0.7)
        panel.set(xlabel="weight", title=name)
    for panel in axes[1 + len(shown) :]:
        panel.set_visible(False)
    return figure
