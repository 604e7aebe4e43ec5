"""`compexact score`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import FnWeightOption, FormatOption, FpWeightOption, ProbeArgument, UnitsOption


def score(
    probe: ProbeArgument,
    formula: Annotated[str, typer.Argument(help='Such as "(water OR river) AND NOT blue".')],
    units: UnitsOption = None,
    fp_weight: FpWeightOption = "1",
    fn_weight: FnWeightOption = "1",
    format: FormatOption = None,
) -> None:
    """Count one formula given by hand.

    compexact score probe --units 12 "(water OR river) AND NOT blue"
    compexact score probe --fp-weight 0.2 --fn-weight 0.8 "water OR river"
    """
    from ...probes.opening import open_probe
    from ...solver.error_weights import METRIC, ErrorWeights
    from ...solver.metrics import METRICS
    from ..printing import Printer, chosen_format
    from ..run.scoring import scored
    from ..run.units import choose_units

    errors = ErrorWeights.of(fp_weight, fn_weight)
    weighed = () if errors.are_even else (METRIC,)
    cells = open_probe(probe).cells
    printer = Printer(chosen_format(format), ("unit", "formula", "length", "intersection", "union", *METRICS, *weighed))
    for record in scored(cells, formula, choose_units(cells, units), errors):
        printer(record)
    printer.finish()
