"""Arrays from shards, and of several files, are the probe of all rows."""

import random

import numpy as np
import pytest

from compexact.probes.array_activations import kept_of_file
from compexact.probes.array_groups import RowFolds
from compexact.probes.array_shard import save_array_shard
from compexact.probes.merging import merge_probes
from compexact.probes.opening import open_probe
from compexact.probes.shard import Shard
from compexact.probes.store import save_probe
from compexact.solver.errors import DataError, UsageError

RNG = np.random.default_rng(0)
CONCEPTS, NEURONS = RNG.random((30, 5)) < 0.3, RNG.random((30, 4)) < 0.4


def sparse(matrix):
    """Ends and columns of compressed sparse rows."""
    return np.concatenate([[0], np.cumsum(matrix.sum(axis=1))]), np.nonzero(matrix)[1]


WEIGHTS = RNG.integers(1, 9, 30) * (np.arange(30) > 6)  # the first rows stand for no point
ACTIVE = NEURONS * WEIGHTS[:, None]
NAMES = {"concept_names": list("abcde"), "unit_names": list("wxyz")}
FORMS = {
    "dense": {"concepts": CONCEPTS, "neurons": NEURONS},
    "weighted": {"concepts": CONCEPTS, "weights": WEIGHTS, "active": ACTIVE, **NAMES},
    "sparse": {
        **dict(zip(("concepts_indptr", "concepts_indices"), sparse(CONCEPTS))),
        **dict(zip(("neurons_indptr", "neurons_indices"), sparse(NEURONS))),
        **NAMES,
    },
    "sparse and weighted": {
        **dict(zip(("concepts_indptr", "concepts_indices"), sparse(CONCEPTS))),
        **dict(zip(("active_indptr", "active_indices"), sparse(ACTIVE > 0))),
        "active_counts": ACTIVE[np.nonzero(ACTIVE)],
        "weights": WEIGHTS,
        **NAMES,
    },
}


def content(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize("form", FORMS)
def test_shards_of_arrays_are_the_probe_of_the_file(form, n, tmp_path):
    np.savez(tmp_path / "a.npz", **FORMS[form])
    save_probe(open_probe(tmp_path / "a.npz"), tmp_path / "whole")
    folders = [tmp_path / f"{number}" for number in range(1, n + 1)]
    for number, folder in enumerate(folders, start=1):
        save_array_shard(tmp_path / "a.npz", Shard(number, n), folder)
    random.Random(n).shuffle(folders)
    save_probe(merge_probes(folders), tmp_path / "merged")
    assert content(tmp_path / "merged") == content(tmp_path / "whole")


def test_arrays_of_different_lengths_are_refused_in_every_shard(tmp_path):
    np.savez(tmp_path / "a.npz", concepts=CONCEPTS[:20], neurons=NEURONS)
    with pytest.raises(DataError, match=r"different numbers of rows: .*20.*30"):
        save_array_shard(tmp_path / "a.npz", Shard(1, 2), tmp_path / "1")


def test_files_with_the_same_names_are_added_up_in_any_order(tmp_path):
    for name, rows in (("a", slice(0, 11)), ("b", slice(11, 30)), ("all", slice(None))):
        np.savez(tmp_path / f"{name}.npz", concepts=CONCEPTS[rows], neurons=NEURONS[rows], **NAMES)
    whole = open_probe(tmp_path / "all.npz")
    save_probe(open_probe(tmp_path / "b.npz"), tmp_path / "b")
    both = merge_probes([tmp_path / "a.npz", tmp_path / "b"])
    assert both.digest == whole.digest
    assert both.about["dataset"] == "a.npz + b.npz"
    assert merge_probes([tmp_path / "b", tmp_path / "a.npz"]).about == both.about
    with pytest.raises(UsageError, match=r"a file that another one is made of: b.npz"):
        merge_probes([tmp_path / "b", tmp_path / "a.npz", tmp_path / "b.npz"])


def test_files_with_other_names_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", concepts=CONCEPTS, neurons=NEURONS, **NAMES)
    np.savez(tmp_path / "b.npz", concepts=CONCEPTS, neurons=NEURONS)
    with pytest.raises(DataError, match="differ in their concepts"):
        merge_probes([tmp_path / "a.npz", tmp_path / "b.npz"])


ACTIVATIONS = np.round(RNG.normal(size=(30, 4)), 1) * (RNG.random((30, 4)) < 0.5)


@pytest.mark.parametrize("n", [1, 3, 40])
@pytest.mark.parametrize(
    "more",
    [
        {"neurons": NEURONS, "activations": ACTIVATIONS.astype(np.float32)},
        {"activations": ACTIVATIONS, "groups": np.arange(30) // 4},
        {"activations": (10 * ACTIVATIONS).astype(np.int8), **NAMES},
    ],
)
def test_shards_with_activations_are_the_probe_of_the_file(n, more, tmp_path):
    np.savez(tmp_path / "a.npz", concepts=CONCEPTS, **more)
    folds = RowFolds.asked(3, 1, None) if "groups" in more else None
    whole = save_probe(kept_of_file(tmp_path / "a.npz", tmp_path, folds), tmp_path / "whole")
    kept = whole.inputs.activations
    assert all(np.array_equal(kept.of(unit), more["activations"][:, unit]) for unit in range(4))
    assert np.array_equal(whole.cells.concepts.dense()[kept.cell_of], CONCEPTS)
    folders = [tmp_path / f"{number}" for number in range(1, n + 1)]
    for number, folder in enumerate(folders, start=1):
        save_array_shard(tmp_path / "a.npz", Shard(number, n), folder, folds=folds, keep_activations=True)
    random.Random(n).shuffle(folders)
    save_probe(merge_probes(folders), tmp_path / "merged")
    assert content(tmp_path / "merged") == content(tmp_path / "whole")


def test_whole_probes_with_activations_are_not_added_up(tmp_path):
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", concepts=CONCEPTS, activations=ACTIVATIONS, **NAMES)
        save_probe(kept_of_file(tmp_path / f"{name}.npz", tmp_path), tmp_path / name)
    with pytest.raises(UsageError, match="keeps activations, which are not added up; merge shards"):
        merge_probes([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(UsageError, match=r"--keep-activations is of one \.npz file"):
        kept_of_file(tmp_path / "a", tmp_path)
