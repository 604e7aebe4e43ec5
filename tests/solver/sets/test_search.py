"""Exact search over chains and trees by sets of concepts: against brute force, relations that must hold, the clock."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from asking import ask, iou_of, printed
from first_few import first
from generators import problem_of, random_problem
from problems import dense, few_concepts, rare_unit, sparse

from compexact.solver import (
    And,
    Atom,
    Not,
    Or,
    Problem,
    Status,
    UsageError,
    beam_search,
    brute_force_search,
    certified,
    exact,
    exact_search,
    is_chain,
    stopping,
)  # fmt: skip
from compexact.solver.ceilings import ceiling
from compexact.solver.cells import concept_rows
from compexact.solver.sets import larger
from compexact.solver.sets import search as searching
from compexact.solver.sets.functions import functions
from compexact.solver.stopping import Stopping

SPACES = ("chain", "tree")
N_FUZZ = int(os.environ.get("COMPEXACT_FUZZ", "1200"))
each_space = pytest.mark.parametrize("space", SPACES)


def is_tree(formula):
    """AND and OR over concepts and negated concepts."""
    if isinstance(formula, And | Or):
        return all(is_tree(part) for part in formula.operands)
    return isinstance(formula.operand if isinstance(formula, Not) else formula, Atom)


IN_SPACE = {"chain": is_chain, "tree": is_tree}


def assert_right(space, problem, length, seed, beam_size=10):
    brute = brute_force_search(problem, max_length=length, space=space)
    result = ask(problem, length, space=space, beam_size=beam_size)
    assert (result.space, result.max_length) == (space, length)
    assert iou_of(result) <= brute.best.iou <= result.bound <= result.ceiling, f"seed {seed}"
    exact = problem.n_points < 10**8
    if problem.is_degenerate:
        assert result.status is Status.DEGENERATE, f"seed {seed}"
    elif result.best is None:
        assert (space, brute.best.iou) == ("chain", 0), f"seed {seed}"
    else:
        assert result.status is (Status.OPTIMAL if result.bound == iou_of(result) else Status.BOUNDED), f"seed {seed}"
    assert not exact or result.bound == iou_of(result), f"seed {seed}"
    for n, (found, best) in enumerate(zip(result.by_length, brute.by_length), start=1):
        assert IN_SPACE[space](found.formula), f"seed {seed}"
        assert found.formula.length <= n, f"seed {seed}"
        assert problem.explain(found.formula) == found, f"seed {seed}"
        assert not exact or found.iou == best.iou, f"seed {seed}, length {n}"


@pytest.mark.parametrize("part", first(4, range(12)))
def test_tree_search_and_checker_agree_with_brute_force_at_lengths_up_to_four(part):
    """Chains: `tests/solver/test_exact.py`.  Replay one: `random_problem(seed)` of generators.py."""
    for seed in range(part, N_FUZZ, 12):
        problem, length = random_problem(seed)
        assert_right("tree", problem, min(length, 4), seed, beam_size=1 + seed % 3)


@each_space
def test_search_and_checker_agree_with_brute_force_at_length_five(space):
    for seed in range(150):
        assert_right(space, few_concepts(seed), 5, seed, beam_size=1)


@each_space
def test_search_and_checker_agree_with_brute_force_where_most_cells_are_a_loss(space):
    for seed in range(100):
        assert_right(space, rare_unit(seed, most_concepts=4), 3 + seed % 3, seed, beam_size=1)


def best_by_trying_all(space, problem, k, length):
    """The best IoU over all sets of k concepts and all their truth tables of `length` leaves, without bounds."""
    matrix = problem.concepts.dense()
    bits = functions(space, k, length)[:, None] >> np.arange(1 << k) & 1
    best = Fraction(0)
    for chosen in itertools.combinations(range(matrix.shape[1]), k):
        region = matrix[:, chosen] @ (1 << np.arange(k))
        both = bits @ np.bincount(region, problem.active, minlength=1 << k).astype(np.int64)
        points = bits @ np.bincount(region, problem.weights, minlength=1 << k).astype(np.int64)
        union = points + problem.unit_points - both
        at = np.argmax(both / union)
        best = max(best, Fraction(int(both[at]), int(union[at])))
    return best


@each_space
@pytest.mark.parametrize("seed", range(4))
def test_the_bounds_cut_nothing_off_where_there_are_many_concepts(seed, space):
    problem = sparse(seed, concepts=24)
    result = ask(problem, 3, space=space, beam_size=1)
    assert result.status is Status.OPTIMAL
    assert result.best.iou == max(best_by_trying_all(space, problem, k, 3) for k in (1, 2, 3))


def test_the_bounds_cut_no_set_of_four_off():
    problem = sparse(11, concepts=20)
    result = ask(problem, 4, space="tree", beam_size=1)
    assert result.status is Status.OPTIMAL
    assert result.best.iou == max(best_by_trying_all("tree", problem, k, 4) for k in (1, 2, 3, 4))


def test_a_balanced_tree_is_found_and_no_chain_equals_it():
    cells = np.array(list(itertools.product([False, True], repeat=4)))
    held = (cells[:, 0] & cells[:, 1]) | (cells[:, 2] & ~cells[:, 3])
    problem = problem_of(cells, np.full(len(cells), 100), np.where(held, 100, 0))
    result = ask(problem, 4, space="tree")
    assert result.best.iou == result.bound == 1
    assert result.best.formula == (Atom("c0") & Atom("c1")) | (Atom("c2") & ~Atom("c3"))
    assert ask(problem, 4).bound < 1


def test_a_concept_may_stand_twice():
    """One of two but not both takes four leaves, each concept twice; as a chain it cannot be said at all."""
    cells = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=bool)
    problem = problem_of(cells, np.full(4, 10), np.array([0, 10, 10, 0]))
    result = exact_search(problem, space="tree", max_length=4)
    assert (result.best.iou, result.best.formula.length) == (1, 4)
    assert exact_search(problem, space="tree", max_length=3).bound < 1
    assert ask(problem, 5).bound == Fraction(2, 3)


def test_a_concept_may_stand_twice_in_a_chain():
    """`((c0 OR c1) AND c2) OR c0` is `c0 OR (c1 AND c2)`: three concepts, and it takes no fourth leaf."""
    cells = np.array(list(itertools.product([False, True], repeat=3)))
    held = cells[:, 0] | (cells[:, 1] & cells[:, 2])
    result = ask(problem_of(cells, np.full(8, 10), np.where(held, 10, 0)), 4)
    assert (result.best.iou, result.best.formula.length) == (1, 3)


@pytest.mark.parametrize("length", [1, 2, 5, 7])
def test_a_unit_outside_all_concepts_is_explained_by_trees_though_the_beam_finds_nothing(length):
    """The beam starts from concepts, none of which meets the unit; only negations do."""
    cells = np.array([[0, 0], [0, 1], [1, 0]], dtype=bool)
    problem = problem_of(cells, np.full(3, 5), np.array([5, 0, 0]))
    assert beam_search(problem, max_length=length).best is None
    result = ask(problem, length, space="tree")
    optimum = brute_force_search(problem, max_length=min(length, 4), space="tree").best.iou
    assert iou_of(result) <= optimum <= result.bound
    if length <= 5:
        assert (iou_of(result), result.status) == (optimum, Status.OPTIMAL)
    if length == 2:
        assert result.best.formula == ~Atom("c0") & ~Atom("c1")
    assert len(result.by_length) == length
    chains = ask(problem, length)
    assert (iou_of(chains), chains.bound, chains.status) == (0, 0, Status.OPTIMAL)


@each_space
@pytest.mark.parametrize("length", [3, 6])
def test_a_unit_that_is_never_active_has_nothing_to_explain(space, length):
    problem = problem_of(np.array([[1, 0], [0, 1]], dtype=bool), np.array([3, 4]), np.array([0, 0]))
    result = ask(problem, length, space=space)
    assert (result.status, result.best, result.bound, result.space) == (Status.DEGENERATE, None, 0, space)


@each_space
def test_the_search_alone_calls_nothing_optimal_and_the_checked_certificate_does(space):
    problem = sparse(1)
    result = exact_search(problem, space=space, max_length=3)
    assert (result.engine, result.space, result.status) == ("exact", space, Status.BOUNDED)
    assert (result.certificate.proof, result.certificate.content) == ("sets", None)
    assert certified(problem, result).status is Status.OPTIMAL


@pytest.mark.parametrize("length", [0, 6])
def test_the_walk_refuses_other_lengths(length):
    problem = sparse(0)
    start = beam_search(problem, max_length=max(length, 1))
    with pytest.raises(UsageError, match=f"from 1 to 5, not {length}"):
        searching.search_sets(
            problem, replace(start, max_length=length), Stopping(), space="tree", ceiling=ceiling(problem)
        )


def test_other_spaces_and_lengths_are_refused():
    for settings, message in (({"space": "forest"}, "not 'forest'"), ({"max_length": 0}, "not 0")):
        with pytest.raises(UsageError, match=message):
            exact_search(sparse(0), **settings)


@each_space
def test_a_search_stopped_at_any_look_gives_a_formula_and_a_bound_above_the_optimum(space):
    problem = sparse(3, concepts=60)
    optimum = exact_search(problem, space=space, max_length=4).best.iou
    bounds = []
    for looks in range(12):
        countdown = iter([False] * looks)
        result = exact_search(
            problem, space=space, max_length=4, beam_size=1, should_stop=lambda c=countdown: next(c, True)
        )
        assert result.best.iou <= optimum <= result.bound <= result.ceiling
        assert problem.explain(result.best.formula) == result.best
        bounds.append(result.bound)
        if looks < 2:
            assert result.certificate.proof == "ceiling"
            assert certified(problem, result).status is Status.BOUNDED
    assert bounds[0] == result.ceiling


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.2, 1.0])
def test_a_time_limit_is_kept_and_gives_a_bound_above_what_is_known(seconds):
    problem = dense(5)
    shorter = exact_search(problem, space="tree", max_length=2).best.iou
    result = exact_search(problem, space="tree", max_length=5, beam_size=1, time_limit=seconds)
    assert result.seconds < seconds + 1
    assert max(shorter, result.best.iou) <= result.bound <= result.ceiling


@each_space
def test_bounds_fall_below_the_ceiling_before_the_end_and_stay_above_the_optimum(monkeypatch, space):
    """Looks come often and there is no patience, so that the search turns to easier targets at once."""
    problem = dense(7, cells=200, concepts=30)
    optimum = exact_search(problem, space=space, max_length=4).best.iou
    monkeypatch.setattr(stopping, "PATIENCE", 0)
    monkeypatch.setattr(searching, "STEPS_BETWEEN_POLLS", 100_000)
    monkeypatch.setattr(exact, "BEAM_LENGTH", 4)
    monkeypatch.setattr(larger, "LENGTHS", ())  # one walk over all sets, which takes long
    between = []
    for looks in range(0, 300, 6):
        countdown = iter([False] * looks)
        result = exact_search(
            problem, space=space, max_length=4, beam_size=1, should_stop=lambda c=countdown: next(c, True)
        )
        assert result.best.iou <= optimum <= result.bound <= result.ceiling
        if optimum < result.bound < result.ceiling:
            between.append(result)
    assert between
    assert certified(problem, between[0]).bound == between[0].bound
    assert exact_search(problem, space=space, max_length=4, should_stop=lambda: False).bound == optimum


@each_space
@pytest.mark.parametrize("share", [0, 20])
def test_bounds_from_easier_targets_are_valid_whatever_the_incumbent(monkeypatch, share, space):
    """From a poor formula, stopped after any number of looks, with no patience or with much."""
    monkeypatch.setattr(searching, "STEPS_BETWEEN_POLLS", 300)
    monkeypatch.setattr(stopping, "PATIENCE", 4 * share)
    for seed in range(6):
        problem = sparse(seed, concepts=24)
        optimum = exact_search(problem, space=space, max_length=3).best.iou
        poor = problem.explain(Atom(problem.concepts.names[-1]))
        assert poor.iou < optimum
        for looks in (*range(15), 10**9):
            countdown = iter(range(looks))
            clock = Stopping(should_stop=lambda c=countdown: next(c, None) is None)
            search = searching._Search(problem, 3, space, poor, clock)
            bound = search.run(ceiling(problem))
            assert search.best.iou <= optimum <= bound
            halving = searching._Search(problem, 3, space, poor, Stopping())
            assert halving.halve(Fraction(1), share) >= optimum
        assert bound == optimum


def test_a_stopped_search_keeps_what_shorter_lengths_found():
    """No chain of two concepts comes near `NOT c0 AND NOT c1`, which the search finds before it is stopped."""
    cells = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 1]], dtype=bool)
    problem = problem_of(cells, np.full(3, 5), np.array([5, 0, 1]))
    kept = 0
    for looks in range(60):
        countdown = iter([False] * looks)
        result = exact_search(problem, space="tree", max_length=4, should_stop=lambda left=countdown: next(left, True))
        if result.by_length[1].iou == Fraction(5, 6):
            kept += next(countdown, None) is None
            assert result.best == result.by_length[1]
    assert kept


@each_space
def test_longer_formulas_are_never_worse(space):
    for seed in range(6):
        found = exact_search(sparse(seed), space=space, max_length=4).by_length
        assert [each.iou for each in found] == sorted(each.iou for each in found)


@each_space
def test_order_copies_and_repeated_points_change_nothing_nor_complements_in_trees(space):
    for seed in range(8):
        problem, rng = sparse(seed, cells=60, concepts=16), np.random.default_rng(seed)
        matrix, optimum = problem.concepts.dense(), ask(problem, 4, space=space).bound
        rows, columns = rng.permutation(len(matrix)), rng.permutation(matrix.shape[1])
        also = [~matrix[:, :2]] if space == "tree" else []
        more = np.hstack([matrix[:, columns], *also, matrix[:, 3:4]])[rows]
        twice = np.vstack([more, more])
        again = problem_of(twice, np.tile(problem.weights[rows], 2), np.tile(problem.active[rows], 2))
        result = ask(again, 4, space=space)
        assert (result.bound, result.status) == (optimum, Status.OPTIMAL)


def test_a_complement_is_no_copy_in_chains():
    """`NOT c0 AND NOT c1` needs the complement as a concept of its own where a chain is to say it."""
    cells = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=bool)
    active = np.array([5, 0, 0, 0])
    with_complement = problem_of(np.hstack([cells, ~cells[:, :1]]), np.full(4, 5), active)
    assert ask(problem_of(cells, np.full(4, 5), active), 2).bound == 0
    assert ask(with_complement, 2).best.formula == Atom("c2") & ~Atom("c1")


@each_space
def test_scores_too_fine_for_64_bits_are_bounded_from_above(space):
    rng = np.random.default_rng(2)
    matrix = rng.random((7, 4)) < 0.5
    weights = 2**49 - rng.integers(0, 9, 7)
    problem = problem_of(matrix, weights, rng.integers(0, weights + 1))
    optimum = brute_force_search(problem, max_length=3, space=space).best.iou
    result = ask(problem, 3, space=space)
    assert result.best.iou <= optimum <= result.bound


def test_the_answer_does_not_depend_on_hash_seed_or_threads():
    code = (
        "from generators import random_problem\n"
        "from compexact.solver import exact_search\n"
        "for s in range(0, 240, 21):\n"
        "  for space in ('chain', 'tree'):\n"
        "    r = exact_search(random_problem(s)[0], space=space, max_length=4, beam_size=1)\n"
        "    print(r.best, r.by_length, r.bound, r.certificate)"
    )
    assert len(printed(code)) == 1


@each_space
@pytest.mark.parametrize("length", [2, 6])
def test_a_problem_without_concepts_has_no_formula(space, length):
    nothing = concept_rows([], [], np.zeros((1, 0), dtype=bool))
    result = ask(Problem(nothing, np.array([7]), np.array([3]), "u"), length, space=space)
    assert (result.best, result.bound) == (None, 0)
