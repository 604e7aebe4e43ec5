"""What a family of concepts gives: of each word a text, and which concepts follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..words import Column, Words


def itself(text: str) -> tuple[str, ...]:
    """The one concept that is called as the text is."""
    return (text,)


@dataclass(frozen=True, eq=False)
class Feature:
    """Concepts that follow from one column.

    name: with `{}` for the value.  says: the values that follow from a text of the column, each a concept.
    """

    name: str
    category: str
    column: Column
    says: Callable[[str], Iterable[str]] = itself


Family = Callable[[Words], "Iterable[Feature] | None"]
"""The features of all words; None where the corpus has nothing for the family."""


def annotated(column: str, category: str) -> Family:
    """The family of what is annotated as it stands in a column of this name."""

    def features(words: Words) -> list[Feature] | None:
        return [Feature(f"{column}:{{}}", category, words.columns[column])] if column in words.columns else None

    return features


def tag_of(words: Words) -> Column | None:
    """The finest part-of-speech tag that is annotated."""
    return next((words.columns[name] for name in ("xpos", "upos") if name in words.columns), None)
