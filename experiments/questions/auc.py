"""`auc`: which formula goes with a unit's activations as they are, without a threshold?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from statistics import median
from typing import Annotated, Any, ClassVar

import numpy as np
import typer

from ...probes.graded import GradedUnits, open_graded
from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.cells import Cells
from ...solver.errors import UsageError, did_you_mean
from ...solver.formula import Formula
from ...solver.graded.activations import GradedExplanation, GradedUnit
from ...solver.graded.auc_beam import beam_by_auc
from ...solver.graded.best_auc import MAX_LENGTH, best_by_auc
from ...solver.stopping import Stopped, Stopping
from ..commands.options import BeamSizeOption, JobsOption, LengthOption, UnitsOption
from ..commands.signature import Depends, Opened
from ..run.engines import SearchSettings, ShouldStop, explain_unit
from ..run.interrupts import stop_on_interrupt
from ..run.units import choose_units, map_units
from ..run.where import where
from .answer import Answer, input_record, new_figure
from .held_out_counts import HeldOutCounts

DIRECTIONS = ("high", "low")
SEARCHES = ("exact", "beam")
MIN_SHARE = 0.005
"""That of the points that a threshold at the quantile 0.005 leaves."""

GradedInput = Annotated[
    Probe,
    typer.Argument(
        metavar="PROBE", help="A probe with activations (--keep-activations), or an .npz file that has them."
    ),
    Opened(open_graded),
]


def graded_units(probe: GradedInput, units: UnitsOption = None) -> list[str]:
    """The names of the units that `--units` chooses."""
    return choose_units(probe.cells, units)


@dataclass(frozen=True)
class _Found:
    """What is found of a unit; None where no formula holds on enough points.

    by_iou: what a beam finds with the threshold, where there is one.
    held_out: of folds, pairs of points as in `GradedExplanation.pairs`; None where that is not asked for.
    """

    explanation: GradedExplanation | None
    scores: dict[str, float]
    by_iou: GradedExplanation | None = None
    held_out: HeldOutCounts | None = None


@dataclass(frozen=True)
class _BestOf:
    """The work for one unit; None where it was stopped."""

    settings: ClassVar[SearchSettings] = SearchSettings()

    graded: GradedUnits
    length: int
    search: str
    beam_size: int
    low: bool
    min_share: Fraction
    cross_validate: bool

    def __call__(self, cells: Cells, column: int, should_stop: ShouldStop) -> _Found | None:
        unit, stopping = self.graded.unit(column, low=self.low), Stopping(should_stop=should_stop)
        try:
            found = self._best(unit, stopping)
            held_out = self._held_out(column, stopping) if self.cross_validate else None
        except Stopped:
            return None
        scores = {} if found is None else _scores(unit, found)
        with_threshold = None if self.low else self._by_iou(cells, column, should_stop)
        return _Found(found, scores, None if with_threshold is None else unit.explain(with_threshold), held_out)

    def _best(self, unit: GradedUnit, stopping: Stopping) -> GradedExplanation | None:
        """Raises `Stopped`."""
        least = ceil(self.min_share * unit.n_points)
        if self.search == "exact":
            return best_by_auc(unit, self.length, least, stopping)
        found = beam_by_auc(unit, self.length, least, beam_size=self.beam_size, stopping=stopping)
        stopping.check()
        return found

    def _held_out(self, column: int, stopping: Stopping) -> HeldOutCounts:
        """Each fold's pairs, for the formula found without it; none where there is no formula.  Raises `Stopped`."""
        pairs = []
        for rest, fold in self.graded.splits(column, low=self.low):
            found = self._best(rest, stopping)
            pairs.append((0, 0) if found is None else fold.explain(found.formula).pairs)
        above, all_pairs = np.array(pairs, dtype=np.int64).T
        return HeldOutCounts(above, all_pairs)

    def _by_iou(self, cells: Cells, column: int, should_stop: ShouldStop) -> Formula | None:
        """What a beam finds where the probe says on which points the unit is active."""
        settings = SearchSettings(max_length=self.length, beam_size=self.beam_size)
        best = explain_unit(cells, column, settings, should_stop).best
        return None if best is None else best.formula


def _scores(unit: GradedUnit, found: GradedExplanation) -> dict[str, float]:
    return {
        "auc": float(found.auc),
        "average_precision": unit.average_precision(found.formula),
        "points_share": found.points / found.n_points,
        "correlation": unit.correlation(found.formula),
        "mean_difference": unit.mean_difference(found.formula),
    }


