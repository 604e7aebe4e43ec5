"""The world of `compexact demo nli`: generated sentence pairs whose label holds by construction, with shortcuts.

A premise is a small set of facts, spelt out by a grammar.  A hypothesis says less (entailment), says something
that the premise leaves open (neutral), or denies a fact (contradiction).  How it does so is not random: as in
collected data (Gururangan et al. 2018, "Annotation Artifacts in Natural Language Inference Data"), some words go
with one label nearly always, so a model can do well without reading the premise.  `SHORTCUTS` lists them.

    train.tsv, dev.tsv   label, premise tokens, premise tags, hypothesis tokens, hypothesis tags; no premise in both
    vectors.txt          word vectors in which the words of one group are neighbours
    shortcuts.json       the shortcuts, and how strong they came out

The same seed gives the same files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ...solver.errors import UsageError
from .sentence_grammar import (
    ACTIONS,
    AGES,
    BEINGS,
    COLOURS,
    FURNITURE,
    FURNITURE_WORDS,
    GROUPS,
    INDOORS,
    OUTDOORS,
    PURPOSES,
    SHORTCUTS,
    SLEEPING,
    THINGS,
    TRAITS,
    WATCHING,
    Facts,
    Phrase,
    Shortcut,
    phrase,
    sentence,
)

LABELS = ("entailment", "neutral", "contradiction")
COLUMNS = ("label", "premise_tokens", "premise_tags", "hypothesis_tokens", "hypothesis_tags")
DEV_SHARE = 4
"""One dev pair for this many train pairs."""

KEPT = {"age": 0.6, "colour": 0.1, "thing": 0.1}
"""How often a shorter hypothesis keeps a detail.  Adjectives are kept often, so that their tag alone says little."""

VECTOR_SIZE = 16
MAX_PAIRS = 200_000

T = TypeVar("T")


@dataclass(frozen=True)
class TaggedPair:
    """A line of the files."""

    label: str
    premise: Phrase
    hypothesis: Phrase

    def row(self) -> str:
        """The line, with tabs between the columns and blanks between words."""
        sides = [" ".join(part) for side in (self.premise, self.hypothesis) for part in zip(*side)]
        return "\t".join([self.label, *sides])

    @property
    def hypothesis_words(self) -> frozenset[str]:
        """The hypothesis' words, lower-cased."""
        return frozenset(word.lower() for word, _ in self.hypothesis)

    @property
    def overlap(self) -> float:
        """Unique words of both sides over those of either."""
        premise = frozenset(word.lower() for word, _ in self.premise)
        return len(premise & self.hypothesis_words) / len(premise | self.hypothesis_words)


