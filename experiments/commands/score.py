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
    from ..printing import Printer, chosen_format
    from ..run.scoring import scored
    from ..run.units import choose_units

    cells = open_probe(probe).cells
    printer = Printer(chosen_format(format), ("unit", "formula", "length", "intersection", "union", *METRICS))
    for record in scored(cells, formula, choose_units(cells, units)):
        printer(record)
    printer.finish()
