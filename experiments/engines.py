"""The engines by name, and the one function that explains a unit: of (cells, unit, settings), without state.

Everything that runs searches calls `explain_unit`: this process, the processes of `--jobs`, a notebook.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from ..solver.beam import beam_search
from ..solver.brute import brute_force_search
from ..solver.ceiling import ceiling
from ..solver.cells import Cells
from ..solver.compat import reference_beam_search
from ..solver.errors import CompexactError, UsageError, did_you_mean
from ..solver.problem import Problem
from ..solver.result import SearchResult, Status


@dataclass(frozen=True)
class SearchSettings:
    """What `compexact explain` is asked.  Defaults are the paper's.

    beam_size: None keeps every distinct function.  penalty: decimal text, so that it is exact.
    compat: `vision` or `nli` for the search of the paper's code.
    """

    engine: str = "beam"
    space: str = "chain"
    max_length: int = 3
    beam_size: int | None = 10
    top_k: int = 1
    penalty: str = "1"
    metric: str = "iou"
    compat: str | None = None

    def record(self) -> dict[str, Any]:
        """The settings as plain JSON."""
        return asdict(self)


def _beam(problem: Problem, settings: SearchSettings) -> SearchResult:
    if settings.compat is None:
        return beam_search(
            problem,
            max_length=settings.max_length,
            beam_size=settings.beam_size,
            top_k=settings.top_k,
            penalty=settings.penalty,
            metric=settings.metric,
        )
    return reference_beam_search(
        problem,
        settings.compat,
        max_length=settings.max_length,
        beam_size=settings.beam_size or 10,
        penalty=float(Fraction(settings.penalty)),
    )


def _brute(problem: Problem, settings: SearchSettings) -> SearchResult:
    return brute_force_search(problem, max_length=settings.max_length, space=settings.space)


ENGINES: dict[str, Callable[[Problem, SearchSettings], SearchResult]] = {"beam": _beam, "brute": _brute}
"""To add an engine, add a row: (problem, settings) -> result."""

SPACES_OF_ENGINE = {"beam": ("chain",), "brute": ("chain", "tree")}


def check_settings(settings: SearchSettings) -> None:
    """Refuse unknown engines, and settings that the engine would ignore."""
    if settings.engine not in ENGINES:
        raise UsageError(
            f"no engine is named {settings.engine!r}{did_you_mean(settings.engine, ENGINES)}; "
            f"there are {', '.join(ENGINES)}"
        )
    spaces = SPACES_OF_ENGINE[settings.engine]
    if settings.space not in spaces:
        raise UsageError(f"engine {settings.engine} searches {' and '.join(spaces)}, not {settings.space!r}")
    defaults = SearchSettings(engine=settings.engine)
    ignored = {"brute": ("beam_size", "top_k", "penalty", "metric", "compat"), "beam": ()}[settings.engine]
    if settings.compat is not None:
        ignored = ("top_k", "metric")
    for name in ignored:
        if getattr(settings, name) != getattr(defaults, name):
            what = "--compat" if settings.compat else f"engine {settings.engine}"
            raise UsageError(f"{what} takes no --{name.replace('_', '-')}")


def explain_unit(cells: Cells, unit: int | str, settings: SearchSettings) -> SearchResult:
    """The answer for one unit.  An engine that fails gives a result of status `failed` with the reason."""
    problem = Problem.of(cells, unit)
    try:
        return ENGINES[settings.engine](problem, settings)
    except UsageError:
        raise
    except (CompexactError, ArithmeticError, MemoryError, ValueError, RuntimeError) as error:
        return SearchResult(
            unit=problem.unit,
            engine=settings.engine,
            space=settings.space,
            max_length=settings.max_length,
            best=None,
            ceiling=ceiling(problem),
            status=Status.FAILED,
            error=f"{type(error).__name__}: {error}",
        )
