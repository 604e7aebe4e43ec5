"""Whether two concepts belong together as words: by word vectors, by WordNet, and where words say nothing by category.

A similarity counts as high where it is above that of most pairs of the probe's own concepts.  So no number has to be
chosen for each source of vectors, and a vocabulary of street scenes is measured against street scenes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from ...probes.text.vectors import WordVectors
from ...solver.errors import UsageError
from .wordnet import WordNet

SHARE = 0.9
MOST_CONCEPTS = 400
"""The cut-off is taken over the pairs of this many concepts."""

_SIDE = re.compile(r"^(?:NEIGHBORS\()?(?:pre|hyp):(?P<word>[^:].*?)\)?$")
_SUFFIX = re.compile(r"-[sc]$")  # Broden's names of scenes and colours
_WORD = re.compile(r"[^\W\d_]+")


def words_of(concept: str) -> tuple[str, ...]:
    """The words in a concept's name, in lower case; () where it names none: a tag, an overlap.

    >>> words_of("potted plant"), words_of("street-s"), words_of("pre:man"), words_of("hyp:tag:NN")
    (('potted', 'plant'), ('street',), ('man',), ())
    """
    if concept.startswith(("pre:tag:", "hyp:tag:", "overlap>")):
        return ()
    side = _SIDE.match(concept)
    name = side["word"] if side else _SUFFIX.sub("", concept)
    return tuple(word.lower() for word in _WORD.findall(name))


def concept_topic(concept: str) -> tuple[str, ...]:
    """What the concept is about, whichever sentence it is of: its words, its whole tag, or else its name."""
    return words_of(concept) or (concept.rpartition(":tag:")[2],)


def _tag(concept: str) -> str:
    """The word class of a tag, the first two letters of its Penn name: `NN` of `NNS`; "" for other concepts."""
    return concept.rpartition(":tag:")[2][:2] if concept.startswith(("pre:tag:", "hyp:tag:")) else ""


@dataclass(frozen=True, eq=False)
class Relatedness:
    """Judges pairs of a probe's concepts.

    cuts: for each source in use, `vectors` and `wordnet`, the similarity that a related pair exceeds.
    """

    category: dict[str, str]
    vectors: WordVectors | None
    wordnet: WordNet | None
    cuts: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        concepts: Sequence[str],
        categories: Sequence[str],
        vectors: WordVectors | None = None,
        wordnet: WordNet | None = None,
        *,
        share: float = SHARE,
        seed: int = 0,
    ) -> Relatedness:
        """share: of the pairs of distinct concepts, this share is less similar than a related pair.

        The cut-off is taken over the pairs of at most 400 concepts, drawn by `seed` where there are more.
        """
        if not 0 < share < 1:
            raise UsageError(f"the share of pairs that are not related lies between 0 and 1, such as 0.9, not {share}")
        words = sorted({words for name in concepts if (words := words_of(name))})
        if len(words) > MOST_CONCEPTS:
            chosen = np.random.default_rng(seed).choice(len(words), MOST_CONCEPTS, replace=False)
            words = [words[place] for place in sorted(chosen)]
        made = cls(dict(zip(concepts, categories)), vectors, wordnet)
        cuts = {}
        for name, similarity in made._sources():
            pairs = (similarity(one, other) for one, other in combinations(words, 2))
            if known := [value for value in pairs if value is not None]:
                cuts[name] = float(np.quantile(known, share))
        return cls(made.category, vectors, wordnet, cuts)

    def _sources(self) -> list[tuple[str, Callable[[tuple[str, ...], tuple[str, ...]], float | None]]]:
        found: list[tuple[str, Callable[[tuple[str, ...], tuple[str, ...]], float | None]]] = []
        if self.vectors is not None:
            found.append(("vectors", self._cosine))
        if self.wordnet is not None:
            found.append(("wordnet", self._path))
        return found

    def related(self, left: str, right: str) -> bool:
        """Whether some source calls the two concepts related.

        Equal words are, and tags of one word class (`NN`, `NNS`).  Words that no source in use knows are related to
        nothing.  Without any source, and for concepts that are neither words nor tags, those of one category are.
        """
        one, other = words_of(left), words_of(right)
        if one and other:
            if one == other or not self.cuts:
                return one == other or self._same_category(left, right)
            known = ((name, similarity(one, other)) for name, similarity in self._sources() if name in self.cuts)
            return any(value is not None and value > self.cuts[name] for name, value in known)
        tags = _tag(left), _tag(right)
        if any(tags):
            return tags[0] == tags[1]
        return not one and not other and self._same_category(left, right)

    def in_vocabulary(self, concept: str) -> bool:
        """Whether some source in use knows a word of the concept's name; True for concepts that name no word."""
        words = words_of(concept)
        if not words or not self.cuts:
            return True
        known = [similarity(words, words) for name, similarity in self._sources() if name in self.cuts]
        return any(value is not None for value in known)

    def _same_category(self, left: str, right: str) -> bool:
        """Whether the two have one category; "" is none."""
        return bool(self.category.get(left)) and self.category.get(left) == self.category.get(right)

    def is_connected(self, groups: Sequence[Sequence[str]]) -> bool:
        """Whether related pairs of concepts connect all of the groups; one group does, and none."""
        reached, waiting = set(range(len(groups))[:1]), list(range(len(groups))[:1])
        while waiting:
            at = waiting.pop()
            near = [
                place
                for place in range(len(groups))
                if place not in reached and any(self.related(a, b) for a in groups[at] for b in groups[place])
            ]
            reached |= set(near)
            waiting += near
        return len(reached) == len(groups)

    def _cosine(self, left: tuple[str, ...], right: tuple[str, ...]) -> float | None:
        one, other = self._vector(left), self._vector(right)
        if one is None or other is None:
            return None
        return float(one @ other)

    def _vector(self, words: tuple[str, ...]) -> np.ndarray | None:
        """The mean of the words' vectors, of length 1; None where none has one."""
        assert self.vectors is not None
        rows = [self.vectors.position[word] for word in words if word in self.vectors.position]
        if not rows:
            return None
        mean = self.vectors.vectors[rows].mean(axis=0, dtype=np.float64)
        length = float(np.sqrt(mean @ mean))
        return mean / length if length else None

    def _path(self, left: tuple[str, ...], right: tuple[str, ...]) -> float | None:
        """Of the whole names, or else of their last words, which are the heads of English compounds."""
        assert self.wordnet is not None
        for one, other in ((" ".join(left), " ".join(right)), (left[-1], right[-1])):
            if (found := self.wordnet.similarity(one, other)) is not None:
                return found
        return None
