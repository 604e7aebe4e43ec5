"""The transport bound is above what any formula of N leaves reaches, and below the ceiling where it can be."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from asking import ask, verdict
from generators import problem_of, random_problem
from problems import best_of_any_function, best_tree, hard, removable, sparse

from compexact.solver import Atom, Status, brute_force_search, exact_search
from compexact.solver.ceilings import ceiling
from compexact.solver.stopping import Stopping
from compexact.solver.transport import NORMAL, Size, _rounded, _Transport, transport_bound

SPACES = ("chain", "tree")
NOTHING = Fraction(0)


def bounded(problem, length, space="tree", low=NOTHING, time_limit=None, should_stop=None, size=NORMAL):
    """The bound, after the checker has confirmed it."""
    stopping = Stopping.after(time_limit, should_stop)
    found = transport_bound(problem, length, space, low, ceiling(problem), stopping, size)
    assert (found.space, found.max_length) == (space, length)
    best = problem.explain(Atom("c0"))
    if found.bound >= best.iou:
        assert verdict(problem, found.to_json(problem, best)).bound == found.bound
    return found


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_no_tree_of_so_many_leaves_exceeds_the_bound(length):
    """Replay one: `random_problem(seed)` of generators.py."""
    lower = 0
    for seed in range(length, 240, 5):
        problem, _ = random_problem(seed)
        found = bounded(problem, length)
        assert best_tree(problem, length) <= found.bound <= ceiling(problem), f"seed {seed}"
        lower += found.bound < ceiling(problem)
        assert (found.bound < ceiling(problem)) == (found.proof == "transport"), f"seed {seed}"
    assert lower > 1


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_no_formula_of_so_many_concepts_exceeds_the_bound(length, space):
    for seed in range(length, 120, 7):
        problem, _ = random_problem(seed)
        optimum = brute_force_search(problem, max_length=min(length, 3), space=space).best.iou
        assert optimum <= bounded(problem, length, space, low=optimum / 2).bound, f"seed {seed}"


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_the_bound_is_tight_where_each_concept_does_one_thing(length):
    """The linear program is exact here, so the bound is the optimum but for rounding."""
    problem = removable(100, [90, 60, 45, 30, 20, 10, 5])
    optimum = best_of_any_function(problem, length)
    assert optimum == Fraction(100, 100 + sum([90, 60, 45, 30, 20, 10, 5][length:]))
    found = bounded(problem, length)
    assert optimum <= found.bound <= optimum + Fraction(1, 10**4)
    assert found.bound < ceiling(problem) == 1


def test_a_concept_and_its_negation_are_two_literals():
    """What is proven needs them apart: with both in one sum per concept, the same routes would not do."""
    needed = 0
    for seed in range(6):
        problem = hard(seed)
        found = bounded(problem, 4)
        p, q = found.bound.numerator, found.bound.denominator
        values = q * problem.active - p * (problem.weights - problem.active)
        matrix, separates = problem.concepts.dense(), 0
        for j, k, amount in found.content:
            separates = separates + amount * (matrix[j] != matrix[k])
        kept = values[values > 0].sum() - sum(amount for _, _, amount in found.content)
        needed += kept + np.sort(separates)[-4:].sum() > p * problem.unit_points
    assert needed > 3


def test_the_bound_is_settled_from_below_too():
    """Whatever is known from below, the answer is never below the optimum."""
    problem = removable(100, [90, 60, 45, 30, 20, 10, 5])
    optimum = best_of_any_function(problem, 2)
    for low in (NOTHING, optimum / 2, optimum - Fraction(1, 1000), optimum):
        assert optimum <= bounded(problem, 2, low=low).bound <= optimum + Fraction(1, 10**4)
    assert bounded(problem, 2, low=Fraction(1)).proof == "ceiling"


def test_longer_formulas_have_no_lower_bound():
    problem = hard(1)
    bounds = [bounded(problem, length).bound for length in (1, 2, 4, 8)]
    step = ceiling(problem) / 100  # of what the choice of pairs costs
    assert all(shorter <= longer + step for shorter, longer in pairwise(bounds))
    assert bounds[0] < bounds[-1] <= ceiling(problem)


@pytest.mark.parametrize("space", SPACES)
def test_the_bound_is_below_the_ceiling_for_long_formulas_of_real_size(space):
    problem = sparse(0)
    found = bounded(problem, 6, space, low=exact_search(problem, max_length=4).best.iou)
    assert exact_search(problem, space=space, max_length=5).best.iou <= found.bound < ceiling(problem)


@pytest.mark.parametrize("length", [6, 7])
def test_long_trees_are_bounded_by_a_checked_certificate(length):
    problem = hard(3, concepts=10)
    result = ask(problem, length, space="tree")
    assert result.status is Status.BOUNDED
    assert (result.engine, result.space, result.max_length) == ("exact", "tree", length)
    assert result.certificate.proof == "transport"
    assert exact_search(problem, space="tree", max_length=4).best.iou <= result.bound < result.ceiling
    assert len(result.by_length) == length
    assert verdict(problem, result.certificate.to_json(problem, result.best)).bound == result.bound


def test_long_trees_of_a_unit_that_is_active_everywhere_are_degenerate():
    problem = problem_of(np.eye(3, dtype=bool), np.array([3, 4, 5]), np.array([3, 4, 5]))
    for space in SPACES:
        result = ask(problem, 7, space=space)
        assert (result.status, result.bound) == (Status.DEGENERATE, 1)


MATRIX = (np.arange(8)[:, None] >> np.arange(3) & 1).astype(bool)
EDGES = {
    "one cell": (MATRIX[5:6], [7], [3]),
    "one concept": (MATRIX[:2, :1], [7, 9], [6, 2]),
    "one concept twice": (np.hstack([MATRIX[:2, :1]] * 2), [7, 9], [6, 2]),
    "constant concepts": (np.hstack([np.zeros((3, 1), bool), np.ones((3, 1), bool)]), [7, 9, 4], [6, 2, 0]),
    "active everywhere": (MATRIX, [5] * 8, [5] * 8),
    "active nowhere": (MATRIX, [5] * 8, [0] * 8),
    "no cell wholly inactive": (MATRIX, [5] * 8, [1, 2, 3, 4, 1, 2, 3, 4]),
    "all cells alike": (MATRIX, [4] * 8, [1] * 8),
    "no concept where it is active": (MATRIX[:4], [4] * 4, [4, 0, 0, 0]),
    "huge counts": (MATRIX, [2**48] * 8, [2**47 + i for i in range(8)]),
    "huge and small counts": (MATRIX, [2**51, 1, 2, 3, 4, 5, 6, 7], [1, 0, 2, 0, 4, 0, 6, 0]),
}


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("length", [1, 2, 7])
def test_extreme_inputs_have_a_true_bound(name, length):
    matrix, weights, active = EDGES[name]
    problem = problem_of(matrix, np.array(weights), np.array(active))
    assert best_tree(problem, length) <= bounded(problem, length).bound <= ceiling(problem)


def test_a_target_too_fine_for_floating_point_is_left_alone():
    """Counts of 2**48 times the denominator of a target are beyond what the program's floats can tell apart."""
    matrix, weights, active = EDGES["huge counts"]
    problem = problem_of(matrix, np.array(weights), np.array(active))
    assert bounded(problem, 1).proof == "ceiling"


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 0.01, 0.3])
def test_a_time_limit_is_kept(seconds):
    problem = hard(2, cells=300, concepts=40)
    started = time.perf_counter()
    found = bounded(problem, 6, time_limit=seconds)
    assert time.perf_counter() - started < seconds + 1
    assert exact_search(problem, max_length=2).best.iou <= found.bound <= ceiling(problem)
    if seconds < 1e-6:
        assert found.proof == "ceiling"


