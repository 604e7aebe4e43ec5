"""Sets of four and five concepts: what is left out could not matter, and each walk ends where brute force does."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from first_few import first
from generators import problem_of
from problems import dense, few_concepts, hard, rare_unit, sparse

from compexact.solver import Problem, SearchResult, Status, brute_force_search, certified, exact_search
from compexact.solver.ceilings import ceiling
from compexact.solver.sets import larger, walk
from compexact.solver.sets import search as searching
from compexact.solver.sets.functions import functions
from compexact.solver.stopping import Stopping

each_space = pytest.mark.parametrize("space", ["chain", "tree"])


def small(seed: int) -> Problem:
    """Four to seven concepts on up to forty cells, rare or frequent, under a unit that is rare or frequent."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((int(rng.integers(6, 40)), int(rng.integers(4, 8)))) < rng.choice([0.15, 0.3, 0.5, 0.7])
    weights = rng.integers(1, int(rng.choice([3, 30])), len(matrix))
    return problem_of(matrix, weights, rng.binomial(weights, rng.choice([0.3, 1]) * rng.random(len(matrix))))


def like_sentences(seed: int, rows: int = 1500, concepts: int = 300) -> Problem:
    """Points with twelve concepts each, some of them frequent and most rare, and a unit that is a noisy chain."""
    rng = np.random.default_rng(seed)
    waiting = rng.exponential(size=(rows, concepts)) * np.arange(1, concepts + 1)
    matrix = np.zeros((rows, concepts), dtype=bool)
    np.put_along_axis(matrix, np.argpartition(waiting, 12, axis=1)[:, :12], True, axis=1)
    a, b, c, d = matrix[:, 5 + rng.choice(20, 4, replace=False)].T
    return problem_of(matrix, np.ones(rows), ((a | b | d) & ~c) ^ (rng.random(rows) < 0.05))


MAKERS = (small, few_concepts, rare_unit, lambda seed: hard(seed, cells=25, concepts=6))


def values_of(problem, target):
    return target.denominator * problem.active - target.numerator * (problem.weights - problem.active)


def largest_values(problem, values, space, k, length):
    """For every set of k concepts, the largest V of a formula that needs them all; none of fewer concepts."""
    matrix, bits = problem.concepts.dense(), functions(space, k, length)[:, None] >> np.arange(1 << k) & 1
    for chosen in itertools.combinations(range(matrix.shape[1]), k):
        region = matrix[:, chosen] @ (1 << np.arange(k))
        sums = np.zeros(1 << k, dtype=np.int64)
        np.add.at(sums, region, values)
        yield chosen, int((bits @ sums).max(initial=0))


def most(problem, values, space, sizes, length):
    """The most that nothing, or a formula over so many concepts, is worth."""
    worth = (value for k in sizes for _, value in largest_values(problem, values, space, k, length))
    return max(0, *worth, 0)


def run(stage, steps=40):
    while stage.go(steps) != walk.CLOSED:
        pass
    return int(stage.walk.numbers[walk.THRESHOLD])


DISJOINT = [9, 8, 7, 6, 5]


@pytest.mark.parametrize(("space", "active", "optimum"), [("tree", [0] * 5, 1), ("chain", DISJOINT, Fraction(7, 17))])
def test_where_too_few_concepts_are_left_to_walk_over_nothing_is_taken_for_proven(space, active, optimum):
    """The best formula over five disjoint concepts needs them all, and the best over four is known."""
    matrix = np.vstack([np.eye(5, dtype=bool), np.zeros((1, 5), dtype=bool)])
    problem = problem_of(matrix, np.array([*DISJOINT, 100]), np.array([*active, 100 if space == "tree" else 50]))
    best = exact_search(problem, space=space, max_length=4).by_length
    start = SearchResult.of(problem, "beam", (*best, best[-1]), Stopping(), space=space, ceiling=ceiling(problem))
    found = searching.search_sets(problem, start, Stopping(), space=space, ceiling=ceiling(problem))
    assert found.best.iou == found.bound == optimum
    assert certified(problem, found).status is Status.OPTIMAL


