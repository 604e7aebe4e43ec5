"""Open a file of sentence pairs, whatever its format: what is in the file decides, not its name.

JSON lines are told by their first character; all else is a table, columns in any order.  Either is of one of `TABLES`:
a new format is a file here and a row there.  Each may be packed by gzip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ...solver.errors import DataError
from ..datasets.files import shown
from ..digests import file_digest
from . import plain, sick, snli_table, tagged
from .labels import Names, named, read_names
from .lines import existing_file, numbered_lines
from .pair_json import read_json_lines
from .pairs import Pair, Pairs
from .tables import read_table

TABLES = (snli_table.FORMAT, tagged.FORMAT, *sick.FORMATS, *plain.FORMATS)


def open_pairs(path: str | Path, *, name: str | None = None, labels: Path | None = None) -> Pairs:
    """The pairs of a file, in its order.

    name: what to call it in results (default: the path as given).  labels: a file that says what its labels mean.

    Raises UsageError if there is no such file, and DataError, with the line number, for whatever is wrong in it:
    an unknown format, a row or object that is not whole, an unknown label, an empty sentence, bytes that are no
    text, a damaged archive.
    """
    place = existing_file(path, "a file of sentence pairs")
    lines = numbered_lines(place)
    pairs, columns, not_read = _read(place, lines, None if labels is None else read_names(labels))
    if not pairs:
        raise DataError(f"{shown(place)} holds no pair, only a header")
    names, numbered = named([pair.label for pair in pairs], columns, shown(place))
    pairs = [replace(pair, label=label) for pair, label in zip(pairs, names, strict=True)]
    notes = [numbered] if numbered else []
    if unlabelled := sum(pair.label is None for pair in pairs):
        notes.append(f"{unlabelled:,} of {len(pairs):,} pairs have no gold label (`-`).")
    if not_read:
        notes.append(f"Not read: {', '.join(column[:40] for column in not_read[:20])}.")
    return Pairs(name or str(path), place, tuple(pairs), file_digest(place), tuple(notes))


def _read(path: Path, lines: Iterator[tuple[int, str]], names: Names | None) -> tuple[list[Pair], list[str], list[str]]:
    first = next(((number, line) for number, line in lines if line.strip()), None)
    if first is None:
        raise DataError(f"{shown(path)} holds nothing but blank lines")
    if first[1].lstrip().startswith("{"):
        return read_json_lines(path, chain([first], lines), TABLES, names)
    if first[1].lstrip().startswith("["):
        raise DataError(f"{shown(path)} line {first[0]}: a JSON list; write one object per line, without brackets")
    return read_table(path, first, lines, TABLES, names)
