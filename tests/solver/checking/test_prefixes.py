"""The checker of prefixes against false claims, with all opened that it does not close: only its bounds can fail."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from asking import by_prefixes, claim, counted, sealed, verdict
from generators import problem_of
from literal_bounds import Bounds
from problems import hard

from compexact.solver.checking import CertificateError
from compexact.solver.checking.clock import NO_LIMIT
from compexact.solver.checking.prefixes import _Node, _Proof
from compexact.solver.formula import Atom


def chains(sets, length):
    """For each length, the cells of all chains of this many concepts, as bits of an integer."""
    each = np.array([sum(1 << int(cell) for cell in np.flatnonzero(row)) for row in sets])
    layers = [np.unique(each)]
    for _ in range(length - 1):
        shorter = layers[-1][:, None]
        layers.append(np.unique(np.concatenate([shorter | each, shorter & each, shorter & ~each])))
    return layers


def sums(layer, values):
    return (layer[:, None] >> np.arange(len(values)) & 1) @ values


def case(seed):
    """A unit that is an OR of parts, or what is left of one by filters, on few cells; some noise."""
    rng = np.random.default_rng(seed)
    n, n_cells = int(rng.integers(4, 8)), int(rng.integers(8, 15))
    matrix = rng.random((n_cells, n)) < rng.choice([0.15, 0.3, 0.5])
    held = matrix[:, 0].copy()
    for c in range(1, n):
        column, operator = matrix[:, c], rng.choice(3, p=[0.5, 0.2, 0.3])
        held = (held | column, held & column, held & ~column)[operator]
    weights = rng.integers(1, 40, n_cells)
    active = np.where(held ^ (rng.random(n_cells) < 0.15), rng.integers(weights // 2, weights + 1), 0)
    return problem_of(matrix, weights, active)


def accepts(problem, target, length, values):
    """Whether the checker does, with every prefix opened that it does not close; `values`: its claims by length."""
    n, cells = len(problem.concepts.names), counted(problem)
    proof = _Proof(cells, target, length, NO_LIMIT)
    for r, limit in enumerate(values, start=1):
        proof.reached[r] = limit
        everything, none = np.ones(len(problem.weights), dtype=bool), np.zeros(3 * n, dtype=bool)
        tree = []

        def grow(node, r=r, limit=limit, tree=tree, proof=proof):
            for rule in sorted(proof._open(node, r, limit)):
                tree.append(node.depth * 3 * n + rule)
                grow(proof._below(node, rule))

        try:
            grow(_Node(everything, 0, 0, 0, 0, none, none[:n].copy()))
            proof.check_length(r, limit, tree)
        except CertificateError:
            return r, False
    return length, True


ALL_OF_FIVE = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(bool)
"""Every set of five concepts, a row each."""


@cache
def chains_of_five():
    return chains(ALL_OF_FIVE.T, 5)


@pytest.mark.parametrize("operators", [*itertools.product(range(3), repeat=4)])
def test_no_chain_of_five_concepts_is_overlooked(operators):
    """The unit is the chain itself, on all sets of its concepts; whatever is claimed below 1 is false."""
    matrix = ALL_OF_FIVE
    held = matrix[:, 0].copy()
    for operator, column in zip(operators, matrix.T[1:], strict=True):
        held = (held | column, held & column, held & ~column)[operator]
    layers = chains_of_five()
    for seed in range(3):
        # Cells that only the whole chain gets right weigh as much as others, so shorter chains fall well behind.
        weights = np.random.default_rng(seed).integers(20, 60, 32)
        problem = problem_of(matrix, weights, np.where(held, weights, 0))
        for target in (Fraction(1), Fraction(999, 1000)):
            p, q = target.numerator, target.denominator
            values = q * problem.active - p * (problem.weights - problem.active)
            reached = np.maximum.accumulate([max(0, int(sums(layer, values).max())) for layer in layers])[:-1].tolist()
            claimed = accepts(problem, target, 5, [*reached, p * problem.unit_points])
            assert claimed == (5, target == 1), f"seed {seed}"


@pytest.mark.parametrize("more", [-1, 1, 10**6])
def test_the_last_value_must_be_that_of_the_bound(more):
    """Otherwise trees that prove something weaker would pass for a proof of the bound."""
    problem = hard(0)
    result = by_prefixes(problem, max_length=3)
    content = claim(problem, result.certificate, result.best)
    content["content"]["values"][-1] += more
    content["content"]["trees"][-1] = content["content"]["trees"][-1] if more < 0 else []
    with pytest.raises(CertificateError, match=r"neither closed|exceeds the value|the last value"):
        verdict(problem, sealed(content))


@pytest.mark.parametrize(("length", "seeds"), [(3, 120), (4, 120), (5, 60), (6, 20)])
def test_no_false_claim_passes_with_the_whole_tree_and_a_true_one_does(length, seeds):
    refused = 0
    for seed in range(seeds):
        problem = case(seed)
        if not problem.unit_points:
            continue
        layers = chains(problem.concepts.dense().T, length)
        both = np.concatenate([sums(layer, problem.active) for layer in layers])
        union = problem.unit_points + np.concatenate([sums(layer, problem.weights) for layer in layers]) - both
        at = np.argmax(both / union)
        optimum = Fraction(int(both[at]), int(union[at]))
        for target in (optimum, optimum - Fraction(1, 10**6), optimum * 9 / 10):
            p, q = target.numerator, target.denominator
            values = q * problem.active - p * (problem.weights - problem.active)
            # What fewer concepts reach is told as it is: then the bounds that are made of it are sharp.
            reached = np.maximum.accumulate([max(0, int(sums(layer, values).max())) for layer in layers])[:-1].tolist()
            claimed = accepts(problem, target, length, [*reached, p * problem.unit_points])
            assert claimed == (length, target == optimum), f"seed {seed}"
            refused += target < optimum
    assert refused > seeds


@pytest.mark.parametrize("seed", range(40))
def test_what_is_left_below_the_root_is_the_bound_that_is_proven(seed):
    """`bounds.py` has the proof, and is held against brute force."""
    problem = case(seed)
    concepts, n = problem.concepts, len(problem.concepts.names)
    cells = counted(problem)
    proof = _Proof(cells, Fraction(1, 3), 6, NO_LIMIT)
    root = _Node(np.ones(len(problem.weights), bool), 0, 0, 0, 0, np.zeros(3 * n, bool), np.zeros(n, bool))
    sets = np.array([concepts.mask(Atom(name)) for name in concepts.names])
    proven = Bounds(sets, proof.gain - proof.loss)
    for left in range(3, 7):
        assert proof._residual_bound(
            root, cells.singles(proof.gain), cells.singles(proof.loss), left
        ) == proven.residual_bound(left)
