"""The walk over pairs: its bound holds, and it finds what the walk over sets finds."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from generators import random_problem
from problems import dense, few_concepts, hard, rare_unit, sparse

from compexact.solver import brute_force_search, exact_search
from compexact.solver.sets import pair_walk, pairs
from compexact.solver.sets.functions import functions
from compexact.solver.stopping import Stopping

each_space = pytest.mark.parametrize("space", ["chain", "tree"])


def values_of(problem, target):
    return target.denominator * problem.active - target.numerator * (problem.weights - problem.active)


def largest(problem, columns, values, chosen, space, length):
    """The largest V of any formula that needs just these concepts, by its truth table, cell by cell."""
    region = sum(problem.concepts.column(columns[c]).astype(int) << place for place, c in enumerate(chosen))
    tables = functions(space, len(chosen), length).tolist()
    return max(int(values[(table >> region & 1).astype(bool)].sum()) for table in tables)


@each_space
@pytest.mark.parametrize("make", [few_concepts, rare_unit, hard])
def test_no_third_concept_exceeds_the_bound_of_a_pair(space, make):
    tight = looked_at = 0
    for seed in range(8):
        problem = make(seed)
        if not problem.unit_points:
            continue
        target = Fraction(seed % 7, 9)
        columns, tables, walk = pairs.prepared(problem, target, 3, space, Stopping())
        values = values_of(problem, target)
        for x in range(len(columns)):
            walk.numbers[[pair_walk.X, pair_walk.Y]] = x
            walk.numbers[pair_walk.THRESHOLD] = -(2**61) if seed % 2 else target.numerator * problem.unit_points
            pair_walk.walk(tables, walk, 1)
            for y in range(x + 1, len(columns)):
                over = [(x, y), *((x, y, z) for z in range(y + 1, len(columns)))]
                best = max(largest(problem, columns, values, chosen, space, 3) for chosen in over)
                assert walk.bound[y] >= best or best <= walk.numbers[pair_walk.THRESHOLD], f"seed {seed}, {x}, {y}"
                tight += walk.bound[y] == best
                looked_at += 1
    assert tight > looked_at / 20


@each_space
@pytest.mark.parametrize("length", [1, 2, 3])
def test_by_pairs_and_by_sets_the_same_is_found(space, length, monkeypatch):
    problems = [make(seed) for make in (sparse, dense, rare_unit, hard) for seed in range(4)]
    by_pairs = [exact_search(problem, space=space, max_length=length) for problem in problems]
    monkeypatch.setattr(pairs, "MAX_CONCEPTS", 0)
    for problem, answer in zip(problems, by_pairs):
        other = exact_search(problem, space=space, max_length=length)
        assert (answer.best.iou, answer.bounds) == (other.best.iou, other.bounds)


@each_space
def test_without_a_good_start_the_optimum_is_found(space):
    """The beam mostly starts at the optimum, and a walk that finds nothing would do: here it begins at nought."""
    for seed in range(150):
        problem, length = random_problem(seed)
        length = min(length, 3)
        if problem.n_points >= 10**8 or not problem.unit_points or not problem.concepts.names:
            continue
        target = Fraction(0)
        while True:
            columns, tables, walk = pairs.prepared(problem, target, length, space, Stopping())
            while pair_walk.walk(tables, walk, 5) != pair_walk.CLOSED:
                pass
            if not walk.numbers[pair_walk.FOUND]:
                break
            k, *found = walk.found.tolist()
            region = sum(problem.concepts.column(columns[c]).astype(int) << i for i, c in enumerate(found[:k]))
            mask = (found[k] >> region & 1).astype(bool)
            both, points = int(problem.active[mask].sum()), int(problem.weights[mask].sum())
            target = Fraction(both, problem.unit_points + points - both)
        assert target == brute_force_search(problem, max_length=length, space=space).best.iou, f"seed {seed}"


def test_what_three_concepts_share_is_counted_only_where_pairs_do_not_settle_it():
    problem = sparse(0, cells=600, concepts=120)
    optimum = exact_search(problem, max_length=3).best.iou
    _, tables, walk = pairs.prepared(problem, optimum, 3, "chain", Stopping())
    while pair_walk.walk(tables, walk, 10**6) != pair_walk.CLOSED:
        pass
    assert walk.numbers[pair_walk.FOUND] == 0
    n = len(tables.pair)
    assert walk.numbers[pair_walk.STEPS] < n * (n - 1) * (n - 2) / 6  # fewer than there are triples


def test_no_value_or_bound_leaves_64_bits():
    """At the target that is chosen, sixteen sums over cells fit; here is what is added up, in Python's integers."""
    for space, seed in itertools.product(("chain", "tree"), range(60)):
        problem, _ = random_problem(seed)
        if not problem.unit_points or not problem.concepts.names:
            continue
        target = pairs.target_for(problem, Fraction(2**60 + 2 * seed + 1, 2**61 - 1), 3)
        _, tables, _ = pairs.prepared(problem, target, 3, space, Stopping())
        most = sum(abs(value) for value in values_of(problem, target).tolist())
        assert 16 * most < 2**63
        assert np.abs(tables.pair).max() <= most
        for *factors, _ in [*tables.ones.tolist(), *tables.twos.tolist()]:
            assert sum(map(abs, factors)) <= 16
        for row in tables.threes.tolist():
            before, third = row[:4], row[4:8]
            of_terms = sum(abs(factor) for term in row[8:12] for factor in tables.terms[term].tolist())
            assert sum(map(abs, before)) + max(sum(map(abs, third)), of_terms + abs(row[7])) <= 16
