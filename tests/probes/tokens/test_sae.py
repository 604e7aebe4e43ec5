"""Autoencoders in SAELens' layout against the same sums in numpy, latent by latent; and the probe of their latents."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from compexact.probes.nonzero_file import NonzeroSpill
from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.latents import Latents
from compexact.probes.tokens.loading import load_token_model
from compexact.probes.tokens.probe_words import probe_tokens
from compexact.probes.tokens.sae import load_autoencoder
from compexact.probes.tokens.token_settings import TokenConceptSettings, TokenSettings
from compexact.solver.errors import DataError, UsageError

WIDTH, N = 16, 20
LAYER = "encoder.layer.1"


def weights(seed=0, **more):
    rng = np.random.default_rng(seed)
    shapes = {"W_enc": (WIDTH, N), "b_enc": (N,), "W_dec": (N, WIDTH), "b_dec": (WIDTH,)}
    made = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return made | {name: rng.uniform(0.2, 2, N).astype(np.float32) for name in more.get("also", ())}


def save(folder, config, tensors):
    folder.mkdir(exist_ok=True)
    (folder / "cfg.json").write_text(json.dumps(config))
    save_file({name: torch.from_numpy(values) for name, values in tensors.items()}, folder / "sae_weights.safetensors")
    return folder


def literal(config, w, x):
    """Latents and reconstruction of one point, in Python's numbers."""
    centred = [float(a) - (float(b) if config.get("apply_b_dec_to_input", True) else 0) for a, b in zip(x, w["b_dec"])]
    hidden = [sum(centred[i] * float(w["W_enc"][i, j]) for i in range(WIDTH)) + float(w["b_enc"][j]) for j in range(N)]
    lengths = [1.0] * N
    if config.get("rescale_acts_by_decoder_norm"):
        lengths = [sum(float(a) ** 2 for a in row) ** 0.5 for row in w["W_dec"]]
        hidden = [h * length for h, length in zip(hidden, lengths)]
    kept = range(N)
    if k := config.get("k") or config.get("activation_fn_kwargs", {}).get("k"):
        kept = sorted(range(N), key=lambda j: -hidden[j])[:k]
    if config.get("architecture") == "jumprelu":
        above = w["threshold"] if "threshold" in w else np.exp(w["log_threshold"])
        kept = [j for j in range(N) if hidden[j] > above[j]]
    latents = [max(hidden[j], 0.0) if j in kept else 0.0 for j in range(N)]
    back = [
        sum(latents[j] / lengths[j] * float(w["W_dec"][j, i]) for j in range(N)) + float(w["b_dec"][i])
        for i in range(WIDTH)
    ]
    return latents, back


