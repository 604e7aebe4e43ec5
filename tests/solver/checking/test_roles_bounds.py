"""Whatever the charges are, the checker of roles gives no less than a chain of the highest value has."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from asking import counted
from first_few import first
from generators import problem_of
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


def any_rows(rng, segments, given, most, held=None, inside=()):
    """The same charges, and some of rows that hold cells apart and of circles, whatever they are worth.

    held, inside: of a chain the cells, and the pairs (segment, concept, filter) that are inside; then the rows are
    mostly such as come near to being broken by it.
    """
    cells, n = len(segments.depth), segments.cells.n
    amount = max(1, most << max(0, -given["unit"]) >> 3)

    def some_of(near, all_):
        chosen = near if len(near) and rng.random() < 0.8 else all_
        return chosen[int(rng.integers(len(chosen)))]

    everywhere, ins, outs = range(cells), np.flatnonzero(held), np.flatnonzero(~held) if held is not None else []
    apart = [[int(some_of(ins, everywhere)) for _ in range(3)], [int(some_of(outs, everywhere)) for _ in range(3)]]
    ors, circles = np.argwhere(segments.allowed).tolist(), []
    near, pairs = [list(pair) for pair in inside], [[*role, d] for role in ors for d in range(n)]
    for _ in range(60):
        begins = [some_of(near, pairs) for _ in range(int(rng.integers(1, 4)))]
        steps = []
        for start, then in zip(begins, (*begins[1:], begins[0])):
            further_in = [each for each in ors if each[0] > then[0]]
            end = some_of(further_in, [then[:2]]) if rng.random() < 0.5 else then[:2]
            steps.append([*start, *end])
        if segments.is_circle(steps):
            circles.append(steps)
    apart.append([int(rng.integers(1, 1 + amount)) for _ in range(3)])
    return given | {"apart": apart, "circles": [circles, [int(rng.integers(1, 1 + amount)) for _ in circles]]}


def one_apart(rng, segments, given, matrix, held):
    """Of the same charges the first that hold cells apart, without what ORs would pay that are further out."""
    (j, *_), (k, *_), (amount, *_) = given["apart"]
    spared = [[], [], [], []]
    for c in np.flatnonzero(matrix[j] & ~matrix[k]).tolist():
        cells = np.flatnonzero(matrix[:, c] & ~held)
        if segments.allowed[0, c] and len(cells):
            for column, number in zip(spared, (int(cells[matrix[cells].sum(axis=1).argmin()]), 0, c, amount)):
                column.append(number)
    return given | {"apart": [[j], [k], [amount]], "circles": [[], []], "spared": spared}


def owed_by_ors(given, times):
    """The same charges, all owed by the ORs further in, and more than there is."""
    cells, _, amounts = given["taken"]
    apart, _, more = given.get("apart", ([], [], []))
    return given | {"inner": [[*cells, *apart], [times * amount for amount in (*amounts, *more)]]}


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


def any_chain(rng, n):
    """Rules from the inside out, each of another concept, with ANDs and filters as often as ORs."""
    concepts = rng.permutation(n)[: int(rng.integers(2, n + 1))].tolist()
    return tuple((OR if i == 0 else int(rng.integers(3)), c) for i, c in enumerate(concepts))


def held_cells(matrix, chain):
    held = np.zeros(len(matrix), dtype=bool)
    for operator, c in chain:
        held = (held | matrix[:, c], held & matrix[:, c], held & ~matrix[:, c])[operator]
    return held


@pytest.mark.parametrize("seeds", first(1, [range(60), range(60, 300)]))
def test_no_bound_is_below_any_chain_of_which_it_is(seeds):
    """Units that are active just where a chain holds: without charges its bound is its value, so a false row shows."""
    looked_at, nested = 0, 0
    nothing = {"unit": 0, "taken": [[], [], []], "spared": [[], [], [], []], "inner": [[], []]}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        matrix = rng.random((24, 6)) < rng.choice([0.3, 0.5, 0.7])
        chain, weights = any_chain(rng, 6), rng.integers(1, 40, 24)
        held = held_cells(matrix, chain)
        problem = problem_of(matrix, weights, weights * held)
        target = tree.Target(problem, 6, Fraction(1 + seed % 4, 9))
        proof = roles._Proof(counted(problem), target.bound, 6, roles.NO_LIMIT)
        held, value = target.values > 0, int(np.maximum(target.values, 0).sum())
        ands, ors, filters, inside = roles_of(chain)
        segments, room = roles._Segments(proof.cells, tuple(ands), proof.values), 6 - len(ands)
        if not all(segments.allowed[role] for role in ors):
            continue
        whole = roles._Branch(dict.fromkeys(ors, True), dict.fromkeys(filters, True), inside)
        assert proof._bound(segments, nothing, len(chain) - len(ands), whole) == value
        pairs = [pair for pair, is_inside in inside.items() if is_inside]
        for _ in range(20):
            given = any_rows(rng, segments, nothing, value, held, pairs)
            branch = decided(rng, ors, filters, inside, segments, target.n)
            assert proof._bound(segments, given, room, branch) >= value, (seed, chain, given)
            assert proof._bound(segments, given, len(chain) - len(ands), whole) >= value, (seed, chain, given)
            for h in range(len(ands)):
                outer = roles._Segments(proof.cells, tuple(ands[:h]), proof.values)
                given = any_rows(rng, outer, nothing, value, held)
                if rng.random() < 0.5:
                    given = one_apart(rng, outer, given, problem.concepts.dense(), held)
                given = owed_by_ors(given, int(rng.integers(2)))
                assert proof._bound(outer, given, len(chain) - h, deeper=True) >= value, (seed, chain, given)
                nested += 1
        looked_at += 1
    assert looked_at > len(seeds) / 2
    assert nested > looked_at


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
