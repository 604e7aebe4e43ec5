"""What searches tell as they go is true at every moment: held against brute force on all families of problems."""

import itertools
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from generators import problem_of, random_problem

from compexact.solver.certificate import Certificate
from compexact.solver.exact import search_exact
from compexact.solver.exhaustive import brute_force_search
from compexact.solver.formula import Atom, is_chain
from compexact.solver.local.local_search import search_local
from compexact.solver.prefixes.branch_and_bound import search_prefixes
from compexact.solver.result import SearchResult
from compexact.solver.roles.search import search_roles
from compexact.solver.stopping import Stopping
from compexact.solver.tracing import FormulasOnly, Trace


def traced(problem, length, space, *, polls=None, by_roles=True, limit=None):
    """The trace of the exact search, from the worst that is true; stopped after so many looks."""
    looks = itertools.count()
    trace = Trace(1, time.perf_counter(), lambda known: None)
    stopping = Stopping.after(limit, None if polls is None else lambda: next(looks) > polls)
    stopping = replace(stopping, listener=trace)
    result = search_exact(problem, stopping, space, length, by_roles=by_roles)
    return trace.known, result


def iou(best):
    return best.iou if best else 0


def check(problem, length, space, known, result, optimum):
    for before, after in itertools.pairwise(known):
        assert before.seconds <= after.seconds
        assert iou(before.best) <= iou(after.best)
        assert before.bound >= after.bound
    for each in known:
        assert each.bound >= optimum
        if each.best is not None:
            assert each.best == problem.explain(each.best.formula)
            assert each.best.formula.length <= length
            assert space == "tree" or is_chain(each.best.formula)
    last = known[-1]
    assert iou(last.best) <= iou(result.best)
    assert last.bound >= result.bound


@pytest.mark.parametrize("space", ["chain", "tree"])
@pytest.mark.parametrize("polls", [None, 0, 3])
def test_all_that_is_told_is_true_and_gets_better(space, polls):
    for seed in range(24):
        problem, length = random_problem(seed)
        length = min(length, 3)
        optimum = brute_force_search(problem, max_length=length, space=space).best.iou
        known, result = traced(problem, length, space, polls=polls)
        check(problem, length, space, known, result, optimum)
        if polls is None and result.best and not problem.is_degenerate:
            assert iou(known[-1].best) == result.best.iou, f"seed {seed}"


def six_are_better(seed):
    """Six of eight concepts are on cells that are mostly active, so that no four are as good as six."""
    rng = np.random.default_rng(seed)
    main = np.arange(32) % 8
    matrix = (np.arange(8) == main[:, None]) | (rng.random((32, 8)) < 0.05)
    weights = rng.integers(20, 40, 32)
    return problem_of(matrix, weights, np.where(main < 6, weights * 7 // 10, weights // 10))


@pytest.mark.parametrize("limit", [0.02, 0.1, 0.5])
def test_from_a_poor_start_all_that_roles_and_prefixes_tell_is_true(limit):
    problem, top = six_are_better(0), Fraction(1)
    optimum = brute_force_search(problem, max_length=6).best.iou
    poor = problem.explain(Atom("c7"))
    start = SearchResult.of(problem, "beam", (poor,) * 6, Stopping(), ceiling=top)
    proven = Certificate("chain", 6, top, "ceiling")
    for search in (
        lambda stopping: search_roles(problem, poor, 6, stopping),
        lambda stopping: search_prefixes(problem, start, stopping, proven=proven, ceiling=top),
    ):
        trace = Trace(top, time.perf_counter(), lambda known: None)
        search(replace(Stopping.after(limit), listener=trace))
        assert all(iou(each.best) <= optimum <= each.bound for each in trace.known)


@pytest.mark.parametrize("by_roles", [True, False])
@pytest.mark.parametrize("polls", [None, 100])
def test_bounds_of_shorter_formulas_are_not_told_of_longer_ones(by_roles, polls):
    problem = six_are_better(0)
    known, result = traced(problem, 6, "chain", polls=polls, by_roles=by_roles, limit=None if polls else 20)
    brute = brute_force_search(problem, max_length=6)
    assert brute.by_length[3].iou < brute.best.iou
    check(problem, 6, "chain", known, result, brute.best.iou)


def test_a_bound_is_told_while_the_search_goes_on():
    known, result = traced(six_are_better(1), 6, "chain")
    assert len({each.bound for each in known}) > 1
    assert known[-1].bound == result.bound


def test_a_search_is_the_same_whether_or_not_somebody_listens():
    for seed in range(12):
        problem, length = random_problem(seed)
        _, heard = traced(problem, length, "chain")
        alone = search_exact(problem, Stopping(), "chain", length)
        assert (heard.by_length, heard.bounds, heard.certificate) == (alone.by_length, alone.bounds, alone.certificate)


def test_only_what_is_better_is_kept():
    problem = six_are_better(2)
    first, better = search_local(problem, Stopping(), 4).by_length[0], search_local(problem, Stopping(), 4).best
    trace = Trace(1, time.perf_counter(), told := [].append)
    for found in (first, first, better, first):
        trace.found(found)
    for bound in (first.iou + better.iou, 1, first.iou + better.iou):
        trace.proven(bound)
    assert [each.best for each in trace.known] == [None, first, better, better]
    assert [each.bound for each in trace.known] == [1, 1, 1, first.iou + better.iou]
    assert told.__self__ == trace.known
    FormulasOnly(trace).proven(better.iou)
    assert trace.known[-1].bound > better.iou
