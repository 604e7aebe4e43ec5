"""The sheet on which people label explanations, and how far two people, or a person and a rule, agree.

It is a CSV file with a line per unit, and a column `label` to fill in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...probes.datasets.files import Row, read_table
from ...probes.text.lines import existing_file
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


def cohen_kappa(left: Sequence[Hashable], right: Sequence[Hashable]) -> float | None:
    """Cohen's kappa (1960): agreement beyond what the two sides' label frequencies alone give.

    None where it is not defined: no item, or both sides always say the same one label.

    >>> cohen_kappa("aabb", "aabb"), cohen_kappa("aabb", "abab"), cohen_kappa("aabb", "bbaa")
    (1.0, 0.0, -1.0)
    """
    if len(left) != len(right):
        raise UsageError(f"agreement needs two labels per item; there are {len(left)} and {len(right)}")
    n = len(left)
    counts = Counter(left), Counter(right)
    by_chance = sum(counts[0][label] * counts[1][label] for label in counts[0])
    if n * n == by_chance:
        return None
    agreed = sum(one == other for one, other in zip(left, right))
    return (n * agreed - by_chance) / (n * n - by_chance)
