"""`ablate`: does the model need the units that are explained best?  Prune them in the order of their IoU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import typer

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import UsageError
from ..commands.options import SeedOption
from ..commands.signature import Depends
from .answer import Answer, input_record, new_figure
from .inputs import RunInput, RunProbeInput
from .probed_model import Scores, ablation_scores

HIGHEST, LOWEST, RANDOM, BUSIEST = "highest IoU first", "lowest IoU first", "random", "most active first"
COLORS = {HIGHEST: "#c0392b", LOWEST: "#2f7fd0", RANDOM: "#777777", BUSIEST: "#e08a00"}


def pruned(
    run: RunInput,
    probe: RunProbeInput,
    scores: Annotated[Scores, Depends(ablation_scores)],
    *,
    steps: Annotated[int, typer.Option(help="Portions that the units are removed in.")] = 10,
    repeats: Annotated[int, typer.Option(help="Random orders to average over.")] = 5,
    seed: SeedOption = 0,
    on_progress: Progress = silent,
) -> Answer:
    """Does the model need the units that are explained best?  Set units to zero in the order of their IoU.

    `most active first` is there because a unit's IoU goes with the size of its mask.  Units that the run does not have
    stay as they are.  `agreement`: with the predictions of the whole model.  `accuracy`: over the inputs whose target
    is a class.

    compexact experiment ablate nli-run --model model -o answers/ablate
    compexact experiment ablate demo/run --model compexact.probes.demo_model:demo_model \\
        --weights demo/model.pt --dataset broden:demo/world

    Raises `UsageError` where the model does not predict what the probe has.
    """
    if steps < 1 or repeats < 1:
        raise UsageError(f"steps and repeats must be at least 1, not {steps} and {repeats}")
    ious = {unit: float(answer["iou"]) for unit, answer in run.answers.items()}
    if not ious:
        raise UsageError(f"{run.path} has no unit")
    whole = scores(np.zeros(0, dtype=np.int64)).argmax(axis=1)
    _check(whole, probe)
    columns = np.array([probe.cells.unit(unit) for unit in ious])
    descending = columns[np.argsort(-np.array(list(ious.values())), kind="stable")]
    rng = np.random.default_rng(seed)
    orders = {
        HIGHEST: [descending],
        LOWEST: [descending[::-1]],
        RANDOM: [rng.permutation(columns) for _ in range(repeats)],
        BUSIEST: [columns[np.argsort(-probe.cells.active.totals[columns], kind="stable")]],
    }
    counts = sorted({round(len(columns) * step / steps) for step in range(steps + 1)})
    rows, total = [], len(orders) * len(counts)
    for name, of_order in orders.items():
        for count in counts:
            predicted = [scores(np.sort(order[:count])).argmax(axis=1) for order in of_order]
            rows.append(_row(name, count, len(columns), predicted, whole, probe))
            on_progress("ablations done", len(rows), total)
    return Answer(
        name="ablate",
        question="Does the model need the units that are explained best?",
        inputs=(input_record(probe),),
        settings={
            "run": run.path.name,
            "units": len(columns),
            "inputs": len(whole),
            "steps": steps,
            "repeats": repeats,
            "seed": seed,
        },
        rows=tuple(rows),
        summary=_summary(rows, len(columns), probe),
        draw=lambda: _figure(rows),
    )


def _check(whole: np.ndarray, probe: Probe) -> None:
    same = float((whole == probe.inputs.predicted[: len(whole)]).mean())
    if same < 0.99:
        raise UsageError(
            f"the model gives the predictions that the probe has on {same:.1%} of the inputs only: it is another "
            "model, other inputs, or prepared otherwise"
        )


def _row(
    order: str, count: int, n_units: int, predicted: Sequence[np.ndarray], whole: np.ndarray, probe: Probe
) -> dict[str, Any]:
    targets = probe.inputs.gold[: len(whole)]
    known = targets >= 0
    accuracies = [float((each[known] == targets[known]).mean()) for each in predicted] if known.any() else []
    return {
        "order": order,
        "removed": count,
        "share": count / n_units,
        "agreement": float(np.mean([(each == whole).mean() for each in predicted])),
        "accuracy": float(np.mean(accuracies)) if accuracies else None,
        "labelled": int(known.sum()),
    }


def _summary(rows: Sequence[dict[str, Any]], n_units: int, probe: Probe) -> tuple[str, ...]:
    measure = "agreement" if rows[0]["accuracy"] is None else "accuracy"
    curves = {order: [row for row in rows if row["order"] == order] for order in COLORS}
    half = {order: min(curve, key=lambda row: abs(row["share"] - 0.5)) for order, curve in curves.items()}
    said = ", ".join(f"{order} {half[order][measure]:.1%}" for order in COLORS)
    means = ", ".join(f"{order} {_area(curves[order], measure):.1%}" for order in COLORS)
    n_inputs = rows[0]["labelled"] if measure == "accuracy" else None
    over = f" ({n_inputs:,} labelled inputs)" if n_inputs else ""
    sentences = [
        f"{measure} with all units {rows[0][measure]:.1%}{over}; with {half[HIGHEST]['removed']} of {n_units} units "
        f"removed: {said}",
        f"averaged over the curve: {means}",
    ]
    others = len(probe.cells.unit_names) - n_units
    if others:
        sentences.append(f"{others} units of the layer are not in the run and stay as they are")
    if measure == "agreement":
        sentences.append("no input's target is a class of the model, so agreement with the whole model is given")
    return tuple(sentences)


def _area(curve: Sequence[dict[str, Any]], measure: str) -> float:
    """The mean of the measure over the share removed (trapezoids)."""
    return float(np.trapezoid([row[measure] for row in curve], [row["share"] for row in curve]))


def _figure(rows: Sequence[dict[str, Any]]) -> Any:
    figure, axes = new_figure()
    measure = "agreement" if rows[0]["accuracy"] is None else "accuracy"
    for order, color in COLORS.items():
        curve = [row for row in rows if row["order"] == order]
        axes.plot(
            [row["share"] for row in curve], [row[measure] for row in curve], color=color, marker="o", label=order
        )
    axes.set(xlabel="share of the units removed", ylabel=measure, ylim=(0, 1))
    axes.legend(frameon=False)
    return figure