KINDS = {
    "relu": ({"architecture": "standard", "apply_b_dec_to_input": True, "normalize_activations": "none"}, ()),
    "relu, b_dec left": ({"architecture": "standard", "apply_b_dec_to_input": False}, ()),
    "topk": ({"architecture": "topk", "k": 5, "apply_b_dec_to_input": False}, ()),
    "topk with few above 0": ({"architecture": "topk", "k": 18}, ()),
    "topk, rescaled": ({"architecture": "topk", "k": 5, "rescale_acts_by_decoder_norm": True}, ()),
    "topk of earlier versions": (
        {"architecture": "standard", "activation_fn_str": "topk", "activation_fn_kwargs": {"k": 3}}, ()
    ),
    "jumprelu": ({"architecture": "jumprelu"}, ("threshold",)),
    "jumprelu with logarithms": ({"architecture": "jumprelu", "apply_b_dec_to_input": False}, ("log_threshold",)),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_latents_and_reconstruction_are_those_of_a_literal_computation(kind, tmp_path):
    config, also = KINDS[kind]
    w = weights(also=also)
    own = load_autoencoder(save(tmp_path / "sae", config, w))
    values = np.random.default_rng(1).normal(size=(30, WIDTH)).astype(np.float32)
    latents = own.encode(values)
    back = own.decode(latents)
    expected = [literal(config, w, x) for x in values]
    assert np.allclose(latents, [row for row, _ in expected], atol=1e-4)
    assert np.array_equal(latents > 0, np.array([row for row, _ in expected]) > 0)
    assert np.allclose(back, [row for _, row in expected], atol=1e-3)


def test_the_figure_of_reconstruction_is_that_of_all_points_at_once(tmp_path):
    config = KINDS["topk"][0]
    w = weights()
    latents = Latents(load_autoencoder(save(tmp_path / "sae", config, w)), LAYER)
    values = np.random.default_rng(1).normal(3, 1, size=(50, WIDTH)).astype(np.float32)
    for start in range(0, 50, 7):
        latents(values[start : start + 7])
    expected = [literal(config, w, x) for x in values]
    back = np.array([row for _, row in expected])
    share = 1 - ((values - back) ** 2).sum() / ((values - values.mean(axis=0)) ** 2).sum()
    assert latents.explained_variance == pytest.approx(share, rel=1e-5)
    assert latents.l0 == pytest.approx(np.mean([sum(value > 0 for value in row) for row, _ in expected]))


@pytest.mark.parametrize(
    ("config", "error", "says"),
    [
        ({"architecture": "gated"}, UsageError, "architecture 'gated' is not computed here; standard, topk, jumprelu"),
        ({"architecture": "topk"}, DataError, "k is None"),
        ({"architecture": "topk", "k": 21}, DataError, "k is 21, of 20 latents"),
        ({"normalize_activations": "layer_norm"}, UsageError, "normalize_activations is 'layer_norm'"),
        ({"activation_fn": "tanh-relu"}, UsageError, "activation 'tanh-relu' is not computed"),
        ({"architecture": "jumprelu"}, DataError, "no threshold; it has W_dec, W_enc, b_dec, b_enc"),
        ([], DataError, "a JSON object is needed"),
    ],
)
def test_what_is_not_computed_is_refused_by_name(config, error, says, tmp_path):
    with pytest.raises(error, match=says):
        load_autoencoder(save(tmp_path / "sae", config, weights()))


def test_weights_that_do_not_fit_or_are_damaged_are_refused(tmp_path):
    folder = save(tmp_path / "sae", {}, weights() | {"W_dec": np.zeros((WIDTH, N), np.float32)})
    with pytest.raises(DataError, match=r"W_dec is torch.float32 \(16, 20\); .* numbers of shape \(20, 16\)"):
        load_autoencoder(folder)
    save(folder, {}, weights() | {"b_enc": np.full(N, np.nan, np.float32)})
    with pytest.raises(DataError, match="b_enc has values that are no numbers"):
        load_autoencoder(folder)
    (folder / "sae_weights.safetensors").write_bytes(b"junk")
    with pytest.raises(DataError, match="cannot be read"):
        load_autoencoder(folder)
    with pytest.raises(UsageError, match=r"no folder with cfg\.json"):
        load_autoencoder(tmp_path)


def test_settings_of_autoencoders_that_contradict_each_other_are_refused():
    assert TokenSettings(layers=("a",), sae=("x",)).threshold == "positive"
    assert TokenSettings(layers=("a",)).threshold == "quantile"
    with pytest.raises(UsageError, match="1 autoencoders for 2 layers"):
        TokenSettings(layers=("a", "b"), sae=("x",))
    with pytest.raises(UsageError, match="leave --threshold away"):
        TokenSettings(layers=("a",), sae=("x",), threshold="quantile")


def test_only_what_is_not_zero_lies_on_disk(tmp_path):
    rng = np.random.default_rng(0)
    values = np.where(rng.random((40, 30)) < 0.1, rng.normal(size=(40, 30)), 0).astype(np.float32)
    with NonzeroSpill(tmp_path) as file:
        for start in (0, 15, 15, 31):
            file.append(values[start : {0: 15, 15: 31, 31: 40}[start]])
        blocks = list(file.blocks())
        again = list(file.blocks())
        assert file._file.tell() == 8 * (np.count_nonzero(values) + np.count_nonzero(values[15:31]))
    assert np.array_equal(np.concatenate([blocks[0], blocks[1], blocks[3]]), values)
    assert all(np.array_equal(one, other) for one, other in zip(blocks, again))


@pytest.fixture
def probe_latents(tiny_folder, conllu, tmp_path):
    """probe_latents(latents of the layer's values): a probe of the small corpus."""

    def run(latents):
        return probe_tokens(
            load_token_model(f"hf:{tiny_folder}"),
            open_corpora([f"conllu:{conllu}"]),
            TokenConceptSettings(min_points=1),
            TokenSettings(layers=(LAYER,), sae=("x",), batch_size=4, top_sentences=3),
            units_of=None if latents is None else {LAYER: latents},
            spill_folder=tmp_path,
        )

    return run


def test_the_probe_of_latents_counts_where_they_are_above_zero(probe_latents, tmp_path):
    own = load_autoencoder(save(tmp_path / "sae", KINDS["topk"][0], weights()))
    seen = []

    def noted(values):
        seen.append(values)
        return own.encode(values)

    probe = probe_latents(noted)
    values = np.concatenate(seen)
    latents = own.encode(values)
    assert probe.cells.n_points == len(values)
    assert probe.cells.unit_names == tuple(map(str, range(N)))
    assert np.array_equal(probe.cells.active.totals, (latents > 0).sum(axis=0))
    assert np.array_equal(probe.inputs.activity.of_all().sum(axis=0), (latents > 0).sum(axis=0))
    assert (probe.inputs.thresholds == 0).all()
    kept = probe.inputs.sentences
    assert np.allclose(kept.highest, latents.max(axis=0))
    for unit in np.flatnonzero((latents > 0).any(axis=0)):
        assert kept.top_of(unit)[0][1].max() == pytest.approx(latents[:, unit].max())


def test_an_autoencoder_of_another_width_is_refused_in_one_line(probe_latents, tmp_path):
    narrow = {
        "W_enc": np.ones((8, N)), "b_enc": np.ones(N), "W_dec": np.ones((N, 8)), "b_dec": np.ones(8)
    }  # fmt: skip
    folder = save(
        tmp_path / "narrow",
        {"hook_name": "blocks.0.hook_resid_pre"},
        {name: values.astype(np.float32) for name, values in narrow.items()},
    )
    latents = Latents(load_autoencoder(folder), LAYER)
    with pytest.raises(UsageError, match=r"narrow, trained at blocks.0.hook_resid_pre, takes 8 .*layer\.1 has 16"):
        probe_latents(latents)
