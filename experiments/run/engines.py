"""The engines by name, and the one function that explains a unit: of (cells, unit, settings), without state.

Everything that runs searches calls `explain_unit`: this process, the processes of `--jobs`, a notebook.  An engine is
imported when it searches: help texts list them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from ...encodings.solvers import SOLVERS
from ...solver.errors import CompexactError, UsageError, did_you_mean
from ...solver.reference_forms import FORMS
from ...solver.spaces import SPACES
from .settings import SearchSettings as SearchSettings

if TYPE_CHECKING:
    from ...solver.cells import Cells
    from ...solver.problem import Problem
    from ...solver.result import SearchResult
    from ...solver.stopping import Stopping
    from ...solver.tracing import Known

ShouldStop = Callable[[], bool]

TRANSPORT_SECONDS = 10.0
"""So long a better bound may be looked for after an outside solver has ended;"""

TRANSPORT_SHARE = 0.1
"""of a time limit this share is kept for it: solvers mostly take all the time they get."""


@dataclass(frozen=True)
class Engine:
    """A way to search.

    says: what it does, in a sentence's part, for help texts and docs.  search: (problem, settings, stopping) ->
    result.  spaces: those it searches.  takes: the settings that it heeds, beside those that all do.  proves: whether
    its results have a bound, so that an audit may hold the beam against it.  grows: whether a search for long formulas
    passes all shorter ones, and answers as a search for these would.
    """

    says: str
    search: Callable[[Problem, SearchSettings, Stopping], SearchResult]
    spaces: tuple[str, ...]
    takes: tuple[str, ...] = ()
    proves: bool = False
    grows: bool = False


def _beam(problem: Problem, settings: SearchSettings, stopping: Stopping) -> SearchResult:
    from ...solver.beam import search_beam
    from ...solver.reference import reference_beam_search

    if settings.compat is None:
        return search_beam(
            problem,
            stopping,
            settings.max_length,
            beam_size=settings.beam_size,
            top_k=settings.top_k,
            penalty=settings.penalty,
            metric=settings.metric,
        )
    return reference_beam_search(
        problem,
        settings.compat,
        max_length=settings.max_length,
        beam_size=_beam_size(settings),
        penalty=float(Fraction(settings.penalty)),
        min_active=0,  # units are skipped where they are chosen
        should_stop=stopping.should_stop,
    )


def _beam_size(settings: SearchSettings) -> int:
    return 10 if settings.beam_size is None else settings.beam_size


def _local(problem: Problem, settings: SearchSettings, stopping: Stopping) -> SearchResult:
    from ...solver.local.local_search import search_local

    return search_local(problem, stopping, settings.max_length, beam_size=_beam_size(settings), seed=settings.seed)


def _brute(problem: Problem, settings: SearchSettings, stopping: Stopping) -> SearchResult:
    from ...solver.certify import certified_claim
    from ...solver.exhaustive import search_brute

    found = search_brute(problem, stopping, settings.max_length, settings.space)
    return certified_claim(problem, found, stopping)


def _exact(problem: Problem, settings: SearchSettings, stopping: Stopping) -> SearchResult:
    from ...solver.certify import before_check, certified
    from ...solver.exact import search_exact

    searching = before_check(problem, stopping)
    found = search_exact(problem, searching, settings.space, settings.max_length, _beam_size(settings))
    return certified(problem, found, stopping)


def _outside(name: str, problem: Problem, settings: SearchSettings, stopping: Stopping) -> SearchResult:
    from ...encodings.search import outside_search
    from ...solver.certify import before_check, certified_claim

    bounding = before_check(problem, stopping)
    searching = bounding.within((1 - TRANSPORT_SHARE) * bounding.seconds_left)
    found = outside_search(
        name,
        problem,
        searching,
        space=settings.space,
        max_length=settings.max_length,
        sample=settings.sample,
        seed=settings.seed,
        beam_size=settings.beam_size,
    )
    return certified_claim(problem, _bounded_better(problem, found, bounding, stopping), stopping)


def _bounded_better(problem: Problem, found: SearchResult, bounding: Stopping, stopping: Stopping) -> SearchResult:
    """The result with the bound by transport, where that is lower than what the solver has proven for all points."""
    from ...solver.certify import certified
    from ...solver.result import Status
    from ...solver.transport import transport_bound

    if found.best is None or found.bound is None or found.status is not Status.BOUNDED:
        return found
    if found.bound == found.best.iou:
        return found
    proven = transport_bound(
        problem, found.max_length, found.space, found.best.iou, found.ceiling, bounding.within(TRANSPORT_SECONDS)
    )
    if proven.bound >= found.bound:
        return found
    return certified(problem, replace(found, bound=proven.bound, certificate=proven), stopping)


ENGINES: dict[str, Engine] = {
    "beam": Engine(
        "the paper's search; proves nothing",
        _beam,
        ("chain",),
        ("beam_size", "top_k", "penalty", "metric", "compat", "time_limit"),
        grows=True,
    ),
    "local": Engine(
        "betters the beam's chains by taking rules out and putting others in; proves nothing",
        _local,
        ("chain",),
        ("beam_size", "time_limit"),
        grows=True,
    ),
    "exact": Engine(
        "proves the optimum, stopped early a bound", _exact, SPACES, ("beam_size", "time_limit"), proves=True
    ),
    **{
        name: Engine(solver.says, partial(_outside, name), SPACES, ("beam_size", "sample", "time_limit"), proves=True)
        for name, solver in SOLVERS.items()
    },
    "brute": Engine("every function, for tiny inputs", _brute, SPACES, proves=True),
}
"""To add an engine, add a row; to add an outside solver, a row of `SOLVERS`."""

_TAKEN_BY_ALL = ("engine", "space", "max_length", "seed", "fp_weight", "fn_weight")
_NOT_WITH_COMPAT = ("top_k", "metric", "time_limit")


def engine_of(settings: SearchSettings) -> Engine:
    """The engine that is asked for; `UsageError` with the nearest name where there is none."""
    if settings.engine not in ENGINES:
        hint = did_you_mean(settings.engine, ENGINES)
        raise UsageError(f"no engine is named {settings.engine!r}{hint}; there are {', '.join(ENGINES)}")
    return ENGINES[settings.engine]


def check_settings(settings: SearchSettings) -> None:
    """Refuse unknown engines, and settings that the engine would ignore."""
    from ...solver.beam import check_settings as check_beam

    engine = engine_of(settings)
    if settings.space not in engine.spaces:
        raise UsageError(f"engine {settings.engine} searches {' and '.join(engine.spaces)}, not {settings.space!r}")
    if settings.time_limit is not None and not 0 < settings.time_limit < float("inf"):
        raise UsageError(f"the time limit must be a number of seconds above 0, not {settings.time_limit}")
    check_beam(settings.max_length, settings.beam_size, settings.top_k, settings.penalty, settings.metric)
    if settings.compat is not None and settings.compat not in FORMS:
        raise UsageError(f"--compat takes {' or '.join(FORMS)}, not {settings.compat!r}")
    if settings.sample is not None and settings.sample < 1:
        raise UsageError(f"the sample must have at least 1 point, not {settings.sample}")
    if settings.seed < 0:
        raise UsageError(f"the seed must be 0 or more, not {settings.seed}")
    _check_weights(settings)
    defaults = asdict(SearchSettings())
    for name, value in asdict(settings).items():
        ignored = name not in (*engine.takes, *_TAKEN_BY_ALL) or (settings.compat and name in _NOT_WITH_COMPAT)
        if ignored and value != defaults[name]:
            what = "--compat" if settings.compat else f"engine {settings.engine}"
            raise UsageError(f"{what} takes no --{name.replace('_', '-')}")


def _check_weights(settings: SearchSettings) -> None:
    """Refuse what weighs errors in its own way, or has not one score for all points."""
    if settings.errors.are_even:
        return
    others = {
        "--compat": settings.compat is not None,
        "--metric": settings.metric != "iou",
        "--penalty": Fraction(settings.penalty) != 1,
        "--sample": settings.sample is not None,
    }
    for option in [option for option, is_there in others.items() if is_there]:
        raise UsageError(f"{option} does not go with --fp-weight and --fn-weight; leave one out")


def explain_unit(
    cells: Cells,
    unit: int | str,
    settings: SearchSettings,
    should_stop: ShouldStop = lambda: False,
    tell: Callable[[Known], None] = lambda known: None,
) -> SearchResult:
    """The answer for one unit.  An engine that fails gives a result of status `failed` with the reason.

    should_stop: asked now and then; engines that can then give what they have.
    tell: called with what is known, at first and whenever that gets better; the answer's `trace` has all of it.
    `seconds` are of search and check.  Where errors are weighed the engine, and the checker, see the weighed problem;
    here alone what they say becomes an answer about the points again.
    """
    from ...solver.ceilings import ceiling
    from ...solver.problem import Problem
    from ...solver.stopping import Stopping
    from ...solver.tracing import Trace

    problem, stopping = Problem.of(cells, unit), Stopping.after(settings.time_limit, should_stop)
    errors = settings.errors
    weighed = errors.weighed(problem)
    trace = Trace(ceiling(weighed), stopping.started, lambda known: tell(known.of_errors(errors, problem)))
    try:
        found = ENGINES[settings.engine].search(weighed, settings, replace(stopping, listener=trace))
        known = tuple(known.of_errors(errors, problem) for known in trace.known)
        return replace(found.of_errors(errors, problem), seconds=stopping.elapsed, trace=known)
    except UsageError:
        raise
    except (CompexactError, ArithmeticError, MemoryError, ValueError, RuntimeError) as error:
        if getattr(error, "exit_code", 1) == 5:
            raise
        return failed_result(problem, settings, f"{type(error).__name__}: {error}")


def failed_result(problem: Problem, settings: SearchSettings, reason: str) -> SearchResult:
    """The answer for a unit that could not be searched."""
    from ...solver.result import SearchResult, Status
    from ...solver.stopping import Stopping

    asked = {"space": settings.space, "max_length": settings.max_length}
    failed = {"status": Status.FAILED, "seconds": 0.0, "error": reason}
    errors = settings.errors
    result = SearchResult.of(errors.weighed(problem), settings.engine, (), Stopping(), **asked, **failed)
    return result.of_errors(errors, problem)
