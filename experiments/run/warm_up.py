"""Compile, or load what was compiled, before any clock starts.

The compiled loops of a search are ready after it has searched a small problem; with a cold cache that takes a minute or
two, once for an installation.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from ...solver.arrays import from_arrays
from ...solver.compiled import on_compiling
from ...solver.exact import search_exact
from ...solver.problem import Problem
from ...solver.sets.search import MAX_LENGTH as SHORT
from ...solver.stopping import Stopping
from .engines import SearchSettings, explain_unit

MESSAGE = "compexact: compiling the inner loops, once for this installation; it takes a minute or two"


def warm_up(settings: SearchSettings, *, quiet: bool = False) -> None:
    """Make the loops of the settings' engine ready; one line on stderr says so where they are really compiled."""
    if settings.engine in ("beam", "local"):
        _warm_up(settings.engine, 2, quiet)
    else:
        _warm_up("exact", 3 if settings.max_length <= SHORT or settings.engine != "exact" else SHORT + 1, quiet)


def warm_up_for(work: Any) -> None:
    """Make those ready that the work for units needs: of its `searches` or `settings`, or the beam's without any."""
    for settings in getattr(work, "searches", (getattr(work, "settings", None),)):
        warm_up(settings if isinstance(settings, SearchSettings) else SearchSettings())


@lru_cache(maxsize=8)
def _warm_up(engine: str, length: int, quiet: bool) -> None:
    said: list[str] = [MESSAGE] if quiet else []

    def say() -> None:
        if not said:
            said.append(MESSAGE)
            print(MESSAGE, file=sys.stderr, flush=True)

    # A rare unit and a heavy cell outside all concepts: so every bound of the searches and checkers is used.
    matrix = (np.arange(16)[:, None] >> np.arange(4) & 1).astype(bool)
    weights = np.where(matrix.any(axis=1), 7, 500)
    active = np.where(matrix[:, 0] & ~matrix[:, 3] | matrix[:, 1] & matrix[:, 2], [5, 6] * 8, 0)[:, None]
    cells = from_arrays(matrix, weights=weights, active=active)
    # Points that are many, and have one concept each, are counted cell by cell, and not bit by bit; and the sum of six
    # is above that of any four, so all formulas of up to four are gone through.
    apart = from_arrays(np.eye(6, dtype=bool), weights=np.full(6, 400), active=np.arange(200, 140, -10)[:, None])
    with on_compiling(say):
        explain_unit(cells, 0, replace(SearchSettings(), engine=engine, max_length=length))
        explain_unit(apart, 0, replace(SearchSettings(), engine=engine, max_length=4 if engine == "exact" else 2))
        if length > SHORT:
            search_exact(Problem.of(cells, 0), Stopping(), max_length=length, by_roles=False)
