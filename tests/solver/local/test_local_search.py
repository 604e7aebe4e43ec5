"""Local search against the beam, brute force and itself; its compiled rounds against masks."""

import itertools
import time
from fractions import Fraction

import numpy as np
import pytest
from generators import problem_of, random_problem
from problems import dense, sparse

from compexact.solver import Problem, Status, beam_search, brute_force_search, exact_search, local_search
from compexact.solver.chain import OPERATORS, to_chain, to_formula
from compexact.solver.errors import UsageError
from compexact.solver.formula import is_chain
from compexact.solver.local import local_search as engine
from compexact.solver.local import rounds as kernels
from compexact.solver.stopping import Stopping


def iou(found) -> Fraction:
    return found.iou if found else Fraction(0)


def test_on_small_inputs_it_is_never_above_brute_force_and_nearly_always_as_good():
    missed = 0
    for seed in range(240):
        problem, length = random_problem(seed)
        found = local_search(problem, max_length=length)
        optimum = brute_force_search(problem, max_length=length).best
        assert iou(found.best) <= iou(optimum)
        missed += iou(found.best) < iou(optimum)
    assert missed <= 2


@pytest.mark.parametrize("length", [3, 6, 12, 30])
def test_it_is_never_below_the_beam_at_any_length_and_every_formula_is_counted_right(length):
    for problem in (sparse(1), dense(2)):
        found, beam = local_search(problem, max_length=length), beam_search(problem, max_length=length)
        assert (found.engine, found.space, found.status, found.bound) == ("local", "chain", Status.FEASIBLE, None)
        assert len(found.by_length) == length
        assert found.best == found.by_length[-1]
        for place, (ours, theirs) in enumerate(zip(found.by_length, beam.by_length), start=1):
            assert ours == problem.explain(ours.formula)
            assert is_chain(ours.formula)
            assert ours.formula.length <= place
            assert ours.iou >= theirs.iou
        ious = [each.iou for each in found.by_length]
        assert ious == sorted(ious)
    assert found.best.iou > beam.best.iou or length < 6


def test_the_same_seed_gives_the_same_answer_and_the_answer_of_a_length_does_not_depend_on_the_longest():
    problem = sparse(3)
    first, again = (local_search(problem, max_length=8, seed=5) for _ in range(2))
    assert first.by_length == again.by_length
    assert local_search(problem, max_length=5, seed=5).by_length == first.by_length[:5]
    others = [local_search(problem, max_length=8, seed=seed).by_length for seed in range(6, 10)]
    assert any(other != first.by_length for other in others)


def test_a_formula_has_no_concept_that_it_does_not_need():
    for seed in range(12):
        problem, length = random_problem(seed)
        best = local_search(problem, max_length=length + 3).best
        chain = to_chain(best.formula, problem.concepts.position) if best else ()
        for place in range(len(chain) if len(chain) > 1 else 0):
            rest = chain[:place] + chain[place + 1 :]
            shorter = to_formula(((0, rest[0][1]), *rest[1:]), problem.concepts.names)
            assert problem.explain(shorter).iou < best.iou


def test_rules_that_a_chain_does_not_need_are_dropped():
    problem = sparse(0)
    n = len(problem.concepts.names)
    chain = ((0, 3), (0, 3), (0, 5), (1, 5), (0, 5), (2, n - 1), (0, 7))
    long = problem.explain(to_formula(chain, problem.concepts.names))
    short = engine._Climb(problem, Stopping(), 0).shortened(long)
    assert short.iou >= long.iou
    assert short.formula.length <= 3


def test_it_ends_in_time_with_what_it_has(monkeypatch):
    rng = np.random.default_rng(0)
    matrix = rng.random((20_000, 200)) < 0.4
    problem = problem_of(matrix, np.ones(20_000, np.int64), (rng.random(20_000) < 0.2).astype(np.int64))
    monkeypatch.setattr(engine, "WORK", 10**12)
    local_search(sparse(0))  # compiled
    started = time.perf_counter()
    found = local_search(problem, max_length=6, time_limit=2)
    assert time.perf_counter() - started < 3.5
    assert found.best == problem.explain(found.best.formula)
    assert len(found.by_length) == 6
    beam = beam_search(problem, max_length=6)
    stopped = engine.improved(problem, beam, Stopping(should_stop=lambda: True))
    assert stopped.by_length == beam.by_length


def test_large_counts_are_compared_exactly():
    """Values of 64 bits do not suffice: the threshold is raised, and what is found is counted as fractions."""
    rng = np.random.default_rng(4)
    matrix = rng.random((40, 8)) < 0.4
    weights = 2**46 + rng.integers(0, 2**40, 40)
    active = (rng.random(40) * weights).astype(np.int64) * (rng.random(40) < 0.5)
    problem = problem_of(matrix, weights, active)
    found, beam = local_search(problem, max_length=5), beam_search(problem, max_length=5, beam_size=1)
    assert found.best == problem.explain(found.best.formula)
    assert found.best.iou >= beam.best.iou
    assert found.best.iou <= exact_search(problem, max_length=5).bound


