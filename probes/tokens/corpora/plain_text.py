"""Plain text: paragraphs, with blank lines between, that a spaCy pipeline annotates; a file is a document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...datasets.files import shown
from ...text.lines import numbered_lines
from ..sentences import Sentence
from .annotating import Annotator, Passage


def read_plain_text(path: Path, annotator: Annotator) -> Iterator[Sentence]:
    """The sentences of a file, plain or packed by gzip."""
    return annotator.sentences(_paragraphs(path))


def _paragraphs(path: Path) -> Iterator[Passage]:
    lines: list[str] = []
    first = 0
    for number, line in numbered_lines(path):
        if line.strip():
            first = first if lines else number
            lines.append(line.strip())
        elif lines:
            yield _passage(path, first, lines)
            lines = []
    if lines:
        yield _passage(path, first, lines)


def _passage(path: Path, first: int, lines: list[str]) -> Passage:
    return Passage(" ".join(lines), str(first), f"{shown(path)} line {first}", path.name, {})
