"""JSON lines: texts for a spaCy pipeline, or sentences whose words are there, with columns of their own.

    {"text": "She left. He stayed.", "genre": "novel"}
    {"tokens": ["She", "left"], "upos": ["PRON", "VERB"], "head": [2, 0], "mood": ["calm", "sad"], "document": "d1"}

Lists that are as long as `tokens` are columns: those that families know by name (`lemma`, `upos`, `xpos`, `dep`,
`morph`, `ent`; `head`: numbers from 1, 0 for the root) and any others, each a family.  Texts and numbers beside them
are fields of the document.  `document` and `id` name the document and the sentence; else each line of text is a
document, and all sentences of words in a file are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from ....solver.errors import DataError, did_you_mean
from ...datasets.files import shown
from ...json_text import parse_json
from ...text.lines import numbered_lines
from ..sentences import Sentence, shared, spaced
from .annotating import Annotator, Passage

NAMES = ("document", "id")


def read_json_lines(path: Path, annotator: Annotator) -> Iterator[Sentence]:
    """The sentences of a file; `DataError` with the line for what is none."""
    for has_tokens, lines in groupby(_objects(path), lambda line: "tokens" in line[1]):
        if has_tokens:
            yield from (_of_tokens(path, number, value) for number, value in lines)
        else:
            yield from annotator.sentences(_passage(path, number, value) for number, value in lines)


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        where = f"{shown(path)} line {number}"
        value = parse_json(line, where)
        if not isinstance(value, dict):
            raise DataError(f"{where}: a {type(value).__name__}; an object with a text or a list of tokens is needed")
        if "text" not in value and "tokens" not in value:
            has = ", ".join(repr(name[:40]) for name in list(value)[:10]) or "none"
            hint = did_you_mean("tokens", value) or did_you_mean("text", value)
            raise DataError(f"{where}: an object with a text or a list of tokens is needed; it has {has}{hint}")
        yield number, value


def _passage(path: Path, number: int, value: dict[str, Any]) -> Passage:
    where = f"{shown(path)} line {number}"
    if not isinstance(value["text"], str) or not value["text"].strip():
        raise DataError(f"{where}: the text is empty, or no text")
    document = _name(value, "document", where) or _name(value, "id", where) or f"{path.name}:{number}"
    return Passage(value["text"], str(number), where, document, _fields(value))


def _of_tokens(path: Path, number: int, value: dict[str, Any]) -> Sentence:
    where, words = f"{shown(path)} line {number}", value["tokens"]
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise DataError(f"{where}: tokens is no list of words, or has an empty one")
    lists = {name: column for name, column in value.items() if isinstance(column, list) and name != "tokens"}
    for name, column in lists.items():
        if len(column) != len(words):
            raise DataError(f"{where}: {len(column)} values of {name[:40]!r} for {len(words)} tokens; each has one")
    text, spans = spaced(words, lambda place: True)
    return Sentence(
        _name(value, "id", where) or f"{path.name}:{number}",
        _name(value, "document", where) or path.name,
        where,
        text,
        shared(words),
        spans,
        {name: _column(name, column, where) for name, column in lists.items() if name != "head"},
        _heads(lists["head"], where) if "head" in lists else None,
        _fields(value),
    )


def _name(value: dict[str, Any], key: str, where: str) -> str:
    found = value.get(key, "")
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise DataError(f"{where}: {key} is neither a text nor a number")
    return str(found)


def _fields(value: dict[str, Any]) -> dict[str, str]:
    plain = {name: each for name, each in value.items() if name not in (*NAMES, "text")}
    return {name: str(each) for name, each in plain.items() if isinstance(each, str | int | float) and str(each)}


def _column(name: str, column: list[Any], where: str) -> tuple[str, ...]:
    """Texts as they are; true and numbers as they are written in JSON; null and false are nothing."""
    if not all(each is None or isinstance(each, str | int | float) for each in column):
        raise DataError(f"{where}: a value of {name[:40]!r} is a list or an object; a text or a number is needed")
    return shared(["" if each is None or each is False else "true" if each is True else str(each) for each in column])


def _heads(column: list[Any], where: str) -> tuple[int, ...]:
    for each in column:
        if each is not None and (isinstance(each, bool) or not isinstance(each, int) or not 0 <= each <= len(column)):
            raise DataError(f"{where}: head {str(each)[:40]!r} is no word from 1 to {len(column)}, nor 0 for the root")
    return tuple(-1 if each is None else each - 1 for each in column)
