"""How the word begins and ends, in lower case: `prefix:un-`, `suffix:-ing`; of words that have a letter more."""

from __future__ import annotations

from ..words import Words
from .feature import Feature

PREFIXES, SUFFIXES = range(2, 5), range(1, 5)


def prefixes(words: Words) -> list[Feature]:
    """One, of the forms."""
    return [Feature("prefix:{}-", "prefix", words.lower, lambda word: _parts(word, [word[:n] for n in PREFIXES]))]


def suffixes(words: Words) -> list[Feature]:
    """One, of the forms."""
    return [Feature("suffix:-{}", "suffix", words.lower, lambda word: _parts(word, [word[-n:] for n in SUFFIXES]))]


def _parts(word: str, parts: list[str]) -> list[str]:
    return [part for part in parts if len(part) < len(word) and part.isalpha()]
