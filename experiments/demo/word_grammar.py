"""The sentences of `compexact demo tokens`: a small grammar that says of each word what a treebank says of it.

A sentence is a tree of words, so its heads and relations are those that it was made from.  Some words (`walk`, `watch`,
`plant`) are nouns and verbs, so that a tag cannot be looked up by word.  Documents are of one genre: tales are told in
the past, reports in the present, and talks ask and use pronouns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar("T")


@dataclass(frozen=True)
class Word:
    """A word, and what columns 2 to 6 of CoNLL-U say of it."""

    form: str
    lemma: str
    upos: str
    xpos: str
    morph: str = "_"


@dataclass(frozen=True)
class Tree:
    """A word, how it depends on its head, and what depends on it."""

    word: Word
    relation: str
    before: tuple[Tree, ...] = ()
    after: tuple[Tree, ...] = ()

    def rows(self) -> list[tuple[Word, int, str]]:
        """The words in order, each with its head (from 1; 0 is none) and relation."""
        rows: list[tuple[Word, int, str]] = []

        def walk(tree: Tree) -> int:
            dependents = [walk(each) for each in tree.before]
            place = len(rows)
            rows.append((tree.word, 0, tree.relation))
            for each in [*dependents, *map(walk, tree.after)]:
                rows[each] = (rows[each][0], place + 1, rows[each][2])
            return place

        walk(self)
        return rows


BOTH = ("walk", "watch", "plant", "light", "book")
"""Nouns and verbs."""
NOUNS = ("dog", "cat", "bird", "fox", "child", "teacher", "farmer", "doctor", "stone", "box", "letter", "apple", *BOTH)
PLACES = ("house", "garden", "river", "park", "field", "school")
PLURALS = {"child": "children", "box": "boxes", "watch": "watches", "fox": "foxes"}
PAST = {"sleep": "slept", "sing": "sang", "run": "ran", "see": "saw", "find": "found", "light": "lit", "like": "liked"}
ALONE = ("sleep", "sing", "wait", "run", "laugh", "walk")
WITH_OBJECT = ("see", "find", "like", "need", "watch", "plant", "light", "book")
ADJECTIVES = ("red", "old", "small", "happy", "quiet", "young", "green")
ADVERBS = ("often", "never", "today", "slowly", "again")
PREPOSITIONS = ("in", "near", "behind")
NAMES = ("Anna", "Tom", "Maria", "Ben")
PRONOUNS = {"he": "Sing", "she": "Sing", "it": "Sing", "they": "Plur", "we": "Plur"}
DETERMINERS = {
    "Sing": {"the": "Definite=Def", "a": "Definite=Ind", "every": "_", "this": "Number=Sing"},
    "Plur": {"the": "Definite=Def", "these": "Number=Plur"},
}
"""By the noun's number: the words, and what is said of them."""
MODALS = ("will", "can", "must")
BE = {("Pres", "Sing"): "is", ("Pres", "Plur"): "are", ("Past", "Sing"): "was", ("Past", "Plur"): "were"}

GENRES = {"tale": {"past": 0.85, "asks": 0.05, "pronoun": 0.2}, "report": {"past": 0.1, "asks": 0.02, "pronoun": 0.1},
          "talk": {"past": 0.4, "asks": 0.4, "pronoun": 0.6}}  # fmt: skip
"""Shares of clauses in the past, of sentences that ask, and of subjects and objects that are pronouns."""
SENTENCES_OF_DOCUMENT = 10


