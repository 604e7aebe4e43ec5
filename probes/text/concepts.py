"""The concepts of sentence pairs: words, tags, shared words, and words near a word (Mu and Andreas 2020, section 3).

| category | name | holds for a pair if |
|---|---|---|
| premise word | `pre:dog` | the word form, in lower case, is in the premise |
| premise tag | `pre:tag:NN` | some token of the premise has the tag |
| hypothesis word, hypothesis tag | `hyp:dog`, `hyp:tag:NN` | the same of the hypothesis |
| overlap | `overlap>50%` | the two share more than half of their words |
| neighbours | `NEIGHBORS(pre:dog)` | the premise has one of the words nearest to `dog` |

Overlap counts the different word forms in lower case, with punctuation and the words of `SKIPPED`.  So counted, with
spaCy's tokens, 39.4, 6.9 and 1.9 % of the 10,000 SNLI validation pairs are above 25, 50 and 75 % in the paper's sense,
and 54.1, 22.1 and 12.1 % in the code's; the reference code's tokens give 39.4, 6.9, 1.9 and 54.2, 22.1, 12.1.  (With
the treebank's tokens: 39.7, 6.8 and 1.9 %; of these, without punctuation 31.4, 6.2 and 1.8 %, without `SKIPPED` 25.5,
5.3 and 1.5 %.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...solver.errors import UsageError
from ...solver.names import name_problem
from .concept_settings import OVERLAPS, PairConceptSettings
from .language import AnalysedPair, AnalysedSentence
from .neighbours import by_member, neighbour_groups
from .vectors import WordVectors
from .word_forms import word_form

SIDES = {"pre": "premise", "hyp": "hypothesis"}
SKIPPED = frozenset({"a", "an", "the", "of", ".", ",", "unk", "<unk>", "[unk]", "<pad>", "[pad]"})
"""Words that become no concept: the reference code's list, with the usual marks for unknown words and padding."""


@dataclass(frozen=True)
class PairConcepts:
    """Concepts and where they hold.

    names: unique.  categories: as in the table above.  rows: for each pair the concepts it has, ascending.
    notes: whole sentences that a user should know.
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...] = ()


def pair_concepts(
    pairs: Sequence[AnalysedPair], settings: PairConceptSettings, vectors: WordVectors | None = None
) -> PairConcepts:
    """The concepts of the pairs: premise words, premise tags, the hypotheses' in the same way, overlaps, neighbours.

    Words come by frequency over premises and hypotheses, equally frequent ones by alphabet (code points); tags by
    alphabet.  Both sides get every word and tag, so a concept may hold for no pair.

    vectors: needed for `settings.neighbours`, which takes the nearest of *all* its words; those that occur on the
    same side, frequent or not, make the concept.  Without any, or without vector, there is none (a note counts them).
    """
    if settings.neighbours and vectors is None:
        raise UsageError("neighbours need word vectors: a GloVe text file, or a spaCy pipeline that has some")
    sides = {"pre": [_Side.of(pair.premise) for pair in pairs], "hyp": [_Side.of(pair.hypothesis) for pair in pairs]}
    counts: Counter[str] = Counter()
    tags: set[str] = set()
    for side in sides.values():
        for sentence in side:
            counts.update(sentence.counts)
            tags |= sentence.tags
    words, unnamed = _vocabulary(counts, settings.words)
    table = _Table(len(pairs))
    for short, name in SIDES.items():
        table.add_groups(f"{short}:{{}}", f"{name} word", words, (sentence.words for sentence in sides[short]))
        table.add_groups(f"{short}:tag:{{}}", f"{name} tag", sorted(tags), (sentence.tags for sentence in sides[short]))
    shared = [(len(p.words & h.words), len(p.words | h.words)) for p, h in zip(sides["pre"], sides["hyp"], strict=True)]
    for percent in OVERLAPS[settings.overlap]:
        holds = [shares_more(percent, both, either, settings.overlap) for both, either in shared]
        table.add(f"overlap>{percent}%", "overlap", holds)
    notes = [
        *([f"{unnamed:,} frequent words cannot be the name of a concept and were left out."] if unnamed else []),
        *([] if tags else ["There are no tags, so there is no concept of a tag."]),
    ]
    if settings.neighbours and vectors is not None:
        near = vectors.nearest_of(words, settings.neighbours)
        for short in SIDES:
            notes += _add_neighbours(table, short, sides[short], near, settings.neighbours_with_word)
    return table.concepts(notes)


def shares_more(percent: int, both: int, either: int, overlap: str = "paper") -> bool:
    """Whether two sentences share more than `percent` percent, strictly, without rounding.

    both, either: how many different words are in both and in either of them.
    overlap: `paper` compares both / either, `code` both / (those in one alone), as the reference code does (which
    adds 0.00001 below: that never decides, but where there is no word at all).

    >>> shares_more(25, 1, 4), shares_more(25, 1, 4, "code")
    (False, True)
    """
    if overlap == "paper":
        return 100 * both > percent * either
    return 100 * both > percent * (either - both)


@dataclass(frozen=True)
class _Side:
    """What one sentence has: its words with their numbers, and its tags."""

    counts: Mapping[str, int]
    words: frozenset[str]
    tags: frozenset[str]

    @classmethod
    def of(cls, sentence: AnalysedSentence) -> _Side:
        counts = Counter(map(word_form, sentence.tokens))
        return cls(counts, frozenset(counts), frozenset(sentence.tags) - {""})


def _vocabulary(counts: Mapping[str, int], n: int) -> tuple[list[str], int]:
    """The n most frequent words that may be concepts, and how many of those before the last may not."""
    chosen: list[str] = []
    unnamed = 0
    for word in sorted(counts.keys() - SKIPPED, key=lambda word: (-counts[word], word)):
        if len(chosen) == n:
            break
        if _can_be_named(word):
            chosen.append(word)
        else:
            unnamed += 1
    return chosen, unnamed


def _can_be_named(word: str) -> bool:
    """Not with a blank, nor what is too long or invisible for a name, and not as a tag's concept is named."""
    return len(word.split()) == 1 and not name_problem(f"NEIGHBORS(pre:{word})") and not word.startswith("tag:")


