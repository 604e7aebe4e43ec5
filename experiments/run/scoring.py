"""One formula, given by hand, on many units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...solver.cells import Cells
from ...solver.error_weights import EVEN, METRIC, ErrorWeights
from ...solver.metrics import METRICS
from ...solver.parsing import parse
from ...solver.problem import Problem
from .reading import Record


def scored(cells: Cells, formula: str, units: Sequence[str], errors: ErrorWeights = EVEN) -> Iterator[Record]:
    """For each unit the formula's counts, and its value by every metric; `FormulaError` for a text that is none.

    errors: where they are weighed, the Tversky score is among the values.
    """
    parsed = parse(formula, cells.concepts.names)
    weighed = () if errors.are_even else (METRIC,)
    for unit in units:
        found = Problem.of(cells, unit).explain(parsed)
        scores = {name: float(found.score(name)) for name in METRICS}
        scores |= {name: float(errors.score(found)) for name in weighed}
        yield {"unit": unit, **found.record(), **scores}
