"""The search by roles against the walk over sets, which shares nothing with it, and its certificates."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest
from asking import ask, by_prefixes, by_roles, iou_of, verdict
from first_few import first
from generators import problem_of, random_problem
from problems import few_concepts, hard, rare_unit, sparse

from compexact.solver import Atom, beam_search, exact_search
from compexact.solver.certificate import Certificate
from compexact.solver.roles.charges import NO_CHARGES, Fixed
from compexact.solver.roles.search import RoleSearch
from compexact.solver.roles.tree import Branch, Target, Unproven, certificate
from compexact.solver.stopping import Stopping


def assert_agrees(problem, length):
    """Never below the optimum, checked, and closed wherever 64 bits can decide; gives whether it is closed."""
    optimum = exact_search(problem, max_length=length)
    found = by_roles(problem, max_length=length, beam_size=1)
    if found.best is None or found.certificate is None:
        return False
    assert found.best.iou <= iou_of(optimum) <= found.bound
    checked = verdict(problem, found.certificate.to_json(problem, found.best))
    assert checked.bound == found.bound
    assert found.bound == found.best.iou or found.certificate.proof == "ceiling" or problem.n_points >= 2**28
    return found.bound == found.best.iou


@pytest.mark.parametrize("seeds", first(1, [range(8), range(8, 25)]))
def test_the_optimum_is_that_of_the_walk_over_sets(seeds):
    closed = 0
    for seed in seeds:
        for problem in (random_problem(seed)[0], few_concepts(seed), rare_unit(seed)):
            for length in (1, 2, 3, 4):
                closed += assert_agrees(problem, length)
    assert closed > 8 * len(seeds)


@pytest.mark.slow
def test_the_optimum_is_that_of_the_walk_over_sets_on_larger_problems():
    closed = sum(assert_agrees(hard(seed, cells=40, concepts=9), 4) for seed in range(12))
    closed += sum(assert_agrees(sparse(seed), 3) for seed in range(6))
    assert closed >= 15


@pytest.mark.long
def test_the_optimum_is_that_of_the_walk_over_sets_on_thousands_of_problems():
    for seed in range(1000, 2500):
        for problem in (random_problem(seed)[0], few_concepts(seed), rare_unit(seed)):
            for length in (3, 4, 5):
                assert_agrees(problem, length)


def test_a_bound_once_proven_is_never_given_up_for_a_higher_one():
    problem = hard(0, cells=40, concepts=9)
    search = RoleSearch(problem, 6, beam_search(problem, max_length=6, beam_size=1).best, Stopping())
    search.visit_all()
    search._keep()
    lower = search.kept
    for *_, branch in search.open:
        branch.charges = NO_CHARGES
    search._keep()
    assert search.kept is lower
    search.kept = None
    search._keep()
    assert search.kept.bound > lower.bound


def test_a_split_of_an_or_that_is_no_longer_allowed_is_not_written():
    """The one concept that both have is allowed only while the target is low."""
    problem = problem_of(np.eye(3, dtype=bool), np.array([100, 10, 100]), np.array([60, 3, 30]))
    best = problem.explain(Atom("c1"))
    search = RoleSearch(problem, 2, best, Stopping())
    search._look_next()
    parts = []
    for fixed in (Fixed(left_out=(1,)), Fixed(played=(1,))):
        program = search._program((), 2)
        program.fix(fixed)
        parts.append(Branch(fixed, program.solve(Stopping()).charges))
    search.root.own = Branch(split=("or", 0, 1), parts=tuple(parts))
    proven = 0
    for bound in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 5)):
        with suppress(Unproven):
            content = certificate(Target(problem, 2, bound), search.root, Stopping())
            text = Certificate("chain", 2, bound, "roles", content).to_json(problem, best)
            verdict(problem, text)
            proven += 1
    assert proven > 0


@pytest.mark.parametrize("scale", [1, 2**20, 2**34, 2**42])
def test_a_bound_is_kept_from_the_first_pattern_on_whatever_the_counts(scale):
    """Charges of the least target are tried at higher ones, whose values may not be within 64 bits."""
    kept = 0
    for seed in range(12):
        small = hard(seed, cells=20, concepts=6)
        problem = problem_of(small.concepts.dense(), small.weights * scale, small.active * scale)
        best = beam_search(problem, max_length=6, beam_size=1).best
        if best is None:
            continue
        search = RoleSearch(problem, 6, best, Stopping())
        for _ in range(3):
            if search.unseen:
                search._look_next()
            search._keep()
        if search.kept is not None:
            kept += verdict(problem, search.kept.to_json(problem, search.best)).bound >= best.iou
    assert kept > 6


def test_length_six_is_that_of_the_search_by_prefixes():
    for seed in range(8):
        problem = rare_unit(seed)
        by_role, by_prefix = ask(problem, 6, search=by_roles), ask(problem, 6, search=by_prefixes)
        assert iou_of(by_role) == iou_of(by_prefix)


def test_long_chains_are_proven_by_roles():
    proofs = set()
    for seed in range(3):
        result = ask(sparse(seed, cells=60, concepts=15), 6)
        assert result.bound >= iou_of(result)
        proofs.add(result.certificate.proof)
    assert "roles" in proofs


def test_a_search_that_is_stopped_leaves_a_bound_that_is_checked():
    problem = sparse(0, cells=60, concepts=15)
    optimum = iou_of(ask(problem, 6))
    for seconds in (0.2, 0.6, 1.2):
        stopped = ask(problem, 6, time_limit=seconds)
        assert iou_of(stopped) <= optimum <= stopped.bound


def test_a_search_asked_to_stop_at_once_says_nothing_false():
    problem = hard(3)
    stopped = exact_search(problem, max_length=7, should_stop=lambda: True)
    assert stopped.bound >= iou_of(stopped)
    assert Stopping.after(None, lambda: True).is_over
