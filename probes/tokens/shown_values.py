"""What a probe of words keeps for showing units: their values in the sentences that they like best, and a histogram."""

from __future__ import annotations

import numpy as np

from ..value_histogram import HistogramTally
from .seen_words import SeenWords

_UNITS_AT_ONCE = 64


class ShownValues:
    """Filled while the values stream by.  sentence_of: int32 (n_points,), ascending."""

    def __init__(self, seen: SeenWords, sentence_of: np.ndarray, n_top: int) -> None:
        n_sentences = len(seen.sentence_max)
        sizes = np.bincount(sentence_of, minlength=n_sentences)
        self.seen, self.sentence_of = seen, sentence_of
        self.first_of = np.concatenate([[0], np.cumsum(sizes)])
        self.top = _highest(seen.sentence_max, sizes, n_top)
        self.indptr = np.concatenate([[0], np.cumsum(sizes[self.top.ravel()])])
        self.values = np.zeros(int(self.indptr[-1]), dtype=np.float32)
        # Where each sentence is shown: places in `top`, sentence by sentence.
        self.by_sentence = np.argsort(self.top.ravel(), kind="stable")
        self.shown_from = np.searchsorted(self.top.ravel()[self.by_sentence], np.arange(n_sentences + 1))
        self.histogram = HistogramTally(seen.lowest, seen.highest)

    def add(self, numbers: np.ndarray, values: np.ndarray) -> None:
        """Take in float32 (n, n_units) of points."""
        self.histogram.add(values)
        sentences = self.sentence_of[numbers]
        ends = np.flatnonzero(np.concatenate([sentences[1:] != sentences[:-1], [True]])) + 1
        for start, end in zip([0, *ends[:-1]], ends):
            sentence = sentences[start]
            places = self.by_sentence[self.shown_from[sentence] : self.shown_from[sentence + 1]]
            into = self.indptr[places, None] + numbers[start:end] - self.first_of[sentence]
            self.values[into] = values[start:end, places // self.top.shape[1]].T

    def arrays(self) -> dict[str, np.ndarray]:
        """As `probe_words.py` lists them."""
        return {
            "top_sentences": self.top,
            "top_indptr": self.indptr,
            "top_values": self.values,
            "histogram": self.histogram.counts.astype(np.int32),
            "lowest": self.seen.lowest,
            "highest": self.seen.highest,
        }


def _highest(sentence_max: np.ndarray, sizes: np.ndarray, n_top: int) -> np.ndarray:
    """int32 (n_units, k): the sentences with the highest values, highest first, equal ones in their order."""
    has = np.flatnonzero(sizes)
    n_top = min(n_top, len(has))
    top = np.zeros((sentence_max.shape[1], n_top), dtype=np.int32)
    for first in range(0, len(top), _UNITS_AT_ONCE if n_top else len(top) or 1):
        some = -sentence_max[has, first : first + _UNITS_AT_ONCE]
        top[first : first + _UNITS_AT_ONCE] = has[np.argsort(some, axis=0, kind="stable")[:n_top].T]
    return top