@pytest.mark.parametrize("active", [0, 1])
def test_a_unit_active_nowhere_or_everywhere_is_degenerate(active):
    problem = problem_of(np.eye(3, dtype=bool), np.ones(3, np.int64), np.full(3, active))
    assert local_search(problem, max_length=4).status is Status.DEGENERATE


def test_settings_out_of_range_are_refused():
    with pytest.raises(UsageError, match="length"):
        local_search(sparse(0), max_length=0)


@pytest.mark.slow
def test_beyond_five_concepts_the_exact_engine_starts_from_it():
    problem = dense(2, cells=200, concepts=40)
    ours = local_search(problem, max_length=9).best
    assert ours.iou > beam_search(problem, max_length=9, beam_size=200).best.iou
    looks = itertools.count()  # not seconds: a busy machine has done less after them
    assert exact_search(problem, max_length=9, should_stop=lambda: next(looks) > 600).best.iou >= ours.iou


# The compiled part: what inserting a rule is worth, against the formula's mask.


def random_chain(rng, n, length):
    return ((0, int(rng.integers(n))), *((int(rng.integers(3)), int(rng.integers(n))) for _ in range(length - 1)))


def mask(problem: Problem, chain) -> np.ndarray:
    held = np.zeros(len(problem.weights), dtype=bool)
    for operator, concept in chain:
        held = OPERATORS[operator].mask(held, problem.concepts.column(concept))
    return held


def moves(problem: Problem, chain, target=Fraction(1, 7)):
    """The best insertions that the kernel finds: (value, place, operator, concept); and the problem's values."""
    n, length = len(problem.concepts.names), len(chain)
    values = target.denominator * problem.active - target.numerator * (problem.weights - problem.active)
    starts, rows = problem.concepts.by_column
    cells = kernels.CellArrays(problem.concepts.indptr, problem.concepts.indices, starts, rows, values)
    room, _ = engine._room(len(values), n, length + 1)
    rules = np.array([operator * n + concept for operator, concept in chain] + [0], dtype=np.int64)
    kernels.find_moves(cells, kernels.sums_of_concepts(starts, rows, values), rules, length, room)
    found = [(value, *divmod(move, 3 * n)) for value, move in zip(room.values.tolist(), room.moves.tolist())]
    return [(value, place, *divmod(rule, n)) for value, place, rule in found if value > kernels.NOTHING], values


def every_insertion(problem, chain, values):
    """The value of every chain with one rule more, by its mask."""
    for place in range(len(chain) + 1):
        for operator in range(3 if place else 1):
            for concept in range(len(problem.concepts.names)):
                longer = (*chain[:place], (operator, concept), *chain[place:])
                yield int(values[mask(problem, longer)].sum()), place, operator, concept


def test_the_best_insertions_are_those_of_all_chains_with_one_rule_more():
    rng = np.random.default_rng(0)
    for seed in range(150):
        problem, _ = random_problem(seed % 9)
        chain = random_chain(rng, len(problem.concepts.names), int(rng.integers(1, 7)))
        found, values = moves(problem, chain)
        every = list(every_insertion(problem, chain, values))
        assert set(found) <= set(every)
        assert [value for value, *_ in found] == sorted({value for value, *_ in every}, reverse=True)[:5]


def test_rules_are_taken_out_and_put_in_at_their_places():
    rules = np.array([1, 7, 5, 9, 2], dtype=np.int64)  # of three concepts: OR 1, AND NOT 1, AND 2, -, OR 2
    assert kernels.without(rules, 5, 2, 3) == 4
    assert rules[:4].tolist() == [1, 7, 9, 2]
    assert kernels.without(rules, 4, 0, 3) == 3
    assert rules[:3].tolist() == [1, 9, 2]  # AND NOT 1 comes first, and is an OR
    assert kernels.insert(rules, 3, 1 * 9 + 4, 3) == 4
    assert rules[:4].tolist() == [1, 4, 9, 2]
    for chances in ([0.0, 0.0, 0.9, 0, 0, 0], [0.99, 0.9, 0.1, 0.9, 0.5, 0.5]):
        left = kernels.shake(rules.copy(), 4, 3, np.array(chances))
        assert left == 4 - (1 if chances[0] == 0 else 4)


def test_an_answer_may_be_the_start_of_the_search():
    problem = sparse(5)
    start = beam_search(problem, max_length=7, beam_size=1)
    better = engine.improved(problem, start, Stopping(), seed=1)
    assert better.best.iou > start.best.iou
