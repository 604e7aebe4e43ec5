"""`controls` on units that are a formula, and on units that are noise."""

import numpy as np
import pytest

from compexact.experiments.questions.controls import OtherUnits, _chance_level, against_chance
from compexact.experiments.questions.permutation_test import Null
from compexact.experiments.questions.search_options import BeamOptions
from compexact.experiments.questions.shuffles import Points
from compexact.experiments.run.where import Processes
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.problem import Problem

N_NOISE = 30


@pytest.fixture(scope="module")
def probe() -> Probe:
    """Units `0` and `1` are formulas with noise; the others are drawn at random."""
    rng = np.random.default_rng(0)
    concepts = rng.random((600, 6)) < 0.3
    neurons = rng.random((600, 2 + N_NOISE)) < 0.2
    neurons[:, 0] |= concepts[:, 0] & concepts[:, 1]
    neurons[:, 1] = (concepts[:, 2] | concepts[:, 3]) ^ (rng.random(600) < 0.1)
    return Probe(from_arrays(concepts, neurons), {})


def unit_rows(answer, length):
    return {row["unit"]: row for row in answer.more["units"] if row["max_length"] == length}


def test_planted_units_are_significant_and_noise_is_not(probe):
    answer = against_chance(probe, probe.cells.unit_names, lengths=(1, 2), shuffles=39)
    rows = unit_rows(answer, 2)
    assert rows["0"]["p_value"] == rows["1"]["p_value"] == pytest.approx(1 / 40)
    noise = [row["p_value"] for unit, row in rows.items() if unit not in "01"]
    # Under the null, p-values are uniform: about a twentieth of them are at most 0.05, and they spread.
    assert sum(p <= 0.05 for p in noise) <= 5
    assert 0.3 < np.mean(noise) < 0.7
    assert answer.rows[1]["significant"] == sum(row["p_value"] <= 0.05 for row in rows.values())
    assert answer.rows[1]["mean_iou"] > answer.rows[1]["mean_shuffled_iou"]


def test_a_shuffled_mask_keeps_the_number_of_active_points_and_fits_the_cells(probe):
    problem = Problem.of(probe.cells, "1")
    rng = np.random.default_rng(0)
    drawn = [Points().shuffled(problem, 1, rng) for _ in range(300)]
    assert {p.unit_points for p in drawn} == {problem.unit_points}
    assert all((p.active <= p.weights).all() and (p.active >= 0).all() for p in drawn)
    expected = problem.weights * problem.unit_points / problem.n_points
    assert np.mean([p.active for p in drawn], axis=0) == pytest.approx(expected, abs=0.9)


def test_the_same_seed_gives_the_same_answer_for_any_units_and_processes(probe):
    both = against_chance(probe, ["0", "5"], shuffles=5, lengths=(2,))
    alone = against_chance(probe, ["5"], shuffles=5, lengths=(2,))
    other = against_chance(probe, ["5"], shuffles=5, lengths=(2,), beam=BeamOptions(seed=1))
    assert unit_rows(both, 2)["5"] == unit_rows(alone, 2)["5"] != unit_rows(other, 2)["5"]
    assert (
        against_chance(probe, ["0", "5"], shuffles=5, lengths=(2,), beam=BeamOptions(where=Processes(2))).rows
        == both.rows
    )


def test_another_probe_is_compared_as_a_sample(probe):
    noise = probe.cells.unit_names[2:]
    row = against_chance(probe, ["0", "1"], lengths=(2,), shuffles=2, against=OtherUnits(probe, noise)).rows[0]
    assert (row["exceeds"], row["against_units"]) == (1, N_NOISE)
    assert row["against_p_value"] < 0.02
    assert against_chance(probe, noise, lengths=(2,), shuffles=2, against=OtherUnits(probe, noise)).rows[0][
        "exceeds"
    ] == pytest.approx(0.5)


def test_a_probe_of_other_concepts_is_refused(probe):
    other = Probe(from_arrays([[1, 0]], [[1]]), {})
    with pytest.raises(UsageError, match="other concepts"):
        against_chance(probe, ["0"], against=OtherUnits(other, other.cells.unit_names))


def test_the_figure_can_be_drawn(probe):
    answer = against_chance(probe, ["0", "2"], shuffles=2, against=OtherUnits(probe, probe.cells.unit_names))
    assert len(answer.draw().axes) == 2


@pytest.mark.parametrize("n", [19, 20, 30, 39, 50, 99, 101])
def test_above_the_chance_level_p_is_at_most_a_twentieth_and_at_it_more(n):
    shuffled = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    level = _chance_level(shuffled)
    for real, significant in ((level + 0.5, True), (level, False)):
        p = Null(np.array([real]), shuffled[:, None]).p_values[0]
        assert (p <= 0.05) == significant


def test_shuffled_points_of_inputs_that_have_several_are_said_to_be_alike():
    import compexact as cx

    held = np.repeat(np.arange(20) < 10, 3)[:, None]
    several = cx.probe_arrays(held, held, groups=np.repeat(np.arange(20), 3), folds=4)
    said = "p-values are too low"
    assert any(said in each for each in against_chance(several, ["0"], lengths=(1,), shuffles=2).summary)
    alone = cx.probe_arrays(held, held)
    assert not any(said in each for each in against_chance(alone, ["0"], lengths=(1,), shuffles=2).summary)
