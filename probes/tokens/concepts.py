"""The concepts of words: which values of which families become one, and on which words each holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...solver.errors import DataError, UsageError
from ...solver.names import name_problem
from ..text.neighbours import by_member, neighbour_groups
from ..text.vectors import WordVectors
from .families import Asked
from .families.feature import Feature
from .token_settings import TokenConceptSettings
from .words import Words

MAX_CONCEPTS = 2**31 - 1


@dataclass(frozen=True, eq=False)
class TokenConcepts:
    """Concepts and the words on which they hold.

    names: unique.  indptr: int64 (n_words + 1,), indices: int32: word i has the concepts
    `indices[indptr[i]:indptr[i + 1]]`, ascending.  notes: whole sentences that a user should know.
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]
    indptr: np.ndarray
    indices: np.ndarray
    notes: tuple[str, ...] = ()

    def of(self, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(indptr, indices): the same of these words, in their order."""
        sizes = np.diff(self.indptr)[words]
        indptr = np.cumsum(np.concatenate([[0], sizes]))
        shift = np.repeat(self.indptr[words] - indptr[:-1], sizes)
        return indptr, self.indices[shift + np.arange(indptr[-1])]


def token_concepts(
    words: Words,
    asked: Sequence[Asked],
    settings: TokenConceptSettings,
    points: np.ndarray,
    vectors: WordVectors | None = None,
) -> TokenConcepts:
    """The concepts of each family: of its values those on most points, equally many by alphabet (code points).

    points: int64 (n_words,), how many points each word is.  vectors: needed for `settings.neighbours`.
    Raises `UsageError` where neighbours lack vectors, `DataError` where no concept is left.
    """
    if settings.neighbours and vectors is None:
        raise UsageError("neighbours need word vectors: a GloVe text file, or a spaCy pipeline that has some")
    table = _Table(words, points, settings.min_points)
    for family in asked:
        table.add(family)
    if settings.neighbours and vectors is not None:
        table.add(_neighbours(words, table.named("word:"), vectors, settings))
    return table.concepts()


def _neighbours(words: Words, named: Sequence[str], vectors: WordVectors, settings: TokenConceptSettings) -> Asked:
    """NEIGHBORS of each word that is a concept, as a family."""
    if not named:
        raise UsageError("--neighbors makes NEIGHBORS of the words that are concepts; ask for the family word, too")
    near = vectors.nearest_of(named, settings.neighbours)
    of_member = by_member(neighbour_groups(near, frozenset(words.lower.values), settings.neighbours_with_word))
    feature = Feature("NEIGHBORS(word:{})", "neighbours", words.lower, lambda word: of_member.get(word, ()))
    return Asked("neighbours", [feature], None)


class _Table:
    """Concepts as they are added, one family after the other."""

    def __init__(self, words: Words, points: np.ndarray, min_points: int) -> None:
        self.words, self.points, self.min_points = words, points, min_points
        self.names: dict[str, str] = {}
        """With the category of each."""
        self.keys: list[np.ndarray] = []
        self.n_rare = self.n_unnamed = 0

    def add(self, family: Asked) -> None:
        """The family's concepts that hold on enough points, and of these the most frequent."""
        values = [_Values.of(feature, self.points) for feature in family.features]
        ranked = sorted(
            ((-int(count), each.name(place), number, place) for number, each in enumerate(values)
             for place, count in enumerate(each.counts) if count >= self.min_points)
        )  # fmt: skip
        self.n_rare += sum(len(each.counts) for each in values) - len(ranked)
        good = [each for each in ranked if not name_problem(each[1]) and each[1] not in self.names]
        self.n_unnamed += len(ranked) - len(good)
        numbers = [np.full(len(each.counts), -1, dtype=np.int64) for each in values]
        for _, name, number, place in good[: family.most]:
            if name in self.names:
                self.n_unnamed += 1
                continue
            numbers[number][place] = len(self.names)
            self.names[name] = values[number].feature.category
        self.keys += [each.held(number) for each, number in zip(values, numbers)]

    def named(self, start: str) -> list[str]:
        """What follows in the names that start so, in their order."""
        return [name.removeprefix(start) for name in self.names if name.startswith(start)]

    def concepts(self) -> TokenConcepts:
        if not self.names:
            raise DataError(f"no concept holds on {self.min_points} points or more; lower --min-points")
        # Sorted as one number, word by word and in each by concept; a sort of pairs takes several times as long.
        key = np.concatenate(self.keys)
        key.sort()
        rows, indices = key >> 32, (key & MAX_CONCEPTS).astype(np.int32)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(self.words)))])
        return TokenConcepts(tuple(self.names), tuple(self.names.values()), indptr, indices, tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        if self.n_rare:
            yield f"{self.n_rare:,} values hold on fewer than {self.min_points} points (min_points): no concepts."
        if self.n_unnamed:
            yield f"{self.n_unnamed:,} values cannot be the name of a concept, or have that of another: left out."


@dataclass(frozen=True, eq=False)
class _Values:
    """A feature's values.

    indptr, indices: of each text of the column the values that follow, in compressed sparse rows.
    counts: int64 (n_values,), on how many points each holds.
    """

    feature: Feature
    values: tuple[str, ...]
    indptr: np.ndarray
    indices: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, feature: Feature, points: np.ndarray) -> _Values:
        known: dict[str, int] = {}
        following = [
            [known.setdefault(value, len(known)) for value in dict.fromkeys(feature.says(text))]
            for text in feature.column.values
        ]
        indptr = np.cumsum([0, *map(len, following)])
        indices = np.array([value for each in following for value in each], dtype=np.int64)
        codes = feature.column.codes
        has = codes >= 0
        of_text = np.bincount(codes[has], weights=points[has], minlength=len(following)).astype(np.int64)
        counts = np.bincount(indices, weights=np.repeat(of_text, np.diff(indptr)), minlength=len(known))
        return cls(feature, tuple(known), indptr, indices, counts.astype(np.int64))

    def name(self, value: int) -> str:
        return self.feature.name.replace("{}", self.values[value])

    def held(self, numbers: np.ndarray) -> np.ndarray:
        """int64: of each word and concept that holds on it, the two as one number.  numbers: of each value, or -1."""
        of_text = numbers[self.indices]
        kept = np.concatenate([[0], np.cumsum(of_text >= 0)])[self.indptr]
        of_text, codes = of_text[of_text >= 0], self.feature.column.codes
        words = np.flatnonzero(codes >= 0)
        starts, sizes = kept[codes[words]], np.diff(kept)[codes[words]]
        ends = np.cumsum(sizes)
        shift = np.repeat(starts - (ends - sizes), sizes)
        return (np.repeat(words, sizes) << 32) | of_text[shift + np.arange(int(sizes.sum()))]
