"""`front`: which formulas does no other of that length beat in false positives and false negatives?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...probes.progress import Progress, silent
from ...solver.cells import Cells
from ...solver.errors import UsageError
from ...solver.explanation import Explanation
from ...solver.front.pareto import error_front
from ...solver.problem import Problem
from ...solver.stopping import Stopped, Stopping
from ..commands.options import LengthOption
from ..commands.where_asked import HERE, WhereAsked
from ..run.engines import ShouldStop
from ..run.interrupts import stop_on_interrupt
from ..run.units import map_units
from .answer import Answer, input_record, legend_above, new_figure
from .inputs import ProbeInput, UnitsInput
from .measures import MEASURES, Measure, counts

MOST_DRAWN = 8


@dataclass(frozen=True)
class _FrontOf:
    """The work for one unit.  None where it was stopped: part of a front is none."""

    searches: ClassVar[tuple[()]] = ()
    """Nothing to compile before, but its own walk."""

    length: int

    def __call__(self, cells: Cells, column: int, should_stop: ShouldStop) -> tuple[Explanation, ...] | None:
        try:
            return error_front(Problem.of(cells, column), self.length, Stopping(should_stop=should_stop))
        except Stopped:
            return None


def error_fronts(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    length: LengthOption = 3,
    where: WhereAsked = HERE,
    on_progress: Progress = silent,
) -> Answer:
    """Which formulas does no other beat in false positives and false negatives?

    All chains of at most so many concepts, 3 at most, are gone through, so the front is exact.  A score that rises with
    hits and falls with false positives is highest on it: IoU, F1, informedness (recall + specificity - 1), Matthews'
    correlation (MCC) and any other trade of the two errors are read off one table.  Of formulas with the same numbers
    the shortest stands there; formulas that share no point with the unit are left out.

    compexact experiment front probe --units 0-9 -o answers/front
    """
    if not units:
        raise UsageError("no unit to explain")
    found: list[tuple[str, tuple[Explanation, ...]]] = []
    with stop_on_interrupt() as stop:
        for done, (unit, front) in enumerate(
            map_units(_FrontOf(length), probe, units, where=where, stop=stop), start=1
        ):
            if front is None:
                raise KeyboardInterrupt
            found.append((unit, front))
            on_progress("units", done, len(units))
    if len(found) < len(units):
        raise KeyboardInterrupt
    if not any(front for _, front in found):
        raise UsageError("no unit shares a point with a concept, so there is no formula to show")
    best = [row for unit, front in found for row in _best_rows(unit, front)]
    return Answer(
        name="front",
        question="Which formulas does no other beat in false positives and false negatives?",
        inputs=(input_record(probe),),
        settings={"units": len(units), "max_length": length},
        rows=tuple(_row(unit, each) for unit, front in found for each in front),
        summary=tuple(_sentences(found, best, length)),
        more={"best": tuple(best)},
        draw=lambda: _figure(found),
    )


MARKED = ("iou", "informedness", "mcc")
"""Whose highest point the figure marks; f1 has that of iou."""


def _row(unit: str, found: Explanation) -> dict[str, Any]:
    _, fp, fn, _ = counts(found)
    shown = {measure.name: measure.shown(found) for measure in MEASURES}
    return {
        "unit": unit,
        "false_positives": fp,
        "false_negatives": fn,
        "length": found.formula.length,
        "formula": str(found.formula),
        **shown,
    }


def _best(front: Sequence[Explanation], measure: Measure) -> Explanation:
    """The formula of the highest score; of equal ones that with the fewest false positives."""
    return max(front, key=measure.exact)


def _best_rows(unit: str, front: Sequence[Explanation]) -> list[dict[str, Any]]:
    """The formula that each measure calls best."""
    return [
        {"unit": unit, "measure": measure.name, "value": measure.shown(best), "formula": str(best.formula)}
        for measure in MEASURES
        if front
        for best in [_best(front, measure)]
    ]


def _sentences(
    found: Sequence[tuple[str, Sequence[Explanation]]], best: Sequence[dict[str, Any]], length: int
) -> list[str]:
    sizes = sorted(len(front) for _, front in found if front)
    empty = len(found) - len(sizes)
    said = [f"{empty} units share no point with a concept and have no front"] if empty else []
    formulas = {(row["unit"], row["measure"]): row["formula"] for row in best}
    units = [unit for unit, front in found if front]
    same = {
        name: sum(formulas[unit, name] == formulas[unit, "iou"] for unit in units) for name in ("informedness", "mcc")
    }
    return [
        f"of chains of at most {length} concepts, between {sizes[0]} and {sizes[-1]} are beaten by none, "
        f"{sizes[len(sizes) // 2]} for the median unit",
        f"the formula of highest IoU is that of highest informedness for {same['informedness']} of {len(units)} units, "
        f"and that of highest Matthews' correlation for {same['mcc']}",
        *said,
    ]


def _figure(found: Sequence[tuple[str, Sequence[Explanation]]]) -> Any:
    """The fronts of the first units as shares, a step line each, with the best formula of each marked measure."""
    figure, axes = new_figure()
    marks = dict(zip(MARKED, "o^s"))
    drawn = [(unit, front) for unit, front in found if front][:MOST_DRAWN]
    for place, (unit, front) in enumerate(drawn):
        axes.step(*zip(*map(_place, front)), where="post", color=f"C{place}", linewidth=1, label=f"unit {unit}")
        for measure in MEASURES:
            if measure.name in marks:
                axes.plot(*_place(_best(front, measure)), marks[measure.name], color=f"C{place}", markersize=5)
    for name, mark in marks.items():
        axes.plot([], [], mark, color="grey", label=f"highest {'IoU' if name == 'iou' else name}")
    axes.set(xlabel="false positives / points of the unit", ylabel="false negatives / points of the unit")
    axes.set_xscale("symlog", linthresh=1)
    if drawn:
        legend_above(axes)
    return figure


def _place(found: Explanation) -> tuple[float, float]:
    _, fp, fn, _ = counts(found)
    return fp / found.unit_points, fn / found.unit_points
