"""The network of `compexact demo tokens`, its tokenizer, and its planted units."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from compexact.experiments.demo.word_grammar import conllu_lines
from compexact.probes.tokens import demo_planted
from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.demo_planted import PLANTED, planted_tables
from compexact.probes.tokens.demo_tagger import LAYER, TRAINED_UNITS, load_demo_tagger, save_demo_tagger
from compexact.probes.tokens.demo_training import train_demo_tagger
from compexact.probes.tokens.loading import token_model
from compexact.probes.tokens.probe_words import probe_tokens
from compexact.probes.tokens.token_settings import TokenConceptSettings, TokenSettings
from compexact.probes.tokens.word_tokenizer import WordTokenizer
from compexact.probes.tokens.words import Words
from compexact.solver.errors import UsageError

BY_HAND = (
    lambda word, before, after: word["lemma"] in ("be", "do", "not"),
    lambda word, before, after: word["xpos"] == "VBD" and word["lemma"] != "be",
    lambda word, before, after: word["upos"] == "ADJ" and before.get("form") == "the",
    lambda word, before, after: (word["lemma"] == "red" and before.get("form") == "the") or word["xpos"] == "MD",
    lambda word, before, after: (word["upos"] == "ADJ" and before.get("form") == "every") or word["lemma"] == "not",
    lambda word, before, after: word["xpos"] in ("VBD", "VBG") and after.get("form") == "the",
)
"""The planted formulas, once more."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Files of sentences: to train on, and others."""
    folder = tmp_path_factory.mktemp("world")
    for number, name in enumerate(("train", "dev")):
        lines = conllu_lines(name, 300, seed=[5, number])
        (folder / f"{name}.conllu").write_text("".join(f"{line}\n" for line in lines))
    return folder


@pytest.fixture(scope="module")
def trained(world):
    """After one epoch."""
    train, dev = (open_corpora([f"conllu:{world / name}.conllu"]) for name in ("train", "dev"))
    return train_demo_tagger(train, dev, seed=0, epochs=1)


@pytest.fixture(scope="module")
def loaded(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "model"
    save_demo_tagger(trained.model, trained.vocabulary, trained.tags, folder)
    return load_demo_tagger(folder)


def lines_of(file):
    """Of each sentence its words, read by a few lines of their own."""
    for block in file.read_text().split("\n\n"):
        cells = [line.split("\t") for line in block.splitlines() if line and line[0] != "#"]
        if cells:
            names = ("form", "lemma", "upos", "xpos")
            yield [dict(zip(names, (row[1].lower(), row[2], row[3], row[4]))) for row in cells]


def test_planted_units_are_active_exactly_where_their_formula_holds(world, loaded):
    probe = probe_tokens(
        token_model(*loaded, "tagger"),
        open_corpora([f"conllu:{world / 'dev.conllu'}"]),
        TokenConceptSettings("upos", min_points=1),
        TokenSettings(layers=(LAYER,), threshold="positive", batch_size=7),
    )
    active = np.unpackbits(probe.arrays["unit_active"], axis=1)[:, TRAINED_UNITS:][:, : len(PLANTED)]
    expected = [
        [holds(word, *around) for holds in BY_HAND]
        for words in lines_of(world / "dev.conllu")
        for word, *around in zip(words, [{}, *words[:-1]], [*words[1:], {}])
    ]
    assert active.tolist() == np.array(expected).astype(int).tolist()
    assert (active.sum(axis=0) >= 5).all()


def test_what_a_text_gives_does_not_hang_on_the_texts_beside_it(loaded):
    module, tokenizer = loaded
    ids = tokenizer(["The red dog did not see the cat.", "Every red dog sleeps near the old house, but we wait."])
    short, long = (torch.tensor([each]) for each in ids["input_ids"])
    padded = torch.zeros_like(long)
    padded[:, : short.shape[1]] = short
    units = []
    module.get_submodule(LAYER).register_forward_hook(lambda *call: units.append(call[2]))
    both = module(torch.cat([padded, long]), (torch.cat([padded, long]) != 0).long())
    alone = module(short, torch.ones_like(short))
    n = short.shape[1]
    assert torch.allclose(both[0, :n], alone[0], atol=1e-5)
    assert torch.allclose(units[0][0, :n], units[1][0], atol=1e-5)
    assert not units[0][0, n:, TRAINED_UNITS:].any()


def test_planted_units_change_no_answer(loaded):
    module, tokenizer = loaded
    ids = torch.tensor(tokenizer(["The red dog did not see the cat."])["input_ids"])
    before = module(ids, torch.ones_like(ids))
    tables = module.get_submodule(LAYER).planted.tables
    kept = tables.clone()
    tables.copy_(1 - tables)
    after = module(ids, torch.ones_like(ids))
    tables.copy_(kept)
    assert torch.equal(before, after)


def test_one_seed_gives_one_network_and_leaves_torchs_random_state_alone(world, trained):
    train, dev = (open_corpora([f"conllu:{world / name}.conllu"]) for name in ("train", "dev"))
    state = torch.random.get_rng_state()
    again = train_demo_tagger(train, dev, seed=0, epochs=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert again.accuracy == trained.accuracy
    first, second = trained.model.state_dict(), again.model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_saved_comes_back(trained, loaded):
    ids = torch.arange(2, 12)[None]
    assert torch.equal(trained.model(ids, torch.ones_like(ids)), loaded[0](ids, torch.ones_like(ids)))


def test_a_concept_that_hangs_on_more_than_one_word_is_not_planted(world, monkeypatch):
    words = Words.of(open_corpora([f"conllu:{world / 'train.conllu'}"]))
    vocabulary = sorted(words.form.values)
    monkeypatch.setattr(demo_planted, "ATOMS", ("upos:NOUN",))  # `walk` is a verb, too
    with pytest.raises(UsageError, match="upos:NOUN hangs on more than one word"):
        planted_tables(words, vocabulary)


@pytest.mark.parametrize(("length", "stride"), [(3, 0), (3, 1), (4, 3), (10, 2)])
def test_windows_of_words_cover_the_text_and_share_the_stride(length, stride):
    text = "One, two three four-five six."
    words = ["One", ",", "two", "three", "four", "-", "five", "six", "."]
    made = WordTokenizer(["[PAD]", "[UNK]", *words], 64)(["Two", text], max_length=length, stride=stride)
    windows = [ids for ids, number in zip(made["input_ids"], made["overflow_to_sample_mapping"]) if number == 1]
    assert made["input_ids"][0] == [1]
    assert all(len(each) == length for each in windows[:-1])
    assert all(one[-stride:] == two[:stride] for one, two in pairwise(windows) if stride)
    joined = windows[0] + [number for each in windows[1:] for number in each[stride:]]
    assert joined == list(range(2, 2 + len(words)))
    spans = made["offset_mapping"][1]
    assert [text[start:end] for start, end in spans] == words[: len(spans)]
