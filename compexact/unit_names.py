"""The units of a probe, named by texts, numbers and ranges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .solver.cells import Cells
from .solver.errors import UsageError
from .values import shown


def unit_name(cells: Cells, unit: Any) -> str:
    """The name of one unit.

    unit: a name, or a number.  Where names are numbers, the number is the name; elsewhere it is the unit's place, from
    0.  Raises `UsageError` with those that there are.
    """
    if hasattr(unit, "item") and not getattr(unit, "ndim", 0):
        unit = unit.item()
    if isinstance(unit, bool) or not isinstance(unit, str | int):
        raise UsageError(f"a unit is a name such as '12', or a whole number, not {shown(unit)}")
    if isinstance(unit, str) or str(unit) in cells.unit_names:
        return cells.unit_names[cells.unit(str(unit))]
    names, last = cells.unit_names, len(cells.unit_names) - 1
    if any(name.isdecimal() for name in names) or not 0 <= unit <= last:
        there = f"{names[0]!r} to {names[-1]!r}" if any(map(str.isdecimal, names)) else f"0 to {last}"
        raise UsageError(f"there is no unit {unit}; there are {len(names)}, from {there}")
    return names[unit]


def asked_units(cells: Cells, units: Any) -> list[str] | None:
    """The texts that `--units` takes, for whatever names units in Python; None for all.

    units: a name, a text such as `0,3,10-20`, a number, or several of these: a list, a range, an array.
    """
    if units is None:
        return None
    if isinstance(units, str):
        return [units]
    if isinstance(units, Iterable) and getattr(units, "ndim", None) != 0:
        asked = [each if isinstance(each, str) else unit_name(cells, each) for each in units]
        if not asked:
            raise UsageError("units is empty: name at least one, or leave it away for all")
        return asked
    return [unit_name(cells, units)]
