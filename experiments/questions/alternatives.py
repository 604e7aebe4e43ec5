"""`alternatives`: which other formulas are about as good as the best one?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Annotated, Any, ClassVar

import typer

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.alternatives import LISTED, Alternatives, alternatives
from ...solver.cells import Cells
from ...solver.errors import UsageError
from ...solver.problem import Problem
from ...solver.stopping import Stopping
from ..commands.options import LengthOption, SeedOption, SpaceOption, TimeLimitOption
from ..commands.where_asked import HERE, WhereAsked
from ..run.engines import SearchSettings, ShouldStop
from ..run.interrupts import stop_on_interrupt
from ..run.units import map_units
from ..run.where import Where
from .answer import Answer, input_record, new_figure
from .inputs import ProbeInput, UnitsInput
from .paired_bootstrap import DRAWS, HOW, TOLD_APART, Drawn, counts_of, shares_beaten

SHARE = re.compile(r"\d{0,9}\.?\d{1,18}|\d{1,9}/\d{1,9}|\d{1,9}(\.\d{1,9})?e-\d{1,2}", re.ASCII)
MOST_DRAWN = 16
"""Units of which the figure has the concepts."""


@dataclass(frozen=True)
class _AlternativesOf:
    """The work for one unit."""

    searches: ClassVar[tuple[SearchSettings, ...]] = (SearchSettings(engine="exact", max_length=4),)

    length: int
    space: str
    within: Fraction
    listed: int
    time_limit: float | None

    def __call__(self, cells: Cells, column: int, should_stop: ShouldStop) -> Alternatives:
        return alternatives(
            Problem.of(cells, column),
            max_length=self.length,
            space=self.space,
            within=self.within,
            listed=self.listed,
            stopping=Stopping.after(self.time_limit, should_stop),
        )


@dataclass(frozen=True)
class _Judged:
    """A unit's alternatives.  beaten: of each that is listed, the share of draws in which the best has a higher IoU."""

    found: Alternatives
    beaten: tuple[float, ...]
    by: Drawn | None

    @property
    def as_good(self) -> int:
        """How many of those listed, the best among them, the data cannot tell from the best."""
        return sum(share < TOLD_APART for share in self.beaten)


def equally_good(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    length: LengthOption = 3,
    space: SpaceOption = "chain",
    within: Annotated[str, typer.Option(metavar="SHARE", help="How far below the best IoU, as 0.02 or 1/50.")] = "0.02",
    listed: Annotated[int, typer.Option(help="So many alternatives of a unit are listed; all are counted.")] = LISTED,
    draws: Annotated[int, typer.Option(help="Draws of the bootstrap.")] = DRAWS,
    seed: SeedOption = 0,
    time_limit: TimeLimitOption = None,
    where: WhereAsked = HERE,
    on_progress: Progress = silent,
) -> Answer:
    """Which other formulas are about as good as the best one?  (The Rashomon set.)

    All formulas of at most so many concepts, 5 at most, whose IoU is within a share of the proven optimum, each Boolean
    function of the concepts once.  Where a function of fewer concepts holds on the same points it is counted as
    `padded` and left out.  `as_good` are those listed, with the best, that the data cannot tell from the best: drawn
    again with replacement, the inputs give the best a higher IoU in less than 97.5 % of the draws.  `complete` is no
    where the time was over, or there were more than two million functions; then the numbers are of what was found.

    compexact experiment alternatives probe --units 0-9 -o answers/alternatives
    compexact experiment alternatives probe --length 5 --within 0.01 --space tree --time-limit 60
    """
    if not units:
        raise UsageError("no unit to explain")
    for what, value in (("--listed", listed), ("--draws", draws)):
        if value < 1:
            raise UsageError(f"{what} is at least 1, not {value}")
    work = _AlternativesOf(length, space, share(within), listed, time_limit)
    found = _found(probe, units, work, where, on_progress)
    judged = [_judged(probe, each, draws, seed) for each in found]
    return Answer(
        name="alternatives",
        question="Which other formulas are about as good as the best one?",
        inputs=(input_record(probe),),
        settings={
            "units": len(units),
            "max_length": length,
            "space": space,
            "within": str(work.within),
            "draws": draws,
            "seed": seed,
        },
        rows=tuple(map(_row, judged)),
        summary=tuple(_sentences(judged, work)),
        more={
            "listed": tuple(row for each in judged for row in _listed_rows(each)),
            "concepts": tuple(row for each in judged for row in _concept_rows(each.found)),
        },
        draw=lambda: _figure(judged),
    )


def share(text: str) -> Fraction:
    """`--within`, exactly.  `UsageError` where it is no number from 0 to below 1."""
    try:
        value = Fraction(text) if SHARE.fullmatch(text.strip()) else Fraction(-1)
    except ZeroDivisionError:
        value = Fraction(-1)
    if not 0 <= value < 1:
        raise UsageError(f"--within takes a share from 0 to below 1, such as 0.02 or 1/50, not {text!r}")
    return value


