"""The word itself, in lower case: `word:dog`."""

from __future__ import annotations

from ..words import Words
from .feature import Feature


def features(words: Words) -> list[Feature]:
    """One, of the forms."""
    return [Feature("word:{}", "word", words.lower)]
