"""`sanity`: would a metric notice that labels are wrong, and does it know a unit that is a concept?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Any

import numpy as np
import typer

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.error_weights import METRIC, ErrorWeights
from ...solver.errors import UsageError
from ...solver.explanation import Explanation
from ...solver.formula import Atom
from ...solver.overlap import Overlaps
from ...solver.problem import Problem
from ..commands.options import FnWeightOption, FpWeightOption, SeedOption
from .answer import Answer, input_record, legend_above, new_figure
from .inputs import ProbeInput, UnitsInput
from .measures import MEASURES, Measure

PASSES = 0.9
"""In this share of the cases the metric has to say what is true."""
LEAST_FALL = 0.01
"""A score that loses less than this share of itself has not noticed anything."""
LEAST_POINTS = 10
"""A concept on fewer points is left out: half of its labels are next to none."""
MAX_POINTS = 10**9
"""numpy draws from fewer points than this."""

Change = Callable[[Explanation, np.random.Generator], Explanation]


def metric_checks(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    known: Annotated[int, typer.Option(help="Concepts that stand in as units, drawn at random.")] = 200,
    fp_weight: FpWeightOption = "1",
    fn_weight: FnWeightOption = "1",
    seed: SeedOption = 0,
    on_progress: Progress = silent,
) -> Answer:
    """Would a metric notice that half of a concept's labels are missing, or that as many wrong ones are added?

    After the sanity checks of Oikarinen, Yan and Weng (ICML 2025).  A *known* unit is active where one concept is, so
    that concept is its explanation: no other may score as high (`known-unit`), and its score has to fall where half of
    its labels are taken away at random (`missing-labels`), and where as many are put elsewhere (`extra-labels`).  Of
    the probe's own units the same two are asked of the concept that each metric calls best.  A score has to lose 1 % of
    itself to have fallen; a metric passes where that is so in 90 % of the cases.  With weights of errors the Tversky
    index is tested, too.

    compexact experiment sanity probe -o answers/sanity
    """
    if not units:
        raise UsageError("no unit to explain")
    if known < 1:
        raise UsageError(f"--known is at least 1, not {known}")
    if probe.cells.n_points >= MAX_POINTS:
        raise UsageError(f"{probe.cells.n_points:,} points; labels are drawn from fewer than {MAX_POINTS:,}")
    weights = ErrorWeights.of(fp_weight, fn_weight)
    measures = (*MEASURES, *([] if weights.are_even else [_tversky(weights)]))
    cases = _cases(probe, units, known, measures, np.random.default_rng(seed), on_progress)
    rows = tuple(_rows(cases, measures))
    return Answer(
        name="sanity",
        question="Would a metric notice that labels are wrong?",
        inputs=(input_record(probe),),
        settings={"units": len(units), "known": known, "seed": seed} | weights.record(),
        rows=rows,
        summary=tuple(_sentences(rows)),
        draw=lambda: _figure(rows),
    )


def _tversky(weights: ErrorWeights) -> Measure:
    return Measure(METRIC, weights.score, lambda found: float(weights.score(found)))


@dataclass(frozen=True)
class _Case:
    """A metric's score of one unit's explanation.

    units: `known`, or `own`: the probe's.  after: the score after the change; of `known-unit` the best of any other
    concept's, None where there is none.
    """

    test: str
    units: str
    measure: str
    before: float
    after: float | None

    @property
    def is_right(self) -> bool:
        """Whether the metric says what is true."""
        if self.test == "known-unit":
            return self.after is None or self.after < self.before
        return self.fall >= LEAST_FALL

    @property
    def fall(self) -> float:
        """Which share of itself the score loses."""
        return 1 - (self.after or 0.0) / self.before


def missing_labels(found: Explanation, rng: np.random.Generator) -> Explanation:
    """The explanation where half of its points, drawn at random, are no longer labelled."""
    kept = found.formula_points - found.formula_points // 2
    hits = int(rng.hypergeometric(found.intersection, found.formula_points - found.intersection, kept))
    return _with(found, hits, kept)


def extra_labels(found: Explanation, rng: np.random.Generator) -> Explanation:
    """The same where as many points as it has, drawn at random from the others, are labelled beside them."""
    free = found.n_points - found.formula_points
    added = min(found.formula_points, free)
    missed = found.unit_points - found.intersection
    hits = int(rng.hypergeometric(missed, free - missed, added))
    return _with(found, found.intersection + hits, found.formula_points + added)


CHANGES: dict[str, Change] = {"missing-labels": missing_labels, "extra-labels": extra_labels}
SHOWN = [(test, units) for units in ("known", "own") for test in CHANGES]
"""In the figure."""


def _with(found: Explanation, hits: int, points: int) -> Explanation:
    return Explanation(found.formula, hits, points, found.unit_points, found.n_points)


def _cases(
    probe: Probe,
    units: Sequence[str],
    known: int,
    measures: Sequence[Measure],
    rng: np.random.Generator,
    on_progress: Progress,
) -> list[_Case]:
    chosen = _known_concepts(probe, known, rng)
    cases: list[_Case] = []
    total = len(chosen) + len(units)
    for done, column in enumerate(chosen, start=1):
        cases += _of_known(probe, column, measures, rng)
        on_progress("units", done, total)
    for done, unit in enumerate(units, start=len(chosen) + 1):
        cases += _of_own(Problem.of(probe.cells, unit), measures, rng)
        on_progress("units", done, total)
    if not cases:
        raise UsageError(f"no concept holds on at least {LEAST_POINTS} points and not on all; nothing can be tested")
    return cases


def _known_concepts(probe: Probe, known: int, rng: np.random.Generator) -> list[int]:
    """Concepts with enough points, each that holds on the same as another but once; in the probe's order."""
    points = probe.cells.concept_points
    fit = np.flatnonzero((points >= LEAST_POINTS) & (points < probe.cells.n_points))
    first = {probe.cells.concepts.column(column).tobytes(): column for column in fit[::-1].tolist()}
    fit = np.array(sorted(first.values()), dtype=np.int64)
    return sorted(rng.permutation(fit)[:known].tolist())


