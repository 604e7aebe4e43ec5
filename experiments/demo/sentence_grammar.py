"""What the sentences of `compexact demo nli` are made of: words with their Penn Treebank tags, a grammar, shortcuts.

A phrase is a tuple of (word, tag).  Every word has one tag in this world, so that a tag can be looked up by word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Phrase = tuple[tuple[str, str], ...]


def phrase(*words: str) -> Phrase:
    """The phrase of words written as `word/TAG`.

    >>> phrase("the/DT", "park/NN")
    (('the', 'DT'), ('park', 'NN'))
    """
    return tuple((word, tag) for word, _, tag in (text.rpartition("/") for text in words))


BEINGS = (("man", "men"), ("woman", "women"), ("boy", "boys"), ("girl", "girls"), ("teacher", "teachers"))
"""Who acts, singular and plural."""

GENERAL = ("person", "people")
"""What all of them are."""

SLEEPING = phrase("sleeping/VBG")

ACTIONS = (
    phrase("riding/VBG", "a/DT", "bike/NN"),
    phrase("playing/VBG", "guitar/NN"),
    phrase("reading/VBG", "a/DT", "book/NN"),
    phrase("throwing/VBG", "a/DT", "ball/NN"),
    phrase("eating/VBG", "lunch/NN"),
    phrase("cooking/VBG"),
    phrase("dancing/VBG"),
    phrase("running/VBG"),
)

OUTDOORS, INDOORS = (
    tuple(
        phrase(f"{preposition}/IN", f"{determiner}/DT", f"{noun}/NN")
        for preposition, determiner, noun in map(str.split, places)
    )
    for places in (
        ("in the park", "on the beach", "in the street", "in a garden", "on a field", "near a lake"),
        ("in the kitchen", "in a hall", "at the station", "in a gym", "in the library", "near a window"),
    )
)
FURNITURE_WORDS = ("couch", "sofa", "bed", "armchair", "futon", "recliner")
FURNITURE = tuple(
    phrase(f"{preposition}/IN", "a/DT", f"{word}/NN") for word in FURNITURE_WORDS for preposition in ("on", "near")
)
"""Each word is seldom, all of them together are not: a shortcut that NEIGHBORS names shortest."""

NUMBERS = {1: phrase("a/DT"), 2: phrase("two/CD"), 3: phrase("three/CD")}
AGES = ("young", "little")
COLOURS = ("red", "blue", "green", "white", "black")
THINGS = ("hat", "bag", "drum", "basket")
TRAITS = ("tall", "sad")
PURPOSES = tuple(
    phrase("for/IN", *words)
    for words in (("a/DT", "friend/NN"), ("money/NN",), ("fun/NN",), ("a/DT", "party/NN"), ("the/DT", "winner/NN"))
)
WATCHING = ("watching", "helping", "following")

GROUPS = (
    FURNITURE_WORDS,
    (*COLOURS, "yellow", "purple", "grey"),
    (*THINGS, "purse", "helmet", "suitcase"),
    ("apple", "pear", "cherry", "plum", "grape", "melon"),
)
"""The words that have a vector, by what they are near to.  Not all of them occur in the sentences."""


def sentence(words: Phrase) -> Phrase:
    """The words with a capital and a full stop."""
    (first, tag), *rest = words
    return ((first.capitalize(), tag), *rest, (".", "."))


@dataclass(frozen=True)
class Facts:
    """What a sentence says.  None, () and False: it says nothing of that."""

    being: tuple[str, str]
    number: int
    action: Phrase
    place: Phrase = ()
    age: str | None = None
    trait: str | None = None
    colour: str | None = None
    thing: str | None = None
    purpose: Phrase = ()
    general: bool = False
    definite: bool = False

    def spell(self) -> Phrase:
        """The sentence: its words with their tags."""
        return sentence((*self._subject(), *self._predicate()))

    def _subject(self) -> Iterator[tuple[str, str]]:
        yield from phrase("the/DT") if self.definite else NUMBERS[self.number]
        yield from ((word, "JJ") for word in (self.trait, self.age) if word)
        singular, plural = GENERAL if self.general else self.being
        yield (singular, "NN") if self.number == 1 else (plural, "NNS")
        if self.colour:
            colour = f"{self.colour}/JJ"
            shirt = ("a/DT", colour, "shirt/NN") if self.number == 1 else (colour, "shirts/NNS")
            yield from phrase("in/IN", *shirt)
        if self.thing:
            thing = ("a/DT", f"{self.thing}/NN") if self.number == 1 else (f"{self.thing}s/NNS",)
            yield from phrase("with/IN", *thing)

    def _predicate(self) -> Iterator[tuple[str, str]]:
        yield ("is", "VBZ") if self.number == 1 else ("are", "VBP")
        yield from (*self.action, *self.place, *self.purpose)


@dataclass(frozen=True)
class Shortcut:
    """An annotation artefact of the world.

    literal: the concept that a formula would name it by.  word: what inserting it means; "" for overlap, which
    is raised by copying words of the premise.  label: what goes with it.  strength: the share of the pairs with
    it that have the label, at least.  others: concepts that say the same (a word's neighbours; other thresholds).
    """

    literal: str
    word: str
    label: str
    strength: float
    others: tuple[str, ...] = ()

    @property
    def inserted(self) -> str:
        """The concept that putting it in makes hold."""
        return f"hyp:{self.word}" if self.word else self.literal

    @property
    def literals(self) -> tuple[str, ...]:
        """Every concept that names it."""
        return (self.literal, *self.others)


SHORTCUTS = (
    Shortcut("hyp:nobody", "nobody", "contradiction", 0.9),
    Shortcut("hyp:sleeping", "sleeping", "contradiction", 0.8),
    Shortcut(
        f"NEIGHBORS(hyp:{FURNITURE_WORDS[0]})",
        FURNITURE_WORDS[1],
        "contradiction",
        0.85,
        tuple(f"NEIGHBORS(hyp:{word})" for word in FURNITURE_WORDS[1:]),
    ),
    Shortcut("hyp:outdoors", "outdoors", "entailment", 0.8),
    Shortcut("hyp:person", "person", "entailment", 0.75),
    Shortcut("hyp:tall", "tall", "neutral", 0.9),
    Shortcut("hyp:sad", "sad", "neutral", 0.9),
    Shortcut("hyp:for", "for", "neutral", 0.8),
    Shortcut("overlap>75%", "", "entailment", 0.75, ("overlap>50%",)),
)
"""What is planted.  `strength` is a promise that the tests keep; `sentence_pairs.py` measures what came out."""
