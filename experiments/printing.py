"""Answers on stdout: a table for people, JSON lines or CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..solver.errors import UsageError
from .terminal import one_line

FORMATS = ("table", "jsonl", "csv")

Record = Mapping[str, Any]


def chosen_format(name: str | None) -> str:
    """The format asked for; by default a table on a terminal and JSON lines elsewhere."""
    if name is None:
        return "table" if sys.stdout.isatty() else "jsonl"
    if name not in FORMATS:
        raise UsageError(f"the format is {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, not {name!r}")
    return name


class Printer:
    """Prints records as they come.  Tables show `columns` only, and are printed at the end."""

    def __init__(self, format_name: str, columns: Sequence[str]) -> None:
        self.format_name, self.columns = format_name, columns
        self._rows: list[list[str]] = []
        self._fields: list[str] | None = None

    def __call__(self, record: Record) -> None:
        if self.format_name == "jsonl":
            print(json.dumps(dict(record), ensure_ascii=False, allow_nan=False), flush=True)
        elif self.format_name == "csv":
            if self._fields is None:
                # Every row has the same columns, also where a later unit fails and has an error to tell.
                self._fields = [*record, *(["error"] if "status" in record and "error" not in record else [])]
                self._row(self._fields)
            self._row([csv_cell(record.get(field)) for field in self._fields])
        else:
            self._rows.append([table_cell(record.get(column)) for column in self.columns])

    def _row(self, cells: Sequence[Any]) -> None:
        csv.writer(sys.stdout, lineterminator="\n").writerow(cells)

    def finish(self) -> None:
        """Print the table, where there is one."""
        if self.format_name == "table" and self._rows:
            for line in _aligned([_headings(self.columns), *self._rows]):
                print(line)


def table(rows: Sequence[Sequence[Any]]) -> list[str]:
    """The lines of a table; the first row is its headings."""
    return _aligned([_headings(rows[0]), *([table_cell(value) for value in row] for row in rows[1:])])


def _headings(columns: Sequence[str]) -> list[str]:
    return [column.replace("_", " ") for column in columns]


def csv_cell(value: Any) -> Any:
    """A value as a CSV file has it.  Text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if isinstance(value, str) and value[:1] in "=+-@|\t\r" and value:
        return "'" + value
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def table_cell(value: Any) -> str:
    """A value as tables show it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        # A value below 1 is never printed as 1: cut, not rounded.
        return f"{min(value, 0.9999):.4f}" if 0.99995 <= value < 1 else f"{value:.4f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return one_line(str(value))


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns padded to their widest entry; the last is left ragged."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
