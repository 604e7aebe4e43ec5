import sys
from types import SimpleNamespace

import numpy as np
import pytest

from compexact.experiments.questions import wordnet
from compexact.experiments.questions.annotation_sheet import cohen_kappa
from compexact.experiments.questions.relatedness import Relatedness, concept_topic, words_of
from compexact.experiments.questions.wordnet import WordNet, open_wordnet
from compexact.probes.text.vectors import WordVectors
from compexact.solver.errors import UsageError


class Paths:
    """A WordNet in which the animals are near to each other."""

    name = "animals"

    def similarity(self, left, right):
        known = {"dog": 1, "cat": 1, "bear": 1, "car": 2, "teddy bear": 3}
        if left not in known or right not in known:
            return None
        return 0.5 if known[left] == known[right] else 0.1


@pytest.mark.parametrize(
    ("concept", "words"),
    [
        ("potted plant", ("potted", "plant")),
        ("mirror-stuff", ("mirror", "stuff")),
        ("street-s", ("street",)),
        ("blue-c", ("blue",)),
        ("pre:man", ("man",)),
        ("NEIGHBORS(hyp:couch)", ("couch",)),
        ("hyp:T-shirt", ("t", "shirt")),
        ("hyp:tag:NN", ()),
        ("overlap>50%", ()),
        ("#131", ()),
    ],
)
def test_the_words_of_a_concept_are_read_from_its_name(concept, words):
    assert words_of(concept) == words


def test_a_concept_of_either_sentence_is_about_the_same():
    assert concept_topic("pre:man") == concept_topic("hyp:man") != concept_topic("hyp:tag:NN")
    assert concept_topic("pre:tag:NN") == concept_topic("hyp:tag:NN") != concept_topic("hyp:tag:NNS")
    assert concept_topic("overlap>25%") != concept_topic("overlap>50%")


def related(names, categories, **sources):
    return Relatedness.of(names, categories, **sources)


def test_wordnet_relates_by_the_whole_name_else_by_its_last_word():
    names = ["dog", "cat", "polar bear", "car", "teddy bear", "lamp"]
    found = related(names, ["object"] * 6, wordnet=Paths(), share=0.5)
    assert found.related("dog", "cat")
    assert found.related("dog", "polar bear")
    assert not found.related("dog", "car")
    assert not found.related("dog", "lamp")
    assert not found.in_vocabulary("lamp")
    assert found.in_vocabulary("polar bear")


def test_one_source_is_enough():
    vectors = WordVectors(("dog", "car", "lamp"), np.array([[1, 0], [1, 0.1], [0, 1]], np.float32), "v", "0")
    names = ["dog", "cat", "car", "lamp"]
    found = related(names, ["x"] * 4, vectors=vectors, wordnet=Paths(), share=0.5)
    assert found.related("dog", "car")
    assert found.related("dog", "cat")
    assert not found.related("car", "lamp")


def test_tags_of_one_word_class_and_concepts_of_one_category_without_words_are_related():
    names = ["hyp:tag:NN", "pre:tag:NNS", "hyp:tag:VB", "overlap>25%", "overlap>50%", "hyp:dog"]
    kinds = ["hypothesis tag", "premise tag", "hypothesis tag", "overlap", "overlap", "hypothesis word"]
    found = related(names, kinds)
    assert found.related("hyp:tag:NN", "pre:tag:NNS")
    assert not found.related("hyp:tag:NN", "hyp:tag:VB")
    assert found.related("overlap>25%", "overlap>50%")
    assert not found.related("overlap>25%", "hyp:tag:NN")
    assert not found.related("hyp:dog", "hyp:tag:NN")


def test_without_sources_words_of_one_category_are_related_but_no_category_is_none():
    assert related(["a", "b"], ["x", "x"]).related("a", "b")
    assert not related(["a", "b"], ["x", "y"]).related("a", "b")
    assert not related(["a", "b"], ["", ""]).related("a", "b")
    assert related(["pre:a", "hyp:a"], ["", ""]).related("pre:a", "hyp:a")


def test_groups_hang_together_through_others():
    names = [*"abcd"]
    found = related([*names, "z"], ["x"] * 4 + ["y"])
    assert found.is_connected([["a"], ["z", "b"], ["c"]])
    assert not found.is_connected([["a"], ["z"], ["c"]])
    assert found.is_connected([["z"]])
    assert found.is_connected([])


def test_a_share_outside_0_to_1_is_refused():
    with pytest.raises(UsageError, match="between 0 and 1"):
        related(["a"], [""], share=1.0)


@pytest.mark.slow
def test_the_cut_off_is_the_asked_quantile_over_all_pairs_and_few_concepts_are_drawn_from_many():
    rng = np.random.default_rng(0)
    words = ["w" + "".join(chr(97 + int(d)) for d in f"{i:03}") for i in range(600)]
    vectors = WordVectors(tuple(words), rng.normal(size=(600, 4)).astype(np.float32), "v", "0")
    unit = vectors.vectors / np.linalg.norm(vectors.vectors, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[np.triu_indices(600, 1)]
    found = related(words, [""] * 600, vectors=vectors)
    assert found.cuts["vectors"] == pytest.approx(np.quantile(cosines, 0.9), abs=0.03)
    assert found.cuts == related(words, [""] * 600, vectors=vectors).cuts


def test_wordnet_that_is_not_installed_or_has_no_lexicon_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "wn", None)
    assert open_wordnet() == (None, wordnet.NO_PACKAGE)
    monkeypatch.setitem(sys.modules, "wn", SimpleNamespace(lexicons=lambda lang: []))
    assert open_wordnet() == (None, wordnet.NO_DATA)


def test_the_first_noun_senses_are_compared(monkeypatch):
    senses = {"dog": ["dog-1", "dog-2"], "cat": ["cat-1"]}
    lexicon = SimpleNamespace(synsets=lambda word, pos: senses.get(word, []) if pos == "n" else [])
    path = {("dog-1", "cat-1"): 0.2}
    similarity = SimpleNamespace(path=lambda a, b, simulate_root: path[a, b])
    monkeypatch.setitem(sys.modules, "wn", SimpleNamespace(similarity=similarity))
    found = WordNet("mine", lexicon)
    assert found.similarity("dog", "cat") == 0.2
    assert found.similarity("dog", "zorp") is None


def test_kappa_is_agreement_beyond_chance():
    # Of 50: both yes 20, both no 15, disagreement 5 and 10; the textbook's 0.4.
    left = "y" * 25 + "n" * 25
    right = "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    assert cohen_kappa(left, right) == pytest.approx(0.4)
    assert cohen_kappa("yyy", "yyy") is None
    assert cohen_kappa("", "") is None
    with pytest.raises(UsageError, match="2 and 1"):
        cohen_kappa("yy", "y")