def _add_neighbours(
    table: _Table, side: str, sentences: Sequence[_Side], near: Mapping[str, tuple[str, ...]], with_word: bool
) -> list[str]:
    """Add the side's NEIGHBORS concepts; a note on the words that have none."""
    present = frozenset().union(*(sentence.words for sentence in sentences))
    groups = neighbour_groups(near, present, with_word)
    none, of_member = len(near) - len(groups), by_member(groups)
    held = ({word for member in s.words for word in of_member.get(member, ())} for s in sentences)
    table.add_groups(f"NEIGHBORS({side}:{{}})", "neighbours", list(groups), held)
    if not none:
        return []
    kind = SIDES[side]
    return [f"{none:,} of {len(near):,} words have no vector, or no neighbour in any {kind}: no NEIGHBORS({side}:...)."]


class _Table:
    """Concepts as they are added, one block after the other."""

    def __init__(self, n_pairs: int) -> None:
        self.names: list[str] = []
        self.categories: list[str] = []
        self.rows: list[list[int]] = [[] for _ in range(n_pairs)]

    def add_groups(self, name: str, category: str, keys: Sequence[str], held: Iterable[Iterable[str]]) -> None:
        """A concept per key, `name` with the key in place of `{}`; held: for each pair, keys among others."""
        number = {key: len(self.names) + place for place, key in enumerate(keys)}
        self.names += [name.replace("{}", key) for key in keys]
        self.categories += [category] * len(keys)
        for row, of_pair in zip(self.rows, held, strict=True):
            row += sorted(number[key] for key in of_pair if key in number)

    def add(self, name: str, category: str, holds: Sequence[bool]) -> None:
        """One concept, and for each pair whether it holds."""
        self.add_groups("{}", category, [name], ([name] if one else [] for one in holds))

    def concepts(self, notes: Sequence[str]) -> PairConcepts:
        return PairConcepts(tuple(self.names), tuple(self.categories), tuple(map(tuple, self.rows)), tuple(notes))
