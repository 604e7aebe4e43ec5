"""Pairs written by hand, and a tagger that has learnt an invented language."""

import random
from pathlib import Path

import pytest

from compexact.probes.text.pairs import LABELS, Pair, Pairs, Sentence
from compexact.probes.text.tagger import train_tagger

ENDINGS = {"tion": "NN", "ate": "VB", "ly": "RB", "ous": "JJ"}


def make_pairs(*pairs, name="made up"):
    return Pairs(name, Path("pairs.tsv"), tuple(pairs), "0" * 64)


def invented_sentence(rng):
    """The ending of a word gives its tag; stems are new in every sentence, so no word need occur twice."""
    endings = rng.choices(list(ENDINGS), k=rng.randint(3, 6))
    tokens = tuple("".join(rng.choices("bdgklmpstz", k=3)) + ending for ending in endings)
    tags = tuple(ENDINGS[ending] for ending in endings)
    return Sentence(" ".join(tokens), tokens, tags)


@pytest.fixture(scope="session")
def invented_pairs():
    rng = random.Random(3)
    return make_pairs(*(Pair(invented_sentence(rng), invented_sentence(rng), LABELS[i % 3]) for i in range(150)))


@pytest.fixture(scope="session")
def invented_tagger(invented_pairs, tmp_path_factory):
    """The folder of a trained tagger, and its report."""
    folder = tmp_path_factory.mktemp("tagger") / "tagger"
    return folder, train_tagger(invented_pairs, folder, seed=1, epochs=4, held_out=0.2)
