"""Models by factory and from Hugging Face folders; and what predicting asks of any model."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from compexact.probes.nli.evaluation import evaluate, probabilities
from compexact.probes.nli.loading import load_pair_model
from compexact.probes.nli.pair_layers import list_pair_layers
from compexact.probes.nli.predicting import predict
from compexact.probes.torchvision_ops import import_torchvision
from compexact.solver.errors import DataError, UsageError

PREMISES = [("a", "man", "sleeps"), ("two", "dogs"), ("some", "people", "sing", "in", "a", "park"), ("a",)]
HYPOTHESES = [("nobody", "sleeps"), ("dogs",), ("people",), ("a", "woman", "runs", "fast")]

SOURCE = '''
import torch
from torch import nn


class Lengths(nn.Module):
    """Scores from the numbers of tokens."""

    class_names = ["Neutral", "Entailment"]

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(2, 2)

    def encode(self, premises, hypotheses):
        return (torch.tensor([[len(p), len(h)] for p, h in zip(premises, hypotheses)], dtype=torch.float32),)

    def forward(self, lengths):
        return self.linear(lengths)


class Failing(Lengths):
    def forward(self, lengths):
        raise RuntimeError("no\\nway")


class Three(Lengths):
    def forward(self, lengths):
        return torch.zeros(len(lengths), 3)


class Nan(Lengths):
    def forward(self, lengths):
        return torch.where(lengths[:, :1] == 2, float("nan"), self.linear(lengths))


def nameless():
    model = Lengths()
    model.class_names = None
    return model


def twice():
    model = Lengths()
    model.class_names = ["a", "A"]
    return model


def plain():
    return nn.Linear(2, 2)
'''


@pytest.fixture
def models(tmp_path, monkeypatch) -> str:
    name = f"models_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return name


def test_a_factory_gives_a_model_with_its_classes_in_lower_case(models):
    loaded = load_pair_model(f"{models}:Lengths")
    assert loaded.class_names == ("neutral", "entailment")
    assert loaded.layer is None
    assert loaded.digest == load_pair_model(f"{models}:Lengths").digest
    torch.save({"linear.weight": torch.ones(2, 2), "linear.bias": torch.zeros(2)}, "w.pt")
    ones = load_pair_model(f"{models}:Lengths", weights=Path("w.pt"))
    assert predict(ones, PREMISES, HYPOTHESES).tolist() == [[5, 5], [3, 3], [7, 7], [5, 5]]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nowhere", "no folder; name a folder that compexact train nli made, package.module:factory, or hf:FOLDER"),
        (".", "not a model: it has no config.json"),
        ("{}:Lenghts", "has no 'Lenghts'; did you mean 'Lengths'"),
        ("{}:plain", "no method encode"),
        ("{}:nameless", "no class_names"),
        ("{}:twice", "two classes of one name"),
    ],
)
def test_what_is_no_model_of_pairs_is_refused_in_one_line(models, spec, message):
    with pytest.raises(UsageError, match=message) as failed:
        load_pair_model(spec.format(models))
    assert "\n" not in str(failed.value)


def test_weights_go_with_factories_only(tmp_path):
    with pytest.raises(UsageError, match="has its own weights"):
        load_pair_model(str(tmp_path), weights=tmp_path / "w.pt")


def test_predictions_keep_the_order_and_do_not_depend_on_batches(load, make_module):
    model = load(make_module())
    alone = [predict(model, [p], [h])[0] for p, h in zip(PREMISES, HYPOTHESES)]
    for size in (1, 2, 64):
        found = predict(model, PREMISES, HYPOTHESES, batch_size=size)
        np.testing.assert_allclose(found, np.stack(alone), atol=1e-6)
    assert found.dtype == np.float32
    assert predict(model, [], []).shape == (0, 3)


def test_predicting_is_in_evaluation_mode_and_gives_the_mode_back(load, make_module):
    module = make_module()
    expected = predict(load(module), PREMISES, HYPOTHESES)
    module.train()
    assert np.array_equal(predict(load(module), PREMISES, HYPOTHESES), expected)
    assert module.training


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("Failing", UsageError, "the model fails on 4 pairs: RuntimeError: no way"),
        ("Three", UsageError, r"a tensor of shape \(4, 3\); scores of shape \(4, 2\)"),
        ("Nan", DataError, "a score of pair 1 .* is NaN"),
    ],
)
def test_a_model_that_goes_wrong_is_one_line(models, model, error, message):
    with pytest.raises(error, match=message):
        predict(load_pair_model(f"{models}:{model}"), PREMISES, HYPOTHESES)


def test_pairs_that_are_none_are_refused(load, make_module):
    with pytest.raises(UsageError, match="4 premises and 3 hypotheses"):
        predict(load(make_module()), PREMISES, HYPOTHESES[:3])


def test_layers_with_one_vector_per_pair_are_listed(load, make_module):
    model = load(make_module())
    found = {layer.name: layer.n_units for layer in list_pair_layers(model, PREMISES, HYPOTHESES)}
    assert found["hidden"] == 7
    assert found["encoder"] == 5
    assert "embedding" not in found  # a vector per word
    assert "encoder.forwards" not in found


def test_an_evaluation_counts_pairs_by_label_and_prediction():
    classes = ("entailment", "neutral", "contradiction")
    labels = ["neutral", None, "neutral", "contradiction", "entailment", "neutral"]
    found = evaluate(np.array([1, 0, 2, 2, 1, 1]), labels, classes)
    assert found.confusion.tolist() == [[0, 1, 0], [0, 2, 1], [0, 0, 1]]
    assert (found.n_labelled, found.n_unlabelled, found.n_correct, found.accuracy) == (5, 1, 3, 0.6)
    assert (found.precision("neutral"), found.recall("neutral")) == (2 / 3, 2 / 3)
    assert (found.precision("contradiction"), found.recall("contradiction")) == (0.5, 1.0)
    assert (found.precision("entailment"), found.recall("entailment")) == (None, 0.0)
    assert evaluate(np.array([0]), [None], classes).accuracy is None
    with pytest.raises(UsageError, match="classes are yes, no; the pairs have 'neutral', too"):
        evaluate(np.array([0]), ["neutral"], ("yes", "no"))


def test_probabilities_sum_to_one_however_large_the_scores():
    found = probabilities(np.array([[1e4, 0, -1e4], [0, 0, 0], [np.log(2), 0, 0]], dtype=np.float32))
    np.testing.assert_allclose(found, [[1, 0, 0], [1 / 3] * 3, [0.5, 0.25, 0.25]], atol=1e-6)


@pytest.fixture
def bert(tmp_path):
    """A tiny BERT of random weights, as transformers saves one."""
    import_torchvision()
    transformers = pytest.importorskip("transformers", reason="the extra [hf] is not installed")
    transformers.utils.logging.disable_progress_bar()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({w for s in PREMISES + HYPOTHESES for w in s})]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    names = dict(enumerate(("CONTRADICTION", "NEUTRAL", "ENTAILMENT")))
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        initializer_range=0.5,
        id2label=names,
        label2id={name: number for number, name in names.items()},
    )
    transformers.BertForSequenceClassification(config).save_pretrained(tmp_path)
    transformers.BertTokenizerFast.from_pretrained(tmp_path).save_pretrained(tmp_path)
    return tmp_path


def test_a_hugging_face_folder_is_a_model_of_pairs(bert):
    model = load_pair_model(f"hf:{bert}")
    assert model.class_names == ("contradiction", "neutral", "entailment")
    alone = np.concatenate([predict(model, [p], [h]) for p, h in zip(PREMISES, HYPOTHESES)])
    np.testing.assert_allclose(predict(model, PREMISES, HYPOTHESES, batch_size=4), alone, atol=1e-5)
    assert alone.std(axis=0).min() > 1e-3
    swapped = predict(model, HYPOTHESES, PREMISES)
    assert abs(swapped - alone).max() > 1e-3
    layers = [layer.name for layer in list_pair_layers(model, PREMISES, HYPOTHESES)]
    assert "network.bert.pooler" in layers


def test_a_hugging_face_folder_that_is_not_whole_is_refused(bert, tmp_path):
    with pytest.raises(UsageError, match=r"no folder with a config\.json; models are read from local folders only"):
        load_pair_model("hf:bert-base-uncased")
    network = load_pair_model(f"hf:{bert}").module.network
    network.bert.save_pretrained(bert)  # a body without the classifier
    with pytest.raises(DataError, match=r"the weights lack 2 entries, such as classifier\.bias"):
        load_pair_model(f"hf:{bert}")
    (bert / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be loaded") as failed:
        load_pair_model(f"hf:{bert}")
    assert "\n" not in str(failed.value)
    (bert / "model.safetensors").unlink()
    torch.save(network.state_dict(), bert / "pytorch_model.bin")  # a pickle, which is not read
    with pytest.raises(DataError, match="cannot be loaded"):
        load_pair_model(f"hf:{bert}")


def test_without_transformers_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match=r"pip install 'compexact\[hf\]'"):
        load_pair_model(f"hf:{tmp_path}")


def test_a_module_without_parameters_is_a_model_too(load):
    class Counting(nn.Module):
        class_names = ("entailment", "neutral", "contradiction")

        def encode(self, premises, hypotheses):
            return (torch.tensor([[float(len(p)), float(len(h)), 0.0] for p, h in zip(premises, hypotheses)]),)

        def forward(self, lengths):
            return lengths

    assert predict(load(Counting()), PREMISES, HYPOTHESES).tolist() == [[3, 2, 0], [2, 1, 0], [6, 1, 0], [1, 4, 0]]
