"""The probe against a slow, literal count over pairs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from compexact.probes.nli.probe import NliSettings, probe_nli
from compexact.probes.opening import open_probe
from compexact.probes.store import save_probe
from compexact.probes.text.concepts import PairConcepts, PairConceptSettings, pair_concepts
from compexact.solver.errors import DataError, UsageError
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem

FORMULAS = ["hyp:nobody", "(pre:man OR hyp:perhaps) AND NOT hyp:runs", '"overlap>25%"', "NOT pre:dogs"]


def literal_values(module, made, layer):
    """float32 (n_pairs, n_units): the layer's activations, pair by pair."""
    seen = []
    handle = module.get_submodule(layer).register_forward_hook(lambda *call: seen.append(call[2].clone()))
    with torch.inference_mode():
        for pair in made:
            module(*module.encode([pair.premise.tokens], [pair.hypothesis.tokens]))
    handle.remove()
    return torch.cat(seen).numpy()


def literal_concepts(made):
    """name -> bool (n_pairs,), for the concepts of `FORMULAS`, by their definitions."""

    def share(pair):
        one, other = set(pair.premise.tokens), set(pair.hypothesis.tokens)
        return len(one & other) / len(one | other)

    found = {f"pre:{word}": [word in pair.premise.tokens for pair in made] for word in ("man", "dogs")}
    found |= {
        f"hyp:{word}": [word in pair.hypothesis.tokens for pair in made] for word in ("nobody", "perhaps", "runs")
    }
    found["overlap>25%"] = [share(pair) > 0.25 for pair in made]
    return {name: np.array(holds) for name, holds in found.items()}


@pytest.fixture
def probe_of(analyse, load):
    """probe_of(module, pairs, ...): the probe, with the settings given."""

    def run(module, pairs, **settings):
        made = analyse(pairs)
        concepts = pair_concepts(made, PairConceptSettings(words=50))
        settings = {"layer": getattr(module, "default_layer", "layer"), "min_active": 5} | settings
        return probe_nli(load(module), pairs, made, concepts, NliSettings(**settings))

    return run


@pytest.mark.parametrize("variant", ["code", "paper", "minimal"])
@pytest.mark.parametrize("threshold", ["positive", "quantile"])
def test_every_count_equals_the_literal_count(variant, threshold, pairs, analyse, make_module, probe_of):
    module, made = make_module(variant), analyse(pairs)
    probe = probe_of(module, pairs, threshold=threshold, quantile=0.2, batch_size=7)
    values = literal_values(module, made, module.default_layer)
    above = np.zeros(values.shape[1]) if threshold == "positive" else np.quantile(values.astype(float), 0.8, axis=0)
    masks, concepts = values > above + 1e-7, literal_concepts(made)
    assert probe.cells.n_points == len(pairs)
    for unit in range(values.shape[1]):
        for text in FORMULAS:
            holds = parse(text).mask(concepts)
            found = Problem.of(probe.cells, unit).explain(parse(text))
            assert found.intersection == (holds & masks[:, unit]).sum()
            assert found.union == (holds | masks[:, unit]).sum()
    np.testing.assert_allclose(probe.arrays["thresholds"], above, atol=1e-6)


def test_what_is_kept_beside_the_cells_agrees_with_the_pairs(tmp_path, pairs, analyse, make_module, probe_of):
    module, made = make_module(), analyse(pairs)
    probe = save_probe(probe_of(module, pairs, top_pairs=3), tmp_path / "probe")
    values, concepts = literal_values(module, made, "hidden"), literal_concepts(made)
    arrays, names = open_probe(tmp_path / "probe").arrays, probe.names
    active = np.unpackbits(arrays["unit_active"], axis=1, count=7).astype(bool)
    assert np.array_equal(active, values > 0)
    assert arrays["unit_active"].shape == (60, 1)
    for text in FORMULAS:
        assert np.array_equal(probe.cells.concepts.mask(parse(text))[arrays["point_cells"]], parse(text).mask(concepts))
    for unit in range(7):
        top = arrays["top_pairs"][unit]
        np.testing.assert_allclose(arrays["top_values"][unit], np.sort(values[:, unit])[::-1][:3], atol=1e-6)
        np.testing.assert_allclose(values[top, unit], arrays["top_values"][unit], atol=1e-6)
    kinds = {
        name: str(arrays[name].dtype) for name in ("point_cells", "predictions", "logits", "top_pairs", "thresholds")
    }
    assert list(kinds.values()) == ["int32", "int64", "float32", "int32", "float64"]
    with torch.inference_mode():
        alone = [module(*module.encode([p.premise.tokens], [p.hypothesis.tokens]))[0].numpy() for p in made]
    np.testing.assert_allclose(arrays["logits"], np.stack(alone), atol=1e-6)
    assert np.array_equal(arrays["predictions"], np.stack(alone).argmax(axis=1))
    assert names["targets"] == [pair.label for pair in pairs.pairs]
    assert names["premises"][0] == pairs.pairs[0].premise.text
    assert names["hypothesis_tokens"][1] == " ".join(made[1].hypothesis.tokens)
    assert names["classes"] == ["entailment", "neutral", "contradiction"]
    assert probe.about["kind"] == "nli"
    assert (probe.about["dataset"], probe.about["inputs"]["pairs"]) == ("planted", "0" * 64)


