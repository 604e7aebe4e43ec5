"""The `.jsonl` files of SNLI and MultiNLI: a JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...solver.errors import DataError, did_you_mean
from ..datasets.files import shown
from .fields import label_of, sentence_of
from .pairs import Pair

READ = ("gold_label", "sentence1", "sentence2", "annotator_labels", "pairID")
_KINDS = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}


def read_json_lines(path: Path, lines: Iterator[tuple[int, str]]) -> tuple[list[Pair], list[str]]:
    """The pairs, and the keys that were not read.  Raises DataError with the line for what is no such pair."""
    pairs: list[Pair] = []
    not_read: dict[str, None] = {}
    for number, line in lines:
        if line.strip():
            where = f"{shown(path)} line {number}"
            fields = _object(line, where)
            not_read |= dict.fromkeys(key for key in fields if key not in READ)
            pairs.append(_pair(fields, where, number))
    return pairs, list(not_read)


def _pair(fields: dict[str, Any], where: str, number: int) -> Pair:
    annotators = fields.get("annotator_labels", [])
    if not isinstance(annotators, list) or not all(isinstance(label, str) for label in annotators):
        raise DataError(f"{where}: annotator_labels is no list of texts")
    labels = (label_of(label, "annotator_labels", where) for label in annotators if label)
    return Pair(
        sentence_of(_text(fields, "sentence1", where), "sentence1", where),
        sentence_of(_text(fields, "sentence2", where), "sentence2", where),
        label_of(_text(fields, "gold_label", where), "gold_label", where),
        tuple(label for label in labels if label is not None),
        _text(fields, "pairID", where) if "pairID" in fields else str(number),
    )


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not valid JSON at column {error.colno} ({error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: JSON that is not read ({str(error)[:80]})") from None
    if not isinstance(value, dict):
        raise DataError(f"{where}: {_kind(value)}; a JSON object with {', '.join(READ[:3])} is needed")
    return value


def _text(fields: dict[str, Any], key: str, where: str) -> str:
    if key not in fields:
        has = ", ".join(repr(name[:40]) for name in list(fields)[:20]) or "none"
        raise DataError(f"{where}: no key {key!r}; it has {has}{did_you_mean(key, fields)}")
    if not isinstance(fields[key], str):
        raise DataError(f"{where}: {key} is {_kind(fields[key])}; text is needed")
    return str(fields[key])


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")
