"""What a concept of a formula brings in or takes out, counted point by point."""

import numpy as np
import pytest

from compexact.experiments.report.contributions import contributions
from compexact.experiments.report.negation import negations
from compexact.solver.arrays import from_arrays
from compexact.solver.formula import Atom
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem

NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    return rng.random((400, 4)) < 0.4, rng.random((400, 1)) < 0.3


def found(points, text):
    concepts, unit = points
    problem = Problem.of(from_arrays(concepts, unit, concept_names=NAMES), 0)
    formula = parse(text)
    return contributions(problem, formula, negations(problem, formula, problem.concepts.mask(formula)))


def test_what_is_joined_by_or_brings_in_what_it_alone_holds_on(points):
    concepts, unit = points
    a, b, c, _ = concepts.T
    parts = found(points, "(a OR b) AND NOT c")
    assert [str(part.leaf) for part in parts] == ["a", "b", "NOT c"]
    assert [part.takes_away for part in parts] == [False, False, True]
    wanted = [a & ~b & ~c, b & ~a & ~c, (a | b) & c]
    assert [part.n for part in parts] == [int(mask.sum()) for mask in wanted]
    assert [part.n_active for part in parts] == [int((mask & unit[:, 0]).sum()) for mask in wanted]


def test_what_narrows_takes_out_what_the_rest_would_hold_on(points):
    a, b, *_ = points[0].T
    first, second = found(points, "a AND b")
    assert (first.takes_away, first.n) == (False, int((a & b).sum()))
    assert (second.takes_away, second.n) == (True, int((a & ~b).sum()))
    negated, kept = found(points, "NOT a AND b")
    assert (negated.takes_away, negated.n) == (True, int((a & b).sum()))
    assert (kept.takes_away, kept.n) == (False, int((~a & b).sum()))


def test_one_concept_brings_in_all_that_it_holds_on(points):
    (only,) = found(points, "d")
    assert (only.leaf, only.takes_away, only.n) == (Atom("d"), False, int(points[0][:, 3].sum()))


@pytest.mark.parametrize("text", ["((a AND b) OR c) AND NOT d", "a OR b OR c OR d", "NOT (a AND b) OR (c AND NOT d)"])
def test_points_taken_out_are_none_of_the_formula_s_and_those_brought_in_all_are(points, text):
    concepts, unit = points
    problem = Problem.of(from_arrays(concepts, unit, concept_names=NAMES), 0)
    holds = problem.concepts.mask(parse(text))
    for part in found(points, text):
        assert not (part.cell_mask & (holds if part.takes_away else ~holds)).any()
