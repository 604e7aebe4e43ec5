"""What a search answers: formulas with their evidence, what is proven about them, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, Self

from .ceilings import ceiling
from .certificate import Certificate
from .error_weights import EVEN, METRIC, ErrorWeights
from .errors import DisagreementError
from .explanation import Explanation
from .html import html_table
from .metrics import rounded_up
from .problem import Problem
from .stopping import Stopping
from .tracing import Known


class Status(StrEnum):
    """How an answer ended; `sentence` is what people are shown."""

    OPTIMAL = "optimal"
    BOUNDED = "bounded"
    FEASIBLE = "feasible"
    DEGENERATE = "degenerate"
    FAILED = "failed"

    @property
    def sentence(self) -> str:
        """The status as a sentence."""
        return self.about("IoU")

    def about(self, measure: str) -> str:
        """The same where formulas are held against each other by something else."""
        return {
            Status.OPTIMAL: f"no formula of this space and length has a higher {measure}, and a certificate shows it",
            Status.BOUNDED: f"no formula of this space and length has a higher {measure} than the bound",
            Status.FEASIBLE: "the best formula found; a better one may exist",
            Status.DEGENERATE: "nothing to explain: the unit is active nowhere or everywhere, or the search skips it",
            Status.FAILED: "no answer; see the error",
        }[self]


@dataclass(frozen=True)
class SearchResult:
    """The answer for one unit.

    best: None where there is nothing to explain.  by_length: the best formula found of length at most
    1, 2, ..., max_length.  bounds: for each of these lengths, what the engine says that no formula exceeds.
    proven: for each, whether the checker has confirmed that none is better; the empty tuple where no one asked it.
    top: the best distinct functions, best first.  bound: no formula of the space
    and length has a higher IoU; None where nothing is proven.  ceiling: the best IoU of any Boolean
    function of the concepts.  weights: of errors; where they are not even, bound, bounds and ceiling are of the
    Tversky score, and so is `proven`; the counts of formulas are those of points as ever.  trace: what was known as the
    search went, where somebody kept it.
    Raises `DisagreementError` where best, bound and ceiling contradict each other.
    """

    unit: str
    engine: str
    space: str
    max_length: int
    best: Explanation | None
    ceiling: Fraction
    status: Status
    by_length: tuple[Explanation, ...] = ()
    bounds: tuple[Fraction, ...] = ()
    proven: tuple[bool, ...] = ()
    top: tuple[Explanation, ...] = ()
    bound: Fraction | None = None
    metric: str = "iou"
    weights: ErrorWeights = EVEN
    seconds: float = 0.0
    error: str | None = field(default=None)
    certificate: Certificate | None = field(default=None, repr=False, compare=False)
    trace: tuple[Known, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        score, measure = self.score, self.weights.measure
        for name, limit in (("bound", self.bound), ("ceiling", self.ceiling)):
            if limit is not None and score > limit and self.status is not Status.FAILED:
                raise DisagreementError(f"unit {self.unit}: {measure} {score} is above the {name} {limit}")
        if self.status is Status.OPTIMAL and self.bound != score:
            raise DisagreementError(f"unit {self.unit}: called optimal with {measure} {score} and bound {self.bound}")

    @property
    def score(self) -> Fraction:
        """What bound and ceiling are of: the best formula's IoU, or its Tversky score; 0 without one."""
        return self.weights.score(self.best) if self.best else Fraction(0)

    @classmethod
    def of(cls, problem: Problem, engine: str, found: Sequence[Explanation], stopping: Stopping, **fields: Any) -> Self:
        """An engine's answer; what problem, formulas and clock say is filled in where it is not among the fields.

        found: `by_length`, empty where there is none; `max_length` is its length unless given.
        """
        bounds = fields.get("bounds")
        known: dict[str, Any] = {
            "space": "chain",
            "max_length": len(found),
            "best": found[-1] if found else None,
            "top": tuple(found[-1:]),
            "bound": bounds[-1] if bounds else None,
            "seconds": stopping.elapsed,
        } | fields
        status = Status.FEASIBLE if known["bound"] is None else Status.BOUNDED
        known.setdefault("status", Status.DEGENERATE if problem.is_degenerate else status)
        if "ceiling" not in known:
            known["ceiling"] = ceiling(problem)
        return cls(unit=problem.unit, engine=engine, by_length=tuple(found), **known)

    def of_errors(self, weights: ErrorWeights, problem: Problem) -> Self:
        """This answer about `weights.weighed(problem)` as one about the problem and its Tversky score."""
        if weights.are_even:
            return self
        return replace(
            self,
            metric=METRIC,
            weights=weights,
            best=None if self.best is None else problem.explain(self.best.formula),
            by_length=tuple(problem.explain(found.formula) for found in self.by_length),
            top=tuple(problem.explain(found.formula) for found in self.top),
            bound=None if self.bound is None else weights.bound(self.bound),
            bounds=tuple(map(weights.bound, self.bounds)),
            ceiling=weights.of_iou(self.ceiling),
        )

    @property
    def known(self) -> Known:
        """What is known at the end.  Where nothing is proven, there is the ceiling."""
        return Known(self.seconds, self.best, self.ceiling if self.bound is None else self.bound)

    def record(self) -> dict[str, Any]:
        """The JSON line of this unit (docs/contracts.md)."""
        line = {
            "unit": self.unit,
            "engine": self.engine,
            "space": self.space,
            "max_length": self.max_length,
            **self.weights.known_record(self.best, self.bound),
            "ceiling": rounded_up(self.ceiling),
            "status": self.status.value,
            "seconds": round(self.seconds, 6),
        }
        if self.metric == METRIC:
            line |= {"metric": METRIC, **self.weights.record()}
        elif self.metric != "iou":
            line |= {
                "metric": self.metric,
                "score": float(self.best.score(self.metric)) if self.best else 0.0,
            }
        if self.error is not None:
            line["error"] = self.error
        return line

    def by_length_records(self) -> list[dict[str, Any]]:
        """The records of `by_length`; of an engine that proves each says whether it is `proven` the best."""
        records = self._records(self.by_length)
        if self.bound is None:
            return records
        proven = self.proven or (False,) * len(self.by_length)
        return [found | {"proven": best} for found, best in zip(records, proven, strict=True)]

    def top_records(self) -> list[dict[str, Any]]:
        """The records of `top`."""
        return self._records(self.top)

    def _records(self, formulas: Sequence[Explanation]) -> list[dict[str, Any]]:
        weights = self.weights
        return [found.record() | weights.score_record(weights.score(found)) for found in formulas]

    def rows(self) -> list[tuple[str, str, str]]:
        """(length, IoU or Tversky score, formula) for each maximum length at which the formula changes."""
        rows: list[tuple[str, str, str]] = []
        for length, found in enumerate(self.by_length, start=1):
            if not rows or rows[-1][2] != str(found.formula):
                rows.append((str(length), f"{float(self.weights.score(found)):.4f}", str(found.formula)))
        return rows

    def __str__(self) -> str:
        lines = [f"unit {self.unit}  {self.engine}, {self.space}, length <= {self.max_length}: {self.status.value}"]
        lines += [] if self.weights.are_even else [f"  {self.weights.sentence}"]
        lines += [f"  {length:>3}  {score}  {formula}" for length, score, formula in self.rows()]
        proven = "" if self.bound is None else f"bound {rounded_up(self.bound):.4f}, "
        return "\n".join([*lines, f"  {proven}ceiling {rounded_up(self.ceiling):.4f}"])

    def _repr_html_(self) -> str:
        return html_table(("length", self.weights.measure, "formula"), self.rows(), title=str(self).splitlines()[0])
