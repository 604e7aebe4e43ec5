"""`auc`: which formula goes with a unit's activations as they are, without a threshold?"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from statistics import median
from typing import Annotated, Any

import typer

from ...probes.graded_arrays import GradedArrays, read_graded
from ...probes.progress import Progress, silent
from ...solver.errors import UsageError
from ...solver.graded.activations import GradedExplanation, GradedUnit
from ...solver.graded.best_auc import best_by_auc
from ...solver.stopping import Stopped, Stopping
from ..commands.options import LengthOption, UnitsOption
from ..commands.signature import Depends, Opened
from ..run.interrupts import stop_on_interrupt
from ..run.units import choose_units
from .answer import Answer, input_record, new_figure

DIRECTIONS = ("high", "low")
MIN_SHARE = 0.005
"""That of the points that a threshold at the quantile 0.005 leaves."""

GradedInput = Annotated[
    GradedArrays,
    typer.Argument(metavar="ARRAYS", help="An .npz file with the arrays concepts and activations."),
    Opened(read_graded),
]


def graded_units(arrays: GradedInput, units: UnitsOption = None) -> list[str]:
    """The names of the units that `--units` chooses."""
    return choose_units(arrays.probe.cells, units)


def best_without_threshold(
    arrays: GradedInput,
    units: Annotated[Sequence[str], Depends(graded_units)],
    *,
    length: LengthOption = 3,
    direction: Annotated[
        str, typer.Option(metavar="high|low", help="Explain where units are high, or where they are low.")
    ] = "high",
    min_share: Annotated[
        float, typer.Option(help="The least share of the points on which a formula holds, and does not hold.")
    ] = MIN_SHARE,
    on_progress: Progress = silent,
) -> Answer:
    """Which formula goes with a unit's activations as they are, without a threshold?

    The chain of at most so many concepts, 3 at most, with the highest AUC: the chance that the unit is higher on a
    point drawn from where the formula holds than on one from elsewhere, ties counting half.  All chains are gone
    through and compared in integers, so it is the best there is.  Beside it stand its average precision, the
    correlation, and the difference of means in standard deviations.  The file has `activations`, numbers of points and
    units, in place of `neurons` or beside them.  A formula that holds on few points may have a high AUC by chance;
    --min-share leaves such out.

    compexact experiment auc activations.npz --length 2 -o answers/auc
    compexact experiment auc activations.npz --units 0-9 --direction low
    """
    if direction not in DIRECTIONS:
        raise UsageError(f"--direction is {' or '.join(DIRECTIONS)}, not {direction!r}")
    if not 0 <= min_share <= 0.5:
        raise UsageError(f"--min-share is from 0 to 0.5, not {min_share:g}")
    if not units:
        raise UsageError("no unit to explain")
    rows = tuple(_rows(arrays, units, length, direction == "low", min_share, on_progress))
    return Answer(
        name="auc",
        question="Which formula goes with activations as they are?",
        inputs=(input_record(arrays.probe),),
        settings={"units": len(units), "max_length": length, "direction": direction, "min_share": min_share},
        rows=rows,
        summary=tuple(_sentences(rows, length, direction)),
        draw=lambda: _figure(rows),
    )


def _rows(
    arrays: GradedArrays, units: Sequence[str], length: int, low: bool, min_share: float, on_progress: Progress
) -> list[dict[str, Any]]:
    rows = []
    with stop_on_interrupt() as stop:
        for done, name in enumerate(units, start=1):
            unit = arrays.unit(name, low=low)
            least = ceil(Fraction(str(min_share)) * unit.n_points)  # 0.07 of 100 points are 7, not 8
            try:
                rows.append(_row(unit, best_by_auc(unit, length, least, Stopping(should_stop=stop.is_set))))
            except Stopped:
                raise KeyboardInterrupt from None
            on_progress("units", done, len(units))
    return rows


def _row(unit: GradedUnit, found: GradedExplanation | None) -> dict[str, Any]:
    if found is None:
        empty = ("formula", "length", "auc", "average_precision", "points_share", "correlation", "mean_difference")
        return {"unit": unit.unit} | dict.fromkeys(empty)
    return {
        "unit": unit.unit,
        "formula": str(found.formula),
        "length": found.formula.length,
        "auc": float(found.auc),
        "average_precision": unit.average_precision(found.formula),
        "points_share": found.points / found.n_points,
        "correlation": unit.correlation(found.formula),
        "mean_difference": unit.mean_difference(found.formula),
    }


def _sentences(rows: Sequence[dict[str, Any]], length: int, direction: str) -> list[str]:
    aucs = [row["auc"] for row in rows if row["auc"] is not None]
    if not aucs:
        return ["no formula holds on enough points, and not on too many; take a smaller --min-share"]
    shares = [row["points_share"] for row in rows if row["auc"] is not None]
    said = [
        f"of chains of at most {length} concepts, the best has AUC {median(aucs):.4f} for the median of {len(aucs)} "
        f"units, between {min(aucs):.4f} and {max(aucs):.4f}; it says where units are {direction}",
        f"the best formula holds on {median(shares):.2%} of the points, for the median unit: AUC does not ask how many "
        "points a formula has, so compare it with the average precision, which is that share where nothing is known",
    ]
    if len(aucs) < len(rows):
        said.append(f"{len(rows) - len(aucs)} units have no formula")
    return said


def _figure(rows: Sequence[dict[str, Any]]) -> Any:
    """AUC against average precision, a point for each unit."""
    figure, axes = new_figure()
    shown = [row for row in rows if row["auc"] is not None]
    axes.scatter([row["auc"] for row in shown], [row["average_precision"] for row in shown], s=12, color="#2f7fd0")
    axes.axvline(0.5, color="#777777", linestyle=":", linewidth=0.8)
    axes.set(xlabel="AUC of the best formula", ylabel="its average precision", ylim=(0, 1))
    return figure
