"""The exact engine: the best formula there is, or, stopped early, the best found and a proven bound.

It starts from the beam's answer.  Up to five concepts it walks sets of concepts (`solver/sets`), over chains or trees.
Beyond, `solver/transport.py` bounds what any function of so many concepts can reach, and for chains branch and bound
(`solver/prefixes`) looks for better formulas and better bounds until the time is up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from .beam import beam_search
from .ceiling import ceiling
from .errors import UsageError
from .formula import Atom
from .prefixes.search import search_prefixes
from .problem import Problem
from .result import SearchResult, Status
from .sets.functions import SPACES
from .sets.search import MAX_LENGTH as SHORT
from .sets.search import search_sets
from .transport import transport_bound


def exact_search(
    problem: Problem,
    *,
    space: str = "chain",
    max_length: int = 3,
    beam_size: int = 10,
    time_limit: float | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The best formula of the space with at most `max_length` concepts, or the best found and a proven bound.

    time_limit: seconds of wall clock.  should_stop: asked every few milliseconds.  The answer's status is `bounded`,
    with the bound equal to the IoU where the search ended and 64 bits decide every comparison; `certified`
    (solver/certify.py) turns that into `optimal`.  Ties: the shorter formula, then the beam's, then the first in the
    fixed order of the walk.  Trees of more than five leaves get a bound, and the beam's formula.
    Raises `UsageError` for settings out of range, as `beam_search` does.
    """
    if space not in SPACES:
        raise UsageError(f"the space is {' or '.join(SPACES)}, not {space!r}")
    started = time.perf_counter()
    start = beam_search(problem, max_length=max_length, beam_size=beam_size)
    top = ceiling(problem)
    if not problem.unit_points or not problem.concepts.names or (start.best is None and space == "chain"):
        seconds = time.perf_counter() - started
        return replace(start, engine="exact", space=space, bound=Fraction(0), seconds=seconds)
    if max_length <= SHORT:
        return search_sets(
            problem,
            start,
            space=space,
            ceiling=top,
            started=started,
            time_limit=time_limit,
            should_stop=should_stop,
        )
    if start.best is None:
        # Only negations meet the unit, and the beam starts from none.
        poor = problem.explain(Atom(problem.concepts.names[0]))
        start = replace(start, best=poor, by_length=(poor,) * max_length, top=(poor,))
    assert start.best is not None
    bounded = transport_bound(problem, max_length, space, start.best.iou, top, time_limit, should_stop)
    if space == "chain":
        return search_prefixes(
            problem,
            start,
            proven=bounded,
            ceiling=top,
            started=started,
            time_limit=time_limit,
            should_stop=should_stop,
        )
    return replace(
        start,
        engine="exact",
        space=space,
        bound=bounded.bound,
        status=Status.DEGENERATE if problem.is_degenerate else Status.BOUNDED,
        seconds=time.perf_counter() - started,
        certificate=bounded,
    )
