"""The probe of sentence pairs from shards is byte for byte that of one run."""

import random

import pytest

from compexact.probes.merging import merge_probes
from compexact.probes.nli.nli_settings import NliSettings
from compexact.probes.nli.probe import probe_nli
from compexact.probes.nli.seen_pairs import Origin, see_pairs
from compexact.probes.nli.shard import save_pair_shard
from compexact.probes.progress import silent
from compexact.probes.shard import Shard
from compexact.probes.store import save_probe
from compexact.probes.text.concepts import PairConceptSettings, pair_concepts
from compexact.solver.errors import UsageError

CASES = {
    "quantile": {"threshold": "quantile", "quantile": 0.2},
    "positive": {"folds": 3, "keep_activations": True},
    "ranges": {"threshold": "quantile", "quantile": 0.5, "ranges": 3},
}


@pytest.fixture
def asked(pairs, analyse, make_module, load):
    """asked(settings): what is probed."""
    made = analyse(pairs)
    model, concepts = load(make_module()), pair_concepts(made, PairConceptSettings(words=50))
    return lambda **settings: (
        model,
        pairs,
        made,
        concepts,
        NliSettings("hidden" if "hidden" in dict(model.module.named_modules()) else model.layer, **settings),
    )


def content(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("n", [1, 2, 7, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES)
def test_shards_of_pairs_are_the_probe_of_one_run(case, n, asked, tmp_path):
    what = asked(min_active=5, batch_size=7, **CASES[case])
    save_probe(probe_nli(*what), tmp_path / "whole")
    folders = [tmp_path / f"{number}" for number in range(1, n + 1)]
    for number, folder in enumerate(folders, start=1):
        shard = Shard(number, n)
        save_pair_shard(*see_pairs(*what, Origin(), shard, silent), shard, folder)
    random.Random(n).shuffle(folders)
    save_probe(merge_probes(folders), tmp_path / "merged")
    assert content(tmp_path / "merged") == content(tmp_path / "whole")


def test_training_mode_cannot_be_split(asked):
    what = asked(mode="train")
    with pytest.raises(UsageError, match="--mode train cannot be split by --shard"):
        see_pairs(*what, Origin(), Shard(1, 2), silent)
    see_pairs(*what, Origin(), Shard(1, 1), silent)
