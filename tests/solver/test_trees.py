"""Exact search over trees against brute force, against relations that must hold, and against the clock."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from compexact.solver import And, Atom, Not, Or, Problem, Status, brute_force_search, trees
from compexact.solver.ceiling import ceiling
from compexact.solver.cells import concept_rows
from compexact.solver.errors import UsageError
from compexact.solver.tree_functions import functions, to_tree
from compexact.solver.tree_tables import decidable, prepared
from compexact.solver.trees import MAX_LENGTH, tree_search

_spec = importlib.util.spec_from_file_location("generators", Path(__file__).with_name("generators.py"))
generators = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generators)

N_FUZZ = int(os.environ.get("COMPEXACT_FUZZ", "1200"))


def iou_of(result):
    return result.best.iou if result.best else Fraction(0)


def is_tree(formula):
    """AND and OR over concepts and negated concepts."""
    if isinstance(formula, And | Or):
        return all(is_tree(part) for part in formula.operands)
    return isinstance(formula.operand if isinstance(formula, Not) else formula, Atom)


def assert_right(problem, length, seed, beam_size=10):
    brute = brute_force_search(problem, max_length=length, space="tree")
    result = tree_search(problem, max_length=length, beam_size=beam_size)
    assert iou_of(result) <= brute.best.iou <= result.bound <= result.ceiling, f"seed {seed}"
    assert result.status is brute.status, f"seed {seed}"
    exact = problem.n_points < 10**8
    assert not exact or result.bound == iou_of(result), f"seed {seed}"
    for n, (found, best) in enumerate(zip(result.by_length, brute.by_length), start=1):
        assert is_tree(found.formula), f"seed {seed}"
        assert found.formula.length <= n, f"seed {seed}"
        assert problem.explain(found.formula) == found, f"seed {seed}"
        assert not exact or found.iou == best.iou, f"seed {seed}, length {n}"


@pytest.mark.parametrize("part", range(12))
def test_search_agrees_with_brute_force_at_lengths_up_to_four(part):
    """Replay one: `random_problem(seed)` of generators.py."""
    for seed in range(part, N_FUZZ, 12):
        problem, length = generators.random_problem(seed)
        assert_right(problem, min(length, 4), seed, beam_size=1 + seed % 3)


def few_concepts(seed):
    """Up to four concepts on up to 14 cells, the unit rare or frequent."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((int(rng.integers(3, 15)), int(rng.integers(2, 5)))) < rng.choice([0.2, 0.5])
    weights = rng.integers(1, 30, len(matrix))
    return generators.problem_of(matrix, weights, rng.binomial(weights, rng.choice([0.1, 0.5, 0.9])))


def test_search_agrees_with_brute_force_at_length_five():
    for seed in range(150):
        assert_right(few_concepts(seed), 5, seed, beam_size=1)


def sparse(seed, cells=150, concepts=40):
    """Many concepts, few a cell, and a rare unit near a balanced tree: here the bounds have work to do."""
    rng = np.random.default_rng(seed)
    matrix = np.zeros((cells, concepts), dtype=bool)
    matrix[np.arange(cells), rng.integers(0, 6, cells)] = True
    matrix[np.arange(cells), rng.integers(6, concepts, cells)] = True
    a, b, c, d = matrix[:, :4].T | matrix[:, 6:10].T
    weights = rng.integers(1, 2000, cells)
    share = np.where((a & matrix[:, 12]) | (b & matrix[:, 7]) | (c & ~d & matrix[:, 14]), 0.2, 0.02)
    return generators.problem_of(matrix, weights, rng.binomial(weights, share))


