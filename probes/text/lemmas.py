"""Lemmas for a pipeline that makes none: spaCy's table from word form to lemma, where it is at hand."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from ...solver.errors import DataError, UsageError
from ..datasets.files import shown
from ..json_text import parse_json
from ..regular_files import MAX_TEXT, open_regular, read_regular

if TYPE_CHECKING:
    from spacy.language import Language

TABLE = "lemma_lookup"
FILES = ("en_lemma_lookup.json", "en_lemma_lookup.json.gz")


def add_lemmas(nlp: Language, folder: str | Path | None) -> str | None:
    """Let the pipeline look lemmas up; give back what to call their source, None where there is no table.

    folder: where one of `FILES` lies; None takes the table of the package `spacy-lookups-data`, if installed.
    """
    from spacy.lookups import Lookups, load_lookups

    if folder is not None:
        path, table = read_lemma_table(folder)
        lookups, source = Lookups(), f"lookup in {path.name}"
        lookups.add_table(TABLE, table)
    else:
        lookups, source = load_lookups(nlp.lang or "en", [TABLE], strict=False), "lookup in spacy-lookups-data"
        if not lookups.has_table(TABLE):
            return None
    nlp.add_pipe("lemmatizer", config={"mode": "lookup"}).initialize(lookups=lookups)  # type: ignore[attr-defined]
    return f"{source} (spaCy's table, without regard to tags)"


def read_lemma_table(folder: str | Path) -> tuple[Path, dict[str, str]]:
    """The table's file and its lemma by word form.  UsageError where there is none, DataError for a damaged one."""
    path = next((file for name in FILES if (file := Path(folder) / name).is_file()), None)
    if path is None:
        raise UsageError(f"{shown(folder)} is no folder with {' or '.join(FILES)}")
    try:
        table = parse_json(_unpacked(path), shown(path))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{shown(path)} cannot be read ({' '.join(str(error).split())[:120]})") from None
    if not isinstance(table, dict) or not all(isinstance(lemma, str) for lemma in table.values()):
        raise DataError(f"{shown(path)} is no table from word form to lemma")
    return path, table


def _unpacked(path: Path) -> bytes:
    if path.suffix != ".gz":
        return read_regular(path, MAX_TEXT, follow=True)
    with open_regular(path, follow=True) as packed, gzip.open(packed) as stream:
        content = stream.read(MAX_TEXT + 1)
    if len(content) > MAX_TEXT:
        raise DataError(f"{shown(path)} unpacks to more than the {MAX_TEXT:,} bytes that are read")
    return content
