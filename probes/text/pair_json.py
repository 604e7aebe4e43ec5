"""Pairs as JSON lines: an object per line, with the keys that tables have as columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...solver.errors import DataError, did_you_mean
from ..datasets.files import shown
from .labels import NO_LABEL, Names
from .pairs import Pair
from .tables import Row, TableFormat, format_of

ANNOTATORS = "annotator_labels"
_LABELS = ("label", "gold_label", "gold", "entailment_label", "entailment_judgment")
_KINDS = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}


def read_json_lines(
    path: Path, lines: Iterator[tuple[int, str]], formats: Sequence[TableFormat], names: Names | None = None
) -> tuple[list[Pair], list[str], list[str]]:
    """The pairs, the first object's keys in lower case, and the keys that were not read.

    The first object's keys say which format it is.  Raises DataError with the line for what is no such pair.
    """
    pairs: list[Pair] = []
    not_read: dict[str, None] = {}
    kind: TableFormat | None = None
    columns: list[str] = []
    for number, line in lines:
        if line.strip():
            where = f"{shown(path)} line {number}"
            fields = _object(line, where)
            if kind is None:
                columns = [key.lower() for key in fields]
                kind = format_of(columns, list(fields), formats, where, what="key")
            read = {key.lower() for key in (*kind.needed, *kind.optional, ANNOTATORS)}
            not_read |= dict.fromkeys(key for key in fields if key.lower() not in read)
            pairs.append(kind.pair(Row(_cells(fields, kind, where), where, number, names)))
    return pairs, columns, list(not_read)


def _cells(fields: dict[str, Any], kind: TableFormat, where: str) -> dict[str, str]:
    """The texts that the format reads; labels and keys may be numbers, and a label null."""
    by_name = {key.lower(): value for key, value in fields.items()}
    cells = {}
    for column in kind.needed:
        name = column.lower()
        if name not in by_name:
            has = ", ".join(repr(key[:40]) for key in list(fields)[:20]) or "none"
            raise DataError(f"{where}: no key {column!r}; it has {has}{did_you_mean(column, fields)}")
        is_label = name in _LABELS
        value = NO_LABEL if is_label and by_name[name] is None else by_name[name]
        cells[name] = _text(value, column, where, may_be_number=is_label)
    for column in kind.optional:
        if (value := by_name.get(column.lower())) is not None:
            cells[column.lower()] = _text(value, column, where, may_be_number=True)
    return cells | _annotators(by_name.get(ANNOTATORS, []), where)


def _annotators(labels: object, where: str) -> dict[str, str]:
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise DataError(f"{where}: {ANNOTATORS} is no list of texts")
    return {f"label{number}": label for number, label in enumerate(labels, start=1)}


def _text(value: object, key: str, where: str, *, may_be_number: bool) -> str:
    if may_be_number and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.15g}"
    if not isinstance(value, str):
        raise DataError(f"{where}: {key} is {_KINDS.get(type(value), 'a number')}; text is needed")
    return value


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not valid JSON at column {error.colno} ({error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: JSON that is not read ({str(error)[:80]})") from None
    if not isinstance(value, dict):
        kind = _KINDS.get(type(value), "a number")
        raise DataError(f"{where}: {kind}; a JSON object with gold_label, sentence1, sentence2 is needed")
    return value
