"""The walk over pairs: its bound holds, and it finds what the walk over sets finds."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from generators import problem_of, random_problem
from problems import dense, few_concepts, hard, rare_unit, sparse

from compexact.solver import Problem, brute_force_search, exact_search
from compexact.solver.sets import bits, pair_walk, pairs, thirds
from compexact.solver.sets.functions import functions
from compexact.solver.sets.pair_counts import work_of
from compexact.solver.sets.walk import FOUND, STEPS, THRESHOLD
from compexact.solver.stopping import Stopping

each_space = pytest.mark.parametrize("space", ["chain", "tree"])


@pytest.fixture(params=["cells", "cells, then bits", "bits"])
def way(request, monkeypatch):
    """How what two, and what three concepts share is counted, whatever would be sooner done."""
    monkeypatch.setattr(bits, "PER_ADDITION", 2**40 if request.param == "bits" else 0)
    monkeypatch.setattr(bits, "MOST_HELD", -1 if request.param == "cells" else 2**40)
    monkeypatch.setattr(pairs, "MAX_PAIRS", 2**30)
    return request.param


def thin(seed: int) -> Problem:
    """Points by themselves: cells of one or two, each with half of the concepts."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((40, 7)) < 0.5
    weights = rng.integers(1, 3, 40)
    return problem_of(matrix, weights, rng.binomial(weights, 0.3))


def values_of(problem, target):
    return target.denominator * problem.active - target.numerator * (problem.weights - problem.active)


def largest(problem, columns, values, chosen, space, length):
    """The largest V of any formula that needs just these concepts, by its truth table, cell by cell."""
    region = sum(problem.concepts.column(columns[c]).astype(int) << place for place, c in enumerate(chosen))
    tables = functions(space, len(chosen), length).tolist()
    return max(int(values[(table >> region & 1).astype(bool)].sum()) for table in tables)


def with_all(tables: thirds.Tables) -> thirds.Tables:
    """No concept left out of any place."""
    n = len(tables.pairs.alone)
    members, sizes = np.tile(np.arange(n), (4, 1)), np.full(4, n)
    return tables._replace(may=np.ones((4, n), dtype=bool), members=members, sizes=sizes, last=sizes - 1)


@each_space
def test_the_best_function_of_two_concepts_is_found_first_and_no_third_is_tried(space, way):
    for seed, make in itertools.product(range(6), [few_concepts, rare_unit, hard]):
        problem = make(seed)
        if not problem.unit_points:
            continue
        target = Fraction(seed % 4, 40)
        columns, tables, walk = pairs.prepared(problem, target, 3, space, Stopping())
        values, threshold = values_of(problem, target), target.numerator * problem.unit_points
        chosen = [*itertools.combinations(range(len(columns)), 2), *((x,) for x in range(len(columns)))]
        best = max(largest(problem, columns, values, each, space, 3) for each in chosen)
        if best > threshold:
            assert walk.numbers[THRESHOLD] == best, f"seed {seed}"
            assert pair_walk.walk(tables, walk, 1) == pair_walk.CLOSED
        else:
            assert walk.numbers[FOUND] == 0, f"seed {seed}"


@each_space
@pytest.mark.parametrize(("make", "seeds", "length"), [(rare_unit, 40, 3), (hard, 7, 3), (rare_unit, 40, 5)])
def test_no_third_concept_exceeds_the_bound_of_a_pair(space, make, seeds, length, way):
    """From the target at which no two concepts do, on, whichever function three of them have."""
    above = tight = left_out = by_bits = 0
    for seed in range(seeds):
        problem = make(seed)
        if not problem.unit_points:
            continue
        target = exact_search(problem, space=space, max_length=2).best.iou * Fraction(32 + seed % 4, 32)
        columns, tables, walk = pairs.prepared(problem, target, length, space, Stopping())
        by_bits += bool(len(tables.points))
        values, threshold = values_of(problem, target), target.numerator * problem.unit_points
        if length > 3 and walk.numbers[FOUND]:
            continue  # two concepts, at several leaves
        assert not walk.numbers[FOUND]
        left_out += int((~tables.may).sum())
        for x in range(len(columns)):
            walk.numbers[[thirds.X, thirds.Y]] = x
            walk.numbers[THRESHOLD] = threshold
            walk.bound[:] = -(2**62)
            pair_walk.walk(tables, walk, 1)
            for y in range(x + 1, len(columns) - 1):
                over = [(x, y, z) for z in range(y + 1, len(columns))]
                best = max(largest(problem, columns, values, each, space, length) for each in over)
                assert walk.bound[y] >= best or best <= threshold, f"seed {seed}, {x}, {y}"
                above += best > threshold
                tight += walk.bound[y] == best > threshold
    assert above > 20
    assert tight or make is hard
    assert left_out > 30
    assert bool(by_bits) == (way != "cells")


