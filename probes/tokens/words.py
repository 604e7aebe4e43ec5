"""All words of a corpus, one after the other, and what is known of them, as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from ..text.word_forms import composed, word_form
from .sentences import Corpus, Sentence, documents_of


@dataclass(frozen=True, eq=False)
class Column:
    """A text, or none, of each word.  values: the different texts.  codes: int32 (n_words,), which; -1 for none."""

    values: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, texts: Iterable[str]) -> Column:
        """Of a text for each word; "" is none.

        >>> Column.of(["a", "", "b", "a"]).codes
        array([ 0, -1,  1,  0], dtype=int32)
        """
        known: dict[str, int] = {}
        codes = [known.setdefault(text, len(known)) if text else -1 for text in texts]
        return cls(tuple(known), np.array(codes, dtype=np.int32))

    def at(self, places: np.ndarray) -> Column:
        """For each word, that of the word at a place; -1 is none."""
        return Column(self.values, np.where(places < 0, np.int32(-1), self.codes[places]))

    def mapped(self, function: Callable[[str], str]) -> Column:
        """Another text for each.

        >>> Column.of(["", ""]).mapped(str.upper).codes
        array([-1, -1], dtype=int32)
        """
        made = Column.of(map(function, self.values))
        codes = np.append(made.codes, np.int32(-1))  # the last, for words that have none
        return Column(made.values, codes[self.codes])


@dataclass(frozen=True, eq=False)
class Words:
    """The words of all sentences.

    starts: int64 (n_sentences + 1,), where the words of each sentence begin.  documents: int64 (n_documents + 1,),
    where the sentences of each document begin.  form: of each word as it is written (NFC).  columns: by name, of what
    is annotated.  heads: int64 (n_words,), the place of each word's head among all words, -1 for none.
    fields: by name, of each word what its document says.
    """

    sentences: Sequence[Sentence]
    starts: np.ndarray
    documents: np.ndarray
    form: Column
    columns: Mapping[str, Column]
    heads: np.ndarray | None
    fields: Mapping[str, Column]

    @classmethod
    def of(cls, corpus: Corpus) -> Words:
        """Of a corpus; a column that only some sentences have is none for the words of the others."""
        sentences = corpus.sentences
        sizes = [len(sentence.words) for sentence in sentences]
        documents = [stretch.start for stretch in documents_of(sentences)]
        names = list(dict.fromkeys(name for sentence in sentences for name in sentence.columns))
        fields = list(dict.fromkeys(name for sentence in sentences for name in sentence.fields))
        return cls(
            sentences,
            np.cumsum([0, *sizes]),
            np.array([*documents, len(sentences)]),
            Column.of(chain.from_iterable(s.words for s in sentences)).mapped(composed),
            {name: _column(sentences, name) for name in names},
            _heads(sentences),
            {name: _repeated([s.fields.get(name, "") for s in sentences], sizes) for name in fields},
        )

    def __len__(self) -> int:
        return int(self.starts[-1])

    @cached_property
    def lower(self) -> Column:
        """Of each word its form in lower case."""
        return self.form.mapped(word_form)

    @cached_property
    def sentence_of(self) -> np.ndarray:
        """int32 (n_words,): the sentence of each word."""
        return np.repeat(np.arange(len(self.sentences), dtype=np.int32), np.diff(self.starts))

    @cached_property
    def places(self) -> np.ndarray:
        """int64 (n_words,): the place of each word in its sentence."""
        return np.arange(len(self)) - self.starts[self.sentence_of]

    def further(self, n: int) -> np.ndarray:
        """int64 (n_words,): the word that is n further on in the sentence, before for n < 0; -1 where there is none."""
        other = self.places + n
        lengths = np.diff(self.starts)[self.sentence_of]
        return np.where((other < 0) | (other >= lengths), -1, np.arange(len(self)) + n)


def _column(sentences: Sequence[Sentence], name: str) -> Column:
    texts = (s.columns[name] if name in s.columns else ("",) * len(s.words) for s in sentences)
    return Column.of(chain.from_iterable(texts)).mapped(composed)


def _repeated(texts: Sequence[str], sizes: Sequence[int]) -> Column:
    column = Column.of(texts)
    return Column(column.values, np.repeat(column.codes, sizes))


def _heads(sentences: Sequence[Sentence]) -> np.ndarray | None:
    if all(sentence.heads is None for sentence in sentences):
        return None
    heads: list[int] = []
    for sentence in sentences:
        start, own = len(heads), sentence.heads or (-1,) * len(sentence.words)
        heads += [start + head if head >= 0 else -1 for head in own]
    return np.array(heads, dtype=np.int64)
