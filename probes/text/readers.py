"""Open a file of sentence pairs, whatever its format: what is in the file decides, not its name.

JSON lines are told by their first character; all else is a table with tabs, columns in any order, of one of `TABLES`:
a new format is a file here and a row there.  Each may be packed by gzip.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from ...solver.errors import DataError
from ..datasets.files import shown
from ..digests import file_digest
from . import plain, sick, snli_table, tagged
from .lines import existing_file, numbered_lines
from .pairs import Pair, Pairs
from .snli_json import read_json_lines
from .tables import read_table

TABLES = (snli_table.FORMAT, tagged.FORMAT, *sick.FORMATS, plain.FORMAT)


def open_pairs(path: str | Path, *, name: str | None = None) -> Pairs:
    """The pairs of a file, in its order.

    name: what to call it in results (default: the path as given).

    Raises UsageError if there is no such file, and DataError, with the line number, for whatever is wrong in it:
    an unknown format, a row or object that is not whole, an unknown label, an empty sentence, bytes that are no
    text, a damaged archive.
    """
    place = existing_file(path, "a file of sentence pairs")
    lines = numbered_lines(place)
    pairs, not_read = _read(place, lines)
    if not pairs:
        raise DataError(f"{shown(place)} holds no pair, only a header")
    notes = []
    if unlabelled := sum(pair.label is None for pair in pairs):
        notes.append(f"{unlabelled:,} of {len(pairs):,} pairs have no gold label (`-`).")
    if not_read:
        notes.append(f"Not read: {', '.join(column[:40] for column in not_read[:20])}.")
    return Pairs(name or str(path), place, tuple(pairs), file_digest(place), tuple(notes))


def _read(path: Path, lines: Iterator[tuple[int, str]]) -> tuple[list[Pair], list[str]]:
    first = next(((number, line) for number, line in lines if line.strip()), None)
    if first is None:
        raise DataError(f"{shown(path)} holds nothing but blank lines")
    if first[1].lstrip().startswith("{"):
        return read_json_lines(path, chain([first], lines))
    if first[1].lstrip().startswith("["):
        raise DataError(f"{shown(path)} line {first[0]}: a JSON list; write one object per line, without brackets")
    return read_table(path, first, lines, TABLES)
