"""Sentences of plain text: split and annotated by a spaCy pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ....solver.errors import CompexactError, UsageError
from ...factories import brief
from ...text.language import Pipeline, open_pipeline
from ..sentences import Sentence, shared

if TYPE_CHECKING:
    from spacy.tokens import Span

READ = {
    "lemma": ("LEMMA", "lemma_"),
    "upos": ("POS", "pos_"),
    "xpos": ("TAG", "tag_"),
    "morph": ("MORPH", "morph"),
    "dep": ("DEP", "dep_"),
    "ent": ("ENT_TYPE", "ent_type_"),
}
"""Columns of words: what spaCy calls their annotation, and the attribute of a token."""


@dataclass(frozen=True, eq=False)
class Passage:
    """A text that is in one piece.  key: its name.  where: file and line.  document, fields: as of a sentence."""

    text: str
    key: str
    where: str
    document: str
    fields: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Annotator:
    """A pipeline that is opened once it is needed.  spec: its name or folder; None for spaCy's rules alone."""

    spec: str | None

    @cached_property
    def pipeline(self) -> Pipeline:
        """With a part that splits sentences, by rule where nothing else does."""
        found = open_pipeline(self.spec)
        parts = [found.nlp.get_pipe_meta(part).assigns for part in found.nlp.pipe_names]
        if not any("token.is_sent_start" in assigns or "doc.sents" in assigns for assigns in parts):
            found.nlp.add_pipe("sentencizer", first=True)
        return found

    @property
    def is_opened(self) -> bool:
        """Whether some text needed it."""
        return "pipeline" in vars(self)

    def sentences(self, passages: Iterator[Passage]) -> Iterator[Sentence]:
        """The sentences of each passage, without tokens of blanks; raises `UsageError` where the pipeline fails."""
        pipeline = self.pipeline
        try:
            for doc, passage in pipeline.nlp.pipe(((each.text, each) for each in passages), as_tuples=True):
                for number, span in enumerate(doc.sents, start=1):
                    if any(not token.is_space for token in span):
                        yield _sentence(span, passage, f"{passage.key}.{number}")
        except CompexactError:
            raise
        except Exception as error:  # whatever the parts of the user's pipeline do
            raise UsageError(f"pipeline {pipeline.name} fails with {brief(error)[:300]}") from error


def _sentence(span: Span, passage: Passage, key: str) -> Sentence:
    tokens = [token for token in span if not token.is_space]
    place = {token.i: number for number, token in enumerate(tokens)}
    start = tokens[0].idx
    made = {name: each for name, (what, each) in READ.items() if span.doc.has_annotation(what)}
    heads = None
    if "dep" in made:
        heads = tuple(-1 if token.head.i == token.i else place.get(token.head.i, -1) for token in tokens)
    return Sentence(
        key,
        passage.document,
        passage.where,
        span.doc.text[start : tokens[-1].idx + len(tokens[-1])],
        shared([token.text for token in tokens]),
        tuple((token.idx - start, token.idx - start + len(token)) for token in tokens),
        {name: shared([str(getattr(token, each)) for token in tokens]) for name, each in made.items()},
        heads,
        passage.fields,
    )
