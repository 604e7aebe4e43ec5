"""The concepts of pairs, counted by hand and by the definitions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compexact.probes.text.concepts import PairConceptSettings, pair_concepts, shares_more
from compexact.probes.text.language import AnalysedPair, AnalysedSentence
from compexact.probes.text.vectors import WordVectors
from compexact.probes.text.word_forms import word_form
from compexact.solver.errors import UsageError


def pair(premise, hypothesis, premise_tags="", hypothesis_tags=""):
    return AnalysedPair(
        AnalysedSentence(tuple(premise.split(" ")), tuple(premise_tags.split())),
        AnalysedSentence(tuple(hypothesis.split(" ")), tuple(hypothesis_tags.split())),
    )


FOUR = (
    pair("The dog eats .", "A Dog eats", "DT NN VBZ .", "DT NN VBZ"),
    pair("A man eats , dog", "The man", "DT NN VBZ , NN", "DT NN"),
    pair("Dog dog dog", "cat", "NN NN NN", "NN"),
    pair("man cat", "Man cat", "NN NN", "NN NN"),
)


def held(found):
    """For each pair, the names of its concepts."""
    return [{found.names[column] for column in row} for row in found.rows]


def test_four_pairs_counted_by_hand():
    found = pair_concepts(FOUR, PairConceptSettings(words=3))
    # dog 6, then man 4; cat and eats have 3 each, and cat comes first in the alphabet.
    words, tags = ["dog", "man", "cat"], [",", ".", "DT", "NN", "VBZ"]
    per_side = [[*(f"{side}:{w}" for w in words), *(f"{side}:tag:{t}" for t in tags)] for side in ("pre", "hyp")]
    overlaps = ["overlap>0%", "overlap>25%", "overlap>50%", "overlap>75%"]
    assert list(found.names) == [*per_side[0], *per_side[1], *overlaps]
    assert list(found.categories) == (
        ["premise word"] * 3 + ["premise tag"] * 5 + ["hypothesis word"] * 3 + ["hypothesis tag"] * 5 + ["overlap"] * 4
    )
    tagged = [
        {"pre:tag:DT", "pre:tag:NN", "pre:tag:VBZ", "pre:tag:.", "hyp:tag:DT", "hyp:tag:NN", "hyp:tag:VBZ"},
        {"pre:tag:DT", "pre:tag:NN", "pre:tag:VBZ", "pre:tag:,", "hyp:tag:DT", "hyp:tag:NN"},
        {"pre:tag:NN", "hyp:tag:NN"},
        {"pre:tag:NN", "hyp:tag:NN"},
    ]
    # Shared of all words: 2 of 5 (40 %), 1 of 6 (17 %), 0 of 2, 2 of 2.
    assert held(found) == [
        {"pre:dog", "hyp:dog", *overlaps[:2]} | tagged[0],
        {"pre:man", "pre:dog", "hyp:man", overlaps[0]} | tagged[1],
        {"pre:dog", "hyp:cat"} | tagged[2],
        {"pre:man", "pre:cat", "hyp:man", "hyp:cat", *overlaps} | tagged[3],
    ]
    assert all(list(row) == sorted(set(row)) for row in found.rows)
    assert found.notes == ()


def test_the_words_that_are_skipped_are_no_concepts_but_count_for_overlap():
    skipped = "a an the of . , A <unk> [PAD]"
    found = pair_concepts([pair(skipped, skipped)], PairConceptSettings())
    assert found.names == ("overlap>0%", "overlap>25%", "overlap>50%", "overlap>75%")
    assert found.rows == ((0, 1, 2, 3),)
    assert found.notes == ("There are no tags, so there is no concept of a tag.",)


@pytest.mark.parametrize(
    ("both", "either", "paper", "code"),
    [
        (0, 1, [], []),
        (1, 100, [0], []),
        (1, 5, [0], []),  # 1 / 4 of the difference is not above 25 % by the code, either
        (1, 4, [0], [25]),
        (2, 7, [0, 25], [25]),
        (1, 3, [0, 25], [25]),  # 1 / 2 is not above 50 %
        (2, 4, [0, 25], [25, 50, 75]),
        (3, 7, [0, 25], [25, 50]),  # 3 / 4 is not above 75 %
        (3, 4, [0, 25, 50], [25, 50, 75]),
        (4, 5, [0, 25, 50, 75], [25, 50, 75]),
        (1, 1, [0, 25, 50, 75], [25, 50, 75]),
    ],
)
def test_an_overlap_of_exactly_the_share_is_not_above_it(both, either, paper, code):
    only = either - both
    premise = " ".join([*(f"s{i}" for i in range(both)), *(f"p{i}" for i in range(only))]) or "p"
    hypothesis = " ".join(f"s{i}" for i in range(both)) or "q"
    for overlap, percents in (("paper", paper), ("code", code)):
        found = pair_concepts([pair(premise, hypothesis)], PairConceptSettings(words=0, overlap=overlap))
        assert held(found) == [{f"overlap>{percent}%" for percent in percents}]


@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from([0, 25, 50, 75]))
def test_overlap_is_compared_without_rounding(both, only, percent):
    either = both + only
    share = Fraction(percent, 100)
    assert shares_more(percent, both, either) == (Fraction(both, either) > share)
    assert shares_more(percent, both, either, "code") == (Fraction(both) / (only + Fraction(1, 100_000)) > share)


def test_the_codes_overlap_has_three_concepts():
    found = pair_concepts(FOUR, PairConceptSettings(words=0, overlap="code"))
    assert [name for name in found.names if name.startswith("overlap")] == ["overlap>25%", "overlap>50%", "overlap>75%"]


def test_equal_looking_words_are_one_and_odd_tokens_are_left_out():
    composed, decomposed = "caf\u00e9", "CAFE\u0301"
    odd = pair(f"{composed} a\u00a0b x\u200by tag:nn", f"{decomposed} tags", "N N N N", "N N")
    found = pair_concepts([odd], PairConceptSettings(words=2))
    assert found.names[:2] == (f"pre:{composed}", "pre:tags")
    assert f"hyp:{composed}" in held(found)[0]
    assert len(set(found.names)) == len(found.names)
    assert found.notes == ("2 frequent words cannot be the name of a concept and were left out.",)
    assert word_form("Straße") == "straße"


def test_a_word_and_a_tag_can_never_share_a_name():
    found = pair_concepts([pair("tag:NN NN tag:", "TAG:nn", "NN nn tag:NN", "NN")], PairConceptSettings())
    assert len(set(found.names)) == len(found.names)
    assert {name for name in found.names if name.startswith("pre:tag:")} == {
        "pre:tag:NN",
        "pre:tag:nn",
        "pre:tag:tag:NN",
    }


TOY = WordVectors(
    ("dog", "puppy", "wolf", "cat", "man", "boy", "eats"),
    np.array([[1, 0], [1, 0.1], [1, 0.2], [1, 0.3], [0, 1], [0.1, 1], [-1, 0]], np.float32),
    "toy",
    "",
)
NEAR = (
    pair("dog man", "puppy"),
    pair("wolf dog", "cat dog"),
    pair("puppy unicorn", "eats"),
    pair("dog dog", "boy cat"),
)


def neighbours(found):
    """Concept name -> the pairs it holds for."""
    return {
        name: {i for i, row in enumerate(found.rows) if column in row}
        for column, (name, category) in enumerate(zip(found.names, found.categories, strict=True))
        if category == "neighbours"
    }


def test_neighbours_are_the_nearest_words_of_all_that_occur_on_the_side():
    found = pair_concepts(NEAR, PairConceptSettings(words=99, neighbours=2), TOY)
    # dog: puppy, wolf.  puppy: dog, wolf.  wolf: puppy, cat (its cosines are nearest).  cat: wolf, puppy.
    # man: boy, cat.  boy: man, cat.  eats: man, boy.  unicorn has no vector.
    assert neighbours(found) == {
        "NEIGHBORS(pre:dog)": {1, 2},
        "NEIGHBORS(pre:puppy)": {0, 1, 3},
        "NEIGHBORS(pre:wolf)": {2},
        "NEIGHBORS(pre:cat)": {1, 2},
        "NEIGHBORS(pre:boy)": {0},
        "NEIGHBORS(pre:eats)": {0},
        "NEIGHBORS(hyp:dog)": {0},
        "NEIGHBORS(hyp:puppy)": {1},
        "NEIGHBORS(hyp:wolf)": {0, 1, 3},
        "NEIGHBORS(hyp:cat)": {0},
        "NEIGHBORS(hyp:man)": {1, 3},
        "NEIGHBORS(hyp:boy)": {1, 3},
        "NEIGHBORS(hyp:eats)": {3},
    }
    assert found.notes[1:] == (
        "2 of 8 words have no vector, or no neighbour in any premise: no NEIGHBORS(pre:...).",
        "1 of 8 words have no vector, or no neighbour in any hypothesis: no NEIGHBORS(hyp:...).",
    )


def test_the_word_itself_may_count_among_its_neighbours():
    found = neighbours(pair_concepts(NEAR, PairConceptSettings(words=99, neighbours=2, neighbours_with_word=True), TOY))
    assert found["NEIGHBORS(pre:dog)"] == {0, 1, 2, 3}
    assert found["NEIGHBORS(hyp:dog)"] == {0, 1}
    assert found["NEIGHBORS(pre:boy)"] == {0}
    assert "NEIGHBORS(pre:unicorn)" not in found
    assert "NEIGHBORS(pre:man)" not in found


def test_neighbours_need_not_be_among_the_frequent_words():
    found = pair_concepts(NEAR, PairConceptSettings(words=1, neighbours=2), TOY)
    assert [name for name in found.names if ":" in name] == [
        "pre:dog",
        "hyp:dog",
        "NEIGHBORS(pre:dog)",
        "NEIGHBORS(hyp:dog)",
    ]
    assert neighbours(found) == {"NEIGHBORS(pre:dog)": {1, 2}, "NEIGHBORS(hyp:dog)": {0}}


def test_fewer_neighbours_reach_fewer_pairs():
    found = neighbours(pair_concepts(NEAR, PairConceptSettings(words=99, neighbours=1), TOY))
    assert found["NEIGHBORS(pre:dog)"] == {2}
    assert "NEIGHBORS(pre:man)" not in found


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"words": -1}, "words must be from 0 to 1,000,000, not -1"),
        ({"neighbours": -5}, "neighbours must be from 0 to 1,000, not -5"),
        ({"neighbours": 10**9}, "neighbours must be from 0"),
        ({"overlap": "papers"}, "overlap is paper or code, not 'papers'; did you mean 'paper'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        PairConceptSettings(**settings)


def test_neighbours_without_vectors_are_refused():
    with pytest.raises(UsageError, match="neighbours need word vectors"):
        pair_concepts(FOUR, PairConceptSettings(neighbours=5))


words = st.lists(st.sampled_from(["a", "dog", "Cat", "man", "x\u200b", "tag:y", "é"]), min_size=1, max_size=6)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=6), st.integers(0, 5))
def test_every_row_says_what_the_sentences_hold(texts, n):
    pairs = [AnalysedPair(AnalysedSentence(tuple(p)), AnalysedSentence(tuple(h))) for p, h in texts]
    found = pair_concepts(pairs, PairConceptSettings(words=n))
    for (premise, hypothesis), row in zip(texts, found.rows, strict=True):
        sides = {"pre": {word.lower() for word in premise}, "hyp": {word.lower() for word in hypothesis}}
        for column, name in enumerate(found.names):
            side, _, word = name.partition(":")
            if word:
                assert (column in row) == (word in sides[side])
    chosen = [name for name in found.names if name.startswith("pre:")]
    everything = {word.lower() for pair in texts for side in pair for word in side} - {"a", "x\u200b", "tag:y"}
    assert len(chosen) == min(n, len(everything))
