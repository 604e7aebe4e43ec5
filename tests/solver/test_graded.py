"""Formulas scored without a threshold: by definition, and the best of all formulas against brute force."""

from fractions import Fraction

import numpy as np
import pytest
from generators import random_problem

from compexact.solver import And, Atom, Not, Or
from compexact.solver.cells import concept_rows
from compexact.solver.errors import DataError, DisagreementError, UsageError
from compexact.solver.exhaustive import every_function
from compexact.solver.front import small_functions
from compexact.solver.graded import best_auc as module
from compexact.solver.graded.activations import GradedUnit
from compexact.solver.graded.best_auc import best_by_auc
from compexact.solver.stopping import Stopped, Stopping


def graded(seed, most_points=60):
    """Points of a random problem's cells, with activations that often are equal; and the problem."""
    problem, _ = random_problem(seed)
    rng = np.random.default_rng([seed, 7])
    cell_of = rng.integers(0, len(problem.weights), int(rng.integers(1, most_points)))
    values = rng.integers(-3, 9, len(cell_of)) / 2 + problem.active[cell_of] / problem.weights[cell_of].clip(1)
    return GradedUnit(problem.concepts, cell_of, values, "u"), problem


def auc_by_pairs(held, values):
    """By definition: over all pairs of a point inside and one outside."""
    inside, outside = values[held], values[~held]
    if not len(inside) or not len(outside):
        return Fraction(1, 2)
    above = int((inside[:, None] > outside).sum())
    return Fraction(2 * above + int((inside[:, None] == outside).sum()), 2 * len(inside) * len(outside))


def check(seeds):
    for seed in seeds:
        unit, problem = graded(seed)
        length, least = 1 + seed % 3, 1 + seed % 5
        aucs = [
            (auc_by_pairs(unit.concepts.mask(formula)[unit.cell_of], unit.values), -n)
            for n, functions in enumerate(every_function(problem, length, "chain"), start=1)
            for formula in functions.values()
            if least <= unit.concepts.mask(formula)[unit.cell_of].sum() <= unit.n_points - least
        ]
        found = best_by_auc(unit, length, least)
        assert (found and (found.auc, -found.formula.length)) == max(aucs, default=None), seed


def test_the_best_formula_by_auc_is_that_of_brute_force():
    check(range(240))


@pytest.mark.fuzz
def test_the_best_formula_by_auc_is_that_of_brute_force_on_thousands_of_problems():
    check(range(240, 4000))


def test_a_function_that_is_left_out_is_noticed(monkeypatch):
    kept = small_functions.functions_of
    monkeypatch.setattr(small_functions, "functions_of", lambda n: kept(n)[: 15 if n == 3 else None])
    with pytest.raises(AssertionError):
        check(range(240))


def test_a_wrong_sum_is_noticed(monkeypatch):
    kept = module.pair_sums
    monkeypatch.setattr(module, "pair_sums", lambda *given: kept(*given) + 1)
    with pytest.raises((AssertionError, DisagreementError)):
        check(range(240))


def known():
    """`a` holds on the three highest of six points, `b` on the two lowest and the highest."""
    a, b = [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 1, 1]
    rows = concept_rows(["a", "b"], ["", ""], np.unique(np.array([a, b], dtype=bool).T, axis=0))
    of = {tuple(row): number for number, row in enumerate(rows.dense().tolist())}
    cell_of = np.array([of[bool(x), bool(y)] for x, y in zip(a, b)])
    return GradedUnit(rows, cell_of, np.array([9.0, 8.0, 7.0, 3.0, 2.0, 1.0]), "u")


def test_scores_are_those_of_their_definitions():
    unit, a, b = known(), Atom("a"), Atom("b")
    assert unit.explain(a).auc == 1
    assert unit.explain(b).auc == Fraction(3, 9)
    assert unit.explain(And(a, Not(a))).auc == unit.explain(Or(a, Not(a))).auc == Fraction(1, 2)
    assert unit.average_precision(a) == 1
    assert unit.average_precision(b) == pytest.approx((1 + 2 / 5 + 3 / 6) / 3)
    held = np.array([1, 0, 0, 0, 1, 1])
    assert unit.correlation(b) == pytest.approx(np.corrcoef(unit.values, held)[0, 1])
    assert unit.mean_difference(a) == pytest.approx((8 - 2) / unit.values.std())


def test_equal_activations_are_above_a_threshold_together():
    rows = concept_rows(["a"], [""], np.array([[0], [1]], dtype=bool))
    unit = GradedUnit(rows, np.array([1, 0, 1, 0]), np.array([2.0, 2.0, 1.0, 0.0]), "u")
    assert unit.average_precision(Atom("a")) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert unit.explain(Atom("a")).auc == Fraction(5, 8)


def test_what_cannot_be_searched_is_refused():
    unit = known()
    with pytest.raises(UsageError, match="at 1 to 3 concepts, not 4"):
        best_by_auc(unit, 4)
    with pytest.raises(Stopped):
        best_by_auc(unit, 3, 1, Stopping(should_stop=lambda: True))
    with pytest.raises(DataError, match="not a finite number"):
        GradedUnit(unit.concepts, unit.cell_of, np.full(6, np.nan), "u")
    with pytest.raises(DataError, match="5 activations for 6 points"):
        GradedUnit(unit.concepts, unit.cell_of, np.zeros(5), "u")


def test_a_concept_that_holds_everywhere_or_nowhere_says_nothing():
    rows = concept_rows(["all", "none"], ["", ""], np.array([[1, 0]], dtype=bool))
    assert best_by_auc(GradedUnit(rows, np.zeros(4, dtype=int), np.arange(4.0), "u"), 2) is None
