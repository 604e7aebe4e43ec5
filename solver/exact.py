"""The exact engine: the best formula there is, or, stopped early, the best found and a proven bound.

It starts from the beam's answer; from four concepts on local search (`solver/local`) makes the beam's chains better.
Up to five it walks sets of concepts (`solver/sets`), over chains or trees.  Beyond, that walk has a share of the time
for the lengths up to five, and what it finds is a start for longer formulas.  For chains, linear programs over the
roles that concepts play (`solver/roles`) then find and prove the best one, which is a start for trees.  Where they do
not, and for trees, `solver/transport.py` bounds what any function of that many concepts can reach; where the programs
would be too large or too many, branch and bound (`solver/prefixes`) goes on until the time is up.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache

from .beam import search_beam
from .ceilings import ceiling
from .certificate import Certificate
from .errors import UsageError
from .formula import Atom
from .local.local_search import improved
from .prefixes.branch_and_bound import search_prefixes
from .problem import Problem
from .result import SearchResult
from .roles.search import never, search_roles
from .sets.functions import SPACES
from .sets.search import MAX_LENGTH as SHORT
from .sets.search import search_sets
from .stopping import Stopping
from .transport import transport_bound

POLLS = 400
"""How often the walk over short formulas may ask whether to stop, before longer ones: at most some seconds.  A count,
and not a time, so that the answer is the same on every machine."""
ROLES_SHARE = 0.9
"""Of the time left; the rest is for the bounds that remain where the search by roles does not end."""
BEAM_LENGTH = 3
"""Up to so many concepts the beam is start enough: the walk is soon done."""
LOCAL_SHARE = 0.1
SHORT_SHARE = 0.25
"""But no more than these shares of a time limit for local search, and for that walk."""


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
    fixed order of the walk.  Trees of more than five leaves get a bound, and the better of the best chain, or the best
    found, and the best tree of five leaves that the walk over sets meets soon.
    Raises `UsageError` for settings out of range, as `beam_search` does.
    """
    return search_exact(problem, Stopping.after(time_limit, should_stop), space, max_length, beam_size)


def search_exact(
    problem: Problem,
    stopping: Stopping,
    space: str = "chain",
    max_length: int = 3,
    beam_size: int = 10,
    by_roles: bool = True,
) -> SearchResult:
    """`exact_search` until `stopping`.  by_roles: whether long chains are searched by roles first."""
    if space not in SPACES:
        raise UsageError(f"the space is {' or '.join(SPACES)}, not {space!r}")
    start = search_beam(problem, stopping, max_length, beam_size=beam_size)
    top = ceiling(problem)
    if not problem.unit_points or not problem.concepts.names:
        return replace(start, engine="exact", space=space, bound=Fraction(0), seconds=stopping.elapsed)
    if start.best is None and (space == "chain" or max_length > SHORT):
        # No concept meets the unit, so the beam starts from none.  Any formula is as good as the best chain.
        poor = problem.explain(Atom(problem.concepts.names[0]))
        start = replace(start, best=poor, by_length=(poor,) * max_length, top=(poor,))
    if max_length > BEAM_LENGTH:
        start = improved(problem, start, stopping.within(LOCAL_SHARE * stopping.seconds_left))
    if max_length <= SHORT:
        return search_sets(problem, start, stopping, space=space, ceiling=top)
    start = _with_short_ones(problem, start, stopping, space, top)
    if space == "chain":
        return _long_chains(problem, start, stopping, top, by_roles)
    return _long_trees(problem, start, stopping, top, by_roles)


def _by_roles(
    problem: Problem, start: SearchResult, stopping: Stopping, goes_on: Callable[[Fraction], bool] = never
) -> tuple[SearchResult, Certificate | None]:
    """The answer with the best chain that the search by roles finds, if that is better, and what it proves."""
    assert start.best is not None
    share = stopping.within(ROLES_SHARE * stopping.seconds_left)
    best, proof = search_roles(problem, start.best, start.max_length, share, goes_on)
    return replace(start, best=best, by_length=(*start.by_length[:-1], best), top=(best,)), proof


def _long_trees(
    problem: Problem, start: SearchResult, stopping: Stopping, top: Fraction, by_roles: bool
) -> SearchResult:
    """At least the best chain, where the search by roles finds it, and a transport's bound."""
    if by_roles:
        start, _ = _by_roles(problem, start, stopping.formulas_only)  # what is proven of chains is not told of trees
    assert start.best is not None
    bounded = transport_bound(problem, start.max_length, "tree", start.best.iou, top, stopping)
    stopping.listener.proven(bounded.bound)
    bounds = (*start.bounds[:-1], bounded.bound)
    more = {"space": "tree", "bounds": bounds, "ceiling": top, "certificate": bounded}
    return SearchResult.of(problem, "exact", start.by_length, stopping, **more)


def _long_chains(
    problem: Problem, start: SearchResult, stopping: Stopping, top: Fraction, by_roles: bool
) -> SearchResult:
    """By roles; where these leave a gap, by a transport and by prefixes in the time that is left."""
    assert start.best is not None
    least = start.best.iou

    @cache
    def bounded() -> Certificate:
        return transport_bound(problem, start.max_length, "chain", least, top, stopping)

    proof = None
    if by_roles:
        start, proof = _by_roles(problem, start, stopping, lambda bound: bound < bounded().bound)
    assert start.best is not None
    if proof is None or proof.bound > start.best.iou:
        proven = min(proof or bounded(), bounded(), key=lambda certificate: certificate.bound)
        stopping.listener.proven(proven.bound)
        return search_prefixes(problem, start, stopping, proven=proven, ceiling=top)
    bounds = (*(start.bounds or (top,) * start.max_length)[:-1], proof.bound)
    more = {"bounds": bounds, "ceiling": top, "certificate": proof}
    return SearchResult.of(problem, "exact", start.by_length, stopping, **more)


def _with_short_ones(
    problem: Problem, start: SearchResult, stopping: Stopping, space: str, top: Fraction
) -> SearchResult:
    """The beam's answer with better formulas of up to five concepts, where the walk over sets meets some soon."""
    looks = itertools.count(1)
    share = stopping.within(SHORT_SHARE * stopping.seconds_left)
    short = search_sets(
        problem,
        replace(start, max_length=SHORT, by_length=start.by_length[:SHORT]),
        replace(share.formulas_only, should_stop=lambda: next(looks) > POLLS or stopping.should_stop()),
        space=space,
        ceiling=top,
    )
    rest = start.max_length - SHORT
    found = itertools.chain(short.by_length, itertools.repeat(short.by_length[-1], rest))
    best = tuple(max(pair, key=lambda each: each.iou) for pair in zip(start.by_length, found))
    return replace(start, best=best[-1], by_length=best, bounds=(*short.bounds, *(top,) * rest), top=(best[-1],))
