"""Whether a run's lines are true: each is counted again, and what it claims is proven again by its certificate.

A bound without a certificate, which an outside solver proved, is proven here where that needs none: by the ceiling, or
up to five concepts by going through their sets.  So is what `by_length` calls proven of shorter formulas.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import floor
from typing import Any

from ...probes.store import Probe
from ...solver.certificate import Certificate
from ...solver.certify import check_text
from ...solver.checking import CertificateError, Undecided
from ...solver.checking.error_weights import Errors
from ...solver.checking.sets import MAX_CONCEPTS
from ...solver.error_weights import ErrorWeights
from ...solver.metrics import rounded_up
from ...solver.parsing import parse
from ...solver.problem import Problem
from .proofs import is_other_file, other_claim, proof_is_missing, read_certificate
from .reading import Record, Run, answer_of
from .recount import Recount
from .wrong_line import fraction_of

CONFIRMED, REJECTED, UNCHECKED, RECOUNTED, MISSING = "confirmed", "rejected", "unchecked", "recounted", "missing"
FIELDS = ("unit", "verdict", "iou", "bound", "proof", "work", "seconds", "reason")
WEIGHED = ("unit", "verdict", "score", *FIELDS[2:])
"""Where errors are weighed; `bound` is one of the score then."""


def fields_of(errors: Errors) -> tuple[str, ...]:
    """Of the lines of a run in which errors count so much."""
    return FIELDS if errors.are_even else WEIGHED


def verify_run(run: Run, probe: Probe, time_limit: float | None = None) -> Iterator[Record]:
    """The line of `compexact verify` for every unit that run.json asks for, in its order.

    time_limit: seconds for each.  Raises `DataError` for a certificate that cannot be read.
    """
    recount = Recount(probe.cells, run.header)
    for line in run.records.values():  # hours of checking should not end at a lost file
        if "certificate" in line:
            read_certificate(run.path / line["certificate"])
    for unit in run.header["units"]:
        if unit in run.records:
            yield _verify_line(run, recount, unit, time_limit)
        else:
            reason = "it has no line; the command that made the run goes on with it"
            yield dict.fromkeys(fields_of(recount.errors)) | {
                "unit": unit,
                "verdict": MISSING,
                "reason": reason,
                "not_checked": [],
            }


def verify_certificate(
    problem: Problem, text: bytes, time_limit: float | None = None, errors: Errors | None = None
) -> Record:
    """The same for a certificate by itself.  problem: what it is about, with its points weighed by the errors."""
    check = _Check(problem, time_limit, errors or Errors())
    return check.judged(lambda check: check.certificate(text)) | {"not_checked": []}


def _verify_line(run: Run, recount: Recount, unit: str, time_limit: float | None) -> Record:
    line = run.records[unit]
    text = read_certificate(run.path / line["certificate"]) if "certificate" in line else None

    def check_all(check: _Check) -> None:
        if wrong := recount.validate_line(line) or proof_is_missing(line):
            raise CertificateError(f"the line is no answer about this unit: {wrong}")
        answer = answer_of(line)
        check.claim(answer, text, recount.points(unit).ceiling())
        check.shorter(answer)

    said = _Check(recount.problem(unit), time_limit, recount.errors).judged(check_all)
    if said["verdict"] != REJECTED and (damage := _damage(run, line, text)):
        said |= {"verdict": REJECTED, "reason": damage}
    return said | {"not_checked": _not_checked(line)}


def _damage(run: Run, line: Record, text: bytes | None) -> str | None:
    """What is damaged, though all that is said is true."""
    if line["unit"] in run.damaged:
        return "the line is damaged: its digest is not that of its content"
    if text is not None and is_other_file(line, text):
        return f"{line['certificate']} is not the file that was kept with the line"
    return None


def _not_checked(line: Record) -> list[str]:
    """The fields of the line of which nothing is known but their form.

    An audit's grid is checked where it repeats the answers; its other points, and its trace, only against these and
    each other.
    """
    answers = [line[part] for part in ("beam", "local", "exact") if part in line] if "grid" in line else [line]
    fields = ["seconds"] + [name for name in ("error", "sample") if any(name in answer for answer in answers)]
    fields += ["trace"] if line.get("trace") else []
    return fields + (["grid"] if len(line.get("grid", ())) > 1 else [])


class _Check:
    """The check of one unit, and what it has found so far.

    problem: what its certificate is about.  errors: what its points are weighed by.
    """

    def __init__(self, problem: Problem, time_limit: float | None, errors: Errors) -> None:
        self.problem, self.time_limit, self.errors = problem, time_limit, errors
        self.started = time.perf_counter()
        self.said: Record = dict.fromkeys(fields_of(errors)) | {"unit": problem.unit, "verdict": CONFIRMED}

    def judged(self, work: Any) -> Record:
        """The line of `verify`, after the work."""
        try:
            work(self)
        except Undecided as error:
            self.said |= {"verdict": UNCHECKED, "reason": str(error)}
        except CertificateError as error:
            self.said |= {"verdict": REJECTED, "reason": str(error)}
        return self.said | {"seconds": round(time.perf_counter() - self.started, 6)}

    def certificate(self, text: str | bytes, answer: Mapping[str, Any] | None = None) -> None:
        """Check a certificate, and whether it is of the answer's claim."""
        verdict = check_text(self.problem, text, time_limit=self.seconds_left())
        score_of = ErrorWeights(self.errors.fp, self.errors.fn).of_iou
        self._show(score_of(verdict.iou), score_of(verdict.bound), verdict.proof, verdict.work)
        if answer is not None and (other := other_claim(answer, verdict)):
            raise CertificateError(other)

    def claim(self, answer: Mapping[str, Any], text: bytes | None, ceiling: Fraction) -> None:
        """Check what the answer claims; an answer that claims nothing is `recounted`."""
        if not self.errors.are_even:
            self.said |= {"iou": answer["iou"], "score": answer["score"]}
        if answer["bound_fraction"] is None:
            self.said |= {"verdict": RECOUNTED, "iou": answer["iou"]}
            self.said["reason"] = "the unit failed" if answer["status"] == "failed" else None
            return
        bound = Fraction(*answer["bound_fraction"])
        if text is not None:
            self.certificate(text, answer)
        elif bound >= ceiling:
            self._show(fraction_of(answer), bound, "ceiling", "no set of cells does better")
        elif answer["formula"] is not None and answer["max_length"] <= MAX_CONCEPTS:
            self.certificate(self._by_sets(answer, answer["space"], answer["max_length"], bound))
        else:
            raise Undecided(f"the bound is the word of engine {answer['engine']}, which gives no certificate")

    def shorter(self, answer: Mapping[str, Any]) -> None:
        """Check what `by_length` calls proven."""
        bound = None if answer["bound_fraction"] is None else Fraction(*answer["bound_fraction"])
        for length, found in enumerate(answer.get("by_length", ()), start=1):
            iou = fraction_of(found)
            if not found.get("proven") or iou == bound:
                continue  # what no longer formula exceeds, no shorter one does
            if length > MAX_CONCEPTS:
                raise CertificateError(f"nothing proves what by_length calls proven of length {length}")
            try:
                check_text(
                    self.problem,
                    self._by_sets(found, answer["space"], length, iou),
                    time_limit=self.seconds_left(),
                )
            except Undecided:
                raise
            except CertificateError as error:
                raise CertificateError(f"by_length at length {length}: {error}") from None

    def _by_sets(self, found: Mapping[str, Any], space: str, length: int, bound: Fraction) -> str:
        counted = self.problem.explain(parse(found["formula"], self.problem.concepts.position))
        proven = self.errors.iou_of(bound)
        if proven.denominator >= 2**63:  # more than a certificate holds; a little less than it proves it, too
            proven = max(Fraction(floor(proven * 2**52), 2**52), counted.iou)
        return Certificate(space, length, proven, "sets").to_json(self.problem, counted)

    def _show(self, score: Fraction, bound: Fraction, proof: str, work: str) -> None:
        measure = "iou" if self.errors.are_even else "score"
        self.said |= {measure: float(score), "bound": rounded_up(bound), "proof": proof, "work": work}

    def seconds_left(self) -> float | None:
        """Of the time limit."""
        if self.time_limit is None:
            return None
        return max(self.time_limit - (time.perf_counter() - self.started), 1e-9)