def best_by_trying_all(problem, length):
    """The best IoU over all sets of `length` concepts and all their truth tables, without bounds."""
    matrix = problem.concepts.dense()
    tables = functions(length, length)
    bits = tables[:, None] >> np.arange(1 << length) & 1
    best = Fraction(0)
    for chosen in itertools.combinations(range(matrix.shape[1]), length):
        region = matrix[:, chosen] @ (1 << np.arange(length))
        active = np.bincount(region, problem.active, minlength=1 << length).astype(np.int64)
        points = np.bincount(region, problem.weights, minlength=1 << length).astype(np.int64)
        both = bits @ active
        union = bits @ (points - active) + problem.unit_points
        at = np.argmax(both / union)
        best = max(best, Fraction(int(both[at]), int(union[at])))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_the_bounds_cut_nothing_off_where_there_are_many_concepts(seed):
    problem = sparse(seed, concepts=24)
    result = tree_search(problem, max_length=3, beam_size=1)
    assert result.bound == result.best.iou
    by_length = [brute_force_search(problem, max_length=2, space="tree").best.iou, best_by_trying_all(problem, 3)]
    assert result.best.iou == max(by_length)


def best_function(sets, values):
    """V*: the value of the best Boolean function of the sets, bool (k, n_cells)."""
    regions = np.zeros(sets.shape[1], dtype=np.int64)
    for each in sets:
        regions = 2 * regions + each
    return sum(max(0, int(values[regions == region].sum())) for region in set(regions.tolist()))


def test_no_concept_adds_more_than_its_reach_to_concepts_before_it():
    """The bound of `solver/tree_tables.py` against its definition, where a rare unit makes most cells a loss."""
    tight = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        matrix = rng.random((20, 6)) < rng.choice([0.15, 0.3])
        matrix[14:] = False
        weights = rng.integers(1, 50, 20)
        active = np.where(rng.random(20) < 0.4, weights, 0)
        active[14:] = 0
        problem = generators.problem_of(matrix, weights + 200 * (np.arange(20) >= 14), active)
        length, target = int(rng.integers(2, 5)), Fraction(int(rng.integers(1, 4)), 8)
        columns, tables, _ = prepared(problem, target, length)
        sets = matrix.T[columns]
        for d in range(len(sets)):
            for k in range(length):
                for before in itertools.combinations(range(d), k):
                    with_d = best_function(sets[[*before, d]], tables.values)
                    gain = with_d - best_function(sets[list(before)], tables.values)
                    assert gain <= tables.reach[d], f"seed {seed}"
                    tight += gain == tables.reach[d] > 0
    assert tight > 100


def test_a_balanced_tree_is_found():
    cells = np.array(list(itertools.product([False, True], repeat=4)))
    held = (cells[:, 0] & cells[:, 1]) | (cells[:, 2] & ~cells[:, 3])
    weights = np.full(len(cells), 100)
    result = tree_search(generators.problem_of(cells, weights, np.where(held, 100, 0)), max_length=4)
    assert result.best.iou == result.bound == 1
    assert result.best.formula == (Atom("c0") & Atom("c1")) | (Atom("c2") & ~Atom("c3"))


def test_a_concept_may_stand_twice():
    """One of two but not both takes four leaves, each concept twice."""
    cells = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=bool)
    problem = generators.problem_of(cells, np.full(4, 10), np.array([0, 10, 10, 0]))
    result = tree_search(problem, max_length=4)
    assert (result.best.iou, result.best.formula.length) == (1, 4)
    assert tree_search(problem, max_length=3).bound < 1


def test_a_unit_outside_all_concepts_is_their_negation():
    cells = np.array([[0, 0], [0, 1], [1, 0]], dtype=bool)
    result = tree_search(generators.problem_of(cells, np.full(3, 5), np.array([5, 0, 0])), max_length=2)
    assert result.best.formula == ~Atom("c0") & ~Atom("c1")


def test_a_unit_that_is_never_active_has_nothing_to_explain():
    problem = generators.problem_of(np.array([[1, 0], [0, 1]], dtype=bool), np.array([3, 4]), np.array([0, 0]))
    result = tree_search(problem, max_length=3)
    assert (result.status, result.best, result.bound, result.space) == (Status.DEGENERATE, None, 0, "tree")


def test_no_answer_is_called_optimal_because_there_is_no_certificate():
    result = tree_search(sparse(1), max_length=3)
    assert (result.engine, result.space, result.status) == ("exact", "tree", Status.BOUNDED)
    assert result.certificate is None