def _found(
    probe: Probe, units: Sequence[str], work: _AlternativesOf, where: Where, on_progress: Progress
) -> list[Alternatives]:
    found: list[Alternatives] = []
    with stop_on_interrupt() as stop:
        for _, each in map_units(work, probe, units, where=where, stop=stop):
            found.append(each)
            on_progress("units", len(found), len(units))
        if stop.is_set():
            raise KeyboardInterrupt
    return found


def _judged(probe: Probe, found: Alternatives, draws: int, seed: int) -> _Judged:
    if not found.listed:
        return _Judged(found, (), None)
    counts, by = counts_of(probe, found.unit, found.listed)
    return _Judged(found, tuple(shares_beaten(counts, seed, draws).tolist()), by)


def _with_all(found: Alternatives, least: int) -> list[str]:
    """The concepts that at least so many alternatives have."""
    return [name for name, use in found.concepts.items() if use.n >= max(least, 1)]


def _row(judged: _Judged) -> dict[str, Any]:
    found = judged.found
    best = found.best
    return {
        "unit": found.unit,
        "alternatives": found.n,
        "complete": found.is_complete,
        "as_good": judged.as_good,
        "padded": found.n_padded,
        "distinct_on_data": found.n_distinct,
        "iou": float(best.iou) if best else 0.0,
        "least_iou": float(found.cut),
        "formula": str(best.formula) if best else None,
        "in_all": _with_all(found, found.n),
        "in_most": [name for name in _with_all(found, found.n // 2 + 1) if found.concepts[name].n < found.n],
    }


def _listed_rows(judged: _Judged) -> list[dict[str, Any]]:
    found = judged.found
    return [
        {
            "unit": found.unit,
            "rank": place + 1,
            "formula": str(each.formula),
            "iou": float(each.iou),
            "below_best": float(1 - each.iou / found.listed[0].iou),
            "length": each.formula.length,
            "intersection": each.intersection,
            "union": each.union,
            "best_is_better": beaten,
            "told_apart": beaten >= TOLD_APART,
            "same_points_as": None if same == place else same + 1,
        }
        for place, (each, same, beaten) in enumerate(zip(found.listed, found.same, judged.beaten))
    ]


def _concept_rows(found: Alternatives) -> list[dict[str, Any]]:
    return [
        {
            "unit": found.unit,
            "concept": name,
            "alternatives": use.n,
            "share": use.n / found.n,
            "in_best": use.in_best,
            "replaced_by": list(use.replacements),
            "twins": list(use.twins),
        }
        for name, use in found.concepts.items()
    ]


def _sentences(judged: Sequence[_Judged], work: _AlternativesOf) -> list[str]:
    found = [each.found for each in judged if each.found.n]
    if not found:
        return ["no unit shares a point with a concept, so there is no formula to compare"]
    counts = [each.n for each in found]
    open_, empty = sum(not each.is_complete for each in found), len(judged) - len(found)
    said = [
        f"of formulas of at most {work.length} concepts, within {float(work.within):.2%} of the best IoU, the median "
        f"unit has {median(counts):g}, between {min(counts):,} and {max(counts):,}; "
        f"{sum(n == 1 for n in counts)} of {len(counts)} units have the best one alone",
        f"the data cannot tell {median(each.as_good for each in judged if each.found.n):g} of those listed from the "
        "best, for the median unit, the best counted; "
        + "; ".join(sorted({HOW[each.by] for each in judged if each.by is not None})),
    ]
    if open_:
        said.append(f"{open_} lists are not complete: take more time, a smaller --within or a shorter length")
    if empty:
        said.append(f"{empty} units share no point with a concept")
    return said


def _figure(judged: Sequence[_Judged]) -> Any:
    """How many alternatives units have, and in which share of them the best formula's concepts are."""
    figure, (left, right) = new_figure(columns=2)
    counts = sorted((each.found.n for each in judged), reverse=True)
    left.step(range(1, len(counts) + 1), counts, where="mid", color="#2f7fd0")
    left.set_yscale("symlog", linthresh=1)
    left.set(xlabel="units, by number of alternatives", ylabel="alternatives", ylim=(0, None))
    for place, each in enumerate([each.found for each in judged if each.found.n][:MOST_DRAWN]):
        for use in each.concepts.values():
            color = "#103a66" if use.in_best else "#9cc3ea"
            right.plot(use.n / each.n, place, "o", color=color, markersize=5 if use.in_best else 3, clip_on=False)
    right.set(xlabel="share of a unit's alternatives", ylabel="unit", title="concepts (dark: of the best formula)")
    names = [each.found.unit for each in judged if each.found.n][:MOST_DRAWN]
    right.set_yticks(range(len(names)), names)
    right.invert_yaxis()
    return figure
