"""Chains in cases: no best chain is lost, every bound holds, and the end is the brute-force optimum."""

from fractions import Fraction

import numpy as np
import pytest

from compexact.encodings import cases, roles
from compexact.encodings.channel import Channel
from compexact.encodings.child import search
from compexact.encodings.shape import Alphabet, Shape
from compexact.encodings.solvers import SOLVERS
from compexact.encodings.target import Frontier, Target
from compexact.solver import Problem, brute_force_search, ceiling, from_arrays
from compexact.solver.chain import to_formula
from compexact.solver.formula import Atom
from compexact.solver.parsing import parse
from compexact.solver.roles.linear import LinearProgram
from compexact.solver.roles.search import RoleSearch
from compexact.solver.stopping import Stopping

pytest.importorskip("ortools")
pytest.importorskip("pysat")


def small_problem(seed: int, concepts: int = 5, rows: int = 40) -> Problem:
    """Units that look like a formula, mostly with an AND, with noise; some concepts are copies."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((rows, concepts)) < rng.choice([0.3, 0.5])
    if seed % 4 == 0:
        matrix[:, -1] = matrix[:, 0]
    weights = rng.integers(1, 30, size=rows)
    planted = (matrix[:, 0] | matrix[:, 1]) & matrix[:, 2] | matrix[:, 3]
    share = np.where(planted, 0.6, 0.2) * rng.random(rows)
    return Problem.of(from_arrays(matrix, weights=weights, active=(share * weights).astype(int)[:, None]), 0)


def heard(problem: Problem, length: int, start, engine: str):
    """The end of a search by cases in this process, and the messages."""
    told: list = []
    solver = SOLVERS[engine]
    channel = Channel(told.append, lambda: None)
    best = search(problem, Shape("chain", length), start, solver.solve_round(), channel, 0, solver.solve_case())
    return best, told


@pytest.mark.parametrize("engine", SOLVERS)
@pytest.mark.parametrize("inputs", [4, pytest.param(150, marks=pytest.mark.long)])
def test_every_message_is_true_and_the_end_is_the_shortest_of_the_best(engine, inputs):
    for seed in range(inputs):
        problem = small_problem(seed)
        length = 4 + seed % 3
        optimum = brute_force_search(problem, max_length=length).best
        best, told = heard(problem, length, Atom(problem.concepts.names[seed % 5]), engine)
        frontier, bound = Frontier(problem, ceiling(problem)), ceiling(problem)
        for message in told:
            if "formula" in message:
                assert problem.explain(parse(message["formula"])).iou <= optimum.iou
            else:
                bound = min(bound, frontier.iou_bound(Fraction(*message["target"]), message["bound"]))
                assert bound >= optimum.iou
        assert problem.explain(best).iou == bound == optimum.iou
        assert best.length == optimum.formula.length


def masks_of_chains(problem: Problem, length: int):
    """Every chain of at most this many concepts, as its steps and its mask."""
    held = problem.concepts.dense().T
    waiting = [(((0, c),), held[c]) for c in range(len(held))]
    while waiting:
        chain, mask = waiting.pop()
        yield chain, mask
        if len(chain) < length:
            for c, inside in enumerate(held):
                for operator, longer in enumerate((mask | inside, mask & inside, mask & ~inside)):
                    waiting.append(((*chain, (operator, c)), longer))


def shortest_of_the_best(problem: Problem, length: int, values: np.ndarray):
    """(value, chains) of the highest value, and of those the shortest."""
    found: dict[tuple[int, int], list] = {}
    for chain, mask in masks_of_chains(problem, length):
        found.setdefault((int(values[mask].sum()), -len(chain)), []).append(chain)
    (value, _), chains = max(found.items())
    return value, chains


def any_cells_apart(rng, cells, most):
    """Charges for ten pairs of cells."""
    cell, other = rng.integers(0, cells, (2, 10))
    return {"apart_cell": cell, "apart_other": other, "apart": rng.random(10) * most / 10}


@pytest.mark.parametrize(("length", "concepts", "inputs"), [(2, 5, 20), (3, 5, 20), (4, 4, 12)])
def test_the_best_chains_are_in_their_case_and_keep_its_cut_whatever_the_charges(length, concepts, inputs):
    """Charges of linear programs, and those made worse at random; aimed at the best concept, or at the optimum."""
    tried = fewer = 0
    for seed in range(inputs):
        problem, rng = small_problem(seed, concepts), np.random.default_rng(seed)
        start = brute_force_search(problem, max_length=length if seed % 2 else 1).best
        survey = RoleSearch(problem, length, start, Stopping(), or_equal=True)
        claim, target, alphabet = survey.target, Target.of(problem, start.iou), Alphabet.with_copies(problem)
        value, chains = shortest_of_the_best(problem, length, claim.values)
        for chain in chains if value > claim.limit else []:
            ands = tuple(c for operator, c in reversed(chain) if operator == roles.AND)
            charges = (
                LinearProgram(claim.indptr, claim.indices, claim.n, ands, claim.in_points, claim.budget(ands))
                .solve(Stopping())
                .charges
            )
            for changed in (
                charges,
                charges._replace(taken=charges.taken * rng.random(len(charges.taken))),
                charges._replace(taken=charges.taken * 1.5),
                charges._replace(**any_cells_apart(rng, len(problem.weights), claim.limit / claim.bound.denominator)),
            ):
                case = cases.case_of(claim, ands, changed)
                model = roles.encode(length, alphabet, target, allowed=case.allowed)
                true = set(model.phases(to_formula(chain, problem.concepts.names)))
                factors, least = case.cut(model)
                assert true
                assert all(any(literal in true for literal in clause) for clause in model.hard)
                assert sum(factor for variable, factor in factors.items() if variable in true) >= least
                assert value <= case.most
                assert value == target.scale * (
                    model.most - sum(weight for literal, weight in model.soft if literal not in true)
                )
                tried += 1
                fewer += len(model.rules) < len(roles.encode(length, alphabet, target).rules) - concepts
    assert tried > 20
    assert fewer > 3


@pytest.mark.parametrize("engine", SOLVERS)
def test_a_solver_finds_what_the_linear_programs_leave(engine):
    """Without their own chains: the survey starts from the worst, and each case is asked for better ones."""
    found = 0
    for seed in range(8):
        problem, length = small_problem(seed, 6, 60), 4
        start = brute_force_search(problem, max_length=1).best
        survey = RoleSearch(problem, length, start, Stopping())
        target, alphabet = Target.of(problem, start.iou), Alphabet.with_copies(problem)
        channel = Channel(lambda message: None, lambda: None)
        charges = (
            LinearProgram(
                survey.target.indptr, survey.target.indices, survey.target.n, (), survey.target.in_points, length
            )
            .solve(Stopping())
            .charges
        )
        case = cases.case_of(survey.target, (), charges)
        if case is None:
            continue
        model = roles.encode(length, alphabet, target, allowed=case.allowed)
        floor = target.floor + 1
        answer = SOLVERS[engine].solve_case()(model, case, floor, 1e9, channel, 0)
        without = max(
            int(survey.target.values[mask].sum())
            for chain, mask in masks_of_chains(problem, 3)
            if all(operator != roles.AND for operator, _ in chain)
        )
        if answer.formula is None:
            assert answer.most == floor - 1
            assert without <= survey.target.limit
            continue
        mask = problem.concepts.mask(answer.formula)
        assert int(survey.target.values[mask].sum()) == answer.most * target.scale >= without
        found += 1
    assert found > 4


def test_an_inside_without_a_variable_counts_as_its_filter_does():
    """No cell asks which stands inside which, and the charges have a worth for it."""
    problem = Problem.of(from_arrays([[1, 1], [1, 0], [0, 1]], weights=[4, 4, 9], active=[[2], [4], [1]]), 0)
    target, alphabet = Target.of(problem, Fraction(1, 1)), Alphabet.with_copies(problem)
    allowed = roles.Allowed((), frozenset({0}), frozenset({1}))
    model = roles.encode(2, alphabet, target, allowed=allowed)
    case = cases.Case(allowed, {0: 4}, {1: 2}, {(0, 1): 3}, 5, 0)
    assert not model.inside
    assert case.cut(model) == ({model.rules[roles.OR, 0]: 4, model.rules[roles.AND_NOT, 1]: 2 + 3}, 5)
