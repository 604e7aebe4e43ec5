"""What every reader of a corpus gives: sentences of words, and what is annotated of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern

from ...solver.errors import DataError


@dataclass(frozen=True, eq=False, slots=True)
class Sentence:
    """A sentence, its words, and what is known of them.

    key: its name.  document: that of what it is from.  where: file and line, for messages.
    spans: of each word its first character in the text, and the one after its last; the words of a token that is
    written as one share its span where it is not them in a row.
    columns: by name, of each word a text, "" for none.  heads: of each word the place of its head in the sentence, -1
    for none; None where the corpus has no heads.  fields: of the document.
    """

    key: str
    document: str
    where: str
    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    columns: Mapping[str, tuple[str, ...]]
    heads: tuple[int, ...] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Corpus:
    """The sentences of one or several files, in their order.

    name: of the files.  digests: sha256 of each, hex.  made_with: what annotated them, by kind.  notes: whole
    sentences that a user should know.
    """

    name: str
    sentences: tuple[Sentence, ...]
    digests: dict[str, str]
    made_with: dict[str, str]
    notes: tuple[str, ...] = ()


def shared(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts; equal ones are one object, which a corpus of many words needs."""
    return tuple(map(intern, texts))


def spaced(words: Sequence[str], space_after: Callable[[int], bool]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text of words, and their spans in it.

    >>> spaced(["Go", "on", "!"], lambda place: place == 0)
    ('Go on!', ((0, 2), (3, 5), (5, 6)))
    """
    text, spans = "", []
    for place, word in enumerate(words):
        spans.append((len(text), len(text) + len(word)))
        text += word + " " * space_after(place)
    return text.rstrip(" ") if words and not words[-1].endswith(" ") else text, tuple(spans)


def documents_of(sentences: Sequence[Sentence]) -> Iterator[range]:
    """The places of the sentences of each document; of one that is not in a row, each stretch."""
    start = 0
    for place in range(1, len(sentences) + 1):
        if place == len(sentences) or sentences[place].document != sentences[start].document:
            yield range(start, place)
            start = place


def check_keys(sentences: Sequence[Sentence]) -> None:
    """Refuse a sentence that is there twice: its words would count twice."""
    seen: dict[tuple[str, str], Sentence] = {}
    for sentence in sentences:
        first = seen.setdefault((sentence.document, sentence.key), sentence)
        if first is not sentence:
            raise DataError(
                f"{sentence.where}: sentence {sentence.key[:80]!r} of document {sentence.document[:80]!r} was read "
                f"already, at {first.where}; name each file and each sentence once"
            )
