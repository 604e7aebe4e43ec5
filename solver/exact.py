"""The exact engine: the best formula there is, or, stopped early, the best found and a proven bound.

It starts from the beam's answer.  Up to five concepts it walks sets of concepts (`solver/sets`), over chains or trees.
Beyond, `solver/transport.py` bounds what any function of so many concepts can reach, and for chains branch and bound
(`solver/prefixes`) looks for better formulas and better bounds until the time is up.
"""

from __future__ import annotations

import itertools
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

LOOKS = 200
"""So often the walk over short trees may ask whether to stop, before longer ones: at most some seconds.  A count, and
not a time, so that the answer is the same on every machine."""


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
    fixed order of the walk.  Trees of more than five leaves get a bound, and the better of the beam's chain and the
    best tree of five leaves that the walk over sets meets soon.
    Raises `UsageError` for settings out of range, as `beam_search` does.
    """
    if space not in SPACES:
        raise UsageError(f"the space is {' or '.join(SPACES)}, not {space!r}")
    started = time.perf_counter()
    start = beam_search(problem, max_length=max_length, beam_size=beam_size)
    top = ceiling(problem)
    if not problem.unit_points or not problem.concepts.names:
        seconds = time.perf_counter() - started
        return replace(start, engine="exact", space=space, bound=Fraction(0), seconds=seconds)
    if start.best is None and (space == "chain" or max_length > SHORT):
        # No concept meets the unit, so the beam starts from none.  Any formula is as good as the best chain.
        poor = problem.explain(Atom(problem.concepts.names[0]))
        start = replace(start, best=poor, by_length=(poor,) * max_length, top=(poor,))
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
    if space == "tree":
        start = _with_short_trees(problem, start, top, started, time_limit, should_stop)
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


def _with_short_trees(
    problem: Problem,
    start: SearchResult,
    top: Fraction,
    started: float,
    time_limit: float | None,
    should_stop: Callable[[], bool] | None,
) -> SearchResult:
    """The beam's answer with better trees of up to five leaves, where the walk over sets meets some soon."""
    looks = itertools.count(1)
    short = search_sets(
        problem,
        replace(start, max_length=SHORT, by_length=start.by_length[:SHORT]),
        space="tree",
        ceiling=top,
        started=started,
        time_limit=time_limit,
        should_stop=lambda: next(looks) > LOOKS or (should_stop is not None and should_stop()),
    )
    trees = [*short.by_length, *itertools.repeat(short.by_length[-1], start.max_length - SHORT)]
    found = tuple(max(pair, key=lambda each: each.iou) for pair in zip(start.by_length, trees, strict=True))
    return replace(start, best=found[-1], by_length=found, top=(found[-1],))
