"""Rows that are added to a program: the answer breaks them, and no chain does."""

from __future__ import annotations

from fractions import Fraction
from unittest import mock

import numpy as np
from problems import hard, sparse

from compexact.solver.roles import linear
from compexact.solver.roles.linear import LinearProgram
from compexact.solver.roles.tree import Target
from compexact.solver.stopping import Stopping


def targets():
    """Targets that leave room for many roles."""
    for seed in range(8):
        problem = (hard(seed, cells=60, concepts=10), sparse(seed, cells=60, concepts=15))[seed % 2]
        yield Target(problem, 7, Fraction(1 + seed % 3, 9))


def program_of(target, ands):
    return LinearProgram(target.indptr, target.indices, target.n, ands, target.in_points, target.budget(ands))


def patterns(target):
    return [(), *((int(e),) for e in np.flatnonzero(target.followers(()))[:2])]


def some_chain(rng, program, target):
    """Roles of a chain with these ANDs, each of another concept: ORs by number, filters; a place for each, 0 innermost.

    An OR further out stands in a segment further out.
    """
    parts, h = program.parts, len(program.pattern)
    concepts = [c for c in rng.permutation(program.n).tolist() if c not in program.pattern]
    ors, filters = [], []
    for c in concepts[: target.budget(program.pattern)]:
        slots = [slot for slot in parts.slot_of[:, c].tolist() if slot >= 0]
        if slots and rng.random() < 0.6:
            ors.append(slots[int(rng.integers(len(slots)))])
        elif c in parts.filters:
            filters.append(c)
    bounds = np.sort(rng.random(h))[::-1]  # the places of the ANDs, from the outside in
    segments = parts.slot_segment[ors]
    upper = np.concatenate([[1.0], bounds])[segments]
    lower = np.concatenate([bounds, [0.0]])[segments]
    return ors, rng.uniform(lower, upper), filters, rng.random(len(filters)), bounds


def values_of(program, chain):
    """The value of every column for the chain, the last one 0."""
    ors, or_places, filters, filter_places, ands = chain
    parts, x = program.parts, np.zeros(program.total + 1)
    x[program.first_p + np.array(ors, dtype=int)] = 1
    x[program.first_n + np.searchsorted(parts.filters, filters)] = 1
    for slot, place in zip(ors, or_places):
        for d, other in zip(filters, filter_places):
            if place < other and parts.z_of[slot, d] >= 0:
                x[program.first_z + parts.z_of[slot, d]] = 1
    indptr, indices = program.separation.indptr, program.separation.indices
    for column, j in enumerate(parts.cells.tolist()):
        own = indices[indptr[j] : indptr[j + 1]].tolist()
        rules = [(place, 1.0) for slot, place in zip(ors, or_places) if parts.slot_concept[slot] in own]
        rules += [(place, 0.0) for d, place in zip(filters, filter_places) if d in own]
        rules += [(place, 0.0) for e, place in zip(program.pattern, ands) if e not in own]
        x[column] = max(rules)[1] if rules else 0.0
    return x


def test_the_answer_breaks_them_and_no_chain_does():
    rng = np.random.default_rng(0)
    n_apart = n_circles = 0
    for target in targets():
        for ands in patterns(target):
            program = program_of(target, ands)
            chains = [values_of(program, some_chain(rng, program, target)) for _ in range(60)]
            for _ in range(6):
                with mock.patch.object(linear, "ROUNDS", 0):
                    found = program.solve(Stopping())
                cuts = program.separation.broken(program.values, found.answer)
                if cuts is None:
                    break
                answer = np.concatenate([*found.answer, np.zeros(program.total + 1)])[: program.total + 1]
                for row, (start, end) in enumerate(zip(cuts.starts[:-1], cuts.starts[1:])):
                    columns, entries = cuts.columns[start:end], cuts.entries[start:end]
                    assert answer[columns] @ entries > cuts.highs[row] + 1e-5
                    assert all(chain[columns] @ entries <= cuts.highs[row] for chain in chains), (ands, row)
                n_apart += len(cuts.cell)
                n_circles += len(cuts.circles)
                program._add(cuts)
    assert n_apart > 20
    assert n_circles > 20


def test_they_lower_the_value_and_not_below_a_chain():
    rng, lower = np.random.default_rng(1), 0
    for target in targets():
        for ands in patterns(target):
            with mock.patch.object(linear, "ROUNDS", 0):
                without = program_of(target, ands).solve(Stopping()).value
            program = program_of(target, ands)
            value = program.solve(Stopping()).value
            for _ in range(60):
                x = values_of(program, some_chain(rng, program, target))
                assert x[: program.first_p] @ program.values[program.parts.cells] <= value + 1e-6
            assert value <= without + 1e-6
            lower += value < 0.99 * without
    assert lower > 5


def test_rows_that_an_answer_does_not_need_are_taken_out_and_nothing_false_is_said():
    """With room for few rows, and where programs have no answer in between."""
    rng = np.random.default_rng(2)
    for target in targets():
        program = program_of(target, ())
        whole = program_of(target, ()).solve(Stopping()).value
        with mock.patch.object(linear, "MOST_ADDED", 5), mock.patch.object(linear, "GAIN", 0.0):
            value = program.solve(Stopping()).value
            assert len(program.kinds) == len(program.cell) + len(program.circles)
            assert program.solver.getNumRow() == len(program.parts.lows) + len(program.kinds)
            known = program.duals
            program.duals = known[: len(program.parts.lows) + 1]
            program.solve(Stopping())
        assert value >= 0.9 * whole
        for _ in range(20):
            x = values_of(program, some_chain(rng, program, target))
            assert x[: program.first_p] @ program.values[program.parts.cells] <= value + 1e-6