@each_space
@pytest.mark.parametrize("length", [4, 5])
def test_each_walk_ends_at_the_most_that_formulas_over_so_many_concepts_are_worth(space, length):
    """Begun below, at and above the optimum, with and without formulas that are known."""
    raised = walked = 0
    for seed in range(48 if length == 4 else 24):
        problem = MAKERS[seed % 4](seed)
        if not problem.unit_points or (space == "tree" and len(problem.concepts.names) > 12 - length):
            continue
        brute = brute_force_search(problem, max_length=4, space="chain")
        target = brute.best.iou * Fraction((3, 4, 5)[seed % 3], 4) * Fraction((31, 32)[seed // 3 % 2], 32)
        values, highest = values_of(problem, target), target.numerator * problem.unit_points
        known = brute.by_length if seed % 2 else ()
        for at, stage in enumerate(larger.stages(problem, target, length, space, known, Stopping())):
            k = len(stage.walk.place) if at else 3
            least, ended = int(stage.walk.numbers[walk.THRESHOLD]), run(stage)
            up_to = most(problem, values, space, range(1, k + 1), length)
            if k == length and up_to <= highest:
                assert ended == highest, f"seed {seed}, {k}"
            elif up_to > highest:
                assert highest < ended <= up_to, f"seed {seed}, {k}"
                assert ended == up_to or k == 3, f"seed {seed}, {k}"  # of two concepts above it, the walk is at its end
            else:
                assert ended == max(least, up_to), f"seed {seed}, {k}"
            raised += ended > least
            walked += k > 3
    assert raised > 5
    assert walked > 10


@each_space
@pytest.mark.parametrize(("k", "length"), [(4, 4), (4, 5), (5, 5)])
def test_no_concept_adds_more_than_is_allowed_for_it(space, k, length):
    """Of whatever exceeds the target, without a concept at least V - M is left; and none is left out."""
    exceeding = tight = left_out = 0
    for seed in range(40 if space == "chain" or k < 5 else 12):
        problem = MAKERS[seed % 4](seed)
        n = len(problem.concepts.names)
        if not k <= n <= 6 or not problem.unit_points:
            continue
        target = Fraction(1 + seed % 5, 9)
        values, matrix = values_of(problem, target), problem.concepts.dense()
        fewer = most(problem, values, space, range(1, k), length)
        bits = functions(space, k, length)[:, None] >> np.arange(1 << k) & 1
        gains, losses = (matrix.T @ np.maximum(sign * values, 0) for sign in (1, -1))
        for spare in (0, fewer // 40, fewer // 16, fewer // 8, fewer // 2):
            adds = larger.added(gains, losses, spare, once=k == length)
            left_out += int((adds == 0).sum())
            for chosen in itertools.combinations(range(n), k):
                sums = np.zeros(1 << k, dtype=np.int64)
                np.add.at(sums, matrix[:, chosen] @ (1 << np.arange(k)), values)
                worth = bits @ sums
                for place, z in enumerate(chosen):
                    without = np.arange(1 << k) & ~(1 << place)
                    rest = bits[:, without] @ sums  # the same function, as if z held nowhere
                    assert rest.max() <= fewer
                    above = worth > fewer + spare
                    assert (worth[above] <= rest[above] + adds[z]).all(), f"seed {seed}, {chosen}"
                    exceeding += int(above.sum())
                    tight += int((worth[above] == rest[above] + adds[z]).sum())
    assert exceeding > 50
    assert tight or (space, k) == ("tree", 5)
    assert left_out > 5


@each_space
@pytest.mark.parametrize("length", [4, 5])
def test_by_size_and_all_at_once_the_same_is_found(space, length, monkeypatch):
    makers = (sparse, rare_unit, hard) if space == "chain" or length == 4 else (rare_unit,)
    problems = [make(seed) for make in makers for seed in range(3)]
    by_size = [exact_search(problem, space=space, max_length=length, beam_size=1) for problem in problems]
    monkeypatch.setattr(larger, "LENGTHS", ())
    for problem, answer in zip(problems, by_size):
        other = exact_search(problem, space=space, max_length=length, beam_size=1)
        assert (answer.best.iou, answer.bounds) == (other.best.iou, other.bounds)


@pytest.mark.parametrize("seed", range(3))
def test_few_of_many_concepts_are_walked_over(seed):
    problem = like_sentences(seed)
    result = exact_search(problem, max_length=4)
    stages = larger.stages(problem, result.best.iou, 4, "chain", result.by_length, Stopping())
    columns = [len(stage.columns) for stage in stages if run(stage, 10**6)]
    assert columns[1] < columns[0] / 2
    assert certified(problem, result).status is Status.OPTIMAL


@pytest.mark.parametrize("steps", [1, 7, 300])
def test_however_often_the_walk_is_left_the_answer_is_the_same(steps, monkeypatch):
    problems = [small(4), dense(1, cells=60, concepts=12), sparse(2)]
    answers = [exact_search(problem, max_length=4, beam_size=1) for problem in problems]
    monkeypatch.setattr(searching, "STEPS_BETWEEN_POLLS", steps)
    for problem, answer in zip(problems, answers):
        again = exact_search(problem, max_length=4, beam_size=1)
        assert (again.by_length, again.bounds) == (answer.by_length, answer.bounds)


@pytest.mark.fuzz
@pytest.mark.parametrize("part", first(2, range(12)))
def test_search_and_checker_agree_with_brute_force(part):
    for seed in range(part, 1800, 12):
        problem = MAKERS[seed // 12 % 4](seed)
        if problem.is_degenerate:
            continue
        for space, length in (("chain", 4), ("chain", 5), ("tree", 4), ("tree", 5)):
            if length == 5 and len(problem.concepts.names) > (6 if space == "chain" else 3):
                continue
            brute = brute_force_search(problem, max_length=length, space=space)
            result = exact_search(problem, max_length=length, space=space, beam_size=1)
            if result.best is None:
                assert brute.best.iou == 0
                continue
            optima = [each.iou for each in brute.by_length]
            assert [each.iou for each in result.by_length] == list(result.bounds) == optima, f"seed {seed}"
            assert certified(problem, result).status is Status.OPTIMAL, f"seed {seed}"
