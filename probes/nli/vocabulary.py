"""The words that a model knows, and the number of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...solver.errors import DataError
from ..text.word_forms import word_form

UNKNOWN, PADDING = "<unk>", "<pad>"
UNKNOWN_ID, PADDING_ID = 0, 1
"""As in the paper's code, which has its padding at 1."""


@dataclass(frozen=True)
class Vocabulary:
    """Words in lower case; their places are their numbers.  `<unk>` and `<pad>` come first.

    Raises `DataError` where these are not first, or a word is empty, or stands twice.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.words[:2] != (UNKNOWN, PADDING):
            raise DataError(f"a vocabulary begins with {UNKNOWN} and {PADDING}, not with {list(self.words[:2])}")
        if len(self.position) < len(self.words) or "" in self.position:
            raise DataError("a word of the vocabulary is empty or stands there twice")

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def position(self) -> dict[str, int]:
        """The number of every word."""
        return {word: number for number, word in enumerate(self.words)}

    def ids(self, tokens: Sequence[str]) -> list[int]:
        """The number of each token, in lower case; `UNKNOWN_ID` for words that are not here.

        >>> Vocabulary(("<unk>", "<pad>", "a", "dog")).ids(["A", "cat"])
        [2, 0]
        """
        position = self.position
        return [position.get(word_form(token), UNKNOWN_ID) for token in tokens]


def build_vocabulary(
    sentences: Iterable[Sequence[str]], *, extra: Iterable[str] = (), min_count: int = 1
) -> Vocabulary:
    """The words that occur at least `min_count` times, most frequent first, ties by the alphabet; then `extra`.

    extra: words to know although they do not occur, such as those of a file of word vectors.
    """
    counts = Counter(word_form(token) for tokens in sentences for token in tokens)
    frequent = sorted((word for word, n in counts.items() if n >= min_count), key=lambda word: (-counts[word], word))
    words = dict.fromkeys([UNKNOWN, PADDING, *frequent, *map(word_form, extra)])
    words.pop("", None)
    return Vocabulary(tuple(words))
