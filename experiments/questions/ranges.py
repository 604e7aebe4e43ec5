"""`ranges`: does a unit mean something else where it is weakly active than where it is strongly active?

After La Rosa, Gilpin and Capobianco, "Towards a fuller understanding of neurons with Clustered Compositional
Explanations" (NeurIPS 2023): a unit's activations are split into ranges, and each range is explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...probes.opening import open_probe
from ...probes.progress import Progress, silent
from ...probes.ranges import has_activations, parts, read_ranges
from ...probes.store import Probe
from ...solver.errors import UsageError
from ...solver.explanation import Explanation
from ...solver.logic import MAX_TABLE_CONCEPTS, are_equivalent
from ..commands.options import UnitsOption
from ..commands.signature import Depends
from .answer import Answer, input_record, new_figure
from .explanations import Explained, explain_at
from .inputs import chosen_units
from .search_options import AT_LENGTH, SearchAtLengthInput

Rows = tuple[dict[str, Any], ...]

DEFAULT_RANGES = 5


def ranges_probe(
    probe: Annotated[Path, typer.Argument(help="A probe made with --ranges, or an .npz file with `activations`.")],
    k: Annotated[
        int | None, typer.Option("--k", help="Only for `activations`: the number of ranges.  Default: 5.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Only for `activations`: quantiles (default) or kmeans.")] = None,
    above: Annotated[
        float | None, typer.Option(help="Only for `activations`: split what is above.  Default: 0.")
    ] = None,
) -> Probe:
    """A probe folder as it is, or an `.npz` file's activations split into ranges.

    Raises `UsageError` where ranges are asked for of what has no activations to split.
    """
    if has_activations(probe):
        return read_ranges(probe, DEFAULT_RANGES if k is None else k, by or "quantiles", above or 0.0)
    if any(option is not None for option in (k, by, above)):
        raise UsageError(
            f"{probe} has no activations to split: --k, --by and --above are for .npz files with float `activations`; "
            "compexact probe vision or nli --ranges 5 splits them while it probes"
        )
    return open_probe(probe)


RangesInput = Annotated[Probe, Depends(ranges_probe)]


def _units(probe: RangesInput, units: UnitsOption = None) -> list[str]:
    return chosen_units(probe, units)


def explained_ranges(
    probe: RangesInput,
    units: Annotated[Sequence[str], Depends(_units)],
    *,
    search: SearchAtLengthInput = AT_LENGTH,
    on_progress: Progress = silent,
) -> Answer:
    """Does a unit mean something else where it is weakly active than where it is strongly active?

    Takes probes that were made with --ranges, and .npz files that have float `activations` (rows, units) in place of
    `neurons`.  Units have names such as `7@1`; range 1 has the lowest activations.  Two formulas are the same where
    they are the same Boolean function of the concepts.

    compexact experiment ranges ranges-probe --units 7@1,7@5 -o answers/ranges
    compexact experiment ranges activations.npz --k 5 --by kmeans

    Raises `UsageError` where a unit is no range of one.
    """
    for unit in units:
        if parts(unit) is None:
            raise UsageError(
                f"unit {unit!r} is not a range of a unit, such as '7@1'; make ranges with compexact probe vision "
                "or nli --ranges 5, or give an .npz file with float `activations`"
            )
    length = search.length
    settings = search.settings([length])
    explained = explain_at(probe, units, [length], settings, where=search.where, on_progress=on_progress)
    rows = tuple(_row(probe, unit, length) for unit in explained)
    by_range = _by_range(rows)
    made = probe.about.get("settings") or {}
    return Answer(
        name="ranges",
        question="Does a unit mean something else where it is weakly active than where it is strongly active?",
        inputs=(input_record(probe),),
        settings={
            "units": len({row["unit"] for row in rows}),
            "length": length,
            "engine": search.engine,
            "beam_size": search.beam_size,
            **{key: made.get(key) for key in ("ranges", "ranges_by")},
        },
        rows=rows,
        summary=_summary(by_range, *_differing(explained, length)),
        more={"by_range": by_range},
        draw=lambda: _figure(rows, by_range),
    )


def _row(probe: Probe, explained: Explained, length: int) -> dict[str, Any]:
    found, of_unit = explained.best(length), parts(explained.unit)
    assert of_unit is not None
    return {
        "unit": of_unit[0],
        "range": of_unit[1],
        "active_points": int(probe.cells.active.totals[probe.cells.unit(explained.unit)]),
        "iou": float(found.iou) if found else None,
        "formula": explained.text(length),
    }


def _by_range(rows: Rows) -> Rows:
    """Mean IoU of the explained units of each range, ascending."""
    table = []
    for place in sorted({row["range"] for row in rows}):
        ious = [row["iou"] for row in rows if row["range"] == place and row["iou"] is not None]
        table.append({"range": place, "units": len(ious), "mean_iou": float(np.mean(ious)) if ious else None})
    return tuple(table)


def _differing(explained: Sequence[Explained], length: int) -> tuple[int, int]:
    """Of how many units the lowest and the highest range have different formulas, and how many have both."""
    last = max((place for each in explained if (place := _place(each))), default=0)
    ends: dict[str, dict[int, Explanation]] = {}
    for each in explained:
        found, of_unit = each.best(length), parts(each.unit)
        if found and of_unit and of_unit[1] in (1, last):
            ends.setdefault(of_unit[0], {})[of_unit[1]] = found
    both = [(found[1], found[last]) for found in ends.values() if last > 1 and len(found) == 2]
    return sum(not _same(low, high) for low, high in both), len(both)


def _place(explained: Explained) -> int:
    of_unit = parts(explained.unit)
    return of_unit[1] if of_unit else 0


def _same(one: Explanation, other: Explanation) -> bool:
    """Whether they are one function; formulas with too many concepts for a truth table are compared as text."""
    if len({*one.formula.atoms(), *other.formula.atoms()}) > MAX_TABLE_CONCEPTS:
        return str(one.formula) == str(other.formula)
    return are_equivalent(one.formula, other.formula)


def _summary(by_range: Rows, differ: int, both: int) -> tuple[str, ...]:
    if both:
        share = f"{differ} of {both} units ({differ / both:.0%})"
        first = f"the lowest and the highest range have different formulas in {share}"
    else:
        first = "no unit has a formula of both its lowest and its highest range"
    ranges = [
        f"range {row['range']}: mean IoU {row['mean_iou']:.4f} (n = {row['units']} units)"
        if row["units"]
        else f"range {row['range']}: no unit has a formula in it"
        for row in by_range
    ]
    return (first, *ranges)


def _figure(rows: Rows, by_range: Rows) -> Any:
    figure, axes = new_figure()
    for unit in dict.fromkeys(row["unit"] for row in rows):
        line = [(row["range"], row["iou"]) for row in rows if row["unit"] == unit and row["iou"] is not None]
        if line:
            axes.plot(*zip(*line), color="#2f7fd0", alpha=0.15, linewidth=0.7)
    means = [(row["range"], row["mean_iou"]) for row in by_range if row["units"]]
    if means:
        axes.plot(*zip(*means), color="#103a66", marker="o", label="mean")
        axes.legend(frameon=False)
    axes.set(xlabel="range of activations (1 is the lowest)", ylabel="IoU", xticks=[row["range"] for row in by_range])
    return figure
