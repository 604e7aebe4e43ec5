"""Where a result becomes `optimal`: only the checker's verdict does that.

The check is part of the unit's time.  Where it does not fit into what is left, or somebody asks to stop, the result
stays `bounded`: its bound is then what the search claims, with a certificate that can be checked later.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

from .certificate import Certificate
from .checking import CertificateError, Undecided, Verdict, check
from .checking.sets import MAX_CONCEPTS
from .compiled import compiled
from .errors import DisagreementError
from .explanation import Explanation
from .problem import Problem
from .result import SearchResult, Status
from .roles.search import search_roles
from .stopping import Stopping

SECOND_OPINION_STEPS = 500_000_000
"""Steps of the checker, about ten seconds, that may turn the claim of an outside solver into a proven one."""
SECONDS_PER_ENTRY = 2e-7
"""What the checker needs at least, for each concept of each cell: to look at them, to sort them, for their digest."""
CHECK_SHARE = 0.1
"""Of a time limit, kept for the check beside that."""


def least_seconds(problem: Problem) -> float:
    """What any check takes at least, about; and what it takes before it looks at the clock."""
    return SECONDS_PER_ENTRY * len(problem.concepts.indices)


def before_check(problem: Problem, stopping: Stopping) -> Stopping:
    """When to end the search, so that a check of what it found fits; where none would fit, at the limit."""
    reserve = least_seconds(problem) + CHECK_SHARE * stopping.planned
    left = stopping.seconds_left
    return stopping if left == math.inf or reserve > left / 2 else stopping.within(left - reserve)


def certified(problem: Problem, result: SearchResult, stopping: Stopping | None = None) -> SearchResult:
    """The result after its certificate was checked: `optimal` where the checked bound equals the IoU.

    `proven` says the same of every shorter length.  Unchecked where the time left is too short.
    Raises `DisagreementError` where the checker does not confirm the bound.
    """
    stopping = stopping or Stopping()
    if result.certificate is None or result.best is None:
        return result
    verdict = _verdict(problem, result, result.best, result.certificate, stopping)
    if verdict is None:
        return result
    return _with_shorter(problem, _judged(result, verdict), verdict, stopping)


def certified_claim(problem: Problem, result: SearchResult, stopping: Stopping | None = None) -> SearchResult:
    """The same for an engine without certificates that claims an optimum: at short lengths the checker needs none.

    For longer chains linear programs are asked for one (`solver/roles`), which begin where the engine ended.  Where
    that would need too long, the result stays as it is.  Raises `DisagreementError` where the checker counts otherwise,
    or somebody finds a better formula.
    """
    stopping = stopping or Stopping()
    closed = result.status is Status.BOUNDED and result.best is not None and result.bound == result.best.iou
    if not closed or (result.max_length > MAX_CONCEPTS and result.space != "chain"):
        return result
    assert result.best is not None
    assert result.bound is not None
    if result.max_length > MAX_CONCEPTS:
        return _proven_by_roles(problem, result, result.best, stopping)
    claim = Certificate(result.space, result.max_length, result.bound, "sets")
    verdict = _verdict(problem, result, result.best, claim, stopping, max_steps=SECOND_OPINION_STEPS)
    if verdict is None:
        return result
    return _with_shorter(problem, _judged(replace(result, certificate=claim), verdict), verdict, stopping)


def _proven_by_roles(problem: Problem, result: SearchResult, best: Explanation, stopping: Stopping) -> SearchResult:
    better, proof = search_roles(problem, best, result.max_length, before_check(problem, stopping))
    if better.iou > best.iou:
        raise DisagreementError(
            f"unit {problem.unit}: engine {result.engine} calls IoU {best.iou} the highest; {better.formula} is better"
        )
    if proof is None or proof.bound > best.iou:
        return result
    return certified(problem, replace(result, certificate=proof), stopping)


def _verdict(
    problem: Problem,
    result: SearchResult,
    found: Explanation,
    claim: Certificate,
    stopping: Stopping,
    max_steps: int | None = None,
) -> Verdict | None:
    """The checker's verdict on a formula and the claim about it; None where it does not come to one in time."""
    left = stopping.seconds_left
    if left < least_seconds(problem) or stopping.is_over:
        return None
    limits: dict[str, Any] = {"max_steps": max_steps, "time_limit": None if left == math.inf else left}
    try:
        verdict = check_text(problem, claim.to_json(problem, found), should_stop=stopping.should_stop, **limits)
    except Undecided:
        return None
    except CertificateError as error:
        raise DisagreementError(f"unit {problem.unit}: engine {result.engine}: {error}") from None
    return verdict


def _judged(result: SearchResult, verdict: Verdict) -> SearchResult:
    assert result.best is not None
    claimed = (result.space, result.max_length, result.bound, result.best.iou)
    if (verdict.space, verdict.max_length, verdict.bound, verdict.iou) != claimed:
        raise DisagreementError(f"unit {result.unit}: the checked claim is not the result's")
    if result.status is Status.BOUNDED and verdict.bound == verdict.iou:
        return replace(result, status=Status.OPTIMAL)
    return result


def _with_shorter(problem: Problem, result: SearchResult, verdict: Verdict, stopping: Stopping) -> SearchResult:
    """The result with `proven`, from the longest length down.

    A bound for some length is one for every shorter length.  Where it does not settle a length, and the engine says
    that it has the best formula of it, the checker is asked again: about at most five concepts, and not for long.
    """
    known: Fraction = verdict.bound
    proven = []
    for length in range(len(result.by_length), 0, -1):
        found = result.by_length[length - 1]
        claimed = length <= MAX_CONCEPTS and result.bounds[length - 1 : length] == (found.iou,)
        if claimed and found.iou < known:
            claim = Certificate(result.space, length, found.iou, "sets")
            if _verdict(problem, result, found, claim, stopping, max_steps=SECOND_OPINION_STEPS):
                known = found.iou
        proven.append(found.iou == known)
    return replace(result, proven=tuple(reversed(proven)))


def certificate_text(problem: Problem, result: SearchResult) -> str:
    """The JSON text of the result's certificate; where errors are weighed it is one about the weighed problem."""
    assert result.certificate is not None
    assert result.best is not None
    weighed = result.weights.weighed(problem)
    return result.certificate.to_json(weighed, weighed.explain(result.best.formula))


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
        compiled=compiled,
        **settings,
    )
