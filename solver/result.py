"""What a search answers: formulas with their evidence, what is proven about them, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, Self

from .ceilings import ceiling
from .certificate import Certificate
from .errors import DisagreementError
from .explanation import Explanation
from .html import html_table
from .metrics import rounded_up
from .problem import Problem
from .stopping import Stopping


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
        return {
            Status.OPTIMAL: "no formula of this space and length has a higher IoU, and a certificate shows it",
            Status.BOUNDED: "no formula of this space and length has an IoU above the bound",
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
    function of the concepts.  Raises `DisagreementError` where best, bound and ceiling contradict each other.
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
    seconds: float = 0.0
    error: str | None = field(default=None)
    certificate: Certificate | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        iou = self.best.iou if self.best else Fraction(0)
        for name, limit in (("bound", self.bound), ("ceiling", self.ceiling)):
            if limit is not None and iou > limit and self.status is not Status.FAILED:
                raise DisagreementError(f"unit {self.unit}: IoU {iou} is above the {name} {limit}")
        if self.status is Status.OPTIMAL and self.bound != iou:
            raise DisagreementError(f"unit {self.unit}: called optimal with IoU {iou} and bound {self.bound}")

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

    def record(self) -> dict[str, Any]:
        """The JSON line of this unit (docs/contracts.md)."""
        best = self.best.record() if self.best else dict.fromkeys(("formula", "length"))
        if self.best is None:
            best |= {"intersection": 0, "union": 0, "iou": 0.0}
        iou = self.best.iou if self.best else Fraction(0)
        bound = self.bound
        line = {
            "unit": self.unit,
            "engine": self.engine,
            "space": self.space,
            "max_length": self.max_length,
            **best,
            "bound": None if bound is None else rounded_up(bound),
            "bound_fraction": None if bound is None else [bound.numerator, bound.denominator],
            "gap": None if bound is None else rounded_up(bound - iou),
            "ceiling": rounded_up(self.ceiling),
            "status": self.status.value,
            "seconds": round(self.seconds, 6),
        }
        if self.metric != "iou":
            line |= {
                "metric": self.metric,
                "score": float(self.best.score(self.metric)) if self.best else 0.0,
            }
        if self.error is not None:
            line["error"] = self.error
        return line

    def by_length_records(self) -> list[dict[str, Any]]:
        """The records of `by_length`; of an engine that proves each says whether it is `proven` the best."""
        if self.bound is None:
            return [found.record() for found in self.by_length]
        proven = self.proven or (False,) * len(self.by_length)
        return [found.record() | {"proven": best} for found, best in zip(self.by_length, proven, strict=True)]

    def rows(self) -> list[tuple[str, str, str]]:
        """(length, IoU, formula) for each maximum length at which the formula changes."""
        rows: list[tuple[str, str, str]] = []
        for length, found in enumerate(self.by_length, start=1):
            if not rows or rows[-1][2] != str(found.formula):
                rows.append((str(length), f"{float(found.iou):.4f}", str(found.formula)))
        return rows

    def __str__(self) -> str:
        lines = [f"unit {self.unit}  {self.engine}, {self.space}, length <= {self.max_length}: {self.status.value}"]
        lines += [f"  {length:>3}  {iou}  {formula}" for length, iou, formula in self.rows()]
        proven = "" if self.bound is None else f"bound {rounded_up(self.bound):.4f}, "
        return "\n".join([*lines, f"  {proven}ceiling {rounded_up(self.ceiling):.4f}"])

    def _repr_html_(self) -> str:
        return html_table(("length", "IoU", "formula"), self.rows(), title=str(self).splitlines()[0])
