"""CoNLL-U, the format of Universal Dependencies: gold words, lemmas, tags, features, heads and relations.

Words are the syntactic ones (`1`, `2`, ...), which carry the annotation; a multiword token (`1-2 don't`) says how they
are written, an empty node (`8.1`) is none.  Documents begin at `# newdoc`; `# meta::KEY = VALUE` there is a field of
it, and what stands before the first `-` of its id is its genre, as in English EWT and GUM.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ....solver.errors import DataError
from ...datasets.files import shown
from ...text.lines import numbered_lines
from ..sentences import Sentence, shared, spaced

COLUMNS = {"lemma": 2, "upos": 3, "xpos": 4, "morph": 5, "dep": 7}
"""What is kept of a word, and in which of the ten columns it stands."""


@dataclass
class _Block:
    """The lines of one sentence.  rows: line number and cells."""

    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    key: str = ""


@dataclass
class _Document:
    name: str
    fields: dict[str, str] = field(default_factory=dict)


def read_conllu(path: Path) -> Iterator[Sentence]:
    """The sentences of a file, plain or packed by gzip; `DataError` with the line for what is no CoNLL-U."""
    block, document, n_documents = _Block(), _Document(path.name), 0
    for number, line in numbered_lines(path):
        where = f"{shown(path)} line {number}"
        if not line.strip():
            if block.rows:
                yield _sentence(path, block, document)
            block = _Block()
        elif line.startswith("#"):
            name, _, value = (part.strip() for part in line[1:].partition("="))
            if name.split(" ")[0] == "newdoc":
                n_documents += 1
                document = _document(value if name == "newdoc id" and value else f"{path.name} {n_documents}")
            elif name == "sent_id":
                block.key = value
            elif name.startswith("meta::"):
                document.fields[name.removeprefix("meta::")] = value
        else:
            cells = line.split("\t")
            if len(cells) != 10:
                raise DataError(f"{where}: {len(cells)} cells, not the 10 of CoNLL-U; tabs separate them")
            block.rows.append((number, cells))
    if block.rows:
        yield _sentence(path, block, document)


def _document(name: str) -> _Document:
    genre, dash, _ = name.partition("-")
    return _Document(name, {"genre": genre} if dash and genre else {})


def _sentence(path: Path, block: _Block, document: _Document) -> Sentence:
    where = f"{shown(path)} line {block.rows[0][0]}"
    rows, groups = _words(path, block)
    if not rows:
        raise DataError(f"{where}: a sentence without a word")
    text, spans = _written(rows, groups)
    return Sentence(
        block.key or f"{path.name}:{block.rows[0][0]}",
        document.name,
        where,
        text,
        shared([cells[1] for _, cells in rows]),
        spans,
        {name: shared([_value(cells, column) for _, cells in rows]) for name, column in COLUMNS.items()},
        tuple(_head(path, number, cells, len(rows)) for number, cells in rows),
        document.fields,
    )


def _words(path: Path, block: _Block) -> tuple[list[tuple[int, list[str]]], dict[int, tuple[int, list[str]]]]:
    """The words' lines; and by the place of its first word, each multiword token's end and cells."""
    rows: list[tuple[int, list[str]]] = []
    groups: dict[int, tuple[int, list[str]]] = {}
    for number, cells in block.rows:
        where, name = f"{shown(path)} line {number}", cells[0]
        first, dash, last = name.partition("-")
        if dash:
            good = first.isdecimal() and last.isdecimal() and int(first) == len(rows) + 1 and int(last) >= int(first)
            if not good or len(rows) < max((end for end, _ in groups.values()), default=0):
                raise DataError(f"{where}: the multiword token {name[:40]!r} does not begin at word {len(rows) + 1}")
            groups[len(rows)] = (int(last), cells)
        elif "." not in name:
            if name != str(len(rows) + 1):
                raise DataError(f"{where}: word number {name[:40]!r} where {len(rows) + 1} follows")
            rows.append((number, cells))
        if "." not in name and not cells[1].strip():
            raise DataError(f"{where}: the word's form is empty")
    if groups and max(end for end, _ in groups.values()) > len(rows):
        number = block.rows[-1][0]
        raise DataError(f"{shown(path)} line {number}: the sentence ends within a multiword token")
    return rows, groups


def _written(
    rows: list[tuple[int, list[str]]], groups: dict[int, tuple[int, list[str]]]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text, and the span of each word.

    The words of a multiword token have their own spans where it is they in a row (`do` `n't`), else all have its.
    """
    tokens: list[list[str]] = []
    members: list[list[str]] = []
    place = 0
    while place < len(rows):
        end, cells = groups.get(place, (place + 1, rows[place][1]))
        tokens.append(cells)
        members.append([word[1] for _, word in rows[place:end]])
        place = end
    text, written = spaced([cells[1] for cells in tokens], lambda i: not _is_glued(tokens[i]))
    spans: list[tuple[int, int]] = []
    for cells, words, (start, stop) in zip(tokens, members, written):
        if "".join(words) != cells[1]:
            spans += [(start, stop)] * len(words)
            continue
        for word in words:
            spans.append((start, start + len(word)))
            start += len(word)
    return text, tuple(spans)


def _is_glued(cells: list[str]) -> bool:
    return "SpaceAfter=No" in cells[9].split("|")


def _value(cells: list[str], column: int) -> str:
    """`_` is nothing, but the lemma of `_`."""
    return "" if cells[column] == "_" and not (column == COLUMNS["lemma"] and cells[1] == "_") else cells[column]


def _head(path: Path, number: int, cells: list[str], n_words: int) -> int:
    """The head's place in the sentence, -1 for none."""
    if cells[6] in ("_", "0"):
        return -1
    if not (cells[6].isdecimal() and cells[6].isascii()) or int(cells[6]) > n_words:
        raise DataError(f"{shown(path)} line {number}: head {cells[6][:40]!r} is no word from 1 to {n_words}, nor 0")
    return int(cells[6]) - 1
