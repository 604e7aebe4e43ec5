"""`--folds` and `--groups` of plain arrays: a file, a folder of portions, shards, files that are added up."""

import numpy as np
import pytest

from compexact.probes.folding import Dealing
from compexact.probes.store import read_probe


@pytest.fixture
def grouped(tmp_path):
    """A file of 120 rows of 30 inputs, whose ids are in it, in a text beside it, and in a .npy file."""
    rng = np.random.default_rng(1)
    groups = np.repeat([f"image {number}" for number in range(30)], 4)
    arrays = {"concepts": rng.random((120, 4)) < 0.4, "neurons": rng.random((120, 3)) < 0.3}
    np.savez(tmp_path / "plain.npz", **arrays)
    np.savez(tmp_path / "grouped.npz", **arrays, groups=groups)
    (tmp_path / "groups.txt").write_text("\n".join(groups) + "\n")
    np.save(tmp_path / "groups.npy", groups)
    (tmp_path / "portions").mkdir()
    for number in range(3):
        part = slice(40 * number, 40 * number + 40)
        some = {name: array[part] for name, array in arrays.items()}
        np.savez(tmp_path / "portions" / f"{number}.npz", **some, groups=groups[part])
    return tmp_path


def same_folds(one, other):
    folds, others = read_probe(one).inputs.folds, read_probe(other).inputs.folds
    return all(
        np.array_equal(folds.weights(fold), others.weights(fold))
        and np.array_equal(folds.counts(fold), others.counts(fold))
        for fold in range(4)
    )


def made(compexact, folder, *words):
    ended = compexact("probe", "arrays", *words, "--folds", 4)
    assert ended.code == 0, ended.err
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("plain.npz", "--groups", "groups.txt"),
        ("plain.npz", "--groups", "groups.npy"),
        ("portions",),
        ("portions", "--groups", "groups.txt"),
    ],
)
def test_ids_from_anywhere_give_the_same_folds(compexact, grouped, words):
    here = [grouped / word if word != "--groups" else word for word in words]
    made(compexact, grouped, grouped / "grouped.npz", "-o", grouped / "probe")
    made(compexact, grouped, *here, "-o", grouped / "other")
    assert same_folds(grouped / "probe", grouped / "other")


def test_a_group_is_in_the_fold_of_its_id_with_all_its_rows(compexact, grouped):
    made(compexact, grouped, grouped / "grouped.npz", "-o", grouped / "probe")
    folds = read_probe(grouped / "probe").inputs.folds
    expected = 4 * np.bincount(Dealing(4).folds(f"image {number}" for number in range(30)), minlength=4)
    assert [int(folds.weights(fold).sum()) for fold in range(4)] == expected.tolist()


def test_shards_and_files_that_are_added_up_keep_folds(compexact, grouped):
    made(compexact, grouped, grouped / "grouped.npz", "-o", grouped / "probe")
    for number in (1, 2, 3):
        made(compexact, grouped, grouped / "grouped.npz", "--shard", f"{number}/3", "-o", grouped / f"s{number}")
        made(compexact, grouped, grouped / "portions" / f"{number - 1}.npz", "-o", grouped / f"w{number}")
    for letter in "sw":
        parts = [grouped / f"{letter}{number}" for number in (2, 3, 1)]
        assert compexact("merge", *parts, "-o", grouped / letter).code == 0
        assert same_folds(grouped / "probe", grouped / letter)


def test_files_dealt_in_two_ways_are_not_added_up(compexact, grouped):
    made(compexact, grouped, grouped / "portions" / "0.npz", "-o", grouped / "a")
    assert compexact("probe", "arrays", grouped / "portions" / "1.npz", "-o", grouped / "b").code == 0
    ended = compexact("merge", grouped / "a", grouped / "b", "-o", grouped / "both")
    assert ended.code == 2
    assert "has no folds" in ended.err
    assert "4 folds of seed 0" in ended.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("plain.npz", "--folds", "4"), 2, "--folds needs to know which rows are of one input"),
        (("plain.npz", "--groups", "groups.txt"), 2, "--groups goes with --folds"),
        (("plain.npz", "--folds", "1", "--groups", "groups.txt"), 2, "folds must be from 2 to 100"),
        (("plain.npz", "--folds", "4", "--groups", "short.txt"), 3, "rows"),
        (("portions", "--folds", "4", "--groups", "short.txt"), 3, "rows"),
        (("portions", "--folds", "4", "--groups", "long.txt"), 3, "has 121 ids, but there are 120 rows"),
        (("plain.npz", "--folds", "4", "--groups", "gap.txt"), 3, "gap.txt: line 2 is empty"),
        (("plain.npz", "--folds", "4", "--groups", "none.txt"), 3, "none.txt cannot be read"),
    ],
)
def test_what_says_no_folds_is_refused_in_one_line(compexact, grouped, words, code, message):
    (grouped / "short.txt").write_text("a\n" * 119)
    (grouped / "long.txt").write_text("a\n" * 121)
    (grouped / "gap.txt").write_text("a\n\nb\n")
    here = [grouped / word if "." in word or word == "portions" else word for word in words]
    ended = compexact("probe", "arrays", *here, "-o", grouped / "probe")
    assert ended.code == code
    assert len([line for line in ended.err.splitlines() if not line.startswith("reading arrays")]) == 1
    assert message in ended.err
    assert not (grouped / "probe").exists()


def test_a_probe_is_cross_validated_where_it_has_folds(compexact, grouped):
    made(compexact, grouped, grouped / "grouped.npz", "-o", grouped / "probe")
    asked = ("experiment", "heldout", grouped / "probe", "--lengths", "1-2", "--proven", "2", "--format", "jsonl")
    ended = compexact(*asked, "-o", grouped / "answer")
    assert ended.code == 0, ended.err
    assert '"low": 0.' in ended.out
    assert "within one standard error" in (grouped / "answer" / "answer.json").read_text()
    assert compexact(*asked, "--splits", 2).code == 0
