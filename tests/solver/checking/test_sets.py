"""The checker that goes through all sets: it accepts the optimum, refuses whatever is below, and its bounds hold."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from asking import counted, verdict
from generators import problem_of, random_problem
from problems import best_function_value, dense, few_concepts, hard, rare_unit, sparse

from compexact.solver import Atom, Status, brute_force_search, certified, exact_search
from compexact.solver.certificate import Certificate
from compexact.solver.checking import CertificateError, pairs, set_walk
from compexact.solver.checking.clock import ENDED
from compexact.solver.checking.sets import check_sets

SPACES = ("chain", "tree")
each_space = pytest.mark.parametrize("space", SPACES)


def below(optimum, weaker):
    """False bounds, not below the weaker formula's IoU."""
    return {weaker, (weaker + optimum) / 2, max(weaker, optimum - Fraction(1, 10**6 * optimum.denominator))}


def assert_decides(problem, space, length, seed, **settings):
    """The optimum passes; nothing below it does, whatever formula it is claimed for.  How many were refused."""
    brute = brute_force_search(problem, max_length=length, space=space)
    optimum, refused = brute.best.iou, 0
    # Without the concept first in line, the claim is about a formula that is there and is worse.
    weaker = problem.explain(Atom("c0"))
    text = Certificate(space, length, optimum, "sets").to_json(problem, brute.best)
    assert verdict(problem, text, **settings).bound == optimum, f"seed {seed}"
    for bound in below(optimum, weaker.iou) if weaker.iou < optimum else ():
        text = Certificate(space, length, bound.limit_denominator(10**9), "sets").to_json(problem, weaker)
        if weaker.iou <= bound.limit_denominator(10**9) < optimum:
            with pytest.raises(CertificateError, match="exceeds the bound"):
                verdict(problem, text, **settings)
            refused += 1
    return refused


@each_space
def test_the_optimum_passes_and_anything_below_is_refused(space):
    refused = 0
    for seed in range(400):
        problem, length = random_problem(seed)
        length = min(length, 5 if space == "chain" else 4)
        if problem.n_points < 10**8 and problem.unit_points:
            refused += assert_decides(problem, space, length, seed)
    assert refused > 300


@each_space
@pytest.mark.parametrize("length", [3, 4, 5])
def test_the_same_where_most_cells_are_a_loss(space, length):
    """There the third bound of `checking/sets.py` holds, the one that needs the most care."""
    for seed in range(60):
        assert_decides(rare_unit(seed, most_concepts=4), space, length, seed)


@each_space
def test_the_same_at_length_five(space):
    for seed in range(80):
        assert_decides(few_concepts(seed), space, 5, seed)


