"""Errors that do not count alike: scores by hand, and against the definition; what is too fine is refused."""

from fractions import Fraction

import numpy as np
import pytest
from generators import FAMILIES, near_two_to_the_53, problem_of

from compexact.solver import Atom, ErrorWeights, Explanation, UsageError
from compexact.solver.checking.error_weights import Errors

COUNTS = Explanation(Atom("a"), intersection=6, formula_points=8, unit_points=10, n_points=100)
"""TP 6, FP 2, FN 4."""


@pytest.mark.parametrize(
    ("fp", "fn", "score"),
    [
        ("1", "1", Fraction(6, 12)),
        ("0.5", "1/2", Fraction(12, 18)),  # F1
        ("1/5", "4/5", Fraction(5 * 6, 5 * 6 + 4 * 4 + 2)),  # F2
        ("0.8", "0.2", Fraction(5 * 6, 5 * 6 + 4 + 4 * 2)),  # F1/2, times 4
        ("2", "1", Fraction(6, 14)),
        ("1", "3", Fraction(6, 20)),
    ],
)
def test_the_score_is_iou_f1_f_beta_and_what_lies_between(fp, fn, score):
    assert ErrorWeights.of(fp, fn).score(COUNTS) == score
    assert Errors(Fraction(fp), Fraction(fn)).score(6, 2, 4) == score


def test_a_formula_without_a_hit_scores_nothing():
    nothing = Explanation(Atom("a"), 0, 5, 0, 10)
    assert ErrorWeights.of("2", "3").score(nothing) == Errors(Fraction(2), Fraction(3)).score(0, 5, 0) == 0


def random_weights(rng):
    return ErrorWeights(*(Fraction(int(rng.integers(1, 30)), int(rng.integers(1, 30))) for _ in range(2)))


@pytest.mark.parametrize("family", [each for each in FAMILIES if each is not near_two_to_the_53])
def test_the_iou_of_the_weighed_problem_says_the_score_and_orders_formulas_as_it_does(family):
    rng = np.random.default_rng(0)
    for _ in range(40):
        problem, weights = problem_of(*family(rng)), random_weights(rng)
        weighed = weights.weighed(problem)
        checked = Errors(weights.fp, weights.fn)
        assert [array.tolist() for array in checked.cells(problem.weights, problem.active)] == [
            weighed.weights.tolist(),
            weighed.active.tolist(),
        ]
        found = []
        for column, name in enumerate(problem.concepts.names):
            counted = problem.explain(Atom(name))
            score = weights.score(counted)
            hits, formula_only = counted.intersection, counted.formula_points - counted.intersection
            missed = problem.unit_points - hits
            errors = weights.fp * formula_only + weights.fn * missed
            assert score == (hits / (hits + errors) if hits else 0)
            iou = weighed.explain(Atom(name)).iou
            assert (weights.of_iou(iou), checked.iou_of(score)) == (score, iou)
            assert checked.score(hits, formula_only, missed) == score
            assert int(weighed.concept_points[column]) == int(weighed.weights[weighed.concepts.column(column)].sum())
            found.append((score, iou))
        assert sorted(found) == sorted(found, key=lambda pair: pair[1])


def test_where_both_errors_count_alike_the_problem_stays_as_it_is():
    problem = problem_of(np.eye(3, dtype=bool), np.full(3, 4), np.array([1, 2, 3]))
    assert ErrorWeights.of("0.5", "1/2").weighed(problem) is problem
    assert not ErrorWeights.of("0.5", "1/2").are_even
    assert ErrorWeights.of("1.0", "1") == ErrorWeights()
    assert ErrorWeights().record() == {}


def test_a_bound_that_is_too_long_to_be_kept_is_rounded_up():
    weights = ErrorWeights.of("1", "0.000001")
    exact = weights.of_iou(Fraction(2**61 + 1, 2**62))
    kept = weights.bound(Fraction(2**61 + 1, 2**62))
    assert exact.denominator >= 2**63 > kept.denominator
    assert exact <= kept <= exact + Fraction(1, 2**52)
    assert weights.bound(Fraction(1)) == 1
    assert ErrorWeights.of("2", "1").bound(Fraction(1, 3)) == Fraction(1, 3)


@pytest.mark.parametrize(
    "text", ["0", "0.0", "-1", "1/0", "0/5", "nan", "inf", "1e3", "", "two", "1/3/5", "٢", "1" * 19]
)
def test_what_is_no_number_above_0_is_refused_by_the_option_s_name(text):
    with pytest.raises(UsageError, match=r"--fp-weight takes a number above 0, such as 2, 0\.5 or 1/3, not"):
        ErrorWeights.of(text, "1")
    with pytest.raises(UsageError, match="--fn-weight takes"):
        ErrorWeights.of("1", text)


def test_what_a_weight_is_recorded_as_is_read_as_the_same():
    weights = ErrorWeights.of("123456789.987654321", "0.000000001")
    assert ErrorWeights.of(*weights.record().values()) == weights
    assert Errors.of(weights.record()) == Errors(weights.fp, weights.fn)


@pytest.mark.parametrize(
    ("fp", "fn"), [("1", "0.000001"), ("0.0000001", "1"), ("0.123456", "0.123457"), ("999999999", "1")]
)
def test_weights_too_fine_for_exact_counts_are_refused_in_one_line(fp, fn):
    problem = problem_of(np.eye(3, dtype=bool), np.full(3, 10**10), np.array([1, 2, 3]))
    with pytest.raises(UsageError, match="are too fine for 30,000,000,000 points: counts are exact up to") as error:
        ErrorWeights.of(fp, fn).weighed(problem)
    assert "\n" not in str(error.value)
