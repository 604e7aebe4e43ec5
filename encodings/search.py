"""The engines `cpsat` and `maxsat`: independent exact answers for small problems, sampled points and trees.

Each starts from the beam's answer, made better by local search, and hands the question to an outside solver in a
process of its own.  Every formula that comes back is counted again on our own cells.  The bound is at first the
ceiling, and falls with what the solver proves.  Linear programs say first which chains are left to ask about
(`cases.py`): there the answer leans on them, too.  The status is `bounded`, also where bound and IoU are equal: only a
checked certificate makes a result `optimal`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..solver.beam import search_beam
from ..solver.ceilings import ceiling
from ..solver.errors import DisagreementError, UsageError
from ..solver.explanation import Explanation
from ..solver.formula import Atom, Formula, is_chain
from ..solver.local.local_search import improved
from ..solver.parsing import parse
from ..solver.problem import Problem
from ..solver.result import SearchResult
from ..solver.stopping import Stopping
from ..solver.tracing import NOBODY, Listener
from .child import number_name, problem_record
from .cost import MOST_BYTES
from .process import End, Ended, Message, run_solver
from .sample import SampleReport, draw, likely_bound, n_formulas
from .shape import Shape
from .solvers import SOLVERS
from .target import Frontier, Target

MOST_TO_GO_ON = MOST_BYTES // 8
"""A solver's process that needed more is not asked again: what it freed may not come back."""
START_SHARE = 0.1
"""Of a time limit, for local search."""


