"""The sheet on which people label explanations: a CSV file with a line per unit, and a column `label` to fill in."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...solver.errors import DataError, UsageError, did_you_mean

LABELS = ("abstraction", "perceptual", "specialisation", "polysemantic", "single")
"""What people may write.  The paper's four (section 4), and `single` for a formula of one concept."""

SHEET_COLUMNS = ("unit", "formula", "label")
"""Those that are read."""


@dataclass(frozen=True)
class Sheet:
    """A filled-in sheet.  labels: by unit; lines whose label is empty are not in it."""

    name: str
    labels: dict[str, str]


def read_sheet(file: Path, formulas: Mapping[str, str]) -> Sheet:
    """Read a sheet.

    formulas: of the units as they are explained now; a line with another formula was labelled for another run.
    Raises `UsageError` where there is no such file, `DataError`, with the line, for anything that does not fit.
    """
    if not file.is_file():
        raise UsageError(f"{file} does not exist; fill in the sheet.csv that `compexact experiment kinds -o` writes")
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if missing := [column for column in SHEET_COLUMNS if column not in (reader.fieldnames or ())]:
                raise DataError(f"{file} has no column {missing[0]!r}; it needs {', '.join(SHEET_COLUMNS)}")
            labels: dict[str, str] = {}
            for row in reader:
                _add(labels, row, formulas, f"{file} line {reader.line_num}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} is not a CSV file in UTF-8: {error}") from None
    return Sheet(file.stem, labels)


def _add(labels: dict[str, str], row: Mapping[str, str | None], formulas: Mapping[str, str], where: str) -> None:
    label = (row["label"] or "").strip().lower()
    if not label:
        return
    unit, formula = (_plain(row[column] or "") for column in ("unit", "formula"))
    if label not in LABELS:
        raise DataError(f"{where}: {label!r} is no label; use {', '.join(LABELS)}{did_you_mean(label, LABELS)}")
    if unit not in formulas:
        raise DataError(f"{where}: unit {unit!r} is not asked for; use the --units, --sample and --seed of the sheet")
    if formula != formulas[unit]:
        raise DataError(f"{where}: unit {unit!r} was labelled for {formula!r}; its formula is now {formulas[unit]!r}")
    if unit in labels:
        raise DataError(f"{where}: unit {unit!r} is labelled twice")
    labels[unit] = label


def _plain(text: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from running a text as a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text