def best_without_threshold(
    probe: GradedInput,
    units: Annotated[Sequence[str], Depends(graded_units)],
    *,
    length: LengthOption = 3,
    search: Annotated[
        str,
        typer.Option(metavar="exact|beam", help="exact proves the best, at lengths up to 3; beam takes any length."),
    ] = "exact",
    beam_size: BeamSizeOption = 10,
    direction: Annotated[
        str, typer.Option(metavar="high|low", help="Explain where units are high, or where they are low.")
    ] = "high",
    min_share: Annotated[
        float, typer.Option(help="The least share of the points on which a formula holds, and does not hold.")
    ] = MIN_SHARE,
    cross_validate: Annotated[
        bool, typer.Option("--cross-validate", help="Also search without each fold of PROBE, and score on that fold.")
    ] = False,
    jobs: JobsOption = 1,
    on_progress: Progress = silent,
) -> Answer:
    """Which formula goes with a unit's activations as they are, without a threshold?

    The chain of at most so many concepts with the highest AUC: the chance that the unit is higher on a point drawn from
    where the formula holds than on one from elsewhere, ties counting half.  AUCs are compared in integers, and up to
    three concepts the best is proven.  Beside it stand its average precision, the correlation, and the difference of
    means in standard deviations; and where the probe says where units are active, what a beam finds by IoU, and the AUC
    of that.  A formula that holds on few points may have a high AUC by chance; --min-share leaves such out.
    With --cross-validate, of a probe that was made with --folds, `held_out_auc` is that of formulas found without a
    fold on pairs of points within it, all folds together, with its 95 % interval.

    compexact experiment auc words --units 0-63 --jobs 2 -o answers/auc
    compexact experiment auc probe --search beam --length 5
    compexact experiment auc activations.npz --length 2 --direction low
    """
    share = _checked(length, search, direction, min_share)
    if not units:
        raise UsageError("no unit to explain")
    graded = GradedUnits(probe)
    if cross_validate:
        graded.check_folds()
    work = _BestOf(graded, length, search, beam_size, direction == "low", share, cross_validate)
    rows = tuple(_rows(probe, units, work, jobs, on_progress))
    return Answer(
        name="auc",
        question="Which formula goes with activations as they are?",
        inputs=(input_record(probe),),
        settings={
            "units": len(units),
            "max_length": length,
            "search": search,
            "beam_size": beam_size,
            "direction": direction,
            "min_share": min_share,
            "cross_validate": cross_validate,
        },
        rows=rows,
        summary=tuple(_sentences(rows, length, search, direction, min_share)),
        draw=lambda: _figure(rows),
    )


def _checked(length: int, search: str, direction: str, min_share: float) -> Fraction:
    """The share, exactly: 0.07 of 100 points are 7, not 8."""
    if direction not in DIRECTIONS:
        raise UsageError(f"--direction is {' or '.join(DIRECTIONS)}, not {direction!r}")
    if search not in SEARCHES:
        raise UsageError(f"--search is {' or '.join(SEARCHES)}, not {search!r}{did_you_mean(search, SEARCHES)}")
    if search == "exact" and length > MAX_LENGTH:
        raise UsageError(
            f"the best formula by AUC is proven at 1 to {MAX_LENGTH} concepts, not {length}; "
            "--search beam takes any length"
        )
    if not 0 <= min_share <= 0.5:
        raise UsageError(f"--min-share is from 0 to 0.5, not {min_share:g}")
    return Fraction(str(min_share))


def _rows(probe: Probe, units: Sequence[str], work: _BestOf, jobs: int, on_progress: Progress) -> list[dict[str, Any]]:
    rows = []
    with stop_on_interrupt() as stop:
        for unit, found in map_units(work, probe, units, where=where(jobs), stop=stop):
            if found is None:
                raise KeyboardInterrupt
            rows.append(_row(unit, found, work.search == "exact"))
            on_progress("units", len(rows), len(units))
    if len(rows) < len(units):
        raise KeyboardInterrupt
    return rows


