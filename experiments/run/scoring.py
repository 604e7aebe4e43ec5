"""One formula, given by hand, on many units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...solver.cells import Cells
from ...solver.metrics import METRICS
from ...solver.parsing import parse
from ...solver.problem import Problem
from .reading import Record


def scored(cells: Cells, formula: str, units: Sequence[str]) -> Iterator[Record]:
    """For each unit the formula's counts, and its value by every metric; `FormulaError` for a text that is none."""
    parsed = parse(formula, cells.concepts.names)
    for unit in units:
        found = Problem.of(cells, unit).explain(parsed)
        yield {"unit": unit, **found.record(), **{name: float(found.score(name)) for name in METRICS}}
