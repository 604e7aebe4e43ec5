"""Only the checker's verdict makes a result optimal, and it may speak for engines without certificates, too."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from problems import few_concepts, hard, sparse

from compexact.solver import (
    Atom,
    DisagreementError,
    Status,
    beam_search,
    brute_force_search,
    certified,
    certified_claim,
    exact_search,
)
from compexact.solver import certify as certifying
from compexact.solver.certificate import Certificate
from compexact.solver.certify import certificate_text, verify
from compexact.solver.stopping import Stopping

SPACES = ("chain", "tree")


def outside(problem, space, length, bound=None):
    """What a solver without certificates would answer: the optimum, claimed."""
    found = exact_search(problem, space=space, max_length=length)
    return replace(found, engine="cpsat", certificate=None, bound=found.bound if bound is None else bound)


def weaker(problem, space, length):
    """A false claim: a formula that is not the best, with a bound that says it is."""
    poor = problem.explain(Atom(problem.concepts.names[-1]))
    true = outside(problem, space, length)
    assert poor.iou < true.bound
    return replace(true, best=poor, by_length=(poor,) * length, top=(poor,), bound=poor.iou)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("length", [1, 3, 4])
def test_a_true_claim_becomes_optimal(space, length):
    problem = sparse(2)
    claimed = outside(problem, space, length)
    assert certified(problem, claimed) is claimed
    result = certified_claim(problem, claimed)
    assert (result.status, result.engine, result.best, result.bound) == (
        Status.OPTIMAL,
        "cpsat",
        claimed.best,
        claimed.bound,
    )
    assert result.certificate.proof == "sets"
    assert verify(problem, certificate_text(problem, result)).bound == claimed.bound


@pytest.mark.parametrize("space", SPACES)
def test_a_false_claim_is_refused(space):
    problem = sparse(2)
    with pytest.raises(DisagreementError, match=f"unit u: engine cpsat: a {space} of at most 3 concepts exceeds"):
        certified_claim(problem, weaker(problem, space, 3))


def test_a_true_claim_about_six_concepts_is_proven_by_linear_programs():
    problem = few_concepts(4)
    claimed = outside(problem, "chain", 6)
    assert claimed.bound == claimed.best.iou
    result = certified_claim(problem, claimed)
    assert (result.status, result.engine, result.best) == (Status.OPTIMAL, "cpsat", claimed.best)
    assert result.certificate.proof == "roles"
    assert verify(problem, certificate_text(problem, result)).bound == claimed.bound


def test_a_false_claim_about_six_concepts_is_refused_with_the_better_formula():
    problem = few_concepts(4)
    with pytest.raises(DisagreementError, match=r"unit u: engine cpsat calls IoU .* the highest; .* is better"):
        certified_claim(problem, weaker(problem, "chain", 6))


def test_a_claim_about_six_concepts_for_which_there_is_no_time_stays_as_it_is():
    problem = few_concepts(4)
    claimed = outside(problem, "chain", 6)
    assert certified_claim(problem, claimed, Stopping.after(0.0)) is claimed


def test_a_claim_true_of_chains_only_is_refused_for_trees():
    problem = few_concepts(4)
    claimed = outside(problem, "chain", 4)
    assert exact_search(problem, space="tree", max_length=4).bound > claimed.bound
    with pytest.raises(DisagreementError, match="a tree of at most 4"):
        certified_claim(problem, replace(claimed, space="tree"))


@pytest.mark.parametrize("space", SPACES)
def test_a_claim_that_takes_too_many_steps_stays_as_it_is(monkeypatch, space):
    problem = hard(0)
    claimed = outside(problem, space, 4)
    monkeypatch.setattr(certifying, "SECOND_OPINION_STEPS", 50)
    assert certified_claim(problem, claimed) is claimed
    monkeypatch.undo()
    assert certified_claim(problem, claimed).status is Status.OPTIMAL


def test_what_claims_no_optimum_stays_as_it_is():
    problem = sparse(2)
    closed = outside(problem, "tree", 3)
    for result in (
        replace(closed, bound=closed.ceiling),
        replace(closed, bound=None, status=Status.FEASIBLE),
        replace(closed, status=Status.DEGENERATE),
        replace(closed, status=Status.FAILED),
        replace(closed, max_length=6),
        beam_search(problem, max_length=3),
    ):
        assert certified_claim(problem, result) is result


def test_a_result_is_judged_by_the_checked_claim_alone():
    """A certificate that proves something else than the result says."""
    problem = hard(0)
    result = exact_search(problem, max_length=3)
    top = Certificate("chain", 3, result.ceiling, "ceiling")
    with pytest.raises(DisagreementError, match="the checked claim is not the result's"):
        certified(problem, replace(result, certificate=top))
    open_ended = replace(result, certificate=top, bound=result.ceiling)
    assert replace(certified(problem, open_ended), proven=()) == open_ended


def test_a_certificate_that_proves_nothing_is_a_disagreement():
    problem = hard(0)
    result = exact_search(problem, max_length=3)
    poor = problem.explain(Atom("c0"))
    false = replace(
        result, best=poor, by_length=(), bound=poor.iou, certificate=Certificate("chain", 3, poor.iou, "sets")
    )
    with pytest.raises(DisagreementError, match="unit u: engine exact: a chain of at most 3 concepts exceeds"):
        certified(problem, false)
    too_low = replace(false, certificate=Certificate("chain", 3, Fraction(0), "sets"))
    with pytest.raises(DisagreementError, match="below the formula's IoU"):
        certified(problem, too_low)


def test_a_certificate_of_another_length_or_space_does_not_make_a_result_optimal():
    problem = hard(0)
    result = exact_search(problem, max_length=1)
    for other in (replace(result, max_length=4), replace(result, space="tree")):
        with pytest.raises(DisagreementError, match="not the result's"):
            certified(problem, other)


@pytest.mark.parametrize("space", ["chain", "tree"])
def test_each_length_says_truly_whether_its_formula_is_proven_the_best(space):
    for seed in range(6):
        problem = hard(seed, cells=60, concepts=6)
        result = certified(problem, exact_search(problem, space=space, max_length=4))
        best = brute_force_search(problem, space=space, max_length=4).by_length
        assert result.proven == (True,) * 4
        assert [found.iou for found in result.by_length] == [found.iou for found in best]
        assert [entry["proven"] for entry in result.by_length_records()] == [True] * 4


def test_a_length_whose_best_formula_is_not_in_hand_is_not_called_proven():
    problem = hard(0)
    result = exact_search(problem, max_length=3)
    poor = problem.explain(Atom("c0"))
    weaker = replace(result, by_length=(poor, poor, result.best), bounds=(*(Fraction(1),) * 2, result.bound))
    assert certified(problem, weaker).proven == (False, False, True)


def test_a_check_that_does_not_fit_leaves_the_result_bounded_with_its_certificate():
    problem = hard(0)
    result = exact_search(problem, max_length=3)
    unchecked = certified(problem, result, Stopping.after(0.0))
    assert (unchecked.status, unchecked.bound) == (Status.BOUNDED, result.bound)
    assert unchecked.certificate == result.certificate