def test_class_weights_stand_class_by_unit(pairs, make_module, probe_of):
    module = make_module()
    probe = probe_of(module, pairs)
    weights = probe.arrays["class_weights"]
    assert weights.shape == (3, 7)
    assert np.array_equal(weights, module.output.weight.detach().numpy())
    assert probe.about["final_linear"] == "output"
    # A layer of another size has none; nor have the scores themselves.
    assert "class_weights" not in probe_of(module, pairs, layer="hidden.1").arrays
    assert "class_weights" not in probe_of(module, pairs, layer="output").arrays


def test_batches_change_nothing(pairs, make_module, probe_of):
    digests = {probe_of(make_module(), pairs, batch_size=size).digest for size in (1, 7, 64)}
    assert len(digests) == 1


def test_eval_mode_is_the_default_and_leaves_the_model_as_it_was(pairs, make_module, probe_of):
    module = make_module()
    still = probe_of(module, pairs)
    module.train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert probe_of(module, pairs).digest == still.digest
    assert module.training
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert not any("training mode" in note for note in still.about["notes"])


def test_train_mode_is_that_of_the_code(pairs, make_module, probe_of):
    module = make_module()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    state = torch.random.get_rng_state()
    still, one, same, other = (
        probe_of(module, pairs, mode=mode, seed=seed)
        for mode, seed in (("eval", 0), ("train", 0), ("train", 0), ("train", 1))
    )
    assert one.digest == same.digest
    assert len({still.digest, one.digest, other.digest}) == 3
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert not module.training
    assert np.array_equal(one.arrays["logits"], still.arrays["logits"])
    assert one.about["settings"]["batch_size"] == 16
    assert any("training mode" in note for note in one.about["notes"])
    # Dropout is on the probed units themselves: half of what is active in evaluation mode is zero.
    assert one.cells.active.sum() < 0.8 * still.cells.active.sum()


def test_train_mode_takes_a_last_batch_of_one(make_pairs, make_module, probe_of):
    assert probe_of(make_module(), make_pairs(17), mode="train").cells.n_points == 17


class Fixed(nn.Module):
    """Gives the activations that it is given, pair by pair."""

    class_names = ("entailment", "neutral", "contradiction")

    def __init__(self, values):
        super().__init__()
        self.layer, self.values = nn.Identity(), values

    def encode(self, premises, hypotheses):
        return (torch.zeros(len(premises), 1),)

    def forward(self, empty):
        self.layer(self.values(len(empty)))
        return torch.zeros(len(empty), 3)


def test_units_active_on_few_pairs_are_counted_in_a_note(pairs, probe_of):
    values = torch.zeros(60, 4)
    values[:4, 1], values[:5, 2], values[:, 3] = 1, 1, 1
    # The pairs come shortest first; how many are active is what counts here.
    probe = probe_of(Fixed(lambda n: values), pairs, min_active=5, batch_size=60)
    notes = probe.about["notes"]
    assert probe.about["settings"]["min_active"] == 5
    assert probe.cells.active.sum(axis=0).tolist() == [0, 4, 5, 60]
    assert "1 of 4 units are active on no pair." in notes
    assert "1 of 4 units are active on every pair." in notes
    assert "2 of 4 units are active on fewer than 5 pairs (min_active); searches skip them." in notes


