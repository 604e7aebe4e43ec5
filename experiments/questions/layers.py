"""`layers`: which units of an earlier layer go with each unit of a later one?  (After Figure 8, for inner layers.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...probes.opening import open_probe
from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import DataError, UsageError, did_you_mean
from ..commands.signature import Depends
from .answer import Answer, input_record, new_figure
from .explanations import explain_at
from .inputs import ProbeInput, chosen_units
from .search_options import AT_LENGTH, SearchAtLengthInput
from .unit_correlations import ALPHA, correlations, extremes, overlaps, roles


@dataclass(frozen=True)
class Side:
    """One of the two layers: a probe, and the units of it that belong to the layer."""

    probe: Probe
    units: tuple[str, ...]


def layer_side(probe: Probe, layer: str | None, among: Sequence[str] | None = None) -> Side:
    """The units of a layer; `layer` is None for a probe of one layer.  among: units to choose from; None for all.

    Raises `UsageError` for a layer that the probe does not have, where it has several and none is named, and where no
    unit of the layer is left.
    """
    of_unit = {name: name.rpartition(":")[0] or str(probe.about.get("layer")) for name in probe.cells.unit_names}
    layers = list(dict.fromkeys(of_unit.values()))
    if layer is None and len(layers) > 1:
        raise UsageError(f"the probe has several layers: {', '.join(layers)}; name one for each side")
    layer = layer or layers[0]
    if layer not in layers:
        raise UsageError(f"the probe has no layer {layer!r}, but {', '.join(layers)}{did_you_mean(layer, layers)}")
    units = tuple(name for name in (of_unit if among is None else among) if of_unit[name] == layer)
    if not units:
        raise UsageError(f"no unit of layer {layer!r} is among those chosen")
    return Side(probe, units)


def _all_units(probe: ProbeInput) -> list[str]:
    return chosen_units(probe)


AllUnits = Annotated[Sequence[str], Depends(_all_units)]


def _before(
    probe: ProbeInput,
    units: AllUnits,
    earlier: Annotated[str | None, typer.Option(help="The earlier layer, where its probe has several.")] = None,
) -> Side:
    return layer_side(probe, earlier, units)


def _after(
    probe: ProbeInput,
    units: AllUnits,
    later_probe: Annotated[Path | None, typer.Argument(help="Of the later layer, where it is another probe.")] = None,
    later: Annotated[str | None, typer.Option(help="The later layer, where its probe has several.")] = None,
) -> Side:
    if later_probe is not None:
        probe = open_probe(later_probe)
        units = chosen_units(probe)
    return layer_side(probe, later, units)


def layer_links(
    before: Annotated[Side, Depends(_before)],
    after: Annotated[Side, Depends(_after)],
    *,
    top: Annotated[int, typer.Option(help="Earlier units for each later one, and as many against it.")] = 3,
    alpha: float = ALPHA,
    search: SearchAtLengthInput = AT_LENGTH,
    on_progress: Progress = silent,
) -> Answer:
    """Which units of an earlier layer go with each unit of a later one?

    They are those whose activity correlates most with its own, and least.
    Correlation is of the largest value in each image where both probes keep it (`unit_max`), else of being active;
    IoU is of being active.  A contributor is above the 1 - `alpha` quantile of all pairs, an inhibitor below `alpha`.

    compexact experiment layers probe --earlier layer3 --later layer4 -o answers/layers
    compexact experiment layers layer3-probe layer4-probe

    Raises `UsageError` where the two are not of the same inputs in the same order, or are the same layer.
    """
    length = search.length
    settings = search.settings([length])
    if not 0 < alpha < 0.5:
        raise UsageError(f"alpha is a share between 0 and 0.5, such as 0.01, not {alpha}")
    if top < 1:
        raise UsageError(f"the number of earlier units for each later one must be at least 1, not {top}")
    if before.units == after.units and before.probe.digest == after.probe.digest:
        raise UsageError("the two sides are the same units of the same probe; name two layers, or a second probe")
    same_inputs(before.probe, after.probe)
    values, of_what = _values(before, after)
    correlation, iou = correlations(*values), overlaps(*(_active(side) for side in (before, after)))
    rows = _pairs(before, after, correlation, iou, top, alpha)
    wanted = {row["earlier"] for row in rows}
    for side, names, unit, column in (
        (after, after.units, "unit", "formula"),
        (before, [name for name in before.units if name in wanted], "earlier", "earlier_formula"),
    ):
        explained = explain_at(side.probe, names, [length], settings, where=search.where, on_progress=on_progress)
        formulas = {each.unit: each.text(length) for each in explained}
        rows = [row | {column: formulas[row[unit]]} for row in rows]
    return Answer(
        name="layers",
        question="Which units of an earlier layer go with each unit of a later one?",
        inputs=tuple(input_record(side.probe) for side in (before, after)),
        settings={
            "earlier_units": len(before.units), "later_units": len(after.units), "correlation_of": of_what, "top": top,
            "alpha": alpha, "length": length, "engine": search.engine, "beam_size": search.beam_size,
        },
        rows=tuple(rows),
        summary=_summary(rows, correlation, roles(correlation, alpha), of_what),
        draw=lambda: _figure(correlation, iou, alpha),
    )  # fmt: skip


def _pairs(
    before: Side, after: Side, correlation: np.ndarray, iou: np.ndarray, top: int, alpha: float
) -> list[dict[str, Any]]:
    """A row for each later unit and each of the earlier ones that go with it most, or least."""
    by_correlation, by_iou = roles(correlation, alpha), roles(iou, alpha)
    return [
        {
            "unit": after.units[column],
            "rank": rank,
            "earlier": before.units[row],
            "correlation": float(correlation[row, column]),
            "role": by_correlation[row, column].item(),
            "iou": float(iou[row, column]),
            "iou_role": by_iou[row, column].item(),
        }
        for column in range(len(after.units))
        for rank, row in enumerate(extremes(correlation[:, column], top), start=1)
    ]


def same_inputs(left: Probe, right: Probe) -> None:
    """Raises `UsageError` where two probes are not of the same inputs in the same order."""
    if left is right:
        return
    keys = left.inputs.keys, right.inputs.keys
    if len(keys[0]) != len(keys[1]):
        raise UsageError(f"the two probes are of {len(keys[0]):,} and {len(keys[1]):,} inputs; they must be the same")
    for place, (one, other) in enumerate(zip(*keys)):
        if one != other:
            raise UsageError(
                f"the two probes are not of the same inputs: number {place} (from 0) is {one[-1][:60]!r} and "
                f"{other[-1][:60]!r}"
            )


def _columns(side: Side) -> list[int]:
    return [side.probe.cells.unit(unit) for unit in side.units]


def _active(side: Side) -> np.ndarray:
    return side.probe.inputs.active(side.units)


def _values(before: Side, after: Side) -> tuple[list[np.ndarray], str]:
    """What is correlated, (n_inputs, n_units) of each side, and what it is called."""
    sides = (before, after)
    if all(side.probe.inputs.has("unit_max") for side in sides):
        values, of_what = [side.probe.inputs.unit_max[:, _columns(side)] for side in sides], "the largest value"
    else:
        values, of_what = [_active(side) for side in sides], "being active"
    if len(values[0]) != len(values[1]):
        raise DataError(f"the two probes hold {len(values[0]):,} and {len(values[1]):,} inputs under equal names")
    return values, of_what


def _summary(
    rows: Sequence[dict[str, Any]], correlation: np.ndarray, role: np.ndarray, of_what: str
) -> tuple[str, ...]:
    known = np.isfinite(correlation)
    without = f"; {int((~known).sum()):,} have none: one unit is the same on all inputs" if not known.all() else ""
    sentences = []
    if known.any():
        fed = int((role == "contributor").any(axis=0).sum())
        sentences.append(
            f"{fed} of {role.shape[1]} later units have a contributor; {int((role == 'contributor').sum()):,} pairs "
            f"are contributors and {int((role == 'inhibitor').sum()):,} inhibitors"
        )
    for row in sorted(rows, key=lambda row: -row["correlation"])[:3]:
        sentences.append(
            f"unit {row['unit']}, {row['formula']}: with {row['earlier']}, {row['earlier_formula']} "
            f"(r = {row['correlation']:+.3f}, IoU {row['iou']:.3f})"
        )
    sentences.append(f"correlation is of {of_what}, over {known.size:,} pairs of units{without}")
    return tuple(sentences)


def _figure(correlation: np.ndarray, iou: np.ndarray, alpha: float) -> Any:
    figure, (left, right) = new_figure(columns=2)
    known = np.isfinite(correlation)
    left.hist(correlation[known], bins=60, color="#2f7fd0")
    for edge in np.quantile(correlation[known], [alpha, 1 - alpha]) if known.any() else ():
        left.axvline(edge, color="#c0392b", linestyle="--", linewidth=1)
    left.set(xlabel="correlation", ylabel="pairs of units", title=f"dashed: the outer {alpha:.0%} at each end")
    right.scatter(
        correlation[known], iou[known], s=4, alpha=0.2, color="#2f7fd0", edgecolors="none", rasterized=True
    )  # fmt: skip
    right.set(xlabel="correlation", ylabel="IoU of activity", title="all pairs of units")
    return figure
