"""Pairs whose label follows from a word, and small models of them."""

import random
from pathlib import Path

import pytest
import torch

from compexact.probes.nli.examples import examples
from compexact.probes.nli.loading import LoadedPairModel
from compexact.probes.nli.model import ModelSettings, SentencePairModel
from compexact.probes.nli.vocabulary import build_vocabulary
from compexact.probes.text.language import AnalysedPair, AnalysedSentence
from compexact.probes.text.pairs import Pair, Pairs, Sentence

SUBJECTS = ["a man", "a woman", "two dogs", "some people"]
VERBS = ["sleeps", "runs", "eats", "sings"]


def planted(n: int, seed: int = 0) -> Pairs:
    """`nobody` in the hypothesis means contradiction, `perhaps` neutral, neither entailment; each tenth unlabelled."""
    rng = random.Random(seed)
    pairs = []
    for number in range(n):
        subject, verb = rng.choice(SUBJECTS), rng.choice(VERBS)
        label = ("entailment", "neutral", "contradiction")[number % 3]
        start = {"entailment": subject, "neutral": f"perhaps {subject}", "contradiction": "nobody"}[label]
        premise, hypothesis = f"{subject} {verb} in a park .", f"{start} {verb} ."
        tokens = [Sentence(text, tuple(text.split())) for text in (premise, hypothesis)]
        pairs.append(Pair(*tokens, None if number % 10 == 9 else label, key=str(number)))
    return Pairs("planted", Path("planted.tsv"), tuple(pairs), "0" * 64)


def analysed(pairs: Pairs) -> tuple[AnalysedPair, ...]:
    """The tokens as they are."""
    return tuple(
        AnalysedPair(AnalysedSentence(pair.premise.tokens), AnalysedSentence(pair.hypothesis.tokens))
        for pair in pairs.pairs
    )


def small_model(variant: str = "code", seed: int = 0, vocabulary=None) -> SentencePairModel:
    """Random weights; BatchNorm with statistics of its own, so that it does something."""
    torch.manual_seed(seed)
    words = vocabulary or build_vocabulary(pair.premise.tokens + pair.hypothesis.tokens for pair in planted(60).pairs)
    module = SentencePairModel(words, ModelSettings(variant, embedding=6, hidden=5, mlp=7, dropout=0.5))
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm1d):
            torch.nn.init.normal_(part.running_mean, std=0.1)
    return module.eval()


@pytest.fixture
def pairs() -> Pairs:
    return planted(60)


@pytest.fixture
def make_pairs():
    """make_pairs(n, seed): pairs with planted labels."""
    return planted


@pytest.fixture
def make_examples():
    """make_examples(n, seed): the same, as a model is trained on them."""
    return lambda n, seed=0: examples(planted(n, seed), analysed(planted(n, seed)))


@pytest.fixture
def analyse():
    """analyse(pairs): their own tokens."""
    return analysed


@pytest.fixture
def make_module():
    """make_module(variant, seed): a small SentencePairModel of random weights."""
    return small_model


@pytest.fixture
def load():
    """load(module): it as a LoadedPairModel."""

    def loaded(module) -> LoadedPairModel:
        return LoadedPairModel(module, "small", "0" * 64, module.class_names, getattr(module, "default_layer", None))

    return loaded
