"""Training learns a planted rule, keeps its best epoch, and can be repeated."""

import time

import numpy as np
import pytest
import torch

from compexact.probes.nli.examples import Examples, shared_premises, without
from compexact.probes.nli.model import ModelSettings
from compexact.probes.nli.training import TrainingSettings, bucketed, train_nli
from compexact.probes.text.vectors import WordVectors
from compexact.solver.errors import DataError, UsageError

SMALL = ModelSettings(embedding=8, hidden=8, mlp=16)


def quick(**changed):
    return TrainingSettings(**({"batch_size": 10, "learning_rate": 0.01, "epochs": 6, "patience": 6} | changed))


def accuracy(module, examples):
    with torch.inference_mode():
        predicted = module(*module.encode(examples.premises, examples.hypotheses)).argmax(dim=1)
    return float((predicted.numpy() == examples.labels).mean())


@pytest.mark.parametrize("variant", ["code", "paper", "minimal"])
def test_a_planted_rule_is_learnt(variant, make_examples):
    settings = ModelSettings(variant, embedding=8, hidden=8, mlp=16)
    trained = train_nli(make_examples(300), make_examples(100, 1), settings, quick(epochs=12))
    assert accuracy(trained.module, make_examples(200, 2)) > 0.95


def test_the_same_seed_gives_the_same_weights_and_another_does_not(make_examples):
    train, dev = make_examples(60), make_examples(30, 1)
    state = torch.random.get_rng_state()
    one, same, other = (train_nli(train, dev, SMALL, quick(epochs=2, seed=seed)).module for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, same.state_dict()[name]), name
    assert not torch.equal(one.output.weight, other.output.weight)
    assert not one.training


def test_the_best_epoch_is_kept_and_patience_ends_the_training(make_examples):
    # What is true of the training pairs is false of the others: learning makes it worse.
    train, dev = make_examples(120), make_examples(60, 1)
    dev = Examples(dev.premises, dev.hypotheses, (dev.labels + 1) % 3)
    seen = []
    trained = train_nli(train, dev, SMALL, quick(epochs=12, patience=3), on_epoch=seen.append)
    accuracies = [epoch.dev_accuracy for epoch in trained.epochs]
    assert list(trained.epochs) == seen
    assert trained.best_epoch == 1 + accuracies.index(max(accuracies))
    assert accuracy(trained.module, dev) == pytest.approx(max(accuracies))
    assert max(accuracies) > accuracies[-1]
    assert trained.stopped == "patience"
    assert len(accuracies) == trained.best_epoch + 3


def test_of_equally_good_epochs_the_first_is_kept(make_examples):
    settings = ModelSettings("paper", embedding=8, hidden=8, mlp=16)  # without BatchNorm, which changes by itself
    trained = train_nli(make_examples(60), make_examples(30, 1), settings, quick(epochs=3, learning_rate=1e-12))
    assert len({epoch.dev_accuracy for epoch in trained.epochs}) == 1
    assert (trained.best_epoch, len(trained.epochs)) == (1, 3)


def test_training_ends_when_asked_and_when_time_is_up_with_a_model(make_examples):
    train, dev = make_examples(60), make_examples(30, 1)
    asked = train_nli(train, dev, SMALL, quick(), stop=lambda: True)
    assert (asked.stopped, len(asked.epochs), asked.best_epoch) == ("asked", 1, 1)
    began = time.monotonic()
    limited = train_nli(train, dev, SMALL, quick(epochs=10**6, patience=10**6, time_limit=0.2))
    assert limited.stopped == "time limit"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("rule", ["tuned", "frozen"])
def test_training_starts_from_the_vectors_and_freezes_them_where_asked(make_examples, rule):
    train, dev = make_examples(60), make_examples(30, 1)
    numbers = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    vectors = WordVectors(("nobody", "zebra", "man"), numbers, "three", "0" * 64)
    trained = train_nli(train, dev, SMALL, quick(epochs=1, vectors=rule), vectors=vectors)
    module = trained.module
    rows = [module.vocabulary.position[word] for word in vectors.words]
    found = module.embedding.weight.detach()[rows].numpy()
    assert trained.known_vectors == 3
    assert np.array_equal(found[1], numbers[1])  # does not occur, and is known all the same
    assert np.array_equal(found, numbers) == (rule == "frozen")
    np.testing.assert_allclose(found, numbers, atol=0.3)


def test_vectors_of_another_length_are_refused(make_examples):
    vectors = WordVectors(("man",), np.zeros((1, 5), np.float32), "five", "")
    with pytest.raises(UsageError, match="five have 5 numbers, but the embedding is 8"):
        train_nli(make_examples(30), make_examples(30, 1), SMALL, quick(), vectors=vectors)


def test_pairs_without_label_are_left_out_and_counted(make_pairs, make_examples):
    found = make_examples(60)
    assert (len(found), found.skipped) == (54, 6)
    labels = [pair.label for pair in make_pairs(60).pairs if pair.label]
    assert [("entailment", "neutral", "contradiction")[label] for label in found.labels] == labels


def test_nothing_to_learn_from_is_refused(make_examples):
    empty = Examples((), (), np.zeros(0, np.int64), 5)
    with pytest.raises(DataError, match="no training pair"):
        train_nli(empty, make_examples(9), SMALL, quick())
    with pytest.raises(DataError, match="no development pair"):
        train_nli(make_examples(9), empty, SMALL, quick())


def test_a_loss_that_is_no_number_is_refused(make_examples):
    vectors = WordVectors(("man",), np.full((1, 8), np.inf, np.float32), "infinite", "")
    with pytest.raises(DataError, match="the loss is nan in epoch 1; try a smaller learning rate"):
        train_nli(make_examples(60), make_examples(30, 1), SMALL, quick(), vectors=vectors)


def test_batches_have_every_pair_once_and_similar_lengths():
    lengths = np.random.default_rng(0).integers(1, 60, 5000)
    batches = bucketed(lengths, 32, np.random.default_rng(1))
    assert sorted(np.concatenate(batches).tolist()) == list(range(5000))
    spread = [int(np.ptp(lengths[batch])) for batch in batches]
    assert np.mean(spread) < 5
    again = bucketed(lengths, 32, np.random.default_rng(2))
    assert [batch.tolist() for batch in batches] != [batch.tolist() for batch in again]


def test_dev_pairs_are_found_in_the_training_pairs_whatever_the_tokenizer():
    train = Examples((("it", "'s", "a", "dog", "."), ("a", "cat")), (("hi",), ("hi",)), np.array([0, 1]))
    dev = Examples((("it's", "a", "dog"),), (("hi", "!"),), np.array([2]))
    kept = without(train, dev)
    assert kept.premises == (("a", "cat"),)
    assert kept.labels.tolist() == [1]
    assert (shared_premises(train, dev), shared_premises(kept, dev)) == (1, 0)


@pytest.mark.parametrize(
    "setting",
    [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"learning_rate": float("nan")}, {"patience": 0},
     {"time_limit": -1.0}, {"seed": -1}, {"vectors": "warm"}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(UsageError, match=next(iter(setting))):
        TrainingSettings(**setting)
