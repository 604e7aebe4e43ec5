"""Tables of pairs: a header line, then a pair per line, columns separated by tabs.

Cells are taken as they stand: sentences hold quotes that mean nothing, so no CSV quoting.  The columns say
which format it is.  To add a format, write a file with a `TableFormat` and name it in `readers.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...solver.errors import DataError, did_you_mean
from ..datasets.files import shown
from .pairs import Pair


@dataclass(frozen=True)
class Row:
    """A line of a table: its cells by column name in lower case, its place for messages, its number."""

    cells: Mapping[str, str]
    where: str
    line: int

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
    path: Path, header: tuple[int, str], lines: Iterator[tuple[int, str]], formats: Sequence[TableFormat]
) -> tuple[list[Pair], list[str]]:
    """The pairs of a table and the columns that were not read.

    header: number and text of its first line; lines: the others.  Raises DataError with the line where the
    columns fit no format, where a row has another number of cells, and where a cell is wrong.
    """
    where = f"{shown(path)} line {header[0]}"
    shown_columns = [column.strip() for column in header[1].split("\t")]
    columns = [column.lower() for column in shown_columns]
    if twice := [column for column, n in Counter(columns).items() if n > 1]:
        raise DataError(f"{where}: column {twice[0]!r} is there twice")
    kind = _format_of(columns, shown_columns, formats, where)
    least = _least_cells(columns, kind)
    pairs = []
    for number, line in lines:
        if not line.strip():
            continue
        cells = line.split("\t")
        where = f"{shown(path)} line {number}"
        if not least <= len(cells) <= len(columns):
            raise DataError(f"{where}: {len(cells)} cells under {len(columns)} columns; tabs separate them")
        cells += [""] * (len(columns) - len(cells))
        pairs.append(kind.pair(Row(dict(zip(columns, cells, strict=True)), where, number)))
    read = {column.lower() for column in (*kind.needed, *kind.optional)}
    return pairs, [name for name, column in zip(shown_columns, columns, strict=True) if column not in read]


def _format_of(
    columns: Sequence[str], shown_columns: Sequence[str], formats: Sequence[TableFormat], where: str
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
        raise DataError(f"{where} is no header of pairs; columns, separated by tabs, are one of: {known}")
    has = ", ".join(repr(column[:40]) for column in shown_columns[:20])
    hint = did_you_mean(lacking[0], shown_columns)
    raise DataError(f"{where}: no column {lacking[0]!r}, as in the {nearest.name} format; it has {has}{hint}")


def _least_cells(columns: Sequence[str], kind: TableFormat) -> int:
    """How many cells a row must have: all, but for last ones that may be left out."""
    may_lack = {column.lower() for column in kind.may_lack}
    least = len(columns)
    while least and columns[least - 1] in may_lack:
        least -= 1
    return least