@pytest.mark.parametrize("make", [few_concepts, rare_unit, hard, thin])
def test_what_three_concepts_share_lies_between_what_pairs_allow_and_is_counted_exactly(make, way):
    tight = looked_at = counted = 0
    for seed in range(8):
        problem = make(seed)
        target = Fraction(1 + seed % 7, 9)
        if len(problem.concepts.names) < 3 or not problem.unit_points:
            continue
        columns, tables, walk = pairs.prepared(problem, target, 3, "chain", Stopping())
        tables = with_all(tables)
        values = values_of(problem, target)
        loss = np.maximum(-values, 0) if way == "cells" else target.numerator * (problem.weights - problem.active)
        masks = [problem.concepts.column(c) for c in columns]
        for x, y in itertools.combinations(range(len(columns) - 1), 2):
            walk.numbers[[thirds.X, thirds.Y]] = x
            walk.numbers[THRESHOLD] = -(2**61)
            pair_walk.walk(tables, walk, 1)
            walk.numbers[THRESHOLD] = -(2**61)
            walk.held[:], walk.numbers[thirds.HELD], walk.wanted[:] = 0, 0, False
            thirds._limit(tables, walk, x, y, thirds.GAINS)
            highest, lowest, least, most = (limit.copy() for limit in walk.limits)
            thirds.visit(tables, walk, x, y)
            for z in range(y + 1, len(columns)):
                held = masks[x] & masks[y] & masks[z]
                exact, lost = int(values[held].sum()), int(loss[held].sum())
                assert lowest[z] <= exact <= highest[z], f"seed {seed}, {x}, {y}, {z}"
                assert least[z] <= lost <= most[z], f"seed {seed}, {x}, {y}, {z}"
                assert not walk.wanted[z] or walk.third[z] == exact, f"seed {seed}, {x}, {y}, {z}"
                counted += int(walk.wanted[z])
                tight += (lowest[z] == exact) + (exact == highest[z])
                looked_at += 1
    assert tight > looked_at / 50
    assert counted > looked_at / 5


@each_space
@pytest.mark.parametrize("length", [1, 2, 3])
def test_by_pairs_and_by_sets_the_same_is_found(space, length, way, monkeypatch):
    problems = [make(seed) for make in (sparse, dense, rare_unit, hard) for seed in range(4)]
    by_pairs = [exact_search(problem, space=space, max_length=length) for problem in problems]
    monkeypatch.setattr(pairs, "MAX_CONCEPTS", 0)
    for problem, answer in zip(problems, by_pairs):
        other = exact_search(problem, space=space, max_length=length)
        assert (answer.best.iou, answer.bounds) == (other.best.iou, other.bounds)


@each_space
def test_without_a_good_start_the_optimum_is_found(space, way):
    """The beam mostly starts at the optimum, and a walk that finds nothing would do: here it begins at nought."""
    for seed in range(150):
        problem, length = random_problem(seed)
        length = min(length, 3)
        if problem.n_points >= 10**6 or not problem.unit_points or not problem.concepts.names:
            continue
        target = Fraction(0)
        while True:
            columns, tables, walk = pairs.prepared(problem, target, length, space, Stopping())
            while pair_walk.walk(tables, walk, 5) != pair_walk.CLOSED:
                pass
            if not walk.numbers[FOUND]:
                break
            k, *found = walk.found.tolist()
            region = sum(problem.concepts.column(columns[c]).astype(int) << i for i, c in enumerate(found[:k]))
            mask = (found[k] >> region & 1).astype(bool)
            both, points = int(problem.active[mask].sum()), int(problem.weights[mask].sum())
            target = Fraction(both, problem.unit_points + points - both)
        assert target == brute_force_search(problem, max_length=length, space=space).best.iou, f"seed {seed}"