class _Writer:
    """Chooses facts and hypotheses; everything random comes from one generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one(self, things: Sequence[T]) -> T:
        return things[int(self.rng.integers(len(things)))]

    def premise(self) -> Facts:
        being = self.one(BEINGS)
        place = self.one(FURNITURE) if self.chance(0.03) else self.one(OUTDOORS if self.chance(0.65) else INDOORS)
        return Facts(
            being=being,
            number=1 if self.chance(0.9) else self.one((2, 3)),
            action=SLEEPING if self.chance(0.02) else self.one(ACTIONS),
            place=place,
            age=self.one(AGES) if self.chance(0.7) else None,
            trait=self.one(TRAITS) if self.chance(0.04) else None,
            colour=self.one(COLOURS) if self.chance(0.5) else None,
            thing=self.one(THINGS) if self.chance(0.5) else None,
            purpose=self.one(PURPOSES) if self.chance(0.03) else (),
        )

    def hypothesis(self, facts: Facts, label: str) -> Phrase:
        return {"entailment": self.entailed, "neutral": self.undecided, "contradiction": self.denied}[label](facts)

    def entailed(self, facts: Facts) -> Phrase:
        """Says less: fewer details, or something more general."""
        kind = self.rng.random()
        if kind < 0.35:
            return self.without_one_detail(facts).spell()
        shorter = self.shortened(facts)
        if kind < 0.7 and facts.place in OUTDOORS:
            return replace(shorter, place=phrase("outdoors/RB")).spell()
        return replace(shorter, general=True).spell()

    def undecided(self, facts: Facts) -> Phrase:
        """Adds what the premise leaves open."""
        kind = self.rng.random()
        if kind < 0.02:
            watched = phrase("the/DT", f"{facts.being[0]}/NN")
            return sentence((*phrase("nobody/NN", "is/VBZ", f"{self.one(WATCHING)}/VBG"), *watched))
        shorter = replace(self.shortened(facts), general=self.chance(0.03))
        if kind < 0.45:
            new = [trait for trait in TRAITS if trait != facts.trait]
            return replace(shorter, trait=self.one(new)).spell()
        if kind < 0.75 and not facts.purpose:
            return replace(shorter, purpose=self.one(PURPOSES)).spell()
        if facts.colour is None:
            return replace(shorter, colour=self.one(COLOURS)).spell()
        if facts.thing is None:
            return replace(shorter, thing=self.one(THINGS)).spell()
        return replace(shorter, trait=self.one(TRAITS), purpose=self.one(PURPOSES)).spell()

    def denied(self, facts: Facts) -> Phrase:
        """Says something that cannot be true as well."""
        kind = self.rng.random()
        shorter = replace(self.shortened(facts), general=self.chance(0.03))
        if kind < 0.26:
            rest = replace(shorter, number=1).spell()[:-1]
            verb = [tag for _, tag in rest].index("VBZ")
            return sentence((("nobody", "NN"), *rest[verb:]))
        if kind < 0.52 and facts.action != SLEEPING:
            return replace(shorter, action=SLEEPING).spell()
        if kind < 0.78:
            return replace(shorter, place=self.one(_others(FURNITURE, facts.place))).spell()
        if kind < (0.86 if facts.place in OUTDOORS else 0.81):
            where = "indoors" if facts.place in OUTDOORS else "outdoors"
            return replace(shorter, place=phrase(f"{where}/RB")).spell()
        if kind < 0.92:
            return replace(shorter, being=self.one(_others(BEINGS, facts.being)), general=False).spell()
        return replace(shorter, action=self.one(_others(ACTIONS, facts.action))).spell()

    def without_one_detail(self, facts: Facts) -> Facts:
        details = [name for name in KEPT if getattr(facts, name)]
        return _without(facts, [self.one(details)]) if details else replace(facts, definite=True)

    def shortened(self, facts: Facts) -> Facts:
        """The facts with most details left out; `The` stands for the number now and then."""
        dropped = [name for name, share in KEPT.items() if not self.chance(share)]
        place = facts.place if self.chance(0.3) else ()
        purpose = facts.purpose if self.chance(0.5) else ()
        definite = self.chance(0.5)
        return replace(_without(facts, dropped), trait=None, place=place, purpose=purpose, definite=definite)


def _without(facts: Facts, details: Iterable[str]) -> Facts:
    left_out: dict[str, Any] = dict.fromkeys(details)
    return replace(facts, **left_out)


def _others(things: Iterable[T], but: T) -> list[T]:
    return [thing for thing in things if thing != but]


def make_pairs(n_pairs: int, seed: int) -> tuple[list[TaggedPair], list[TaggedPair]]:
    """(train pairs, dev pairs): `n_pairs`, and a quarter of that; no premise is in both, and no pair comes twice.

    Each premise has a hypothesis of every label, in random order.
    """
    if not 12 <= n_pairs <= MAX_PAIRS:
        raise UsageError(f"the number of pairs must be 12 to {MAX_PAIRS:,}, not {n_pairs:,}")
    writer = _Writer(np.random.default_rng(seed))
    n_dev = n_pairs // DEV_SHARE
    seen: set[Phrase] = set()
    dev = list(_some_pairs(writer, n_dev, seen))
    return list(_some_pairs(writer, n_pairs, seen)), dev


def _some_pairs(writer: _Writer, count: int, seen: set[Phrase]) -> Iterator[TaggedPair]:
    """This many pairs of premises not seen before."""
    while count > 0:
        facts = writer.premise()
        premise = facts.spell()
        if premise in seen:
            continue
        seen.add(premise)
        for place in writer.rng.permutation(len(LABELS))[:count].tolist():
            yield TaggedPair(LABELS[place], premise, writer.hypothesis(facts, LABELS[place]))
        count -= len(LABELS)


def has_shortcut(pair: TaggedPair, shortcut: Shortcut) -> bool:
    """Whether the pair has the shortcut's word, or one of the group's, or the overlap."""
    if not shortcut.word:
        return pair.overlap > int(shortcut.literal.removeprefix("overlap>").removesuffix("%")) / 100
    words = FURNITURE_WORDS if shortcut.literal.startswith("NEIGHBORS") else (shortcut.word,)
    return not pair.hypothesis_words.isdisjoint(words)


def measured(pairs: Sequence[TaggedPair], shortcut: Shortcut) -> dict[str, object]:
    """The shortcut as data: what it is, how many pairs have it, and how many of these have its label."""
    having = [pair for pair in pairs if has_shortcut(pair, shortcut)]
    agreeing = sum(pair.label == shortcut.label for pair in having)
    share = agreeing / len(having) if having else None
    return asdict(shortcut) | {"pairs": len(having), "with_label": agreeing, "measured": share}


def write_world(folder: Path, *, n_pairs: int, seed: int) -> None:
    """Write the files into a folder that does not exist yet."""
    train, dev = make_pairs(n_pairs, seed)
    folder.mkdir(parents=True)
    for name, pairs in (("train", train), ("dev", dev)):
        lines = ["\t".join(COLUMNS), *(pair.row() for pair in pairs)]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shortcuts = [measured(train, shortcut) for shortcut in SHORTCUTS]
    (folder / "shortcuts.json").write_text(json.dumps(shortcuts, indent=1) + "\n", encoding="utf-8")
    (folder / "vectors.txt").write_text(vectors_text(seed), encoding="utf-8")


def vectors_text(seed: int) -> str:
    """Word vectors as GloVe writes them: a word and its numbers a line.

    The words of each of `GROUPS` lie close together and far from all others; other words have no vector.
    """
    rng = np.random.default_rng([seed, 1])
    lines = []
    for group in GROUPS:
        centre = rng.normal(size=VECTOR_SIZE)
        for word in group:
            vector = centre + 0.1 * rng.normal(size=VECTOR_SIZE)
            lines.append(" ".join([word, *(f"{value:.4f}" for value in vector)]))
    return "\n".join(lines) + "\n"
