"""Where the word is: `position:first`, `second`, `third`, `last` in its sentence, and in which third of it; and
`position:document-first`, ..., where its sentence is in the document."""

from __future__ import annotations

import numpy as np

from ..words import Column, Words
from .feature import Feature

NAMED = ("first", "second", "third")
THIRDS = ("early", "middle", "late")


def features(words: Words) -> list[Feature]:
    """Of a sentence the numbered place, the last and the third; of a document the first sentence and the third."""
    lengths = np.diff(words.starts)[words.sentence_of]
    sentences = np.arange(len(words.sentences))
    sizes = np.repeat(np.diff(words.documents), np.diff(words.documents))
    in_document = sentences - np.repeat(words.documents[:-1], np.diff(words.documents))
    numbered = np.where(words.places < len(NAMED), words.places, -1)
    last = np.where(words.places == lengths - 1, 0, -1)
    opening = np.where(in_document == 0, 0, -1)[words.sentence_of]
    thirds = (len(THIRDS) * in_document // sizes)[words.sentence_of]
    return [
        _feature("position:{}", NAMED, numbered),
        _feature("position:{}", ("last",), last),
        _feature("position:{}", THIRDS, len(THIRDS) * words.places // lengths),
        _feature("position:document-{}", ("first",), opening),
        _feature("position:document-{}", THIRDS, thirds),
    ]


def _feature(name: str, values: tuple[str, ...], codes: np.ndarray) -> Feature:
    return Feature(name, "position", Column(values, codes.astype(np.int32)))