class _Writer:
    """Chooses words; everything random comes from one generator."""

    def __init__(self, rng: np.random.Generator, genre: str) -> None:
        self.rng, self.shares = rng, GENRES[genre]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one(self, things: Sequence[T]) -> T:
        return things[int(self.rng.integers(len(things)))]

    def sentence(self) -> Tree:
        if self.chance(self.shares["asks"]):
            clause, mark = self.clause(asks=True), "?"
        else:
            clause, mark = self.clause(), "."
            if self.chance(0.2):
                joined = self.clause(relation="conj")
                which = self.one(("and", "but"))
                comma, link = _mark(","), Tree(Word(which, which, "CCONJ", "CC"), "cc")
                joined = Tree(joined.word, "conj", (comma, link, *joined.before), joined.after)
                clause = Tree(clause.word, "root", clause.before, (*clause.after, joined))
        return Tree(clause.word, "root", clause.before, (*clause.after, _mark(mark)))

    def clause(self, *, asks: bool = False, relation: str = "root") -> Tree:
        """A verb with its subject, and what else it needs."""
        tense = "Past" if self.chance(self.shares["past"]) else "Pres"
        subject, number = self.nominal("nsubj")
        has_object = self.chance(0.6)
        lemma = self.one(WITH_OBJECT if has_object else ALONE)
        kind = "do" if asks else self.rng.choice(("plain", "be", "do", "modal"), p=(0.5, 0.2, 0.15, 0.15))
        helper, verb = _verb(kind, lemma, tense, number, self.one(MODALS))
        helpers = [helper] if helper else []
        before = (*helpers, subject) if asks else (subject, *helpers)
        if (kind == "do" and not asks) or (kind in ("be", "modal") and self.chance(0.2)):
            before += (Tree(Word("not", "not", "PART", "RB", "Polarity=Neg"), "advmod"),)
        after: tuple[Tree, ...] = (self.nominal("obj")[0],) if has_object else ()
        if self.chance(0.4):
            after += (self.place(),)
        if self.chance(0.25):
            adverb = self.one(ADVERBS)
            after += (Tree(Word(adverb, adverb, "ADV", "RB"), "advmod"),)
        return Tree(verb, relation, before, after)

    def nominal(self, relation: str) -> tuple[Tree, str]:
        """Somebody or something, and its number."""
        if relation == "nsubj" and self.chance(self.shares["pronoun"]):
            form = self.one(list(PRONOUNS))
            return Tree(Word(form, form, "PRON", "PRP", f"Number={PRONOUNS[form]}"), relation), PRONOUNS[form]
        if self.chance(0.15):
            form = self.one(NAMES)
            return Tree(Word(form, form, "PROPN", "NNP", "Number=Sing"), relation), "Sing"
        number = "Plur" if self.chance(0.35) else "Sing"
        return self.noun(self.one(NOUNS), number, relation), number

    def place(self) -> Tree:
        preposition = self.one(PREPOSITIONS)
        noun = self.noun(self.one(PLACES), "Plur" if self.chance(0.2) else "Sing", "obl")
        case = Tree(Word(preposition, preposition, "ADP", "IN"), "case")
        return Tree(noun.word, "obl", (case, *noun.before))

    def noun(self, lemma: str, number: str, relation: str) -> Tree:
        """With what stands before it."""
        form, tag = (lemma, "NN") if number == "Sing" else (PLURALS.get(lemma, lemma + "s"), "NNS")
        before: tuple[Tree, ...] = ()
        if number == "Sing" or self.chance(0.6):
            which, morph = self.one(list(DETERMINERS[number].items()))
            before = (Tree(Word(which, "this" if which == "these" else which, "DET", "DT", morph), "det"),)
        if self.chance(0.35):
            adjective = self.one(ADJECTIVES)
            before += (Tree(Word(adjective, adjective, "ADJ", "JJ", "Degree=Pos"), "amod"),)
        return Tree(Word(form, lemma, "NOUN", tag, f"Number={number}"), relation, before)


def _mark(mark: str) -> Tree:
    return Tree(Word(mark, mark, "PUNCT", "," if mark == "," else "."), "punct")


def _verb(kind: str, lemma: str, tense: str, number: str, modal: str) -> tuple[Tree | None, Word]:
    """The auxiliary, None in a plain clause; and the verb."""
    past = PAST.get(lemma, lemma + "ed")
    third = lemma + ("es" if lemma.endswith("ch") else "s")
    finite = f"Tense={tense}|VerbForm=Fin"
    tag = "VBD" if tense == "Past" else "VBZ" if number == "Sing" else "VBP"
    if kind == "plain":
        form = past if tense == "Past" else third if number == "Sing" else lemma
        return None, Word(form, lemma, "VERB", tag, finite)
    if kind == "modal":
        helper = Word(modal, modal, "AUX", "MD", "VerbForm=Fin")
    elif kind == "be":
        helper = Word(BE[tense, number], "be", "AUX", tag, finite)
    else:
        helper = Word("did" if tense == "Past" else "does" if number == "Sing" else "do", "do", "AUX", tag, finite)
    if kind == "be":
        ing = (lemma + "n" if lemma == "run" else lemma.removesuffix("e") if lemma == "like" else lemma) + "ing"
        return Tree(helper, "aux"), Word(ing, lemma, "VERB", "VBG", "Tense=Pres|VerbForm=Part")
    return Tree(helper, "aux"), Word(lemma, lemma, "VERB", "VB", "VerbForm=Inf")


def conllu_lines(name: str, n_sentences: int, seed: int | Sequence[int]) -> Iterator[str]:
    """The lines of a file in CoNLL-U; documents and sentences are named after `name`."""
    rng = np.random.default_rng(seed)
    genres = list(GENRES)
    for number in range(n_sentences):
        document = number // SENTENCES_OF_DOCUMENT
        genre = genres[document % len(genres)]
        if number % SENTENCES_OF_DOCUMENT == 0:
            yield f"# newdoc id = {genre}-{name}-{document + 1}"
        rows = _Writer(rng, genre).sentence().rows()
        yield f"# sent_id = {name}-{number + 1}"
        for place, (word, head, relation) in enumerate(rows, start=1):
            form = word.form.capitalize() if place == 1 else word.form
            glued = "SpaceAfter=No" if place < len(rows) and rows[place][0].upos == "PUNCT" else "_"
            yield "\t".join(
                (str(place), form, word.lemma, word.upos, word.xpos, word.morph, str(head), relation, "_", glued)
            )
        yield ""
