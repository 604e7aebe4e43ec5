"""`heldout` where overfitting is planted, and where there is none to find."""

from dataclasses import replace

import numpy as np
import pytest

from compexact.experiments.questions.heldout import held_out_iou
from compexact.experiments.questions.splits import by_pairs, by_points, by_probes
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.cells import CellBuilder, merge
from compexact.solver.errors import UsageError


def pair_probe(concepts: np.ndarray, neurons: np.ndarray, **about) -> Probe:
    """As `probe nli` makes them: each row is an input, and its cell is kept."""
    names = [f"c{i}" for i in range(concepts.shape[1])]
    builder = CellBuilder(names, [""] * len(names), list(map(str, range(neurons.shape[1]))))
    rows = [tuple(np.flatnonzero(row).tolist()) for row in concepts]
    ids = builder.add(rows, np.ones(len(rows), dtype=np.int64), neurons.astype(np.int64))
    cells, place = builder.cells()
    arrays = {"point_cells": place[ids].astype(np.int32), "unit_active": np.packbits(neurons, axis=1)}
    return Probe(cells, about, {}, arrays)


def noisy(n: int, n_concepts: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three units active where c0 is, and on a tenth of the other inputs, which nothing predicts."""
    rng = np.random.default_rng(seed)
    concepts = rng.random((n, n_concepts)) < 0.1
    concepts[:, 0] = rng.random(n) < 0.3
    return concepts, concepts[:, :1] | (rng.random((n, 3)) < 0.1)


def rows_of(answer, engine):
    return {row["max_length"]: row for row in answer.rows if row["engine"] == engine}


def test_planted_noise_is_overfitted_by_longer_formulas_and_by_the_optimum():
    probe = pair_probe(*noisy(160, 120))
    answer = held_out_iou(probe, ["0", "1", "2"], lengths=(1, 2, 4, 8), proven=(2, 3), splits=3)
    beam, exact = rows_of(answer, "beam"), rows_of(answer, "exact")
    assert answer.settings["split_by"] == "pairs"
    assert beam[1]["overfit"] < 0.1 < beam[8]["overfit"]
    assert beam[8]["mean_iou"] > beam[1]["mean_iou"]
    assert beam[8]["mean_held_out_iou"] < beam[1]["mean_held_out_iou"]
    assert exact[3]["overfit"] > exact[2]["overfit"] > 0
    assert "highest at length 1 " in answer.summary[0]


def test_a_formula_that_is_there_holds_on_the_other_half():
    rng = np.random.default_rng(0)
    concepts = rng.random((4000, 8)) < 0.3
    probe = pair_probe(concepts, ((concepts[:, 0] | concepts[:, 1]) & ~concepts[:, 2])[:, None])
    answer = held_out_iou(probe, ["0"], lengths=(1, 2, 3), proven=(3,))
    assert rows_of(answer, "beam")[3]["mean_held_out_iou"] == rows_of(answer, "exact")[3]["mean_held_out_iou"] == 1
    assert abs(rows_of(answer, "beam")[1]["overfit"]) < 0.05
    assert rows_of(answer, "beam")[3]["better_than_shorter"] == 1


@pytest.mark.parametrize("split", [lambda probe, rng: by_pairs(probe, rng), lambda p, rng: by_points(p.cells, rng)])
def test_the_halves_add_up_to_the_probe(split):
    rng = np.random.default_rng(1)
    probe = pair_probe(rng.random((301, 4)) < 0.4, rng.random((301, 70)) < 0.3)
    halves = split(probe, rng)
    assert (halves.explain.n_points, halves.score.n_points) == (150, 151)
    whole = merge([halves.explain, halves.score])
    assert np.array_equal(whole.weights, probe.cells.weights)
    assert np.array_equal(whole.active, probe.cells.active)
    assert np.array_equal(whole.concepts.dense(), probe.cells.concepts.dense())


def test_a_split_by_pairs_follows_the_pairs():
    concepts, neurons = noisy(100, 3)
    halves = by_pairs(pair_probe(concepts, neurons), np.random.default_rng(5))
    chosen = np.random.default_rng(5).permutation(100)[:50]
    expected = from_arrays(concepts[chosen], neurons[chosen])
    assert np.array_equal(halves.explain.weights, expected.weights)
    assert np.array_equal(halves.explain.active, expected.active)


def test_a_second_probe_is_scored_by_the_names_of_concepts_and_units():
    concepts, neurons = noisy(300, 4)
    first = replace(pair_probe(concepts, neurons), names={"images": ["a"]})
    # Another order of concepts and units, in which the same formula holds for the same unit.
    cells = from_arrays(
        concepts[:, ::-1], neurons[:, ::-1], concept_names=["c3", "c2", "c1", "c0"], unit_names=list("210")
    )
    second = Probe(cells, {}, {"images": ["b"]})
    answer = held_out_iou(first, ["0", "2"], held_out=second, lengths=(1, 3), proven=())
    assert answer.settings["split_by"] == "probes"
    assert all(row["overfit"] == 0 for row in answer.rows)
    assert answer.rows[0]["mean_iou"] > 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": {"images": ["x", "a"]}}, "1 inputs are in both"),
        ({"about": {"layer": "other"}}, "another layer"),
        ({"about": {"inputs": {"model weights": "other"}}}, "another model"),
        ({"cells": from_arrays([[1]], [[1, 1, 1]])}, "no concept 'c1'"),
    ],
)
def test_a_second_probe_that_holds_nothing_out_is_refused(change, message):
    about = {"layer": "l", "inputs": {"model weights": "w"}}
    first = replace(pair_probe(*noisy(50, 4), **about), names={"images": ["a"]})
    second = replace(replace(pair_probe(*noisy(50, 4, seed=1), **about), names={"images": ["b"]}), **change)
    with pytest.raises(UsageError, match=message):
        by_probes(first, second)


def test_a_split_by_points_says_that_it_is_optimistic_and_can_be_drawn():
    answer = held_out_iou(Probe(from_arrays(*noisy(200, 4)), {}), ["0"], lengths=(1, 2), proven=(1,))
    assert "optimistic" in answer.summary[-1]
    assert len(answer.draw().axes) == 2