@dataclass(frozen=True)
class SampledResult(SearchResult):
    """A result whose solver saw a sample.  IoU, bound and status speak of all points, `sample` of the sample."""

    sample: SampleReport | None = field(default=None)

    def record(self) -> dict[str, Any]:
        """The JSON line, with what the sample proves under `sample`."""
        return super().record() | ({"sample": self.sample.record()} if self.sample else {})


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C during a search.  `result` is what was found and proven until then."""

    def __init__(self, result: SearchResult) -> None:
        super().__init__(f"unit {result.unit}: interrupted")
        self.result = result


def outside_search(
    engine: str,
    problem: Problem,
    stopping: Stopping,
    *,
    space: str = "chain",
    max_length: int = 3,
    sample: int | None = None,
    seed: int = 0,
    beam_size: int | None = 10,
) -> SearchResult:
    """The best formula of the space with at most `max_length` concepts, by a solver of `SOLVERS`.

    engine: a key of `SOLVERS`.  stopping: looked at several times a second; the result is then what is known.
    sample: ask about this many points, drawn without replacement with `seed`; the answer is then counted on all
    points, and the bound is one for all points.
    seed: also of the solver's own choices, if it makes any.
    beam_size: of the beam whose answer the local search starts from, and which it never falls below.

    Raises `UsageError` for settings out of range and where the package is missing, `SearchInterrupted` on Ctrl-C.
    A model that would not fit into `MOST_BYTES`, or could not be made in the time left, is not begun: the result is
    then the beam's, with the ceiling as its bound, and for want of memory an `error`.
    A solver that crashes loses nothing that it had told: the result then has an `error` beside its bound.
    """
    if sample is not None and sample < 1:
        raise UsageError(f"the sample must have at least 1 point, not {sample}")
    SOLVERS[engine].check_installed(engine)
    shape = Shape(space, max_length)
    sampled = None if sample is None else draw(problem, sample, seed)
    whole = _Answer(problem, shape, stopping.listener)
    whole.offer_all(_start(problem, stopping, shape.length, beam_size))
    asked = whole
    if sampled is not None and sampled is not problem:
        asked = _Answer(sampled, shape, NOBODY, also=whole)
        asked.offer_all(_start(sampled, stopping.unheard, shape.length, beam_size))
        for found in list(whole.by_length.values()):
            asked.offer(found.formula)
    if asked.best is None and problem.unit_points:
        asked.offer(Atom(problem.concepts.names[0]))
    ended = Ended(End.DONE)
    if not asked.problem.is_degenerate and not asked.is_closed:
        try:
            ended = asked.solve(engine, stopping, seed)
        except KeyboardInterrupt:
            ended = Ended(End.INTERRUPTED)
    result = whole.result(engine, ended, stopping)
    if asked is not whole:
        result = SampledResult(**{**vars(result), "sample": asked.sample_report()})
    if ended.end is End.INTERRUPTED and not stopping.should_stop():
        raise SearchInterrupted(result)
    return result


def _start(problem: Problem, stopping: Stopping, length: int, beam_size: int | None) -> SearchResult:
    """The chains to start from."""
    beam = search_beam(problem, stopping, length, beam_size=beam_size)
    return improved(problem, beam, stopping.within(START_SHARE * stopping.seconds_left))


class _Answer:
    """What is known about one problem: the best formulas by length, and the bound; the listener is told, too."""

    def __init__(self, problem: Problem, shape: Shape, listener: Listener, also: _Answer | None = None) -> None:
        self.problem, self.shape, self.listener, self.also = problem, shape, listener, also
        self.ceiling = self.bound = ceiling(problem)
        self.by_length: dict[int, Explanation] = {}
        self._frontier: Frontier | None = None

    @property
    def best(self) -> Explanation | None:
        """The highest IoU, then the shortest formula, then the first found."""
        return max(self.by_length.values(), key=lambda found: (found.iou, -found.formula.length), default=None)

    @property
    def is_closed(self) -> bool:
        """Whether nothing better and nothing shorter of the same IoU can come."""
        best = self.best
        return best is not None and best.iou == self.bound and best.formula.length == 1

    def offer(self, formula: Formula) -> None:
        """A formula that somebody found; counted here, and on the whole where this is a sample."""
        found = self.problem.explain(formula)
        there = self.by_length.get(formula.length)
        if there is None or found.iou > there.iou:
            self.by_length[formula.length] = found
            self.listener.found(found)
        if self.also is not None:
            self.also.offer(formula)

    def offer_all(self, start: SearchResult) -> None:
        """The start's formulas of every length."""
        for found in start.by_length:
            self.offer(found.formula)

    def solve(self, engine: str, stopping: Stopping, seed: int) -> Ended:
        """Run the solver, where its model fits into the memory and the time; keep what it tells."""
        start = self.best
        assert start is not None
        solver = SOLVERS[engine]
        solver.check(Target.of(self.problem, start.iou), self.problem.unit)
        n_bytes, seconds = solver.cost.of(self.problem, self.shape)
        if n_bytes > MOST_BYTES:
            needed, most = n_bytes / 2**30, MOST_BYTES / 2**30
            return Ended(End.FAILED, f"the model needs about {needed:.1f} GiB of memory, above {most:g}; take --sample")
        if seconds > stopping.seconds_left:
            return Ended(End.TIME)
        record, arrays = problem_record(self.problem)
        job = {
            "solver": engine,
            "space": self.shape.space,
            "length": self.shape.length,
            "seconds": None if stopping.seconds_left == math.inf else stopping.seconds_left,
            "seed": seed,
            "start": str(_renamed(start.formula, self._numbers())),
            "bytes": MOST_BYTES,
            "is_last": n_bytes > MOST_TO_GO_ON,
            "problem": record,
        }
        return run_solver(job, self.on_message, stopping, arrays=arrays)

    def _numbers(self) -> dict[str, str]:
        return {name: number_name(column) for column, name in enumerate(self.problem.concepts.names)}

    def on_message(self, message: Message) -> None:
        """A formula or a bound from the child; both are checked against the question."""
        if "formula" in message:
            names = {number: name for name, number in self._numbers().items()}
            formula = _renamed(parse(message["formula"], names), names)
            if formula.length > self.shape.length or (self.shape.space == "chain" and not is_chain(formula)):
                raise DisagreementError(f"unit {self.problem.unit}: the solver's {formula} is not what was asked for")
            self.offer(formula)
        elif "bound" in message:
            self._frontier = self._frontier or Frontier(self.problem, self.ceiling)
            self.bound = min(self.bound, self._frontier.iou_bound(Fraction(*message["target"]), message["bound"]))
            self.listener.proven(self.bound)

    def result(self, engine: str, ended: Ended, stopping: Stopping) -> SearchResult:
        """The answer as a result."""
        best, ranked = None, []
        for length in range(1, self.shape.length + 1 if self.by_length else 0):
            found = self.by_length.get(length)
            if found is not None and (best is None or found.iou > best.iou):
                best = found
            if best is not None:
                ranked.append(best)
        asked = {"space": self.shape.space, "max_length": self.shape.length, "ceiling": self.ceiling}
        return SearchResult.of(self.problem, engine, ranked, stopping, **asked, bound=self.bound, error=ended.reason)

    def sample_report(self) -> SampleReport:
        """What the sample proves, and makes likely."""
        points = self.problem.unit_points
        formulas = n_formulas(self.shape.space, self.shape.length, len(self.problem.concepts.names))
        return SampleReport(
            points=self.problem.n_points,
            unit_points=points,
            cells=len(self.problem.weights),
            best=self.best,
            bound=self.bound,
            likely_bound=likely_bound(self.bound, points, formulas) if points else None,
        )


def _renamed(formula: Formula, names: dict[str, str]) -> Formula:
    """The formula with every concept called otherwise."""
    if isinstance(formula, Atom):
        return Atom(names[formula.name])
    return type(formula)(*(_renamed(part, names) for part in formula.operands))