@pytest.mark.parametrize("length", [0, MAX_LENGTH + 1])
def test_other_lengths_are_refused_and_the_solvers_named(length):
    with pytest.raises(UsageError, match=f"not {length}; the engines cpsat and maxsat take any length"):
        tree_search(sparse(0), max_length=length)


def test_a_search_stopped_at_any_look_gives_a_formula_and_a_bound_above_the_optimum():
    problem = sparse(3, concepts=60)
    optimum = tree_search(problem, max_length=4).best.iou
    bounds = []
    for looks in range(12):
        countdown = iter([False] * looks)
        result = tree_search(problem, max_length=4, beam_size=1, should_stop=lambda c=countdown: next(c, True))
        assert result.best.iou <= optimum <= result.bound <= result.ceiling
        assert problem.explain(result.best.formula) == result.best
        bounds.append(result.bound)
    assert bounds[0] == result.ceiling


def dense(seed, cells=400, concepts=70):
    """Concepts on a third of the cells each: the hardest kind for the bounds."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((cells, concepts)) < 0.3
    weights = rng.integers(1, 50, cells)
    return generators.problem_of(matrix, weights, rng.binomial(weights, 0.2))


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.2, 1.0])
def test_a_time_limit_is_kept_and_gives_a_bound_above_what_is_known(seconds):
    problem = dense(5)
    shorter = tree_search(problem, max_length=2).best.iou
    result = tree_search(problem, max_length=5, beam_size=1, time_limit=seconds)
    assert result.seconds < seconds + 1
    assert max(shorter, result.best.iou) <= result.bound <= result.ceiling


def test_bounds_fall_below_the_ceiling_before_the_end_and_stay_above_the_optimum(monkeypatch):
    """Looks come often and there is no patience, so that the search turns to easier targets at once."""
    problem = dense(7, cells=200, concepts=30)
    optimum = tree_search(problem, max_length=4).best.iou
    monkeypatch.setattr(trees, "PATIENCE", 0)
    monkeypatch.setattr(trees, "STEPS_BETWEEN_LOOKS", 20_000)
    bounds = []
    for looks in range(0, 40, 2):
        countdown = iter([False] * looks)
        result = tree_search(problem, max_length=4, beam_size=1, should_stop=lambda c=countdown: next(c, True))
        assert result.best.iou <= optimum <= result.bound <= result.ceiling
        bounds.append(result.bound)
    assert any(optimum < bound < result.ceiling for bound in bounds)
    assert tree_search(problem, max_length=4, should_stop=lambda: False).bound == optimum


@pytest.mark.parametrize("share", [0, 20])
def test_bounds_from_easier_targets_are_valid_whatever_the_incumbent(monkeypatch, share):
    """From a poor formula, stopped after any number of looks, with no patience or with much."""
    monkeypatch.setattr(trees, "STEPS_BETWEEN_LOOKS", 300)
    monkeypatch.setattr(trees, "PATIENCE", 4 * share)
    for seed in range(6):
        problem = sparse(seed, concepts=24)
        optimum = tree_search(problem, max_length=3).best.iou
        poor = problem.explain(Atom(problem.concepts.names[-1]))
        assert poor.iou < optimum
        for looks in (*range(15), 10**9):
            countdown = iter(range(looks))
            clock = trees._Clock(0.0, None, lambda c=countdown: next(c, None) is None)
            search = trees._Search(problem, 3, poor, clock)
            bound = search.run(ceiling(problem))
            assert search.best.iou <= optimum <= bound
            halving = trees._Search(problem, 3, poor, trees._Clock(0.0, None, None))
            assert halving.halve(Fraction(1), share) >= optimum
        assert bound == optimum


def test_a_stopped_search_keeps_what_shorter_lengths_found():
    """No chain of two concepts comes near `NOT c0 AND NOT c1`, which the search finds before it is stopped."""
    cells = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 1]], dtype=bool)
    problem = generators.problem_of(cells, np.full(3, 5), np.array([5, 0, 1]))
    countdown = iter([False] * 4)
    result = tree_search(problem, max_length=4, should_stop=lambda: next(countdown, True))
    assert result.by_length[1].iou == Fraction(5, 6)
    assert result.best == result.by_length[1]


def test_longer_trees_are_never_worse():
    for seed in range(6):
        found = tree_search(sparse(seed), max_length=4).by_length
        assert [each.iou for each in found] == sorted(each.iou for each in found)


def test_order_copies_complements_and_repeated_points_change_nothing():
    for seed in range(8):
        problem, rng = sparse(seed, cells=60, concepts=16), np.random.default_rng(seed)
        matrix, optimum = problem.concepts.dense(), tree_search(problem, max_length=4).bound
        rows, columns = rng.permutation(len(matrix)), rng.permutation(matrix.shape[1])
        more = np.hstack([matrix[:, columns], ~matrix[:, :2], matrix[:, 3:4]])[rows]
        twice = np.vstack([more, more])
        again = generators.problem_of(twice, np.tile(problem.weights[rows], 2), np.tile(problem.active[rows], 2))
        assert tree_search(again, max_length=4).bound == optimum


def test_scores_too_fine_for_64_bits_are_bounded_from_above():
    rng = np.random.default_rng(2)
    matrix = rng.random((9, 4)) < 0.5
    weights = 2**49 - rng.integers(0, 9, 9)
    problem = generators.problem_of(matrix, weights, rng.integers(0, weights + 1))
    optimum = brute_force_search(problem, max_length=3, space="tree").best.iou
    result = tree_search(problem, max_length=3)
    assert result.best.iou <= optimum <= result.bound


def test_the_decidable_target_is_the_nearest_above_that_fits():
    weights = np.array([2**20 * 3, 2**20 * 5])
    problem = generators.problem_of(np.eye(2, dtype=bool), weights, np.array([2**20, 1]))
    assert decidable(problem, Fraction(3, 7), 4) == Fraction(3, 7)
    fine = Fraction(2**60 + 1, 2**61 - 1)
    most = 2**62 // 6 // (problem.n_points + 1)
    target = decidable(problem, fine, 4)
    assert fine < target
    assert target.denominator <= most
    assert target - fine < Fraction(1, most)


def test_the_truth_tables_are_those_of_all_trees():
    """Trees of n leaves over n concepts, each once, are the read-once functions: 2, 8, 64, 832, 15104."""
    assert [len(functions(n, n)) for n in range(1, 6)] == [2, 8, 64, 832, 15104]
    assert len(functions(1, 2)) == 3
    assert len(functions(2, 4)) == 10


@pytest.mark.parametrize(("k", "length"), [(1, 2), (2, 4), (3, 3), (3, 5), (4, 4)])
def test_a_truth_table_becomes_a_tree_with_that_table(k, length):
    names = [f"v{i}" for i in range(k)]
    masks = {name: np.arange(1 << k) >> i & 1 == 1 for i, name in enumerate(names)}
    for table in functions(k, length).tolist():
        formula = to_tree(table, names, length)
        assert is_tree(formula)
        assert formula.length <= length
        assert formula.mask(masks).tolist() == [bool(table >> r & 1) for r in range(1 << k)]


def test_the_answer_does_not_depend_on_hash_seed_or_threads():
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from generators import random_problem\n"
        "from compexact.solver.trees import tree_search\n"
        "for s in range(0, 240, 7):\n"
        "    r = tree_search(random_problem(s)[0], max_length=4, beam_size=1)\n"
        "    print(r.best, r.by_length, r.bound)"
    )
    answers = set()
    for seed, threads in (("0", "1"), ("1", "2"), ("77", "2")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "NUMBA_NUM_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        answers.add(done.stdout)
    assert len(answers) == 1


def test_a_problem_without_concepts_has_no_formula():
    nothing = concept_rows([], [], np.zeros((2, 0), dtype=bool))
    result = tree_search(Problem(nothing, np.array([3, 4]), np.array([1, 2]), "u"), max_length=2)
    assert (result.best, result.bound) == (None, 0)
