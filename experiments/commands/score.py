"""`compexact score`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import FormatOption, ProbeArgument, UnitsOption


def score(
    probe: ProbeArgument,
    formula: Annotated[str, typer.Argument(help='Such as "(water OR river) AND NOT blue".')],
    units: UnitsOption = None,
    format: FormatOption = None,
) -> None:
    """Count one formula given by hand.

    compexact score probe --units 12 "(water OR river) AND NOT blue"
    """
    from ...probes.opening import open_probe
    from ...solver.metrics import METRICS
    from ...solver.parsing import parse
    from ...solver.problem import Problem
    from ..printing import Printer, chosen_format
    from ..run.units import choose_units

    cells = open_probe(probe).cells
    parsed = parse(formula, cells.concepts.names)
    printer = Printer(chosen_format(format), ("unit", "formula", "length", "intersection", "union", *METRICS))
    for unit in choose_units(cells, units):
        found = Problem.of(cells, unit).explain(parsed)
        printer({"unit": unit, **found.record(), **{name: float(found.score(name)) for name in METRICS}})
    printer.finish()