def test_active_means_strictly_above_the_threshold(pairs, probe_of):
    values = torch.ones(60, 2)
    values[:3, 1] = 2
    probe = probe_of(Fixed(lambda n: values), pairs, threshold="quantile", quantile=0.5, batch_size=60)
    assert probe.arrays["thresholds"].tolist() == [1, 1]
    assert probe.cells.active.sum(axis=0).tolist() == [0, 3]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (lambda n: torch.zeros(n, 5, 2), r"layer layer gives a tensor of shape \(7, 5, 2\) \(a vector per word\?\)"),
        (lambda n: (torch.zeros(n, 2), torch.zeros(n, 2)), r"gives tuple of \(7, 2\), \(7, 2\), not one tensor"),
        (lambda n: [torch.zeros(n, 2)], "gives list of"),
        (lambda n: torch.zeros(n + 1, 2), r"shape \(8, 2\) for 7 pairs"),
        (lambda n: torch.zeros(n, 0), "an empty tensor"),
        (lambda n: torch.zeros(n, 2, dtype=torch.int64), "torch.int64 values"),
    ],
)
def test_layers_without_one_vector_per_pair_are_refused_with_the_shape_seen(values, message, pairs, probe_of):
    with pytest.raises(UsageError, match=message):
        probe_of(Fixed(values), pairs, batch_size=7)


def test_activations_that_are_no_numbers_are_refused_with_unit_and_pair(pairs, probe_of):
    values = torch.zeros(60, 3)
    values[5, 2] = float("nan")
    with pytest.raises(DataError, match=r"layer layer, unit 2, pair \d+ .*: 1 activations of the batch are NaN"):
        probe_of(Fixed(lambda n: values), pairs, batch_size=60)


def test_units_that_change_in_number_are_refused(pairs, probe_of):
    sizes = iter(range(2, 20))
    with pytest.raises(DataError, match="2 units for the first pairs and 3 for a later batch"):
        probe_of(Fixed(lambda n: torch.zeros(n, next(sizes))), pairs, batch_size=30)


def test_an_unknown_layer_is_answered_with_the_nearest(pairs, make_module, probe_of):
    with pytest.raises(UsageError, match=r"no layer 'hiden'.*hidden"):
        probe_of(make_module(), pairs, layer="hiden")


def test_concepts_and_analyses_of_other_pairs_are_refused(pairs, make_pairs, analyse, load, make_module):
    made = analyse(pairs)
    concepts = pair_concepts(made, PairConceptSettings())
    settings = NliSettings("hidden")
    with pytest.raises(UsageError, match="60 pairs, 60 analysed ones and 9 rows"):
        probe_nli(load(make_module()), pairs, made, replace(concepts, rows=concepts.rows[:9]), settings)
    with pytest.raises(DataError, match="no pair"):
        probe_nli(load(make_module()), replace(pairs, pairs=()), (), PairConcepts(("a",), ("",), ()), settings)


@pytest.mark.parametrize(
    "setting",
    [{"threshold": "top"}, {"quantile": 0.0}, {"quantile": 1.5}, {"min_active": -1}, {"batch_size": 0},
     {"top_pairs": -1}, {"mode": "both"}, {"seed": -1}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(UsageError, match=next(iter(setting))):
        NliSettings("hidden", **setting)


def test_kept_activations_are_those_of_the_pairs(tmp_path, pairs, analyse, make_module, probe_of):
    module, made = make_module(), analyse(pairs)
    probe = save_probe(probe_of(module, pairs, keep_activations=True), tmp_path / "probe")
    kept, values = probe.inputs.activations, literal_values(module, made, "hidden")
    for unit in range(7):
        np.testing.assert_allclose(kept.of(unit), values[:, unit], atol=1e-6)
        assert np.array_equal(kept.of(unit) > 0, probe.inputs.activity.of(unit))
    assert np.array_equal(kept.cell_of, probe.inputs.point_cells)
    assert kept.fold_of is None


def test_the_folds_of_kept_activations_are_those_that_were_counted(pairs, probe_of, make_module):
    probe = probe_of(make_module(), pairs, keep_activations=True, folds=3)
    kept = probe.inputs.activations
    for fold in range(3):
        counted = np.bincount(kept.cell_of[kept.fold_of == fold], minlength=len(probe.cells))
        assert np.array_equal(counted, probe.inputs.folds.weights(fold))