@each_space
def test_the_same_with_many_concepts(space):
    """What brute force does not reach: the optimum by sets passes, and the formula shows that less is false."""
    for seed in range(6):
        problem = sparse(seed)
        for length in (2, 3, 4):
            result = exact_search(problem, space=space, max_length=length)
            assert certified(problem, result).status is Status.OPTIMAL
            bound = Fraction(result.bound.numerator * 10**5 // result.bound.denominator, 10**5)
            assert bound < result.bound
            false = Certificate(space, length, bound, "sets").to_json(problem, problem.explain(Atom("c39")))
            with pytest.raises(CertificateError, match="exceeds the bound"):
                verdict(problem, false)


def test_three_concepts_at_length_five():
    """With fewer concepts than the length, all others may take part; once only some were counted, and this passed."""
    rows = ["001", "100", "111", "011", "101", "011", "110", "000"]
    matrix = np.array([[bit == "1" for bit in row] for row in rows])
    weights = np.array([13, 6, 16, 17, 8, 17, 18, 500])
    problem = problem_of(matrix, weights, np.array([13, 6, 0, 0, 8, 0, 0, 0]))
    assert certified(problem, exact_search(problem, space="tree", max_length=5)).best.iou == 1
    text = Certificate("tree", 5, 1 - Fraction(1, 10**6), "sets").to_json(problem, problem.explain(Atom("c0")))
    with pytest.raises(CertificateError, match="exceeds the bound"):
        verdict(problem, text)


def walked(problem, target, length, space):
    """What the checker's walk is given: each concept's cells in its order, bool (n, n_cells), values, reaches."""
    cells, seen = counted(problem), []

    def spy(function):
        def keep(*args):
            seen.append(args)
            return ENDED

        return keep if function is set_walk.go_on else function

    check_sets(cells, target, length, space, spy)
    (starts, rows, _, _), _, values, ahead, *_ = seen[0][0]
    sets = np.zeros((len(starts) - 1, len(values)), dtype=bool)
    for each, first, end in zip(sets, starts, starts[1:]):
        each[rows[first:end]] = True
    return sets, values, ahead


@each_space
def test_no_concept_adds_more_than_the_checker_allows(space, monkeypatch):
    monkeypatch.setattr(pairs, "MAX_TABLE", 0)  # by reach at every length
    tight = 0
    for seed in range(240):
        rng = np.random.default_rng(seed)
        length, target = int(rng.integers(2, 6)), Fraction(int(rng.integers(1, 4)), 8)
        problem = few_concepts(seed) if seed % 3 == 0 else rare_unit(seed)
        sets, values, ahead = walked(problem, target, length, space)
        reach = ahead[1]
        assert (np.diff(reach) <= 0).all()
        assert reach[-1] == 0
        assert ahead.tolist() == [[sum(reach[d : d + m]) for d in range(len(reach))] for m in range(length + 1)]
        for d in range(len(sets)):
            for before in itertools.chain(*(itertools.combinations(range(d), k) for k in range(length))):
                gain = best_function_value(sets[[*before, d]], values, space)
                gain -= best_function_value(sets[list(before)], values, space)
                assert gain <= reach[d], f"seed {seed}"
                tight += gain == reach[d] > 0
    assert tight > 100


@each_space
def test_the_verdict_is_the_same_without_a_compiler(space):
    for seed in range(40):
        problem, length = random_problem(seed)
        length = min(length, 3)
        if problem.n_points >= 10**8 or not problem.unit_points:
            continue
        result = exact_search(problem, space=space, max_length=length)
        if result.best is None or result.best.iou == 0:
            continue
        weaker = problem.explain(Atom("c0"))
        for best, bound in ((result.best, result.bound), (weaker, (weaker.iou + result.bound) / 2)):
            if bound < result.bound and bound.limit_denominator(10**9) != bound:
                continue
            text = Certificate(space, length, bound, "sets").to_json(problem, best)
            answers = []
            for fast in (True, False):
                try:
                    answers.append(verdict(problem, text, fast=fast))
                except CertificateError as error:
                    answers.append(str(error))
            assert answers[0] == answers[1], f"seed {seed}"
            assert isinstance(answers[0], str) == (bound < result.bound), f"seed {seed}"


def test_a_check_that_would_take_too_many_steps_is_refused():
    problem = dense(0, cells=60, concepts=20)
    result = exact_search(problem, max_length=3)
    text = result.certificate.to_json(problem, result.best)
    for fast in (True, False):
        with pytest.raises(CertificateError, match="more than 100 steps are needed"):
            verdict(problem, text, fast=fast, max_steps=100)
    assert verdict(problem, text, max_steps=10**9).bound == result.bound


def test_steps_are_counted_whatever_they_are_spent_on():
    """Where few sets are opened but many tables looked up, and where many are opened."""
    steps, opened = needed(hard(0, cells=30, concepts=4), "tree", 4)
    assert steps > 20 * opened
    steps, opened = needed(dense(0, cells=60, concepts=30), "chain", 4)
    assert steps > opened > 1000


def needed(problem, space, length):
    """The fewest steps with which the optimum passes, and how many sets are opened."""
    result = exact_search(problem, space=space, max_length=length)
    text = Certificate(space, length, result.bound, "sets").to_json(problem, result.best)
    low, high = 0, 10**8
    while high - low > 1:
        middle = (low + high) // 2
        try:
            verdict(problem, text, max_steps=middle)
            high = middle
        except CertificateError:
            low = middle
    return high, int(verdict(problem, text).work.split()[0])


def test_lengths_above_five_are_refused():
    problem = few_concepts(0)
    text = Certificate("tree", 6, Fraction(1), "sets").to_json(problem, problem.explain(Atom("c0")))
    with pytest.raises(CertificateError, match="sets prove lengths up to 5, not 6"):
        verdict(problem, text)


@pytest.mark.parametrize("length", [2, 5])
def test_counts_beyond_64_bits_are_refused_and_those_below_decided(length):
    """All sums of the walk stay below (q * active + p * others) * (length + 2), which must be less than 2**62."""
    matrix = np.array([[1, 0], [0, 1]], dtype=bool)
    for p, q in ((999, 1000), (2**20 - 1, 2**20), (2**50 - 1, 2**50)):
        most = (2**62 - 1) // (length + 2) // (p + q)
        for half in (most - 1, most, most + 1):
            problem = problem_of(matrix, np.array([half, half]), np.array([half, 0]))
            text = Certificate("tree", length, Fraction(p, q), "sets").to_json(problem, problem.explain(~Atom("c0")))
            reason = "too large for exact arithmetic" if half > most else "exceeds the bound"
            with pytest.raises(CertificateError, match=reason):
                verdict(problem, text)