def test_it_stops_when_told_to_and_keeps_what_is_proven():
    """How many looks a linear program takes hangs on how busy the machine is."""
    problem = removable(100, [90, 60, 45, 30, 20, 10, 5])
    bounds = []
    for looks in range(80):
        countdown = iter([False] * looks)
        bounds.append(bounded(problem, 1, should_stop=lambda c=countdown: next(c, True)).bound)
    assert bounds[0] == 1
    whole = bounded(problem, 1).bound
    assert all(whole <= bound <= 1 for bound in bounds)
    assert len(set(bounds)) > 1


@pytest.mark.parametrize("entries", [1, 50])
def test_leaving_out_pairs_costs_tightness_and_never_truth(entries):
    for seed in range(0, 120, 5):
        problem, length = random_problem(seed)
        length = min(length, 3)
        found = bounded(problem, length, size=Size(heaviest=1, entries=entries))
        assert best_tree(problem, length) <= found.bound, f"seed {seed}"


def test_many_cells_go_through_in_parts():
    """More senders than are paired at once, which is 256; fewer partners for each, as their number is no matter."""
    rng = np.random.default_rng(0)
    matrix = np.unique(rng.random((1000, 11)) < 0.5, axis=0)
    active = rng.binomial(20, np.where(rng.random(len(matrix)) < 0.5, 0.9, 0.1))
    problem = problem_of(matrix, np.full(len(matrix), 20), active)
    optimum = best_of_any_function(problem, 1)
    found = bounded(problem, 1, low=optimum - Fraction(1, 1000), size=Size(nearest=4, heaviest=1))
    assert optimum <= found.bound < ceiling(problem)
    assert len({sender for sender, _, _ in found.content}) > 256


def test_what_is_rounded_fits_both_ends_of_every_route():
    """A solver's amounts may be a little too large, for whoever sends or whoever receives."""
    found = _Transport(0.5, np.array([0, 0, 1, 1]), np.array([2, 3, 3, 0]), np.array([6.5, 5.9, 7.0, 1.0]))
    routes = _rounded(found, np.array([12, 10, -4, -9]), 1)
    assert routes == [[0, 2, 4], [0, 3, 5], [1, 3, 4]]


def test_at_most_half_of_the_time_goes_into_the_bound(ticking):
    stopping = Stopping.after(20.0)
    transport_bound(hard(0), 3, "chain", NOTHING, Fraction(1), stopping)
    assert 10 <= time.perf_counter() <= 15