def test_all_but_what_three_concepts_share_is_found_though_all_is_worth_more_than_any_two(way):
    """Without one of them everything is left, which is worth more than what any two do not share."""
    matrix = np.array([[region >> i & 1 for i in range(3)] for region in range(8)], dtype=bool)
    weights = np.array([10] * 7 + [2])
    problem = problem_of(matrix, weights, np.where(matrix.all(axis=1), 0, weights))
    assert exact_search(problem, space="tree", max_length=3).best.iou == 1


def test_what_three_concepts_share_is_counted_only_where_pairs_do_not_settle_it():
    problem = sparse(0, cells=600, concepts=120)
    optimum = exact_search(problem, max_length=3).best.iou
    _, tables, walk = pairs.prepared(problem, optimum, 3, "chain", Stopping())
    while pair_walk.walk(tables, walk, 10**6) != pair_walk.CLOSED:
        pass
    assert walk.numbers[FOUND] == 0
    n = len(tables.pairs.alone)
    assert walk.numbers[STEPS] < n * (n - 1) * (n - 2) / 6  # fewer than there are triples


def test_cell_by_cell_and_bit_by_bit_the_same_formula_is_found(monkeypatch):
    """Not only the same IoU: of several that have it, the same one."""
    for seed in range(200):
        made, length = [random_problem(seed) for _ in range(2)], 1 + seed % 3
        if made[0][0].n_points >= 10**6 or not made[0][0].concepts.names:
            continue
        answers = []
        for (problem, _), words in zip(made, (0, 2**40)):
            monkeypatch.setattr(bits, "PER_ADDITION", words)
            monkeypatch.setattr(bits, "MOST_HELD", words - 1)
            answers.append(exact_search(problem, max_length=length, beam_size=1))
        cells, points = answers
        assert (cells.best, cells.by_length, cells.bounds) == (points.best, points.by_length, points.bounds)


def test_where_cells_have_many_concepts_each_and_few_points_bits_are_counted(monkeypatch):
    monkeypatch.setattr(bits, "MOST_HELD", 2**12)
    rng = np.random.default_rng(0)
    matrix = rng.random((3000, 40)) < 0.3
    weights = rng.integers(1, 3, 3000)
    active = rng.binomial(weights, 0.1)
    ways = {
        "many concepts, few points": problem_of(matrix, weights, active),
        "many points": problem_of(matrix, 10**4 * weights, active),
        "few concepts": problem_of(matrix & (rng.random((3000, 40)) < 0.1), weights, active),
    }
    for what, problem in ways.items():
        assert work_of(problem).by_bits == (what == "many concepts, few points"), what
        assert work_of(problem).has_bits == (what != "many points"), what


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
        known = pairs._functions(space, 3)
        for *factors, _ in [*known.ones.tolist(), *known.twos.tolist()]:
            assert sum(map(abs, factors)) <= 16
        for row in tables.threes.tolist():
            before, third = row[:4], row[4:8]
            of_terms = sum(abs(factor) for term in row[8:12] for factor in tables.terms[term].tolist()[:2])
            assert sum(map(abs, before)) + max(sum(map(abs, third)), of_terms + abs(row[7])) <= 16


@each_space
def test_a_function_is_said_to_gain_or_to_lose_by_a_concept_only_where_it_never_does_the_other(space):
    """With a concept at several leaves some do both: `(x AND NOT z) OR (y AND z)`."""
    both = 0
    for table in functions(space, 3, 5).tolist():
        for variable in range(3):
            outside = [region for region in range(8) if not region >> variable & 1]
            steps = {(table >> (region | 1 << variable) & 1) - (table >> region & 1) for region in outside}
            part = pairs._part_of(variable, table)
            if part == thirds.HOLDS:
                assert not any(table >> region & 1 for region in outside)
            else:
                assert (1 in steps, -1 in steps) == {
                    thirds.GAINS: (True, False), thirds.LOSES: (False, True), thirds.CHANGES: (True, True)
                }[part]  # fmt: skip
            both += part == thirds.CHANGES
    assert bool(both) == (space == "tree")
