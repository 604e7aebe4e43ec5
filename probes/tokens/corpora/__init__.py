"""The formats of annotated text.  A new one is a file here and a row below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..sentences import Corpus, Sentence
    from .annotating import Annotator


@dataclass(frozen=True)
class Format:
    """read: (path, annotator) -> sentences, in the file's order.  says: what it is, for the help."""

    read: Callable[[Path, Annotator], Iterator[Sentence]]
    says: str


def _conllu(path: Path, annotator: Annotator) -> Iterator[Sentence]:
    from .conllu import read_conllu

    return read_conllu(path)


def _text(path: Path, annotator: Annotator) -> Iterator[Sentence]:
    from .plain_text import read_plain_text

    return read_plain_text(path, annotator)


def _json_lines(path: Path, annotator: Annotator) -> Iterator[Sentence]:
    from .json_lines import read_json_lines

    return read_json_lines(path, annotator)


CORPORA = {
    "conllu": Format(_conllu, "CoNLL-U, with its annotation"),
    "text": Format(_text, "plain text, annotated by --spacy"),
    "jsonl": Format(_json_lines, "JSON lines with a text, or with tokens and columns"),
}


def open_corpora(specs: Sequence[str], *, spacy: str | None = None, limit: int | None = None) -> Corpus:
    """The sentences of all files, in the order given.

    specs: `FORMAT:PATH`, plain or packed by gzip.  spacy: the pipeline for plain text.  limit: only the first ones.

    Raises `UsageError` for a format or file that there is not, `DataError`, with file and line, for damaged ones,
    for a sentence that is there twice, and where there is none at all.
    """
    from ....solver.errors import DataError, UsageError
    from ...digests import file_digest
    from ..sentences import Corpus, check_keys
    from .annotating import Annotator

    if not specs:
        raise UsageError("name at least one corpus, such as --corpus conllu:FILE")
    if limit is not None and limit < 1:
        raise UsageError(f"--limit is at least 1, not {limit}")
    annotator = Annotator(spacy)
    sentences: list[Sentence] = []
    digests: dict[str, str] = {}
    for spec in specs:
        form, path = _opened(spec)
        sentences += islice(form.read(path, annotator), None if limit is None else limit - len(sentences))
        digests[str(path) if path.name in digests else path.name] = file_digest(path)
    check_keys(sentences)
    if not sentences:
        raise DataError(f"{', '.join(specs)}: there is no sentence")
    made_with = {"spacy": annotator.pipeline.name} if annotator.is_opened else {}
    if annotator.is_opened and annotator.pipeline.digest:
        digests["spacy pipeline"] = annotator.pipeline.digest
    notes = annotator.pipeline.notes if annotator.is_opened else ()
    return Corpus(", ".join(Path(spec).name for spec in specs), tuple(sentences), digests, made_with, notes)


def _opened(spec: str) -> tuple[Format, Path]:
    from ....solver.errors import UsageError, did_you_mean
    from ...text.lines import existing_file

    kind, colon, path = spec.partition(":")
    known = ", ".join(f"{name}:FILE" for name in CORPORA)
    if not colon:
        raise UsageError(f"corpus {spec!r} does not say its format; write {known}")
    if kind not in CORPORA:
        raise UsageError(
            f"corpus {spec!r}: there is no format {kind!r}; known are {known}{did_you_mean(kind, CORPORA)}"
        )
    return CORPORA[kind], existing_file(path, f"a file of {CORPORA[kind].says}")
