"""Tables of pairs: a header line, then a pair per line, columns separated by tabs, or by commas.

Between tabs cells are taken as they stand: sentences hold quotes that mean nothing, so no CSV quoting.  The columns say
which format it is.  To add a format, write a file with a `TableFormat` and name it in `readers.py`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ...solver.errors import DataError, did_you_mean
from ..datasets.files import shown
from .labels import Names, label_of
from .pairs import Pair


@dataclass(frozen=True)
class Row:
    """A line of a table: its cells by column name in lower case, its place for messages, its number.

    names: what the user says that labels mean.
    """

    cells: Mapping[str, str]
    where: str
    line: int
    names: Names | None = None

    def label(self, column: str) -> str | None:
        """The label that stands in a column."""
        return label_of(self.cells[column], column, self.where, self.names)

    def key(self, *columns: str) -> str:
        """The pair's name, from the first of the columns that is there; else the line number."""
        named = (self.cells[column].strip() for column in columns if column in self.cells)
        return next((name for name in named if name), str(self.line))


@dataclass(frozen=True)
class TableFormat:
    """A kind of table.

    needed: its columns (in any order and letter case).  optional: further columns that `pair` reads.
    may_lack: those of the optional ones that a row may leave out at its end.
    """

    name: str
    needed: tuple[str, ...]
    pair: Callable[[Row], Pair]
    optional: tuple[str, ...] = ()
    may_lack: tuple[str, ...] = ()


def read_table(
    path: Path,
    header: tuple[int, str],
    lines: Iterator[tuple[int, str]],
    formats: Sequence[TableFormat],
    names: Names | None = None,
) -> tuple[list[Pair], list[str], list[str]]:
    """The pairs of a table, its columns in lower case, and those that were not read.

    header: number and text of its first line; lines: the others.  Where there is no tab in the header, commas separate
    columns, and cells may be quoted.  names: what labels mean.  Raises DataError with the line where the
    columns fit no format, where a row has another number of cells, and where a cell is wrong.
    """
    where = f"{shown(path)} line {header[0]}"
    commas = "\t" not in header[1] and "," in header[1]
    rows = _comma_rows(chain([header], lines), path) if commas else ((n, line.split("\t")) for n, line in lines)
    first = next(rows)[1] if commas else header[1].split("\t")
    shown_columns = [column.strip() for column in first]
    columns = [column.lower() for column in shown_columns]
    if twice := [column for column, n in Counter(columns).items() if n > 1]:
        raise DataError(f"{where}: column {twice[0]!r} is there twice")
    kind = format_of(columns, shown_columns, formats, where)
    least = _least_cells(columns, kind)
    pairs = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{shown(path)} line {number}"
        if not least <= len(cells) <= len(columns):
            separator = "commas" if commas else "tabs"
            raise DataError(f"{where}: {len(cells)} cells under {len(columns)} columns; {separator} separate them")
        cells += [""] * (len(columns) - len(cells))
        pairs.append(kind.pair(Row(dict(zip(columns, cells, strict=True)), where, number, names)))
    read = {column.lower() for column in (*kind.needed, *kind.optional)}
    return pairs, columns, [name for name, column in zip(shown_columns, columns, strict=True) if column not in read]


def _comma_rows(lines: Iterable[tuple[int, str]], path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table with commas, each with the number of its last line."""
    number = 0

    def text() -> Iterator[str]:
        nonlocal number
        for number, line in lines:  # noqa: B007, told to the loop below
            yield line + "\n"

    reader = csv.reader(text(), strict=True)
    try:
        for cells in reader:
            yield number, cells
    except csv.Error as error:
        raise DataError(f"{shown(path)} line {number}: not valid CSV ({error})") from None


def format_of(
    columns: Sequence[str],
    shown_columns: Sequence[str],
    formats: Sequence[TableFormat],
    where: str,
    what: str = "column",
) -> TableFormat:
    """The format whose columns are all there; the error names what the nearest one lacks."""

    def missing(kind: TableFormat) -> list[str]:
        return [column for column in kind.needed if column.lower() not in columns]

    for kind in formats:
        if not missing(kind):
            return kind
    nearest = min(formats, key=lambda kind: len(missing(kind)) / len(kind.needed))
    lacking = missing(nearest)
    if len(lacking) == len(nearest.needed) and not any(did_you_mean(column, columns) for column in lacking):
        known = " | ".join(" ".join(kind.needed) for kind in formats)
        raise DataError(f"{where} is no header of pairs; {what}s, separated by tabs, are one of: {known}")
    has = ", ".join(repr(column[:40]) for column in shown_columns[:20]) or "none"
    hint = did_you_mean(lacking[0], shown_columns)
    raise DataError(f"{where}: no {what} {lacking[0]!r}, as in the {nearest.name} format; it has {has}{hint}")


def _least_cells(columns: Sequence[str], kind: TableFormat) -> int:
    """How many cells a row must have: all, but for last ones that may be left out."""
    may_lack = {column.lower() for column in kind.may_lack}
    least = len(columns)
    while least and columns[least - 1] in may_lack:
        least -= 1
    return least
