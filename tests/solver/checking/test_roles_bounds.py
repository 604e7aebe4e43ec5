"""Whatever the charges are, the checker of roles gives no less than a chain of the highest value has."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from asking import counted
from first_few import first
from problems import few_concepts, rare_unit

from compexact.solver import exact_search
from compexact.solver.checking import CertificateError, roles
from compexact.solver.roles import tree
from compexact.solver.roles.linear import LinearProgram
from compexact.solver.stopping import Stopping

OR, AND, AND_NOT = range(3)
LENGTHS = first(2, [2, 3, 4])


def best_chains(problem, values, length):
    """The shortest of the chains of the highest value, rules from the inside out; and that value."""
    matrix = problem.concepts.dense()
    concepts = range(matrix.shape[1])
    chains = [(((OR, c),), matrix[:, c]) for c in concepts]
    found = list(chains)
    for _ in range(length - 1):
        chains = [
            ((*rules, (operator, c)), made)
            for rules, mask in chains
            for operator, c in itertools.product((OR, AND, AND_NOT), concepts)
            for made in [(mask | matrix[:, c], mask & matrix[:, c], mask & ~matrix[:, c])[operator]]
        ]
        found += chains
    worth = [int(values[mask].sum()) for _, mask in found]
    most = max(worth)
    best = [rules for (rules, _), value in zip(found, worth) if value == most]
    return [rules for rules in best if len(rules) == len(best[0])], most


def roles_of(chain):
    """The ANDs from the outside in; ORs (segment, concept), filters, and which OR is inside which filter."""
    ands, ors, filters, inside = [], [], [], {}
    for operator, c in reversed(chain):
        if operator == AND:
            ands.append(c)
        elif operator == OR:
            inside |= {(len(ands), c, d): True for d in filters}
            ors.append((len(ands), c))
        else:
            inside |= {(g, o, c): False for g, o in ors}
            filters.append(c)
    return ands, ors, filters, inside


def cases(length, count):
    for seed, make in itertools.product(range(count), (few_concepts, rare_unit)):
        problem = make(seed)
        if not 2 <= len(problem.concepts.names) <= 5 or not problem.unit_points:
            continue
        best = exact_search(problem, max_length=length).best.iou
        target = tree.Target(problem, length, best * Fraction(999, 1000) if seed % 2 else Fraction(1 + seed % 3, 9))
        chains, most = best_chains(problem, target.values, length)
        if most > target.limit:
            proof = roles._Proof(counted(problem), target.bound, length, roles.NO_LIMIT)
            yield seed, target, proof, chains[:4], most


def charges(target, ands, budget, deeper=False):
    """Of the linear program, as a certificate has them, in the finest unit."""
    program = LinearProgram(target.indptr, target.indices, target.n, ands, target.in_points, budget, deeper)
    found = program.solve(Stopping()).charges
    return target.bounded(ands, found, target.units()[-1], budget, deeper=deeper)[1]


def any_rows(rng, segments, given, most):
    """The same charges, and some of rows that hold cells apart and of circles, whatever they are worth."""
    cells, n = len(segments.depth), segments.cells.n
    unit = max(0, -given["unit"])
    amount = max(1, most << unit >> 3)
    chosen = [[int(rng.integers(cells)) for _ in range(3)] for _ in range(2)]
    apart = [*chosen, [int(rng.integers(1, 1 + amount)) for _ in range(3)]]
    ors, circles = np.argwhere(segments.allowed).tolist(), []
    for _ in range(60):
        begins = [ors[int(rng.integers(len(ors)))] for _ in range(int(rng.integers(1, 4)))]
        steps = []
        for start, then in zip(begins, (*begins[1:], begins[0])):
            further_in = [each for each in ors if each[0] > then[0]]
            end = further_in[int(rng.integers(len(further_in)))] if further_in and rng.random() < 0.5 else then
            steps.append([*start, int(rng.integers(n)), *end])
        if segments.is_circle(steps):
            circles.append(steps)
    amounts = [int(rng.integers(1, 1 + amount)) for _ in circles]
    return given | {"apart": apart, "circles": [circles, amounts]}


def owed_by_ors(given, times):
    """The same charges, all owed by the ORs further in, and more than there is."""
    cells, _, amounts = given["taken"]
    return given | {"inner": [cells, [times * amount for amount in amounts]]}


def decided(rng, ors, filters, inside, segments, n):
    """Some of what is true of the chain, and some of what it does not play."""
    kept = {role: True for role in ors if rng.random() < 0.5}
    played = {d: True for d in filters if rng.random() < 0.5}
    pairs = {pair: is_in for pair, is_in in inside.items() if pair[:2] in kept and pair[2] in played}
    for g, c in itertools.product(range(segments.h + 1), range(n)):
        if segments.allowed[g, c] and (g, c) not in ors and rng.random() < 0.3:
            kept[g, c] = False
    for d in range(n):
        if segments.may_filter[d] and d not in filters and rng.random() < 0.3:
            played[d] = False
    return roles._Branch(kept, played, pairs)


@pytest.mark.parametrize("length", LENGTHS)
def test_no_bound_is_below_a_chain_of_the_highest_value(length):
    rng, tight, looked_at, circles = np.random.default_rng(length), 0, 0, 0
    for seed, target, proof, chains, most in cases(length, 40):
        for chain in chains:
            ands, ors, filters, inside = roles_of(chain)
            segments, room = roles._Segments(proof.cells, tuple(ands), proof.values), length - len(ands)
            given = charges(target, tuple(ands), room)
            bounds = [proof._bound(segments, given, room)]
            for _ in range(4):
                branch = decided(rng, ors, filters, inside, segments, target.n)
                bounds.append(proof._bound(segments, given, room, branch))
                assert not roles._is_circle(segments.ands, branch)
            assert min(bounds) >= most, (seed, chain, bounds)
            for _ in range(6):
                branch = decided(rng, ors, filters, inside, segments, target.n)
                more = any_rows(rng, segments, given, most)
                circles += len(more["circles"][0])
                assert proof._bound(segments, more, room, branch) >= most, (seed, chain, more)
            tight += min(bounds) == most
            looked_at += 1
    assert looked_at > 40
    assert circles > looked_at
    assert tight > looked_at / 3


class _BeyondOwn(roles._Proof):
    """What is proven of chains with more ANDs, whatever is said of those without."""

    def _check_own(self, segments, steps, room):
        pass


@pytest.mark.parametrize("length", LENGTHS)
def test_no_further_and_of_a_chain_of_the_highest_value_is_left_out(length):
    rng, looked_at = np.random.default_rng(length), 0
    for seed, target, proof, chains, most in cases(length, 60):
        beyond = _BeyondOwn(proof.cells, target.bound, length, roles.NO_LIMIT)
        for chain in chains:
            ands = roles_of(chain)[0]
            for h in range(len(ands)):
                pattern, room = tuple(ands[:h]), length - h
                segments = roles._Segments(proof.cells, pattern, proof.values)
                solved = charges(target, pattern, room, deeper=True)
                more = any_rows(rng, segments, solved, most)
                for given in (solved, owed_by_ors(solved, 1), owed_by_ors(solved, 3), more, owed_by_ors(more, 1)):
                    assert proof._bound(segments, given, room, deeper=True) >= most, (seed, chain)
                content = {"own": [], "deeper": None, "shorter": charges(target, pattern, room - 2), "next": []}
                with pytest.raises(CertificateError, match="left out"):
                    beyond.check(pattern, content)
                looked_at += 1
    assert looked_at > 5
