"""What a unit's page says: its line of the run, read back and counted again on the probe's cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from ...probes.store import Probe
from ...solver.cells import Cells
from ...solver.errors import DataError
from ...solver.explanation import Explanation
from ...solver.formula import Atom
from ...solver.parsing import parse
from ...solver.problem import Problem
from ...solver.result import Status
from ..run.reading import Run, answer_of
from ..run.recount import check_lines
from .certificates import CertificateNote, read_certificate
from .contributions import Contribution, contributions
from .negation import Negation, negations


@dataclass(frozen=True)
class ConceptRow:
    """A concept of a unit's formula, on its own."""

    name: str
    category: str
    alone: Explanation


@dataclass(frozen=True, eq=False)
class UnitReport:
    """One unit.

    cells: of the probe.  column: the unit's place there.  active: points where it is.
    best, by_length, top: as in `SearchResult`, but none where the status is `degenerate`: any formula then says as
    little as any other.  bound, gap: None where nothing is proven; where the run weighs errors they, and the ceiling,
    are of the Tversky score.
    record: its line of units.jsonl; of an audit, the part of the engine that proves.  beam: an audit's other part.

    What has a number for each cell is computed when it is asked for, and kept: of a unit that stays while others are
    written, ask it of a copy (`dataclasses.replace`).
    """

    cells: Cells
    column: int
    active: int
    status: Status
    best: Explanation | None
    by_length: tuple[Explanation, ...]
    top: tuple[Explanation, ...]
    ceiling: float
    bound: Fraction | None
    gap: float | None
    error: str | None
    record: Mapping[str, Any]
    beam: Explanation | None = None
    certificate: CertificateNote | None = None

    @property
    def name(self) -> str:
        """The unit's name."""
        return self.cells.unit_names[self.column]

    @property
    def page(self) -> str:
        """Its page, seen from the site's root.  Made of a number: names can hold anything."""
        return f"units/{self.column}.html"

    @cached_property
    def problem(self) -> Problem:
        """The unit's points.  What concepts hold on is not counted for it, as a search would need it."""
        return Problem(self.cells.concepts, self.cells.weights, self.cells.active.of(self.column), self.name)

    @cached_property
    def cell_mask(self) -> np.ndarray | None:
        """bool (n_cells,): where the formula holds."""
        return None if self.best is None else self.cells.concepts.mask(self.best.formula)

    @property
    def concepts(self) -> list[ConceptRow]:
        """The concepts of the formula, each once, in order."""
        rows = self.cells.concepts
        names = dict.fromkeys(self.best.formula.atoms()) if self.best else ()
        return [
            ConceptRow(name, rows.categories[rows.position[name]], self.problem.explain(Atom(name))) for name in names
        ]

    @cached_property
    def categories(self) -> Sequence[str]:
        """The categories of the formula's concepts, each once, in order."""
        rows = self.cells.concepts
        names = self.best.formula.atoms() if self.best else ()
        return list(dict.fromkeys(rows.categories[rows.position[name]] for name in names))

    @cached_property
    def negations(self) -> Sequence[Negation]:
        """The formula with each of its leaves negated."""
        if self.best is None or self.cell_mask is None:
            return []
        return negations(self.problem, self.best.formula, self.cell_mask)

    @cached_property
    def contributions(self) -> Sequence[Contribution]:
        """What each leaf of the formula brings in or takes away."""
        return contributions(self.problem, self.best.formula, self.negations) if self.best else []


def read_units(run: Run, probe: Probe) -> list[UnitReport]:
    """The finished units of the run, in its order.

    Raises `DataError` where the run was made from another probe, and where a line lacks a field, holds a formula
    that is none, or gives other counts than the probe has.
    """
    if not probe.has_digest(run.header["probe"]["digest"]):
        raise DataError(f"{run.path} was made from another probe: the digest in run.json differs")
    check_lines(run.path, probe, run.header, run.records)
    return [unit_report(probe, name, line, read_certificate(run, line)) for name, line in run.records.items()]


def unit_report(
    probe: Probe, name: str, line: Mapping[str, Any], certificate: CertificateNote | None = None
) -> UnitReport:
    """What a line, as a run keeps it, says of the unit of this name."""
    record = answer_of(line)
    cells = probe.cells
    column = cells.unit(name)
    active = int(cells.active.totals[column])
    fraction = record["bound_fraction"]
    status = Status(record["status"])
    is_explained = record["formula"] is not None and status is not Status.DEGENERATE
    return UnitReport(
        cells=cells,
        column=column,
        active=active,
        status=status,
        best=_found(cells, active, record) if is_explained else None,
        by_length=tuple(_found(cells, active, each) for each in record["by_length"] if is_explained),
        top=tuple(_found(cells, active, each) for each in record["top"] if is_explained),
        ceiling=float(record["ceiling"]),
        bound=None if fraction is None else Fraction(*fraction),
        gap=None if fraction is None else float(record["gap"]),
        error=record.get("error"),
        record=record,
        beam=_found(cells, active, line["beam"]) if is_explained and line.get("beam", {}).get("formula") else None,
        certificate=certificate,
    )


def _found(cells: Cells, active: int, line: Mapping[str, Any]) -> Explanation:
    """A formula with the counts that stand beside it."""
    formula = parse(line["formula"], cells.concepts.position)
    intersection, either = int(line["intersection"]), int(line["union"])
    return Explanation(formula, intersection, either - active + intersection, active, cells.n_points)
