"""What the walk over sets of concepts reads: its bounds against their definition, and targets that 64 bits decide."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from generators import problem_of
from problems import best_function_value, rare_unit

from compexact.solver.sets.tables import decidable, prepared, target_for
from compexact.solver.stopping import Stopping

SPACES = ("chain", "tree")


@pytest.mark.parametrize("space", SPACES)
def test_no_concept_adds_more_than_its_reach_to_concepts_before_it(space):
    """The bound of `solver/sets/tables.py` against its definition, where a rare unit makes most cells a loss."""
    tight = 0
    for seed in range(120):
        problem, rng = rare_unit(seed), np.random.default_rng(seed)
        length, target = int(rng.integers(2, 6)), Fraction(int(rng.integers(1, 4)), 8)
        columns, tables, _ = prepared(problem, target, length, space, Stopping())
        sets = problem.concepts.dense().T[columns]
        for d in range(len(sets)):
            for k in range(length):
                for before in itertools.combinations(range(d), k):
                    with_d = best_function_value(sets[[*before, d]], tables.cells.values, space)
                    gain = with_d - best_function_value(sets[list(before)], tables.cells.values, space)
                    assert gain <= tables.reach[d], f"seed {seed}"
                    tight += gain == tables.reach[d] > 0
    assert tight > 100


def test_the_bound_by_losses_is_used_only_where_the_cells_outside_are_a_loss():
    """Concepts cover all but a good cell: leaving it out, and bad ones in, costs more than any concept's gain."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        matrix = rng.random((10, 5)) < 0.4
        weights = rng.integers(1, 50, 10)
        problem = problem_of(matrix, weights, rng.binomial(weights, rng.choice([0.2, 0.5, 0.8])))
        length, target = int(rng.integers(1, 5)), Fraction(int(rng.integers(1, 8)), 8)
        columns, tables, _ = prepared(problem, target, length, "tree", Stopping())
        sets = problem.concepts.dense().T[columns]
        for d in range(len(sets)):
            for before in itertools.chain(*(itertools.combinations(range(d), k) for k in range(length))):
                gain = best_function_value(sets[[*before, d]], tables.cells.values)
                gain -= best_function_value(sets[list(before)], tables.cells.values)
                assert gain <= tables.reach[d], f"seed {seed}"


@pytest.mark.parametrize("space", SPACES)
def test_reaches_fall_and_end_in_zeros(space):
    for seed in range(30):
        _, tables, _ = prepared(rare_unit(seed), Fraction(1, 4), 4, space, Stopping())
        assert (np.diff(tables.reach) <= 0).all()
        assert tables.reach[-4:].tolist() == [0] * 4


def test_copies_are_left_out_and_complements_too_where_not_may_stand_anywhere():
    first = np.array([1, 1, 0, 0, 0, 0], dtype=bool)
    other = np.array([1, 0, 1, 0, 1, 0], dtype=bool)
    matrix = np.stack([~first, first, other, first, ~other], axis=1)
    problem = problem_of(matrix, np.full(6, 5), np.array([5, 2, 1, 0, 3, 1]))
    assert sorted(prepared(problem, Fraction(1, 2), 3, "chain", Stopping())[0].tolist()) == [0, 1, 2, 4]
    kept = set(prepared(problem, Fraction(1, 2), 3, "tree", Stopping())[0].tolist())
    assert (len(kept), len(kept & {0, 1, 3}), len(kept & {2, 4})) == (2, 1, 1)


def test_the_decidable_target_is_the_nearest_above_that_fits():
    weights = np.array([2**20 * 3, 2**20 * 5])
    problem = problem_of(np.eye(2, dtype=bool), weights, np.array([2**20, 1]))
    assert decidable(problem, Fraction(3, 7), 6) == Fraction(3, 7)
    fine = Fraction(2**60 + 1, 2**61 - 1)
    most = 2**62 // 6 // (problem.n_points + 1)
    target = decidable(problem, fine, 6)
    assert fine < target
    assert target.denominator <= most
    assert target - fine < Fraction(1, most)


@pytest.mark.parametrize("length", [1, 5])
def test_what_is_decidable_is_what_the_checker_takes(length):
    """The largest sum of a walk stays below 2**62, at the target given and at the one chosen above it."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        scale = int(rng.integers(1, 52))
        weights = rng.integers(1, 2**scale + 1, 2)
        problem = problem_of(np.eye(2, dtype=bool), weights, rng.integers(0, weights + 1))
        if problem.n_points >= 2**52:
            continue
        q = int(rng.integers(1, 2 ** int(rng.integers(1, 62))))
        wanted = Fraction(int(rng.integers(0, q + 1)), q)
        target = target_for(problem, wanted, length)
        assert wanted <= target <= 1
        p, q = target.numerator, target.denominator
        assert (q * problem.unit_points + p * (problem.n_points - problem.unit_points)) * (length + 2) < 2**62
