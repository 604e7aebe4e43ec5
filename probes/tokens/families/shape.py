"""How the word is written: case, digits, punctuation, length."""

from __future__ import annotations

from collections.abc import Iterator

from ..words import Words
from .feature import Feature

SHORT, LONG = 2, 9


def features(words: Words) -> list[Feature]:
    """One, of the forms."""
    return [Feature("shape:{}", "shape", words.form, shapes)]


def shapes(form: str) -> Iterator[str]:
    """What a form looks like.

    >>> list(shapes("U.S.")), list(shapes("3rd")), list(shapes("--"))
    (['upper', 'with-punctuation'], ['lower', 'with-digit'], ['short', 'punctuation'])
    """
    letters, digits = [c for c in form if c.isalpha()], [c for c in form if c.isnumeric()]
    if letters:
        text = "".join(letters)
        yield (
            "lower" if text.islower() else "capital" if text[0].isupper() and (len(text) == 1 or text[1:].islower())
            else "upper" if text.isupper() else "mixed-case"
        )  # fmt: skip
    if digits:
        yield "with-digit" if letters else "number"
    if len(form) <= SHORT:
        yield "short"
    if len(form) >= LONG:
        yield "long"
    if len(letters) + len(digits) < len(form):
        yield "with-punctuation" if letters or digits else "punctuation"
