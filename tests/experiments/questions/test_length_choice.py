"""`--length auto` and the cross-validation behind it, where the right length is known by construction."""

import json

import numpy as np
import pytest

from compexact.experiments.questions.cross_validation import cross_validate
from compexact.experiments.questions.held_out_counts import HeldOutCounts, shortest_within_one
from compexact.experiments.run.settings import SearchSettings
from compexact.probes.folding import fold_arrays
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import dense_rows, folds_of_rows


def planted(n=1500, seed=0):
    """Inputs of five rows; units are `c0`, `(c0 OR c1) AND NOT c2`, both with noise, and one that is never active."""
    rng = np.random.default_rng(seed)
    concepts = rng.random((n, 12)) < 0.3
    truths = [concepts[:, 0], (concepts[:, 0] | concepts[:, 1]) & ~concepts[:, 2]]
    neurons = np.stack([*(truth ^ (rng.random(n) < 0.1) for truth in truths), np.zeros(n, bool)], axis=1)
    dealt = np.repeat(rng.integers(8, size=n // 5), 5)
    counted = folds_of_rows([dense_rows(concepts, None, None, neurons, None, None, None, dealt)], 8)
    return Probe(counted.cells, {}, arrays=fold_arrays(counted)), concepts, neurons, dealt


@pytest.fixture(scope="module")
def world():
    return planted()


def test_each_unit_chooses_the_length_of_its_planted_formula(world):
    found = cross_validate(world[0], ["0", "1"], range(1, 7), SearchSettings())
    assert [found.chosen_of(unit) for unit in (0, 1)] == [1, 3]
    assert (found.found.mean(axis=0) >= found.counts.iou - 0.02).all()


def test_the_pooled_counts_are_those_of_formulas_found_elsewhere(world):
    probe, concepts, neurons, dealt = world
    found = cross_validate(probe, ["1"], [1], SearchSettings())
    for number, fold in enumerate(np.unique(dealt)):
        rest, here = dealt != fold, dealt == fold
        ious = [
            (mask[rest] & neurons[rest, 1]).sum() / (mask[rest] | neurons[rest, 1]).sum()
            for mask in concepts.T  # a chain begins with a concept that is not negated
        ]
        best = concepts[:, int(np.argmax(ious))]
        assert found.counts.intersections[number, 0, 0] == (best[here] & neurons[here, 1]).sum()
        assert found.counts.unions[number, 0, 0] == (best[here] | neurons[here, 1]).sum()
        assert found.found[number, 0, 0] == pytest.approx(max(ious))


def test_the_interval_is_that_of_a_ratio_of_sums():
    counts = HeldOutCounts(np.array([[10], [20], [30]]), np.array([[100], [100], [100]]))
    # The mean of three numbers, .1, .2, .3: its standard error is their deviation over the root of three.
    assert counts.iou == pytest.approx([0.2])
    assert counts.standard_error == pytest.approx([0.1 / np.sqrt(3)])
    low, high = counts.interval()
    assert 0 < low[0] < 0.2 < high[0] < 1
    assert [end[0] for end in HeldOutCounts(np.zeros((3, 1), int), np.ones((3, 1), int)).interval()] == [0, 1]


def test_the_best_is_taken_where_no_shorter_one_is_as_good():
    assert shortest_within_one(np.array([0.1, 0.2, 0.4]), np.array([0.3, 0.3, 0.1])) == 2


def test_auto_says_and_records_what_it_chose(compexact, world, tmp_path):
    save_probe(world[0], tmp_path / "probe")
    asked = ("explain", tmp_path / "probe", "--units", "1", "--length", "auto:5", "-o", tmp_path / "run")
    ended = compexact(*asked)
    assert ended.code == 0, ended.err
    assert "--length auto: 3, the shortest of 1 to 5 whose held-out IoU" in ended.err
    settings = json.loads((tmp_path / "run/run.json").read_text())["settings"]
    assert settings["max_length"] == settings["length_choice"]["chosen"] == 3
    assert [point["max_length"] for point in settings["length_choice"]["curve"]] == [1, 2, 3, 4, 5]
    before = (tmp_path / "run/units.jsonl").read_bytes()
    assert compexact(*asked).code == 0
    assert (tmp_path / "run/units.jsonl").read_bytes() == before
    assert compexact("verify", tmp_path / "run").code == 2  # a beam claims nothing
    assert compexact("report", tmp_path / "run", "-o", tmp_path / "site").code == 0


def test_shards_of_a_run_choose_the_length_of_the_whole(compexact, world, tmp_path):
    save_probe(world[0], tmp_path / "probe")
    for number in (1, 2):
        asked = ("explain", tmp_path / "probe", "--units", "0,1", "--length", "auto:4")
        assert compexact(*asked, "--shard", f"{number}/2", "-o", tmp_path / str(number)).code == 0
    assert compexact("merge", tmp_path / "1", tmp_path / "2", "-o", tmp_path / "merged").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--length", "auto"), "make it again with --folds 10"),
        (("--length", "auto:0"), "the length must be from 1 to 64, not 0"),
        (("--length", "auto:x"), "'x' is not a whole number"),
        (("--length", "auto", "--metric", "f1"), "--length auto goes by IoU"),
        (("--length", "auto", "--fp-weight", "2"), "--length auto goes by IoU"),
    ],
)
def test_auto_that_cannot_be_is_refused_in_a_line(compexact, npz_of_units, words, message):
    ended = compexact("explain", npz_of_units, *words)
    assert ended.code == 2
    assert message in ended.err


@pytest.fixture
def npz_of_units(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "plain.npz", concepts=rng.random((60, 4)) < 0.4, neurons=rng.random((60, 2)) < 0.3)
    return tmp_path / "plain.npz"
