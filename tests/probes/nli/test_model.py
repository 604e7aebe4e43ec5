"""The architecture: what it computes, and that padding has no part in it."""

import pytest
import torch
from torch import nn

from compexact.probes.nli.model import ModelSettings, SentenceEncoder, SentencePairModel
from compexact.probes.nli.vocabulary import Vocabulary, build_vocabulary
from compexact.solver.errors import DataError, UsageError

VARIANTS = ("code", "paper", "minimal")
VOCABULARY = Vocabulary(("<unk>", "<pad>", *"abcdefgh"))
PREMISES = [list("abc"), list("h"), list("gfedcba"), list("ab"), list("ccccc")]
HYPOTHESES = [list("d"), list("abcdefgh"), list("ba"), list("e"), list("fg")]


def model(variant="code"):
    torch.manual_seed(0)
    return SentencePairModel(VOCABULARY, ModelSettings(variant, embedding=6, hidden=5, mlp=7)).eval()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pair_has_the_same_scores_alone_and_in_any_batch(variant):
    module = model(variant)
    with torch.inference_mode():
        alone = torch.cat([module(*module.encode([p], [h])) for p, h in zip(PREMISES, HYPOTHESES)])
        together = module(*module.encode(PREMISES, HYPOTHESES))
        backwards = module(*module.encode(PREMISES[::-1], HYPOTHESES[::-1])).flip(0)
        longer = module(*module.encode([*PREMISES, list("a" * 40)], [*HYPOTHESES, list("b" * 40)]))[:-1]
    for scores in (together, backwards, longer):
        torch.testing.assert_close(scores, alone, rtol=1e-5, atol=1e-6)
    assert alone.std(dim=0).min() > 1e-4


@pytest.mark.parametrize("both_ways", [False, True])
def test_the_encoder_equals_packed_sequences(both_ways):
    torch.manual_seed(0)
    encoder = SentenceEncoder(6, 5, both_ways)
    words, lengths = torch.randn(4, 7, 6), torch.tensor([3, 7, 1, 5])
    reference = nn.LSTM(6, 5, batch_first=True, bidirectional=both_ways)
    state = {f"{name}": tensor for name, tensor in encoder.forwards.state_dict().items()}
    if both_ways:
        state |= {f"{name}_reverse": tensor for name, tensor in encoder.backwards.state_dict().items()}
    reference.load_state_dict(state)
    packed = nn.utils.rnn.pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
    _, (hidden, _) = reference(packed)
    torch.testing.assert_close(encoder(words, lengths), torch.cat(list(hidden), dim=1))


def test_the_features_are_those_of_the_paper():
    module = model()
    found = {}
    module.features.register_forward_hook(lambda _, inputs, output: found.update(inputs=inputs, output=output))
    module(*module.encode(PREMISES, HYPOTHESES))
    p, h = found["inputs"]
    torch.testing.assert_close(found["output"], torch.cat([p, h, p - h, p * h], dim=1))


def test_the_sizes_of_the_code_are_the_default():
    module = SentencePairModel(VOCABULARY, ModelSettings())
    kinds = [type(part).__name__ for part in module.hidden]
    assert kinds == ["BatchNorm1d", "Dropout", "Linear", "ReLU", "Dropout"]
    assert module.embedding.embedding_dim == 300
    assert module.hidden[2].weight.shape == (1024, 2048)
    assert module.output.weight.shape == (3, 1024)
    assert module.hidden[1].p == 0.1


def test_the_variant_of_the_text_reads_both_ways_and_has_two_layers():
    module = SentencePairModel(VOCABULARY, ModelSettings("paper", embedding=6, hidden=5, mlp=7))
    assert [tuple(part.weight.shape) for part in module.hidden if isinstance(part, nn.Linear)] == [(7, 40), (7, 7)]


@pytest.mark.parametrize(("variant", "n_units"), [("code", 7), ("paper", 7), ("minimal", 5)])
def test_the_default_layer_feeds_the_scores(variant, n_units):
    module = model(variant)
    found = {}
    module.get_submodule(module.default_layer).register_forward_hook(lambda *call: found.update(output=call[2]))
    scores = module(*module.encode(PREMISES, HYPOTHESES))
    assert found["output"].shape == (5, n_units)
    assert module.output.in_features == n_units
    if variant != "minimal":
        torch.testing.assert_close(module.output(found["output"]), scores)
        assert (found["output"] >= 0).all()


def test_words_are_known_in_any_case_and_unknown_ones_are_alike():
    module = model()
    one = module.encode([["A", "xyz"]], [["B"]])
    other = module.encode([["a", "???"]], [["b"]])
    assert all(torch.equal(left, right) for left, right in zip(one, other))
    assert one[0].tolist() == [[2, 0]]


def test_a_sentence_without_tokens_is_one_padding_word_and_has_scores_too():
    module = model()
    ids, lengths, *_ = module.encode([[]], [["b"]])
    assert (ids.tolist(), lengths.tolist()) == ([[1]], [1])
    scores = module(*module.encode([[], ["a"]], [["b"], []]))
    assert torch.isfinite(scores).all()


def test_the_vocabulary_is_ordered_by_frequency_then_alphabet():
    vocabulary = build_vocabulary([["b", "a", "C"], ["c", "d", "d"]], extra=["z", "A"])
    assert vocabulary.words == ("<unk>", "<pad>", "c", "d", "a", "b", "z")
    assert build_vocabulary([["b", "a", "C"], ["c"]], min_count=2).words == ("<unk>", "<pad>", "c")


@pytest.mark.parametrize("words", [("<pad>", "<unk>"), ("<unk>", "<pad>", "a", "a"), ("<unk>", "<pad>", ""), ()])
def test_a_vocabulary_that_is_none_is_refused(words):
    with pytest.raises(DataError, match="vocabulary"):
        Vocabulary(words)


@pytest.mark.parametrize(
    "setting", [{"variant": "bow"}, {"hidden": 0}, {"mlp": 2**20}, {"embedding": 1.5}, {"dropout": 1.0}]
)
def test_architectures_out_of_range_are_refused(setting):
    with pytest.raises(UsageError, match=next(iter(setting))):
        ModelSettings(**setting)
