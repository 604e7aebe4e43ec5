"""Points as bits: every count is that of Python's integers."""

from __future__ import annotations

import numpy as np
import pytest
from generators import problem_of, random_problem

from compexact.solver.sets import bits


def words(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    few = rng.integers(0, 2**64, shape, dtype=np.uint64) & rng.integers(0, 2**64, shape, dtype=np.uint64)
    return np.where(
        rng.random(shape) < 0.2, rng.choice(np.array([0, 2**64 - 1, 1, 2**63], dtype=np.uint64), shape), few
    )


def ones(array: np.ndarray) -> int:
    return sum(int(word).bit_count() for word in array)


@pytest.mark.parametrize("n_words", [0, 1, 3, 40])
def test_what_two_sets_share_is_the_number_of_bits_of_their_and(n_words):
    one, other = words(1, n_words), words(2, n_words)
    assert bits.shared(one, other) == ones(one & other)


@pytest.mark.parametrize("n", range(1, 11))
def test_all_pairs_are_counted_however_many_sets_there_are(n):
    sets = words(n, n, 5)
    counts = np.full((n, n), -1)
    bits.shared_by_pairs(sets, counts)
    for x in range(n):
        assert counts[x, x:].tolist() == [ones(sets[x] & sets[y]) for y in range(x, n)]
        assert (counts[x, :x] == -1).all()


def test_packed_concepts_share_as_many_points_as_their_cells_have():
    looked_at = 0
    for seed in range(120):
        problem, _ = random_problem(seed)
        concepts, n = problem.concepts, len(problem.concepts.names)
        if problem.n_points > 10**5 or n < 2:
            continue
        rng = np.random.default_rng(seed)
        left = np.sort(rng.choice(n, rng.integers(1, n + 1), replace=False))
        places = np.full(n, -1)
        places[left] = rng.permutation(len(left))
        matrix = concepts.dense()[:, left]
        for amounts in (problem.weights, problem.active):
            made = bits.packed(concepts, places, amounts)
            counts = np.zeros((len(left), len(left)), dtype=np.int64)
            bits.shared_by_pairs(made, counts)
            expected = np.zeros_like(counts)
            expected[np.ix_(places[left], places[left])] = (matrix * amounts[:, None]).T @ matrix
            assert (np.triu(counts) == np.triu(expected)).all(), f"seed {seed}"
        looked_at += 1
    assert looked_at > 50


def test_points_without_a_concept_take_no_bits():
    problem = problem_of(np.array([[False], [True]]), np.array([10**12, 3]), np.array([10**11, 2]))
    assert bits.points_with_concepts(problem.concepts, problem.weights) == 3
    assert bits.packed(problem.concepts, np.array([0]), problem.weights).tolist() == [[7]]
