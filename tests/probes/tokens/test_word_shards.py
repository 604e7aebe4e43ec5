"""The probe of words from shards is byte for byte that of one run."""

import random

import numpy as np
import pytest

from compexact.probes.merging import merge_probes
from compexact.probes.shard import Shard
from compexact.probes.shard_folder import read_shard
from compexact.probes.store import save_probe
from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.loading import load_token_model
from compexact.probes.tokens.probe_words import probe_tokens
from compexact.probes.tokens.shard import save_word_shard
from compexact.probes.tokens.token_settings import TokenConceptSettings, TokenSettings
from compexact.solver.errors import DataError, UsageError

LAYER = "encoder.layer.1.intermediate"
CASES = {
    "quantile": {"quantile": 0.2, "folds": 3, "fold_seed": 1, "keep_activations": True},
    "positive": {"threshold": "positive", "layers": (LAYER, "encoder.layer.0.output")},
    "windows of documents": {"context": "document", "window": 12, "window_overlap": 3, "align": "mean"},
    "subwords": {"points": "subwords", "quantile": 0.1, "top_sentences": 0},
}


@pytest.fixture(scope="module")
def model(tiny_folder):
    return load_token_model(f"hf:{tiny_folder}")


@pytest.fixture
def asked(model, conllu):
    """asked(...): what is probed, with these settings."""

    def make(limit=None, **settings):
        settings = {"layers": (LAYER,), "batch_size": 5, "top_sentences": 3} | settings
        corpus = open_corpora([f"conllu:{conllu}"], limit=limit)
        return model, corpus, TokenConceptSettings(min_points=2), TokenSettings(**settings)

    return make


def shards_of(what, n, folder):
    folders = [folder / f"{number}" for number in range(1, n + 1)]
    sizes = [save_word_shard(*what, Shard(number, n), to) for number, to in enumerate(folders, start=1)]
    return folders, sizes


def content(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(("case", "n"), [*((case, 3) for case in CASES), ("quantile", 1), ("positive", 20)])
def test_shards_of_words_are_the_probe_of_one_run(case, n, asked, tmp_path):
    what = asked(**CASES[case])
    probe = save_probe(probe_tokens(*what, spill_folder=tmp_path), tmp_path / "whole")
    folders, sizes = shards_of(what, n, tmp_path)
    assert sum(sizes) == probe.cells.n_points
    assert n < 20 or 0 in sizes  # more shards than batches: some are empty
    random.Random(n).shuffle(folders)
    save_probe(merge_probes(folders), tmp_path / "merged")
    assert content(tmp_path / "merged") == content(tmp_path / "whole")


def test_the_network_sees_the_batches_of_one_run(asked, tmp_path):
    what = asked()
    folders, _ = shards_of(what, 3, tmp_path)
    (tmp_path / "one").mkdir()
    (whole,), _ = shards_of(what, 1, tmp_path / "one")
    of_shards, (of_whole,) = ([read_shard(folder).arrays for folder in each] for each in (folders, [whole]))
    numbers = np.concatenate([arrays["numbers"] for arrays in of_shards])
    values = np.concatenate([arrays["values"] for arrays in of_shards])
    assert np.sort(numbers).tolist() == np.sort(of_whole["numbers"]).tolist() == list(range(len(numbers)))
    assert values[np.argsort(numbers)].tobytes() == of_whole["values"][np.argsort(of_whole["numbers"])].tobytes()


def test_shards_are_of_about_one_size(asked, tmp_path):
    _, sizes = shards_of(asked(batch_size=2), 3, tmp_path)
    assert max(sizes) < 1.3 * min(sizes)


def test_shards_of_other_words_or_settings_are_refused(asked, tmp_path):
    for folder in "abc":
        (tmp_path / folder).mkdir()
    (first, _), _ = shards_of(asked(), 2, tmp_path / "a")
    (_, fewer), _ = shards_of(asked(limit=20), 2, tmp_path / "b")
    (_, other), _ = shards_of(asked(quantile=0.3), 2, tmp_path / "c")
    with pytest.raises(UsageError, match=r"shard of another probe: .*sentences"):
        merge_probes([first, fewer])
    with pytest.raises(UsageError, match=r"settings\.quantile is 0\.3"):
        merge_probes([first, other])


def test_a_shard_with_points_of_another_one_is_refused(asked, tmp_path):
    what = asked()
    save_word_shard(*what, Shard(1, 2), tmp_path / "1")
    manifest = tmp_path / "1/manifest.json"
    save_word_shard(*what, Shard(1, 2), tmp_path / "again")
    assert manifest.read_bytes() == (tmp_path / "again/manifest.json").read_bytes()
    with pytest.raises(UsageError, match="there twice"):
        merge_probes([tmp_path / "1", tmp_path / "again"])
    array = tmp_path / "1/arrays/values.npy"
    damaged = bytearray(array.read_bytes())
    damaged[-1] ^= 1
    array.write_bytes(damaged)
    save_word_shard(*what, Shard(2, 2), tmp_path / "2")
    with pytest.raises(DataError, match=r"values\.npy"):
        merge_probes([tmp_path / "1", tmp_path / "2"])


def test_commands_make_shards_list_and_merge_them(compexact, conllu, tiny_folder, tmp_path):
    command = ["probe", "tokens", "--model", f"hf:{tiny_folder}", "--layer", LAYER, "--corpus", f"conllu:{conllu}"]
    assert compexact(*command, "-o", tmp_path / "whole").code == 0
    for number in (1, 2):
        ended = compexact(*command, "--batch-size", 32, "--shard", f"{number}/2", "-o", tmp_path / f"{number}")
        assert ended.code == 0, ended.err
        assert f"shard {number}/2, " in ended.out
    assert '"kind": "tokens"' in compexact("ls", tmp_path / "1").out
    assert compexact("merge", tmp_path / "2", tmp_path / "1", "-o", tmp_path / "merged").code == 0
    assert content(tmp_path / "merged") == content(tmp_path / "whole")


def test_autoencoders_cannot_be_split(compexact, conllu, tiny_folder, tmp_path):
    ended = compexact(
        "probe", "tokens", "--model", f"hf:{tiny_folder}", "--layer", LAYER, "--corpus", f"conllu:{conllu}",
        "--sae", tmp_path, "--shard", "1/2", "-o", tmp_path / "shard",
    )  # fmt: skip
    assert ended.code == 2
    assert "--sae cannot be split by --shard" in ended.err
