"""The index page's table as a file, for other programs."""

from __future__ import annotations

import csv
import io

from ...solver.error_weights import ErrorWeights
from .run_index import Summary

COLUMNS = ("unit", "formula", "length", "iou", "score", "bound", "gap", "ceiling", "active_points", "status")


def units_csv(summary: Summary, errors: ErrorWeights) -> str:
    """A row for each unit, with all digits; empty where something is not known.  score: only where errors are weighed.

    A name that a spreadsheet would take for a formula of its own has an apostrophe before it.
    """
    out = io.StringIO()
    columns = [name for name in COLUMNS if name != "score" or not errors.are_even]
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    for unit in summary.units:
        best = unit.best
        writer.writerow(
            {
                "unit": _plain(unit.name),
                "formula": _plain(str(best.formula)) if best else "",
                "length": best.formula.length if best else "",
                "iou": float(best.iou) if best else "",
                "score": float(errors.score(best)) if best else "",
                "bound": "" if unit.bound is None else float(unit.bound),
                "gap": "" if unit.gap is None else unit.gap,
                "ceiling": unit.ceiling,
                "active_points": unit.active,
                "status": unit.status,
            }
        )
    return out.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
