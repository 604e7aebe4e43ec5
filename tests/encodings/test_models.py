"""Both encodings: their solutions are the shape's formulas, and the best value is each formula's own."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from compexact.encodings import cpsat, maxsat
from compexact.encodings.adder import at_most, weighted_sum
from compexact.encodings.place import place
from compexact.encodings.shape import Alphabet, Shape
from compexact.encodings.target import Target
from compexact.solver.arrays import from_arrays
from compexact.solver.exhaustive import every_function
from compexact.solver.problem import Problem

cp_model = pytest.importorskip("ortools.sat.python.cp_model")
Solver = pytest.importorskip("pysat.solvers").Solver

SHAPES = [("chain", 1), ("chain", 3), ("chain", 4), ("tree", 2), ("tree", 3), ("tree", 4), ("tree", 5)]


def quiet_solver():
    """A solver that leaves SIGINT alone: by default CP-SAT takes Python's handler away for the whole process."""
    solver = cp_model.CpSolver()
    solver.parameters.catch_sigint_signal = False
    solver.parameters.num_workers = 1
    return solver


def small_problem(seed: int, n: int = 3) -> Problem:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.arange(1 << n))[: rng.integers(3, 1 << n)][:, None] >> np.arange(n) & 1
    weights = rng.integers(1, 20, size=len(rows))
    active = (rng.random((len(rows), 1)) * (weights[:, None] + 1)).astype(int)
    return Problem.of(from_arrays(rows, weights=weights, active=active), 0)


def no_values(problem: Problem) -> Target:
    return Target(Fraction(0), (0,) * len(problem.weights), 0, 1)


def value(problem: Problem, target: Target, formula) -> int:
    return sum(v for v, held in zip(target.values, problem.concepts.mask(formula), strict=True) if held)


def choices_of_cpsat(shape, alphabet, target):
    encoded = cpsat.encode(shape, alphabet, target)

    class Collect(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self):
            choice = encoded.choice(lambda var: bool(self.boolean_value(var)))
            self.found.add((choice.literals, tuple(sorted(choice.splits.items()))))

    collect = Collect()
    collect.found = set()
    encoded.model.clear_objective()
    solver = quiet_solver()
    solver.parameters.enumerate_all_solutions = True
    solver.solve(encoded.model, collect)
    return collect.found


def choices_of_maxsat(shape, alphabet, target):
    encoded = maxsat.encode(shape, alphabet, target)
    found = set()
    with Solver(name="cadical195", bootstrap_with=encoded.hard) as solver:
        while solver.solve():
            model = solver.get_model()
            choice = encoded.choice({literal for literal in model if literal > 0})
            found.add((choice.literals, tuple(sorted(choice.splits.items()))))
            used = {(span, right) for span, (right, _) in choice.splits.items()}
            selectors = {var for leaf in encoded.literal for var in leaf.values()} | set(encoded.split.values())
            selectors |= {encoded.conjunctive[span] for span, _ in used}
            solver.add_clause([-literal for literal in model if abs(literal) in selectors])
    return found


@pytest.mark.parametrize(("space", "length"), SHAPES)
def test_the_solutions_of_both_models_are_the_same_and_are_all_functions_of_the_space(space, length):
    problem = small_problem(3, n=2)
    shape, alphabet = Shape(space, length), Alphabet.of(problem, space)
    by_cpsat = choices_of_cpsat(shape, alphabet, no_values(problem))
    assert by_cpsat == choices_of_maxsat(shape, alphabet, no_values(problem))
    made = set()
    for literals, splits in by_cpsat:
        held = list(cpsat.Choice(literals, dict(splits)).values(alphabet))[-1][1]
        made.add(sum(1 << int(j) for j in np.flatnonzero(held)))
    assert made == {cells for level in every_function(problem, length, space) for cells in level}


