"""Where a result becomes `optimal`: only the checker's verdict does that."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from .certificate import Certificate
from .checking import CertificateError, Undecided, Verdict, check
from .checking.sets import MAX_CONCEPTS
from .errors import DisagreementError
from .kernels import compiled
from .problem import Problem
from .result import SearchResult, Status

SECOND_OPINION_STEPS = 500_000_000
"""So many steps of the checker, about ten seconds, may turn the claim of an outside solver into a proven one."""

_compiled = lru_cache(maxsize=None)(compiled)


def certified(problem: Problem, result: SearchResult) -> SearchResult:
    """The result after its certificate was checked: `optimal` where the checked bound equals the IoU.

    Raises `DisagreementError` where the checker does not confirm the bound.
    """
    if result.certificate is None or result.best is None:
        return result
    return _judged(problem, result, verify(problem, certificate_text(problem, result)))


def certified_claim(problem: Problem, result: SearchResult) -> SearchResult:
    """The same for an engine without certificates that claims an optimum: at short lengths the checker needs none.

    Where the checker would need too long, the result stays as it is.  Raises `DisagreementError` where the checker
    counts otherwise, or finds a better formula.
    """
    closed = result.status is Status.BOUNDED and result.best is not None and result.bound == result.best.iou
    if not closed or result.max_length > MAX_CONCEPTS:
        return result
    assert result.bound is not None
    claimed = replace(result, certificate=Certificate(result.space, result.max_length, result.bound, "sets"))
    try:
        verdict = check_text(problem, certificate_text(problem, claimed), max_steps=SECOND_OPINION_STEPS)
    except Undecided:
        return result
    except CertificateError as error:
        raise DisagreementError(f"unit {problem.unit}: engine {result.engine}: {error}") from None
    return _judged(problem, claimed, verdict)


def _judged(problem: Problem, result: SearchResult, verdict: Verdict) -> SearchResult:
    assert result.best is not None
    claimed = (result.space, result.max_length, result.bound, result.best.iou)
    if (verdict.space, verdict.max_length, verdict.bound, verdict.iou) != claimed:
        raise DisagreementError(f"unit {result.unit}: the checked claim is not the result's")
    if result.status is Status.BOUNDED and verdict.bound == verdict.iou:
        return replace(result, status=Status.OPTIMAL)
    return result


def certificate_text(problem: Problem, result: SearchResult) -> str:
    """The JSON text of the result's certificate."""
    assert result.certificate is not None
    assert result.best is not None
    return result.certificate.to_json(problem, result.best)


def verify(problem: Problem, text: str | bytes) -> Verdict:
    """Check a certificate's text against the problem; `DisagreementError` where it proves nothing."""
    try:
        return check_text(problem, text)
    except CertificateError as error:
        raise DisagreementError(f"unit {problem.unit}: {error}") from None


def check_text(problem: Problem, text: str | bytes, **settings: Any) -> Verdict:
    """The verdict of `solver/checking` on a certificate's text; `CertificateError` where it proves nothing."""
    concepts = problem.concepts
    return check(
        text,
        concepts.indptr,
        concepts.indices,
        problem.weights,
        problem.active,
        concepts.names,
        compiled=_compiled,
        **settings,
    )
