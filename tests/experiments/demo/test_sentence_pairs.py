"""The world of generated sentence pairs: its files, its labels, and how strong its shortcuts are."""

import json
from itertools import pairwise

import numpy as np
import pytest

from compexact.experiments.demo.sentence_grammar import FURNITURE_WORDS, GROUPS, SHORTCUTS, phrase
from compexact.experiments.demo.sentence_pairs import (
    LABELS,
    TaggedPair,
    has_shortcut,
    make_pairs,
    measured,
    vectors_text,
    write_world,
)
from compexact.solver.errors import UsageError

SHIRTS = {"red", "blue", "green", "white", "black"}


def words(side) -> list[str]:
    return [word.lower() for word, _ in side]


@pytest.fixture(scope="module")
def pairs() -> list[TaggedPair]:
    return make_pairs(3000, 0)[0]


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_every_planted_shortcut_is_as_strong_as_promised(seed):
    train, dev = make_pairs(3000, seed)
    for shortcut in SHORTCUTS:
        found = measured(train + dev, shortcut)
        assert found["pairs"] >= 60, shortcut.literal
        assert found["measured"] >= shortcut.strength, shortcut.literal


def test_no_shortcut_decides_every_pair_that_has_it(pairs):
    assert all(measured(pairs, shortcut)["measured"] < 1 for shortcut in SHORTCUTS)


def test_a_word_that_is_no_shortcut_says_little_about_the_label(pairs):
    for word in ("park", "kitchen", "running", "the"):
        having = [pair for pair in pairs if word in words(pair.hypothesis)]
        assert max(np.bincount([LABELS.index(pair.label) for pair in having])) / len(having) < 0.65, word


def test_the_three_labels_are_equally_frequent_and_no_pair_comes_twice(pairs):
    assert {label: sum(pair.label == label for pair in pairs) for label in LABELS} == dict.fromkeys(LABELS, 1000)
    assert len({(pair.premise, pair.hypothesis) for pair in pairs}) == len(pairs)


def test_train_and_dev_share_no_premise():
    train, dev = make_pairs(3000, 1)
    assert len(dev) == 750
    assert not {pair.premise for pair in train} & {pair.premise for pair in dev}


def test_entailed_hypotheses_say_nothing_that_the_premise_does_not(pairs):
    """Every word is the premise's own, or a more general one."""
    general = {"person": "man woman boy girl teacher", "people": "men women boys girls teachers"}
    for pair in pairs:
        if pair.label != "entailment":
            continue
        premise = set(words(pair.premise))
        for word in words(pair.hypothesis):
            allowed = word in premise or word in ("the", "outdoors")
            assert allowed or premise & set(general[word].split()), pair.row()


def test_contradictions_deny_and_neutral_hypotheses_only_add(pairs):
    for pair in pairs:
        new = set(words(pair.hypothesis)) - set(words(pair.premise)) - {"the", "person", "people"}
        if pair.label == "contradiction":
            assert new, pair.row()
            assert not new & ({"tall", "sad", "for"} | SHIRTS), pair.row()
        elif pair.label == "neutral":
            assert not new & {"sleeping", "outdoors", "indoors"}, pair.row()
            assert new, pair.row()


def test_every_word_has_one_tag_and_every_sentence_ends_with_a_full_stop(pairs):
    tags: dict[str, str] = {}
    for pair in pairs:
        for side in (pair.premise, pair.hypothesis):
            assert side[-1] == (".", ".")
            assert side[0][0][0].isupper()
            for word, tag in side:
                assert tags.setdefault(word.lower(), tag) == tag, word


def test_the_files_hold_the_pairs_with_a_tag_for_every_token(tmp_path):
    write_world(tmp_path / "world", n_pairs=90, seed=3)
    train, dev = make_pairs(90, 3)
    for name, pairs in (("train", train), ("dev", dev)):
        header, *lines = (tmp_path / f"world/{name}.tsv").read_text().splitlines()
        assert header.split("\t") == ["label", "premise_tokens", "premise_tags", "hypothesis_tokens", "hypothesis_tags"]
        assert len(lines) == len(pairs)
        for line, pair in zip(lines, pairs):
            label, *columns = line.split("\t")
            sides = [tuple(zip(a.split(" "), b.split(" "), strict=True)) for a, b in (columns[:2], columns[2:])]
            assert (label, *sides) == (pair.label, pair.premise, pair.hypothesis)
    listed = json.loads((tmp_path / "world/shortcuts.json").read_text())
    assert [(row["literal"], row["label"]) for row in listed] == [(cut.literal, cut.label) for cut in SHORTCUTS]
    assert listed[0]["with_label"] <= listed[0]["pairs"] <= 90


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path):
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        write_world(tmp_path / name, n_pairs=60, seed=seed)
    made = [[file.read_bytes() for file in sorted((tmp_path / name).iterdir())] for name in ("one", "two", "three")]
    assert made[0] == made[1]
    assert all(a != b for a, b in zip(made[0], made[2]))


def test_the_words_of_a_group_are_each_others_nearest_neighbours():
    rows = [line.split(" ") for line in vectors_text(0).splitlines()]
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    vectors = np.array([[float(value) for value in row[1:]] for row in rows])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert FURNITURE_WORDS in GROUPS
    for group in GROUPS:
        for word in group:
            near = np.argsort(-unit @ unit[names.index(word)])[: len(group)]
            assert {names[i] for i in near} == set(group)


def test_overlap_counts_unique_words_of_both_sides_over_those_of_either():
    pair = TaggedPair("neutral", phrase("A/DT", "a/DT", "dog/NN", "./."), phrase("a/DT", "Dog/NN", "cat/NN", "ran/VBD"))
    assert pair.overlap == 2 / 5
    overlap = SHORTCUTS[-1]
    assert not has_shortcut(pair, overlap)
    same = phrase("A/DT", "dog/NN", "ran/VBD", "./.")
    exactly = TaggedPair("neutral", same, (*same[:3],))
    assert exactly.overlap == 0.75
    assert not has_shortcut(exactly, overlap)
    assert has_shortcut(TaggedPair("neutral", same, same), overlap)


@pytest.mark.parametrize("wrong", [0, 11, 200_001])
def test_a_number_of_pairs_that_is_too_small_or_too_large_is_refused(wrong):
    with pytest.raises(UsageError, match=f"not {wrong:,}"):
        make_pairs(wrong, 0)


def test_pairs_of_one_premise_stand_together_in_random_order_of_labels(pairs):
    assert all(pair.premise == other.premise for i, (pair, other) in enumerate(pairwise(pairs)) if i % 3 < 2)
    assert len({tuple(pair.label for pair in pairs[i : i + 3]) for i in range(0, 300, 3)}) == 6
