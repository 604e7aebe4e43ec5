"""The lines of a run against its probe: formulas are counted again before a line is shown as an answer.

Only what is cheap: the counts of every formula, the ceiling, and that bound, gap and `optimal` follow from the
fraction.  That the bound holds is for `compexact verify`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..probes.store import Probe
from ..solver.ceiling import ceiling
from ..solver.errors import DataError, UsageError
from ..solver.problem import Problem
from ..solver.result import Status
from ..solver.score import rounded_up
from ..solver.syntax import parse

NOTHING_FOUND = {"formula": None, "length": None, "intersection": 0, "union": 0, "iou": 0.0}


def check_lines(file: Path, probe: Probe, lines: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `DataError` for a unit's line that the probe contradicts: somebody has edited it."""
    for unit, line in lines.items():
        if wrong := what_is_wrong(Problem.of(probe.cells, unit), line):
            raise DataError(f"{file}, unit {unit!r}: {wrong}; delete that line and run again")


def what_is_wrong(problem: Problem, line: Mapping[str, Any]) -> str | None:
    """Why a unit's line of a run or an audit cannot be an answer about this problem; None where nothing is wrong."""
    try:
        for record in (line["beam"], line["exact"]) if "exact" in line else (line,):
            for found in _found(record):
                if not _counts_are_right(problem, found):
                    return f"the counts are not those of {found['formula'] or 'no formula'}"
            if not _bound_is_right(record):
                return "bound, gap and status are not those of its fractions"
            if record["ceiling"] != rounded_up(ceiling(problem)):
                return "the ceiling is not that of the unit"
            if not 0 <= record["seconds"] < math.inf:
                return f"{record['seconds']} is no number of seconds"
    except KeyError as error:
        return f"the field {error} is missing"
    except UsageError as error:
        return str(error).splitlines()[0]
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return str(error)
    return None


def _found(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The answer, and the other formulas that the line keeps."""
    yield record
    yield from record.get("by_length", ())
    yield from record.get("top", ())


def _counts_are_right(problem: Problem, found: Mapping[str, Any]) -> bool:
    if found["formula"] is None:
        counted = NOTHING_FOUND
    else:
        counted = problem.explain(parse(found["formula"], problem.concepts.position)).record()
    return all(found[key] == value for key, value in counted.items())


def _bound_is_right(record: Mapping[str, Any]) -> bool:
    fraction, iou = record["bound_fraction"], Fraction(record["intersection"], record["union"] or 1)
    is_optimal = Status(record["status"]) is Status.OPTIMAL
    if fraction is None:
        return record["bound"] is None and record["gap"] is None and not is_optimal
    numerator, denominator = fraction
    bound = Fraction(numerator, denominator)
    gap = bound - iou
    right = (record["bound"], record["gap"]) == (rounded_up(bound), rounded_up(gap))
    return right and gap >= 0 and (gap == 0 or not is_optimal)
