"""The model by roles: its best value is that of the best chain, and a solution is a chain of at least its value."""

from itertools import product

import numpy as np
import pytest

from compexact.encodings import prefilter, roles
from compexact.encodings.cost import fits_roles
from compexact.encodings.cpsat_roles import to_cpsat
from compexact.encodings.shape import Alphabet
from compexact.encodings.target import Target
from compexact.solver import Problem, brute_force_search, from_arrays
from compexact.solver.chain import to_formula

cp_model = pytest.importorskip("ortools.sat.python.cp_model")
Solver = pytest.importorskip("pysat.solvers").Solver


def small_problem(seed: int, concepts: int = 4, cells: int = 12) -> Problem:
    rng = np.random.default_rng(seed)
    matrix = rng.random((cells, concepts)) < rng.choice([0.3, 0.5, 0.7])
    weights = rng.integers(1, 20, size=cells)
    active = (rng.random((cells, 1)) * (weights[:, None] + 1)).astype(int) * (rng.random((cells, 1)) < 0.6)
    return Problem.of(from_arrays(matrix, weights=weights, active=active), 0)


def chains(names, length):
    """Every chain of exactly this many concepts."""
    for concepts in product(range(len(names)), repeat=length):
        for operators in product(range(3), repeat=length - 1):
            yield to_formula(tuple(zip((0, *operators), concepts)), names)


def value(problem: Problem, target: Target, formula) -> int:
    return sum(v for v, held in zip(target.values, problem.concepts.mask(formula), strict=True) if held)


def asked(seed: int, length: int):
    """A problem, its alphabet and a target below the optimum."""
    problem = small_problem(seed)
    return (
        problem,
        Alphabet.of(problem, "chain"),
        Target.of(problem, brute_force_search(problem, max_length=1).best.iou),
    )


def best_value(model: roles.RoleModel, floor=None):
    """(best objective, formula) by CP-SAT; None where there is none."""
    encoded = to_cpsat(model, floor=floor)
    solver = cp_model.CpSolver()
    solver.parameters.catch_sigint_signal = False
    solver.parameters.num_workers = 1
    if solver.solve(encoded.model) != cp_model.OPTIMAL:
        return None
    return -round(solver.objective_value), encoded.decode(lambda var: bool(solver.value(var)))


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_the_best_objective_is_the_value_of_the_best_chain(length):
    for seed in range(12 if length < 4 else 5):
        problem, alphabet, target = asked(seed, length)
        model = roles.encode(length, alphabet, target)
        if not model.cells:
            continue
        objective, formula = best_value(model)
        every = (value(problem, target, found) for found in chains(problem.concepts.names[:4], min(length, 4)))
        best = max(every)
        assert objective == value(problem, target, formula)
        assert formula.length <= length
        assert objective >= best
        if length < 5:
            assert objective == best


def test_every_solution_is_a_chain_of_at_least_its_value():
    """All solutions of small models, not only the best."""
    for seed in range(6):
        problem, alphabet, target = asked(seed, 4)
        model = roles.encode(4, alphabet, target)
        if not model.cells:
            continue
        rules = list(model.rules.values())
        with Solver(name="cadical195", bootstrap_with=model.hard) as solver:
            seen = 0
            while seen < 300 and solver.solve():
                found = solver.get_model()
                true = {literal for literal in found if literal > 0}
                solver.add_clause([-literal for literal in found if abs(literal) <= len(rules)])
                objective = model.most - sum(weight for literal, weight in model.soft if literal not in true)
                assert value(problem, target, model.decode(found)) >= objective
                seen += 1


def test_a_formula_as_phases_satisfies_every_clause_and_has_at_least_its_value():
    """So hints are solutions; and no formula is left out, but for what makes it worse."""
    tried = 0
    for seed in range(6):
        problem, alphabet, target = asked(seed, 4)
        model = roles.encode(4, alphabet, target)
        rng = np.random.default_rng(seed)
        every = list(chains(problem.concepts.names, 4))
        for number in rng.choice(len(every), 150):
            phases = model.phases(every[number])
            if not phases:
                assert value(problem, target, every[number]) <= 0
                continue
            true = set(phases)
            assert all(any(literal in true for literal in clause) for clause in model.hard)
            assert sum(variable in true for variable in model.rules.values()) <= 4
            objective = model.most - sum(weight for literal, weight in model.soft if literal not in true)
            assert objective == value(problem, target, model.decode(phases))
            assert objective >= value(problem, target, every[number])
            tried += 1
    assert tried > 300


@pytest.mark.parametrize("length", [2, 3, 4])
def test_the_prefilter_loses_no_formula_that_reaches_the_target(length):
    dropped = 0
    for seed in range(20, 40):
        problem, alphabet, _ = asked(seed, length)
        target = Target.of(problem, brute_force_search(problem, max_length=length).best.iou)
        free = {k: best_value(roles.encode(k, alphabet, target, {}))[0] for k in range(1, length)}
        ands = prefilter.useful_ands(length, alphabet, target, target.floor, {0: 0, **free}.__getitem__)
        assert best_value(roles.encode(length, alphabet, target, ands), target.floor)[0] == target.floor
        everything = roles.encode(length, alphabet, target)
        dropped += sum(operator == roles.AND for operator, _ in everything.rules) - len(ands)
        for k, bound in free.items():
            assert bound <= prefilter.most_of_free(k, alphabet, target)
    assert dropped > 5


def test_the_prefilter_keeps_every_and_of_a_chain_for_what_that_chain_reaches():
    tried = 0
    for seed in range(40, 46):
        problem, alphabet, target = asked(seed, 4)
        rng = np.random.default_rng(seed)
        for length in (2, 3, 4):
            free = {k: best_value(roles.encode(k, alphabet, target, {}))[0] for k in range(1, length)}
            every = [found for found in chains(problem.concepts.names, length) if has_and(found)]
            for number in rng.choice(len(every), min(len(every), 50), replace=False):
                reached = value(problem, target, every[number])
                ands = prefilter.useful_ands(length, alphabet, target, reached, {0: 0, **free}.__getitem__)
                model = roles.encode(length, alphabet, target, ands)
                if reached <= 0:
                    continue
                true = set(model.phases(every[number]))
                assert all(any(literal in true for literal in clause) for clause in model.hard)
                assert model.most - sum(weight for literal, weight in model.soft if literal not in true) >= reached
                tried += 1
    assert tried > 100


def test_chains_without_and_are_bounded_by_their_own_model():
    problem, alphabet, target = asked(3, 3)
    objective, formula = best_value(roles.encode(3, alphabet, target, {}))
    without = [found for found in chains(problem.concepts.names, 3) if not has_and(found)]
    assert objective == max(value(problem, target, found) for found in without)
    assert not has_and(formula)


def has_and(formula) -> bool:
    return " AND " in str(formula).replace(" AND NOT ", " ")


def test_cells_that_all_chains_treat_alike_are_one():
    problem = Problem.of(from_arrays([[1, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 0]], [[1], [1], [0], [1]]), 0)
    alphabet, target = Alphabet.of(problem, "chain"), Target.of(problem, brute_force_search(problem).by_length[0].iou)
    model = roles.encode(1, alphabet, target)
    assert len(model.cells) < len(problem.weights)
    assert sum(cell.value for cell in model.cells) == sum(
        v for v, row in zip(target.values, alphabet.matrix) if any(row[c] for _, c in model.rules)
    )


def test_too_many_literals_are_not_put_by_roles():
    assert fits_roles(np.ones((10, 10), dtype=bool))
    assert not fits_roles(np.ones((3000, 300), dtype=bool))
