"""Patterns of the user's: a file of lines `name = pattern`, each a concept of the words in which it is found."""

from __future__ import annotations

import re
from pathlib import Path

from ....solver.errors import DataError
from ...datasets.files import shown
from ...text.lines import existing_file, numbered_lines
from ..words import Words
from .feature import Family, Feature


def read_patterns(file: str) -> Family:
    """The family of the patterns in a file; empty lines and those that begin with `#` say nothing.

    Raises `UsageError` where there is no such file, `DataError` with the line for what is no pattern.
    """
    path = existing_file(file, "a file of lines `name = pattern`")
    patterns: dict[str, re.Pattern[str]] = {}
    for number, line in numbered_lines(path):
        if line.strip() and not line.lstrip().startswith("#"):
            name, pattern = _pattern(path, number, line)
            if name in patterns:
                raise DataError(f"{shown(path)} line {number}: the name {name[:40]!r} is there twice")
            patterns[name] = pattern

    def matching(form: str) -> list[str]:
        return [name for name, pattern in patterns.items() if pattern.search(form)]

    def features(words: Words) -> list[Feature]:
        return [Feature("regex:{}", "regex", words.form, matching)]

    return features


def _pattern(path: Path, number: int, line: str) -> tuple[str, re.Pattern[str]]:
    name, equals, text = (part.strip() for part in line.partition("="))
    where = f"{shown(path)} line {number}"
    if not (name and equals and text):
        raise DataError(f"{where}: {line[:60]!r} is not `name = pattern`")
    try:
        return name, re.compile(text)
    except re.error as error:
        raise DataError(f"{where}: {text[:60]!r} is no regular expression ({error})") from None
