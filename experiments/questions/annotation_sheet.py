"""The sheet on which people label explanations: a CSV file with a line per unit, and a column `label` to fill in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...probes.datasets.files import Row, read_table
from ...probes.text.lines import existing_file
from ...solver.errors import DataError, did_you_mean

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
    labels: dict[str, str] = {}
    wanted = "the sheet.csv that `compexact experiment kinds -o` writes, filled in,"
    for row in read_table(existing_file(file, wanted), SHEET_COLUMNS):
        _add(labels, row, formulas)
    return Sheet(file.stem, labels)


def _add(labels: dict[str, str], row: Row, formulas: Mapping[str, str]) -> None:
    label, where = row.cells["label"].lower(), row.where
    if not label:
        return
    unit, formula = (_plain(row.cells[column]) for column in ("unit", "formula"))
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
