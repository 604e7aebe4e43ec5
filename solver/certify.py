"""Where a result becomes `optimal`: only the checker's verdict does that."""

from __future__ import annotations

from dataclasses import replace

from .chain import Chain
from .check import CertificateError, Verdict, check
from .errors import DisagreementError
from .formula import And, Atom, Formula, Not, Or, _Join
from .problem import Problem
from .result import SearchResult, Status


def certified(problem: Problem, result: SearchResult) -> SearchResult:
    """The result after its certificate was checked: `optimal` where the checked bound equals the IoU.

    Raises `DisagreementError` where the checker does not confirm the bound.
    """
    if result.certificate is None or result.best is None:
        return result
    verdict = verify(problem, certificate_text(problem, result))
    if (verdict.bound, verdict.iou) != (result.bound, result.best.iou):
        raise DisagreementError(f"unit {result.unit}: the checked claim is not the result's")
    if result.status is Status.BOUNDED and verdict.bound == verdict.iou:
        return replace(result, status=Status.OPTIMAL)
    return result


def certificate_text(problem: Problem, result: SearchResult) -> str:
    """The JSON text of the result's certificate."""
    assert result.certificate is not None
    assert result.best is not None
    chain = chain_of(result.best.formula, problem)
    return result.certificate.to_json(problem, chain, result.best.iou)


def verify(problem: Problem, text: str | bytes) -> Verdict:
    """Check a certificate's text against the problem; `DisagreementError` where it proves nothing."""
    concepts = problem.concepts
    try:
        return check(text, concepts.indptr, concepts.indices, problem.weights, problem.active, concepts.names)
    except CertificateError as error:
        raise DisagreementError(f"unit {problem.unit}: {error}") from None


def chain_of(formula: Formula, problem: Problem) -> Chain:
    """The steps of a formula that is a chain, from the first concept outwards."""
    steps: list[tuple[int, int]] = []
    while isinstance(formula, _Join):
        parts = list(formula.operands)
        inner: list[Formula] = [part for part in parts if isinstance(part, _Join)] or [
            next(part for part in parts if isinstance(part, Atom))
        ]
        parts.remove(inner[0])
        for part in reversed(parts):
            negated = isinstance(part, Not)
            atom = part.operand if isinstance(part, Not) else part
            assert isinstance(atom, Atom)
            operator = 0 if isinstance(formula, Or) else 2 if negated else 1
            steps.append((operator, problem.concepts.position[atom.name]))
        formula = inner[0]
    assert isinstance(formula, Atom)
    assert not isinstance(formula, And)
    steps.append((0, problem.concepts.position[formula.name]))
    return tuple(reversed(steps))