def _of_known(probe: Probe, column: int, measures: Sequence[Measure], rng: np.random.Generator) -> Iterator[_Case]:
    rows = probe.cells.concepts
    held = rows.column(column)
    problem = Problem(rows, probe.cells.weights, np.where(held, probe.cells.weights, 0), rows.names[column])
    concepts = _explained(problem)
    own = concepts.pop(column)
    others = [
        each
        for each in concepts.values()
        if (each.formula_points, each.intersection) != (own.formula_points, own.formula_points)
    ]
    for measure in measures:
        best = max(map(measure.shown, others), default=None)
        yield _Case("known-unit", "known", measure.name, measure.shown(own), best)
    yield from _changed("known", dict.fromkeys(measures, own), rng)


def _of_own(problem: Problem, measures: Sequence[Measure], rng: np.random.Generator) -> Iterator[_Case]:
    if problem.is_degenerate:
        return
    concepts = [each for each in _explained(problem).values() if each.formula_points < problem.n_points]
    if concepts:
        yield from _changed("own", {measure: max(concepts, key=measure.shown) for measure in measures}, rng)


def _explained(problem: Problem) -> dict[int, Explanation]:
    """By column: every concept with enough points, as an explanation of the unit."""
    names, (points, hits) = problem.concepts.names, Overlaps(problem).totals
    return {
        int(column): Explanation(
            Atom(names[column]), int(hits[column]), int(points[column]), problem.unit_points, problem.n_points
        )
        for column in np.flatnonzero(points >= LEAST_POINTS)
    }


def _changed(units: str, explained: dict[Measure, Explanation], rng: np.random.Generator) -> Iterator[_Case]:
    """Equal explanations are changed alike, so that metrics are compared on the same labels."""
    for test, change in CHANGES.items():
        made: dict[Explanation, Explanation] = {}
        for measure, found in explained.items():
            if found not in made:
                made[found] = change(found, rng)
            after = made[found]
            if (before := measure.shown(found)) > 0:
                yield _Case(test, units, measure.name, before, measure.shown(after))


def _rows(cases: Sequence[_Case], measures: Sequence[Measure]) -> Iterator[dict[str, Any]]:
    for measure in measures:
        for test, units in (("known-unit", "known"), *SHOWN):
            own = [each for each in cases if (each.measure, each.test, each.units) == (measure.name, test, units)]
            if own:
                right = sum(each.is_right for each in own) / len(own)
                after = [each.after for each in own if each.after is not None]
                yield {
                    "metric": measure.name,
                    "test": test,
                    "units": units,
                    "cases": len(own),
                    "right": right,
                    "passes": right >= PASSES,
                    "median_before": median(each.before for each in own),
                    "median_after": median(after) if after else None,
                    "median_fall": None if test == "known-unit" else median(each.fall for each in own),
                }


def _sentences(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    failed: dict[str, list[str]] = {}
    for row in rows:
        failed.setdefault(row["metric"], []).extend([f"{row['test']} ({row['units']})"] * (not row["passes"]))
    good = [name for name, tests in failed.items() if not tests]
    yield f"{len(good)} of {len(failed)} metrics pass all tests: {', '.join(good) or 'none'}"
    yield from (f"{name} fails {', '.join(tests)}" for name, tests in failed.items() if tests)


def _figure(rows: Sequence[dict[str, Any]]) -> Any:
    """In which share of the cases each metric notices what was done to the labels."""
    figure, axes = new_figure()
    names = list(dict.fromkeys(row["metric"] for row in rows))
    for place, ((test, units), color) in enumerate(zip(SHOWN, ("#103a66", "#2f7fd0", "#a85b00", "#e08a00"))):
        right = {row["metric"]: row["right"] for row in rows if (row["test"], row["units"]) == (test, units)}
        at = [names.index(name) + 0.2 * place - 0.3 for name in right]
        axes.bar(at, list(right.values()), 0.2, color=color, label=f"{test}, {units} units")
    axes.axhline(PASSES, color="#777777", linestyle=":", linewidth=0.8)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set(ylabel="share of cases in which the score falls", ylim=(0, 1))
    legend_above(axes)
    return figure
