"""What the word depends on: its head's lemma (else its form) and tag, `head:get` and `head:tag:VBD`."""

from __future__ import annotations

from ..words import Words
from .feature import Feature, tag_of


def features(words: Words) -> list[Feature] | None:
    """Of words that have a head; the root of a sentence has none."""
    if words.heads is None:
        return None
    lemma, tag = words.columns.get("lemma", words.lower), tag_of(words)
    found = [Feature("head:{}", "head", lemma.at(words.heads))]
    return found if tag is None else [*found, Feature("head:tag:{}", "head tag", tag.at(words.heads))]
