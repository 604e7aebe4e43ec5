"""Exact search over chains, by sets and by prefixes: against brute force, relations that must hold, and the clock.

`exact_search` goes by sets of concepts up to length five; the prefix search, which it takes beyond, is asked directly,
too, so that each is a second opinion on the other.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fractions import Fraction

import generators
import numpy as np
import pytest
from asking import ask, by_prefixes, iou_of, printed
from first_few import first
from problems import rare_unit

from compexact.solver import Problem, Status, beam_search, brute_force_search, exact, exact_search, parse
from compexact.solver.arrays import from_arrays
from compexact.solver.cells import concept_rows
from compexact.solver.exact import search_exact
from compexact.solver.stopping import Stopping
from compexact.solver.tracing import Listener

N_FUZZ = int(os.environ.get("COMPEXACT_FUZZ", "2004"))
SEARCHES = {"sets": exact_search, "prefixes": by_prefixes}
each_search = pytest.mark.parametrize("proof", SEARCHES)


@dataclass(frozen=True)
class Bounds(Listener):
    """Keeps the bounds that it is told."""

    told: list[Fraction]

    def proven(self, bound):
        self.told.append(bound)


def of_columns(rows, neuron):
    """A problem from concepts given as rows over points, and the neuron's mask."""
    matrix = np.array(rows, dtype=bool).T
    active = np.array(neuron)
    return generators.problem_of(matrix, np.ones_like(active), active)


@each_search
@pytest.mark.parametrize("part", first(4, range(12)))
def test_search_and_checker_agree_with_brute_force(part, proof):
    """Replay one: `random_problem(seed)` of generators.py."""
    for seed in range(part, N_FUZZ, 12):
        problem, length = generators.random_problem(seed)
        optimum = brute_force_search(problem, max_length=length).best.iou
        result = ask(problem, length, search=SEARCHES[proof], beam_size=1 + seed % 3)
        iou = iou_of(result)
        assert result.certificate is None or result.certificate.proof in (proof, "ceiling"), f"seed {seed}"
        assert iou <= optimum <= result.bound <= result.ceiling, f"seed {seed}"
        assert result.best is None or result.best.formula.length <= length, f"seed {seed}"
        assert result.status is not Status.OPTIMAL or iou == optimum, f"seed {seed}"
        if problem.n_points < 10**8 and not problem.is_degenerate and result.best:
            assert result.status is Status.OPTIMAL, f"seed {seed}"


PEERS = [
    ([[1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]], [1, 0, 0, 1], 3, Fraction(1)),
    ([[1, 1, 1, 0], [1, 1, 1, 0], [0, 1, 0, 1], [0, 1, 1, 1]], [1, 0, 0, 1], 3, Fraction(2, 3)),
    (
        [[0, 0, 0, 0, 1, 0, 1], [0, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 1, 0, 0], [1, 0, 0, 1, 1, 0, 0]],
        [1, 0, 1, 1, 0, 0, 1],
        4,
        Fraction(1),
    ),
    ([[1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1]], [0, 1, 0, 0, 0, 0], 3, Fraction(1)),
]


@each_search
@pytest.mark.parametrize(("rows", "neuron", "length", "optimum"), PEERS)
def test_the_cases_on_which_the_published_search_fails(rows, neuron, length, optimum, proof):
    problem = of_columns(rows, neuron)
    result = ask(problem, length, search=SEARCHES[proof], beam_size=1)
    assert result.best.iou == brute_force_search(problem, max_length=length).best.iou == optimum
    assert result.status is Status.OPTIMAL


def larger(seed, cells=300, concepts=40):
    rng = np.random.default_rng(seed)
    matrix = rng.random((cells, concepts)) < rng.uniform(0.01, 0.3, concepts)
    weights = rng.integers(1, 50, cells)
    held = (matrix[:, 0] | matrix[:, 1]) & ~matrix[:, 2]
    active = np.where(held ^ (rng.random(cells) < 0.15), rng.integers(0, weights + 1), 0)
    return matrix, weights, active


