"""What the model reads at once, and which points are read off it.

A text is a sentence, or a document: its sentences with blanks between.  One that is longer than the model takes is read
in windows that overlap.  A word's sub-words are those that have a character of it; it is read off the one window in
which it has most tokens around it on the nearer side, so no word counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from ...solver.errors import DataError, UsageError
from ..factories import brief
from ..progress import Progress
from .loading import LoadedTokenModel
from .sentences import documents_of
from .token_settings import TokenSettings
from .words import Words

LONGEST = 512
"""Tokens of a window where neither the user nor the model says fewer."""
OVERLAP = 64
_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Window:
    """Tokens that the model reads at once.

    inputs: int64 (n_tokens,) by name.  points: int64 (n,), ascending: those that are read off it; first, last: int64
    (n,): of each its first token, and the one after its last.
    """

    inputs: dict[str, np.ndarray]
    points: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @property
    def n_tokens(self) -> int:
        """With those that the tokenizer adds."""
        return len(next(iter(self.inputs.values())))


@dataclass(frozen=True, eq=False)
class Points:
    """What counts as a point: a word, or a sub-word of one.

    words: int64 (n_points,), ascending: the word of each.  starts, ends: int32 (n_points,), its characters in the
    sentence.  n_left_out: words that are no point, since the tokenizer makes nothing of them.
    """

    words: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    n_left_out: int

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True, eq=False)
class _Text:
    """first: the number of its first word.  starts, ends: int64 (n_words,), of each its characters in the text;
    shift: int64 (n_words,), where the word's sentence begins in it."""

    text: str
    first: int
    starts: np.ndarray
    ends: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True, eq=False)
class _Tokens:
    """A text's tokens without those that the tokenizer adds.  starts, ends: int64 (n,), of characters.

    windows: of each window its inputs, the number of its first token, and int64 (n_own,), the places of its tokens.
    """

    starts: np.ndarray
    ends: np.ndarray
    windows: list[tuple[dict[str, np.ndarray], int, np.ndarray]]


def plan(
    model: LoadedTokenModel, words: Words, settings: TokenSettings, on_progress: Progress
) -> tuple[list[Window], Points]:
    """All windows, in the order of the text, and the points.

    Raises `UsageError` for a window that the model cannot take or that the overlap fills, `DataError` where no word has
    a sub-word.
    """
    length, overlap = _lengths(model, settings)
    windows: list[Window] = []
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    n_points = n_read = 0
    texts = list(_texts(words, settings.context))
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        for text, tokens in zip(some, _tokenised(model, [each.text for each in some], length, overlap)):
            word, first, last = (_subwords if settings.points == "subwords" else _words)(text, tokens)
            windows += _read_off(tokens, n_points + np.arange(len(word)), first, last)
            whole = settings.points == "words"
            starts, ends = (text.starts[word], text.ends[word]) if whole else (tokens.starts[first], tokens.ends[first])
            found.append((text.first + word, starts - text.shift[word], ends - text.shift[word]))
            n_points += len(word)
            n_read += len(np.unique(word))
        on_progress("splitting words", start + len(some), len(texts))
    if not n_points:
        raise DataError("the tokenizer makes no sub-word of any word; is it that of the model?")
    of_word, starts, ends = (np.concatenate(column) for column in zip(*found))
    return windows, Points(of_word, starts.astype(np.int32), ends.astype(np.int32), len(words) - n_read)