@pytest.mark.parametrize(("space", "length"), SHAPES)
def test_with_the_formula_fixed_the_best_objective_is_its_value(space, length):
    problem = small_problem(5)
    shape, alphabet = Shape(space, length), Alphabet.of(problem, space)
    target = Target.of(problem, Fraction(3, 11))
    formulas = [f for level in every_function(problem, length, space) for f in level.values()]
    rng = np.random.default_rng(0)
    for formula in rng.choice(np.array(formulas, dtype=object), size=min(25, len(formulas)), replace=False):
        choice = place(formula, shape, alphabet)
        expected = value(problem, target, formula)
        encoded = cpsat.encode(shape, alphabet, target, floor=-(2**40))
        for leaf, number in enumerate(choice.literals):
            encoded.model.add(encoded.literal[leaf][number] == 1)
        for span, (right, conjunctive) in choice.splits.items():
            encoded.model.add(encoded.split[span, right] == 1)
            encoded.model.add(encoded.conjunctive[span] == conjunctive)
        solver = quiet_solver()
        assert solver.solve(encoded.model) == cp_model.OPTIMAL
        assert -solver.response_proto.inner_objective_lower_bound == expected
        clauses = maxsat.encode(shape, alphabet, target)
        phases = [literal for literal in clauses.phases(formula) if literal > 0]
        phases += [-clauses.conjunctive[span] for span, (_, conjunctive) in choice.splits.items() if not conjunctive]
        assert best_by_sat(clauses, phases) == expected - target.most


def best_by_sat(model: maxsat.MaxSatModel, fixed: list[int]) -> int:
    """Minus the least cost, cell by cell: with the selectors fixed the cells do not depend on each other."""
    cost = 0
    with Solver(name="cadical195", bootstrap_with=model.hard) as solver:
        assert solver.solve(assumptions=fixed)
        for literal, weight in model.soft:
            assert weight > 0
            if not solver.solve(assumptions=[*fixed, literal]):
                cost += weight
        kept = [literal for literal, _ in model.soft if solver.solve(assumptions=[*fixed, literal])]
        assert solver.solve(assumptions=[*fixed, *kept])
    return -cost


def test_a_hint_is_a_solution_of_the_model():
    for seed, (space, length) in product(range(5), SHAPES):
        problem = small_problem(seed)
        shape, alphabet = Shape(space, length), Alphabet.of(problem, space)
        target = Target.of(problem, Fraction(1, 3))
        for level in every_function(problem, length, space):
            formula = next(iter(level.values()), None)
            if formula is None:
                continue
            encoded = cpsat.encode(shape, alphabet, target, hint=formula, floor=-(2**40))
            solver = quiet_solver()
            solver.parameters.fix_variables_to_their_hinted_value = True
            assert solver.solve(encoded.model) == cp_model.OPTIMAL, (space, formula)
            assert problem.concepts.mask(encoded.decode(lambda v, s=solver: bool(s.value(v)))).tolist() == (
                problem.concepts.mask(formula).tolist()
            )


def test_cells_without_a_value_have_no_soft_clause():
    """PySAT would take weight 0 for a hard clause."""
    problem = Problem.of(from_arrays([[1, 0], [0, 1], [1, 1]], weights=[4, 3, 2], active=[[1], [3], [0]]), 0)
    target = Target.of(problem, Fraction(1, 3))
    assert 0 in target.values
    model = maxsat.encode(Shape("chain", 2), Alphabet.of(problem, "chain"), target)
    assert len(model.soft) == sum(v != 0 for v in target.values)
    assert maxsat.encode(Shape("chain", 2), Alphabet.of(problem, "chain"), no_values(problem)).soft == []


def test_the_adder_counts_exactly():
    rng = np.random.default_rng(1)
    for _ in range(20):
        weights = rng.integers(1, 40, size=rng.integers(1, 6)).tolist()
        clauses, top = [], [len(weights)]

        def fresh(top=top):
            top[0] += 1
            return top[0]

        digits = weighted_sum([(w, i + 1) for i, w in enumerate(weights)], fresh, clauses.append)
        for bound in [*rng.integers(0, sum(weights) + 2, size=4).tolist(), 1 << len(digits)]:
            with Solver(name="cadical195", bootstrap_with=clauses + at_most(digits, bound)) as solver:
                for row in product((0, 1), repeat=len(weights)):
                    total = sum(w for w, bit in zip(weights, row, strict=True) if bit)
                    fixed = [(i + 1) * (1 if bit else -1) for i, bit in enumerate(row)]
                    assert solver.solve(assumptions=fixed) == (total <= bound)