def best(matrix, weights, active, length=3):
    """By both searches, which must agree."""
    problem = generators.problem_of(matrix, weights, active)
    result, other = (ask(problem, length, search=search) for search in SEARCHES.values())
    assert result.status is other.status is Status.OPTIMAL
    assert result.bound == other.bound
    return result.best.iou


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_points_and_concepts_does_not_matter(seed):
    matrix, weights, active = larger(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(matrix)), rng.permutation(matrix.shape[1])
    assert best(matrix, weights, active) == best(matrix[rows][:, columns], weights[rows], active[rows])


@pytest.mark.parametrize("seed", range(4))
def test_a_duplicate_concept_changes_nothing_and_a_new_one_never_harms(seed):
    matrix, weights, active = larger(seed)
    whole = best(matrix, weights, active)
    assert best(np.hstack([matrix, matrix[:, 3:4]]), weights, active) == whole
    assert best(matrix[:, :-1], weights, active) <= whole


@pytest.mark.parametrize("seed", range(4))
def test_repeated_cells_and_scaled_counts_give_the_same_optimum(seed):
    matrix, weights, active = larger(seed)
    whole = best(matrix, weights, active)
    assert best(np.vstack([matrix, matrix]), np.append(weights, 2 * weights), np.append(active, 2 * active)) == whole
    assert best(matrix, 7 * weights, 7 * active) == whole


@each_search
@pytest.mark.parametrize("seed", range(4))
def test_longer_formulas_are_never_worse_and_never_above_the_ceiling(seed, proof):
    problem = generators.problem_of(*larger(seed))
    results = [ask(problem, length, search=SEARCHES[proof]) for length in (1, 2, 3, 4)]
    scores = [result.best.iou for result in results]
    assert scores == sorted(scores)
    assert scores[-1] <= results[-1].ceiling
    assert all(result.status is Status.OPTIMAL for result in results)


def test_the_beams_formula_is_kept_where_nothing_is_better():
    problem = of_columns([[1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0]], [1, 1, 0, 0])
    for search in SEARCHES.values():
        assert ask(problem, 3, search=search).best == beam_search(problem, max_length=3).best


def test_a_stopped_prefix_search_gives_incumbent_and_bound():
    matrix, weights, active = larger(5, cells=2000, concepts=150)
    problem = generators.problem_of(matrix, weights, active)
    looks = []

    def stop():
        looks.append(1)
        return len(looks) > 3

    result = ask(problem, 8, search=by_prefixes, should_stop=stop)
    assert result.status is Status.BOUNDED
    assert beam_search(problem, max_length=1).best.iou <= result.best.iou < result.bound <= result.ceiling
    assert len(looks) < 20


@pytest.mark.parametrize("looks", [0, 1, 2, 5, 20, 100, 300])
@pytest.mark.parametrize("space", ["chain", "tree"])
def test_a_long_search_stopped_at_any_look_gives_incumbent_and_bound(space, looks):
    problem = generators.problem_of(*larger(5, cells=120, concepts=20))
    shorter = exact_search(problem, space=space, max_length=5).best.iou
    countdown = iter([False] * looks)
    result = ask(problem, 7, space=space, should_stop=lambda: next(countdown, True))
    assert result.status is Status.BOUNDED
    assert beam_search(problem, max_length=1).best.iou <= result.best.iou <= result.bound <= result.ceiling
    assert shorter <= result.bound


def test_a_time_limit_is_kept_and_gives_a_bound():
    problem = generators.problem_of(*larger(6, cells=600, concepts=60))
    result = ask(problem, 7, time_limit=4.0)
    assert result.best.iou <= result.bound <= result.ceiling
    assert result.seconds < 5


def test_a_long_chain_is_proven_optimal_where_prefixes_can():
    """Length 6: beyond the sets, and small enough for the prefix search to end."""
    proven = 0
    for seed in range(12):
        problem, _ = generators.random_problem(12 * seed + 3)
        if len(problem.concepts.names) > 4:
            continue
        result = ask(problem, 6, search=by_prefixes)
        assert result.bound == brute_force_search(problem, max_length=6).best.iou, f"seed {seed}"
        assert ask(problem, 6).bound == result.bound
        proven += result.certificate is not None and result.certificate.proof == "prefixes"
    assert proven


