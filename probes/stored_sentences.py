"""What a probe of words keeps of its sentences (`probes/tokens/probe_words.py` lists the arrays)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from ..solver.errors import DataError

NAMES = ("sentences", "keys", "documents")


@dataclass(frozen=True, eq=False)
class StoredSentences:
    """The sentences, their points, and what units make of them.

    sentences: the texts.  keys: their names.  documents: the names of these.  The rest are the arrays of that name.
    """

    sentences: Sequence[str]
    keys: Sequence[str]
    documents: Sequence[str]
    sentence_documents: np.ndarray
    point_sentences: np.ndarray
    point_starts: np.ndarray
    point_ends: np.ndarray
    top_sentences: np.ndarray
    top_indptr: np.ndarray
    top_values: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def of(cls, names: Mapping[str, Sequence[Any]], arrays: Mapping[str, np.ndarray]) -> StoredSentences:
        """Raises `DataError` where they do not fit each other."""
        kept: dict[str, Any] = {name: [str(text) for text in names.get(name) or ()] for name in NAMES}
        found = cls(**kept | {name: arrays[name] for name in ARRAYS})
        n, n_documents, (n_units, k) = len(found.sentences), len(found.documents), found.top_sentences.shape
        points = found.point_sentences
        fits = (
            len(found.keys) == len(found.sentence_documents) == n
            and len(points) == len(found.point_starts) == len(found.point_ends)
            and bool((points[1:] >= points[:-1]).all())
            and all(_within(*each) for each in ((points, n), (found.sentence_documents, n_documents)))
            and _within(found.top_sentences, n)
            and len(found.lowest) == len(found.highest) == n_units
            and len(found.top_indptr) == n_units * k + 1
            and found.top_indptr[-1] == len(found.top_values)
        )
        if not fits:
            raise DataError("the probe's arrays of sentences do not fit its units and points; probe again")
        return found

    @cached_property
    def first_points(self) -> np.ndarray:
        """int64 (n_sentences + 1,): where the points of each sentence begin."""
        return np.searchsorted(self.point_sentences, np.arange(len(self.sentences) + 1))

    def points_of(self, sentence: int) -> range:
        """The numbers of its points."""
        return range(int(self.first_points[sentence]), int(self.first_points[sentence + 1]))

    def top_of(self, unit: int) -> list[tuple[int, np.ndarray]]:
        """The sentences with the unit's highest values, highest first, each with float32 values of its points."""
        k = self.top_sentences.shape[1]
        ends = self.top_indptr[unit * k : (unit + 1) * k + 1].tolist()
        found = zip(self.top_sentences[unit].tolist(), ends, ends[1:])
        return [(sentence, self.top_values[start:end]) for sentence, start, end in found]


ARRAYS = tuple(field.name for field in fields(StoredSentences) if field.name not in NAMES)


def _within(numbers: np.ndarray, n: int) -> bool:
    """Whether all numbers are places in a list of n."""
    return not numbers.size or (int(numbers.min()) >= 0 and int(numbers.max()) < n)
