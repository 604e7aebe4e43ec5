"""Samples: what is drawn, and what may be said of the whole."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from compexact.encodings.sample import draw, likely_bound, n_formulas
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.exhaustive import brute_force_search, every_function
from compexact.solver.problem import Problem


def problem_of(weights, active, n=3) -> Problem:
    rows = np.arange(len(weights))[:, None] >> np.arange(n) & 1
    return Problem.of(from_arrays(rows, weights=weights, active=np.array(active)[:, None]), 0)


def test_a_sample_has_its_size_and_no_more_of_anything_than_the_whole():
    problem = problem_of([5, 100, 1, 40], [5, 20, 0, 1])
    for seed in range(50):
        sample = draw(problem, 60, seed)
        assert sample.n_points == 60
        assert (sample.weights > 0).all()
        whole = {tuple(row): (w, a) for row, w, a in zip(problem.concepts.dense(), problem.weights, problem.active)}
        for row, w, a in zip(sample.concepts.dense(), sample.weights, sample.active):
            weight, active = whole[tuple(row)]
            assert a <= active
            assert w - a <= weight - active
    assert draw(problem, 146, 0) is problem
    assert draw(problem, 145, 0).n_points == 145


def test_the_same_seed_draws_the_same_sample_everywhere():
    sample = draw(problem_of([5, 100, 1, 40], [5, 20, 0, 1]), 20, 7)
    assert sample.weights.tolist() == [14, 6]
    assert sample.active.tolist() == [8, 0]


def test_counts_follow_the_hypergeometric_distribution():
    problem = problem_of([6, 4], [3, 0], n=1)
    seen = np.bincount([draw(problem, 4, seed).unit_points for seed in range(4000)], minlength=4) / 4000
    expected = [comb(3, k) * comb(7, 4 - k) / comb(10, 4) for k in range(4)]
    assert np.abs(seen - expected).max() < 0.03


def test_points_beyond_2_to_the_50_can_be_drawn():
    sample = draw(problem_of([2**50, 2**50], [2**49, 0], n=1), 1000, 0)
    assert sample.n_points == 1000
    assert 180 < sample.unit_points < 320


@pytest.mark.parametrize(("space", "length"), [("chain", 1), ("chain", 3), ("tree", 2), ("tree", 4)])
def test_formulas_are_never_counted_too_few(space, length):
    problem = problem_of([1] * 8, [1, 0] * 4)
    assert n_formulas(space, length, 3) >= sum(map(len, every_function(problem, length, space)))


def test_formulas_are_counted_by_splits_operators_and_literals():
    assert n_formulas("chain", 3, 5) == 5 * 15 * 15
    assert n_formulas("tree", 3, 5) == 2**2 * 10**3
    assert n_formulas("tree", 4, 5) == 2 * 2**3 * 10**4


def test_the_likely_bound_holds_far_more_often_than_stated_and_is_no_proof():
    """With a confidence of 5 in 100 it must fail somewhere, or it would say too little to be tested."""
    rng = np.random.default_rng(0)
    weights = rng.integers(50, 2000, size=8)
    active = (weights * rng.random(8)).astype(int)
    problem = problem_of(weights, active)
    best = brute_force_search(problem, max_length=2).best.iou
    held = {True: 0, False: 0}
    for seed in range(200):
        sample = draw(problem, 300, seed)
        bound = brute_force_search(sample, max_length=2).bound
        held[best <= likely_bound(bound, sample.unit_points, n_formulas("chain", 2, 3))] += 1
    assert held[True] >= 190
    below = [likely_bound(Fraction(1, 2), k, 1, Fraction(1, 100)) for k in (10, 1000)]
    assert below[0] > below[1] > Fraction(1, 2)


@pytest.mark.parametrize("unit_points", [50, 1234, 10**6])
def test_the_margin_is_that_of_its_derivation_and_never_a_hair_less(unit_points):
    """sqrt(ln(M / d) / (2 k)), here to 60 digits."""
    with localcontext(prec=60):
        exact = ((10**7 / Decimal("0.05")).ln() / (2 * unit_points)).sqrt()
        margin = likely_bound(Fraction(0), unit_points, 10**7)
        assert exact <= Decimal(margin.numerator) / margin.denominator <= exact * Decimal("1.00000001")


def test_an_empty_or_a_huge_sample_is_refused():
    with pytest.raises(UsageError, match="at least 1 point"):
        draw(problem_of([2], [1]), 0, 0)
    with pytest.raises(UsageError, match="at most 1,000,000 points"):
        draw(problem_of([10**8], [1]), 10**7, 0)