def test_a_unit_without_any_overlap_has_nothing_to_find():
    matrix = np.array([[1, 0], [0, 1], [0, 0]], dtype=bool)
    problem = Problem(concept_rows(["a", "b"], ["", ""], matrix), np.array([1, 1, 1]), np.array([0, 0, 1]), "u")
    assert exact_search(problem, max_length=2).bound == exact_search(problem, max_length=6).bound == 0


def test_the_answer_by_prefixes_does_not_depend_on_hash_seed_or_threads():
    code = (
        "from generators import random_problem\n"
        "from asking import by_prefixes\n"
        "for s in range(0, 240, 7):\n"
        "    r = by_prefixes(random_problem(s)[0], max_length=4, beam_size=1)\n"
        "    print(r.best, r.bound, r.certificate)"
    )
    assert len(printed(code)) == 1


@pytest.mark.parametrize("seeds", first(1, [range(150), range(150, 600)]))
def test_formulas_that_are_better_by_the_least_possible_amount_are_found(seeds):
    """Single points: then the best score and the next are often neighbours, and their values differ by one."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        matrix = rng.random((int(rng.integers(4, 14)), int(rng.integers(3, 8)))) < 0.4
        problem = generators.problem_of(matrix, np.ones(len(matrix), np.int64), rng.integers(0, 2, len(matrix)))
        optimum = brute_force_search(problem, max_length=2 + seed % 2).best.iou
        for search in SEARCHES.values():
            result = search(problem, max_length=2 + seed % 2, beam_size=1)
            assert result.bound == optimum, f"seed {seed}"
            assert result.best is None or result.best.iou == optimum, f"seed {seed}"


@each_search
def test_a_rule_and_leaves_more_room_than_the_sums_at_its_node_tell(proof):
    """A real unit, reduced: below `AND c0` a sum over the whole node once closed what held the optimum."""
    rows = ["0000", "0010", "0011", "0100", "1000", "1010", "1100"]
    matrix = np.array([[bit == "1" for bit in row] for row in rows])
    weights = np.array([11_053_042, 1_655_647, 1_599, 22_778, 50_412, 21_730, 2_099])
    problem = generators.problem_of(matrix, weights, np.array([10_847, 16_045, 13, 261, 1_598, 3_340, 584]))
    found = ask(problem, 3, search=SEARCHES[proof])
    assert found.status is Status.OPTIMAL
    assert found.best.iou == brute_force_search(problem, max_length=3).best.iou
    assert found.best.formula == parse("(c1 OR c2) AND c0")


def test_a_longer_tree_is_at_least_as_good_as_the_best_chain(monkeypatch):
    """Also where local search and the walk over short formulas find nothing; and no bound of chains is told."""
    monkeypatch.setattr(exact, "improved", lambda problem, start, stopping: start)
    monkeypatch.setattr(exact, "_with_short_ones", lambda problem, start, *rest: replace(start, bounds=(1,) * 6))
    better = 0
    for seed in range(4):
        problem = rare_unit(seed)
        told = Bounds([])
        found = search_exact(problem, Stopping(listener=told), "tree", 6, beam_size=1)
        chain = search_exact(problem, Stopping(), "chain", 6, beam_size=1)
        assert found.best.iou >= chain.best.iou
        assert min(told.told) == found.bound >= chain.bound
        better += found.best.iou > beam_search(problem, max_length=6, beam_size=1).best.iou
    assert better


@pytest.mark.parametrize("length", [6, 8])
def test_a_longer_tree_is_at_least_as_good_as_the_best_of_five_leaves(length):
    """The unit is a tree of four leaves that no chain comes near."""
    held = np.random.default_rng(1).random((3000, 8)) < 0.3
    unit = (held[:, 0] & held[:, 1]) | (held[:, 2] & held[:, 3])
    problem = Problem.of(from_arrays(held, unit[:, None]), "0")
    found = exact_search(problem, space="tree", max_length=length, time_limit=60)
    short = exact_search(problem, space="tree", max_length=5)
    assert found.best.iou == found.bound == 1
    assert found.by_length[:5] == short.by_length
    assert len(found.by_length) == length
    assert exact_search(problem, max_length=length, time_limit=5).best.iou < 1