def _row(unit: str, found: _Found, is_proven: bool) -> dict[str, Any]:
    best, by_iou = found.explanation, found.by_iou
    scores = ("auc", "average_precision", "points_share", "correlation", "mean_difference")
    return {
        "unit": unit,
        "formula": None if best is None else str(best.formula),
        "length": None if best is None else best.formula.length,
        **{name: found.scores.get(name) for name in scores},
        **_held_out_columns(found.held_out),
        "proven": is_proven,
        "formula_by_iou": None if by_iou is None else str(by_iou.formula),
        "auc_by_iou": None if by_iou is None else float(by_iou.auc),
        "points_share_by_iou": None if by_iou is None else by_iou.points / by_iou.n_points,
        "same": None if best is None or by_iou is None else best.formula == by_iou.formula,
    }


def _held_out_columns(counts: HeldOutCounts | None) -> dict[str, float | None]:
    """Empty without folds, and where no formula held on a point of a fold, and not on all."""
    if counts is None or not counts.unions.any():
        return dict.fromkeys(("held_out_auc", "held_out_low", "held_out_high"))
    low, high = counts.interval()
    return {"held_out_auc": float(counts.iou), "held_out_low": float(low), "held_out_high": float(high)}


def _sentences(rows: Sequence[dict[str, Any]], length: int, search: str, direction: str, min_share: float) -> list[str]:
    explained = [row for row in rows if row["auc"] is not None]
    if not explained:
        return ["no formula holds on enough points, and not on too many; take a smaller --min-share"]
    aucs, shares = ([row[name] for row in explained] for name in ("auc", "points_share"))
    best = "the best" if search == "exact" else "the best that a beam finds"
    said = [
        f"of chains of at most {length} concepts, {best} has AUC {median(aucs):.4f} for the median of {len(aucs)} "
        f"units, between {min(aucs):.4f} and {max(aucs):.4f}; it says where units are {direction}",
        f"the formula holds on {median(shares):.2%} of the points, for the median unit: AUC does not ask how many "
        "points a formula has, so compare it with the average precision, which is that share where nothing is known",
    ]
    held_out = [row for row in explained if row["held_out_auc"] is not None]
    if held_out:
        widths = [row["held_out_high"] - row["held_out_low"] for row in held_out]
        said.append(
            f"on folds that formulas were not found on, the median AUC of {len(held_out)} units is "
            f"{median(row['held_out_auc'] for row in held_out):.4f}, and where found "
            f"{median(row['auc'] for row in held_out):.4f}; the median 95 % interval is {median(widths):.4f} wide"
        )
    by_iou = [row for row in explained if row["same"] is not None]
    both = [row for row in by_iou if min_share <= row["points_share_by_iou"] <= 1 - min_share]
    if by_iou:
        said.append(
            f"with a threshold, a beam finds by IoU a formula on enough points, and not on too many, for {len(both)} "
            f"of {len(by_iou)} units, and the same one for {sum(row['same'] for row in by_iou)}"
        )
    if both:
        said.append(
            f"of these {len(both)} units, the median AUC of what IoU finds is "
            f"{median(row['auc_by_iou'] for row in both):.4f}, where {best} is {median(row['auc'] for row in both):.4f}"
        )
    if len(explained) < len(rows):
        said.append(f"{len(rows) - len(explained)} units have no formula")
    return said


def _figure(rows: Sequence[dict[str, Any]]) -> Any:
    """AUC against average precision, a point for each unit; and against the AUC of what IoU finds, where it does."""
    both = [row for row in rows if row["same"] is not None]
    shown = [row for row in rows if row["auc"] is not None]
    if not both:
        figure, axes = new_figure()
        _draw_precision(axes, shown)
        return figure
    figure, (left, right) = new_figure(columns=2)
    _draw_precision(left, shown)
    right.scatter([row["auc_by_iou"] for row in both], [row["auc"] for row in both], s=12, color="#2f7fd0")
    ends = [min(row["auc_by_iou"] for row in both), max(row["auc"] for row in both)]
    right.plot(ends, ends, color="#777777", linestyle=":", linewidth=0.8)
    right.set(xlabel="AUC of what IoU finds", ylabel="AUC of the best formula")
    return figure


def _draw_precision(axes: Any, shown: Sequence[dict[str, Any]]) -> None:
    axes.scatter([row["auc"] for row in shown], [row["average_precision"] for row in shown], s=12, color="#2f7fd0")
    axes.axvline(0.5, color="#777777", linestyle=":", linewidth=0.8)
    axes.set(xlabel="AUC of the best formula", ylabel="its average precision", ylim=(0, 1))
