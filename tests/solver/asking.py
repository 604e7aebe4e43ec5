"""Ways to ask: the searches with their check, the prefix search alone, and the checker with a certificate's text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from compexact.solver import Explanation, Problem, SearchResult, beam_search, exact_search
from compexact.solver.ceilings import ceiling
from compexact.solver.certificate import Certificate
from compexact.solver.certify import certified
from compexact.solver.checking import Verdict, check, seal
from compexact.solver.checking.cell_counts import Counted
from compexact.solver.checking.given import accepted
from compexact.solver.checking.kept import rows_of
from compexact.solver.compiled import compiled
from compexact.solver.prefixes.branch_and_bound import search_prefixes
from compexact.solver.roles.search import search_roles
from compexact.solver.stopping import Stopping


def iou_of(result: SearchResult) -> Fraction:
    return result.best.iou if result.best else Fraction(0)


def by_prefixes(
    problem: Problem,
    *,
    max_length: int,
    beam_size: int = 10,
    time_limit: float | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The prefix search at any length, from the beam's formula and the ceiling: a second opinion."""
    start = beam_search(problem, max_length=max_length, beam_size=beam_size)
    if start.best is None:
        return replace(start, engine="exact", bound=Fraction(0))
    top = ceiling(problem)
    return search_prefixes(
        problem,
        start,
        Stopping.after(time_limit, should_stop),
        proven=Certificate("chain", max_length, top, "ceiling"),
        ceiling=top,
    )


def by_roles(
    problem: Problem, *, max_length: int, beam_size: int = 10, time_limit: float | None = None
) -> SearchResult:
    """The search by roles at any length, from the beam's formula: a second opinion."""
    stopping = Stopping.after(time_limit)
    start = beam_search(problem, max_length=max_length, beam_size=beam_size)
    if start.best is None:
        return replace(start, engine="exact", bound=Fraction(0))
    best, proof = search_roles(problem, start.best, max_length, stopping)
    top = ceiling(problem)
    if proof is None or proof.bound > top:
        proof = Certificate("chain", max_length, top, "ceiling")
    found = (*start.by_length[:-1], best)
    return SearchResult.of(problem, "exact", found, stopping, bounds=(proof.bound,) * max_length, certificate=proof)


def ask(problem: Problem, length: int, *, search: Callable[..., SearchResult] = exact_search, **options: Any) -> Any:
    """The checked answer."""
    return certified(problem, search(problem, max_length=length, **options))


def claim(problem: Problem, certificate: Certificate, best: Explanation) -> dict[str, Any]:
    """The content of the certificate's text, to be changed."""
    content: dict[str, Any] = json.loads(certificate.to_json(problem, best))
    return content


def sealed(content: dict[str, Any]) -> str:
    return json.dumps(content | {"seal": seal(content)})


def verdict(problem: Problem, text: str | bytes, *, fast: bool = True, **settings: Any) -> Verdict:
    concepts = problem.concepts
    return check(
        text,
        concepts.indptr,
        concepts.indices,
        problem.weights,
        problem.active,
        concepts.names,
        compiled=compiled if fast else None,
        **settings,
    )


def forget_rows() -> None:
    """Check other rows, so that nothing made of the latest is at hand."""
    rows_of(np.array([0]), np.array([], dtype=int), np.array([], dtype=int), [])


def counted(problem: Problem) -> Counted:
    """The problem as the checkers count it."""
    rows = problem.concepts
    return Counted(accepted(rows.indptr, rows.indices, problem.weights, problem.active, rows.names))


def printed(code: str) -> set[str]:
    """What Python code prints that can import these helpers: under several hash seeds and numbers of threads."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{code}"
    answers = set()
    for seed, threads in (("0", "1"), ("77", "2")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "NUMBA_NUM_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        answers.add(done.stdout)
    return answers
