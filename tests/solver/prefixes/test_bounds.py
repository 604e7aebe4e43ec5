"""Every bound is at least what brute force finds below the prefix."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from first_few import first
from literal_bounds import Bounds

OR, AND, AND_NOT = range(3)


def completions(sets, values, undecided, allowed, left):
    """(value, operators, concepts) of each chain of at most `left` distinct allowed concepts, on undecided cells."""
    for length in range(1, left + 1):
        for concepts in permutations(allowed, length):
            for code in range(3 ** (length - 1)):
                held = sets[concepts[0]] & undecided
                operators = [OR]
                for concept in concepts[1:]:
                    operator, code = code % 3, code // 3
                    operators.append(operator)
                    column = sets[concept]
                    held = held | column if operator == OR else held & column if operator == AND else held & ~column
                yield int(values[held & undecided].sum()), operators, concepts


def random_case(seed):
    rng = np.random.default_rng(seed)
    n, cells = int(rng.integers(2, 6)), int(rng.integers(2, 14))
    sets = rng.random((n, cells)) < rng.choice([0.2, 0.4, 0.7])
    values = rng.integers(-20, [5, 20, 60][int(rng.integers(0, 3))], cells)
    used = tuple(int(c) for c in rng.permutation(n)[: int(rng.integers(0, 3))])
    undecided = ~np.logical_or.reduce([sets[c] for c in used], initial=False)
    return sets, values, used, undecided, [c for c in range(n) if c not in used]


@pytest.mark.parametrize("seed", first(50, range(150)))
def test_no_completion_adds_more_than_its_bound(seed):
    sets, values, used, undecided, allowed = random_case(seed)
    bounds = Bounds(sets, values, used)
    left = 3
    pure = [max(0, bounds.top(t, left, left - t)) for t in range(left)]
    with_and = bounds.with_and(left)
    for value, operators, _ in completions(sets, values, undecided, allowed, left):
        if AND in operators:
            assert value <= with_and
        else:
            filters = operators.count(AND_NOT)
            positives = len(operators) - filters
            assert value <= max(pure[t] for t in range(filters, left - positives + 1))
        assert value <= bounds.completion(left)


@pytest.mark.parametrize("seed", range(150))
def test_no_filter_gains_more_than_its_bound(seed):
    sets, values, used, undecided, allowed = random_case(seed)
    bounds = Bounds(sets, values, used)
    for value, operators, concepts in completions(sets, values, undecided, allowed, 3):
        if operators[-1] == AND_NOT:
            held = sets[concepts[0]].copy()
            for operator, concept in zip(operators[1:-1], concepts[1:-1], strict=True):
                column = sets[concept]
                held = held | column if operator == OR else held & column if operator == AND else held & ~column
            inner = int(values[held & undecided].sum())
            assert value - inner <= bounds.filter_gain(concepts[-1], len(concepts) - 1)


@pytest.mark.parametrize("seed", range(60))
def test_blocks_bound_what_and_leaves(seed):
    sets, values, used, undecided, allowed = random_case(seed)
    bounds = Bounds(sets, values, used)
    for k in (1, 2):
        for concepts in permutations(allowed, k + 1):
            *inner, e = concepts
            held = np.logical_or.reduce([sets[c] for c in inner]) & sets[e] & undecided
            assert int(values[held].sum()) <= bounds.block(k, k - 1 + len(used))
            assert int(np.maximum(values, 0)[held].sum()) <= bounds.inside(k)


def test_beside_an_and_a_concept_may_keep_more_than_behind_a_filter():
    """`(a AND b) OR c` is worth 21 here; a bound that lets c lose all of a and b and c would say 19."""
    cells = ["c", "ca", "cb", "abc", "ab", "a", "b"]
    sets = np.array([[name in cell for cell in cells] for name in "abc"])
    bounds = Bounds(sets, np.array([5, 7, 7, -8, 10, -100, -100]))
    assert bounds.with_and(3) >= 21
    assert bounds.completion(3) >= 21


@pytest.mark.parametrize("seed", range(100))
def test_no_rule_leaves_more_than_the_room_at_its_node(seed):
    sets, values, used, undecided, allowed = random_case(seed)
    residual = Bounds(sets, values, used).residual_bound(3)
    for rule in allowed:
        rest = [c for c in allowed if c != rule]
        for value, _, _ in completions(sets, values, undecided & ~sets[rule], rest, 2):
            assert value <= residual