def _lengths(model: LoadedTokenModel, settings: TokenSettings) -> tuple[int, int]:
    """Of a window, and of what two share."""
    if settings.window is not None and model.longest is not None and settings.window > model.longest:
        raise UsageError(f"--window {settings.window}: the model takes {model.longest} tokens at most")
    length = settings.window or min(model.longest or LONGEST, LONGEST)
    overlap = min(OVERLAP, length // 4) if settings.window_overlap is None else settings.window_overlap
    added = int(model.tokenizer.num_special_tokens_to_add())
    if length - added <= overlap:
        raise UsageError(
            f"windows of {length} tokens, of which the tokenizer adds {added}, leave no room for an overlap of "
            f"{overlap}; choose a smaller --window-overlap or a larger --window"
        )
    return length, overlap


def _texts(words: Words, context: str) -> Iterator[_Text]:
    spans = [np.array(sentence.spans, dtype=np.int64) for sentence in words.sentences]
    n = len(words.sentences)
    groups = documents_of(words.sentences) if context == "document" else (range(i, i + 1) for i in range(n))
    for group in groups:
        sentences = [words.sentences[i] for i in group]
        begins = np.cumsum([0, *(len(sentence.text) + 1 for sentence in sentences)])[:-1]
        shift = np.repeat(begins, [len(sentence.words) for sentence in sentences])
        span = np.concatenate([spans[i] for i in group]) + shift[:, None]
        text = " ".join(sentence.text for sentence in sentences)
        yield _Text(text, int(words.starts[group.start]), span[:, 0], span[:, 1], shift)


def _tokenised(model: LoadedTokenModel, texts: Sequence[str], length: int, overlap: int) -> Iterator[_Tokens]:
    """Of each text its tokens and windows."""
    try:
        made = model.tokenizer(
            list(texts),
            truncation=True,
            max_length=length,
            stride=overlap,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
    except Exception as error:  # whatever a user's tokenizer does
        raise UsageError(f"the tokenizer of {model.name!r} fails: {brief(error)[:300]}") from error
    extra = ("offset_mapping", "special_tokens_mask", "overflow_to_sample_mapping")
    names = [name for name in made if name not in extra and (model.takes is None or name in model.takes)]
    for _, numbers in groupby(range(len(made["input_ids"])), lambda i: int(made["overflow_to_sample_mapping"][i])):
        yield _joined(made, list(numbers), names, overlap)


def _joined(made: Any, numbers: Sequence[int], names: Sequence[str], overlap: int) -> _Tokens:
    """The tokens of one text's windows, each once."""
    spans: list[np.ndarray] = []
    windows = []
    n_tokens = 0
    for place, number in enumerate(numbers):
        own = np.flatnonzero(np.array(made["special_tokens_mask"][number]) == 0)
        first = n_tokens - overlap if place else 0
        windows.append(({name: np.array(made[name][number], dtype=np.int64) for name in names}, first, own))
        offsets = np.array(made["offset_mapping"][number], dtype=np.int64).reshape(-1, 2)[own]
        spans.append(offsets[n_tokens - first :])
        n_tokens = first + len(own)
    starts, ends = np.concatenate(spans).T
    return _Tokens(starts, ends, windows)


def _words(text: _Text, tokens: _Tokens) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The words that have sub-words; of each its first token, and the one after its last."""
    first = np.searchsorted(tokens.ends, text.starts, side="right")
    last = np.searchsorted(tokens.starts, text.ends, side="left")
    word = np.flatnonzero(first < last)
    return word, first[word], last[word]


def _subwords(text: _Text, tokens: _Tokens) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The word of each sub-word that has a character of one, the first of these; and the tokens, one each."""
    word = np.minimum(np.searchsorted(text.ends, tokens.starts, side="right"), len(text.ends) - 1)
    token = np.flatnonzero((text.starts[word] < tokens.ends) & (tokens.starts < text.ends[word]))
    return word[token], token, token + 1


def _read_off(tokens: _Tokens, points: np.ndarray, first: np.ndarray, last: np.ndarray) -> Iterator[Window]:
    """The windows, each with its points: those that have more tokens around them here than in any other."""
    n = len(tokens.starts)
    margins = []
    for _, begin, own in tokens.windows:
        end = begin + len(own)
        # Where the text itself begins or ends nothing is cut off.
        before = first - begin if begin else np.full(len(first), n)
        after = end - last if end < n else np.full(len(first), n)
        margins.append(np.minimum(before, after))
    chosen = np.argmax(margins, axis=0)
    for number, (inputs, begin, own) in enumerate(tokens.windows):
        here = np.flatnonzero(chosen == number)
        if len(here):
            low = np.clip(first[here] - begin, 0, len(own) - 1)
            high = np.clip(last[here] - begin, low + 1, len(own))
            yield Window(inputs, points[here], own[low], own[high - 1] + 1)
