"""The front against brute force, and against every score that is highest on it."""

from fractions import Fraction

import numpy as np
import pytest
from generators import problem_of, random_problem

from compexact.solver import ErrorWeights, exact_search
from compexact.solver.errors import DisagreementError, UsageError
from compexact.solver.exhaustive import every_function
from compexact.solver.front import pareto, small_functions
from compexact.solver.front.pareto import error_front
from compexact.solver.stopping import Stopped, Stopping


def errors_of(found):
    return found.formula_points - found.intersection, found.unit_points - found.intersection


def every_chain(problem, length):
    """The counts of all chains that share a point with the unit, each with its length."""
    for n, functions in enumerate(every_function(problem, length, "chain"), start=1):
        for cells in functions:
            held = [bool(cells >> j & 1) for j in range(len(problem.weights))]
            hits, points = int(problem.active[held].sum()), int(problem.weights[held].sum())
            if hits:
                yield (points - hits, problem.unit_points - hits), n


def front_by_hand(problem, length):
    """{(false positives, false negatives): the shortest length} of what nothing beats."""
    shortest = {}
    for point, n in every_chain(problem, length):
        shortest[point] = min(n, shortest.get(point, n))
    return {
        point: n
        for point, n in shortest.items()
        if not any(other != point and other[0] <= point[0] and other[1] <= point[1] for other in shortest)
    }


def check(seeds):
    for seed in seeds:
        problem, _ = random_problem(seed)
        length = 1 + seed % 3
        found = error_front(problem, length)
        assert {errors_of(each): each.formula.length for each in found} == front_by_hand(problem, length), seed
        assert [errors_of(each)[0] for each in found] == sorted({errors_of(each)[0] for each in found})


def test_the_front_is_that_of_brute_force():
    check(range(300))


@pytest.mark.fuzz
def test_the_front_is_that_of_brute_force_on_thousands_of_problems():
    check(range(300, 5000))


def test_a_function_that_is_left_out_is_noticed(monkeypatch):
    kept = small_functions.functions_of
    monkeypatch.setattr(small_functions, "functions_of", lambda n: kept(n)[: 22 if n == 3 else None])
    with pytest.raises(AssertionError):
        check(range(300))


def test_a_wrong_count_is_noticed(monkeypatch):
    kept = pareto.pair_sums
    monkeypatch.setattr(pareto, "pair_sums", lambda *given: kept(*given) + 1)
    with pytest.raises(DisagreementError, match="was counted as"):
        check(range(300))


@pytest.mark.parametrize("weights", [("1", "1"), ("2", "1"), ("1/5", "4/5"), ("9", "1"), ("1/7", "3")])
def test_the_best_score_at_any_weights_is_on_the_front(weights):
    weights = ErrorWeights.of(*weights)
    for seed in range(60):
        problem, _ = random_problem(seed)
        if problem.is_degenerate or problem.n_points > 2**40:
            continue
        best = exact_search(weights.weighed(problem), max_length=2).of_errors(weights, problem).best
        found = error_front(problem, 2)
        assert max((weights.score(each) for each in found), default=Fraction(0)) == (weights.score(best) if best else 0)


def test_equal_numbers_have_the_shorter_formula_and_then_the_first():
    matrix = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 1]], dtype=bool)
    problem = problem_of(matrix, np.array([2, 2, 2]), np.array([2, 2, 0]))
    assert [str(each.formula) for each in error_front(problem, 3)] == ["c0"]


def test_room_for_a_long_front_is_made(monkeypatch):
    monkeypatch.setattr(pareto, "ROOM", 32)
    rng = np.random.default_rng(0)
    matrix = rng.random((200, 12)) < 0.3
    weights = rng.integers(1, 1000, 200)
    problem = problem_of(matrix, weights, rng.binomial(weights, rng.random(200)))
    small = error_front(problem, 3)
    monkeypatch.undo()
    assert small == error_front(problem, 3)
    assert len(small) > 32


def test_what_is_stopped_gives_no_front(monkeypatch):
    problem, _ = random_problem(0)
    with pytest.raises(Stopped):
        error_front(problem, 3, Stopping(should_stop=lambda: True))


@pytest.mark.parametrize("length", [0, 4])
def test_other_lengths_are_refused(length):
    with pytest.raises(UsageError, match=f"a front is of formulas of 1 to 3 concepts, not {length}"):
        error_front(random_problem(0)[0], length)
