import numpy as np
import pytest

from compexact.experiments.questions.unit_correlations import correlations, extremes, overlaps, roles


def test_correlations_are_pearsons_and_a_constant_column_has_none():
    rng = np.random.default_rng(0)
    left, right = rng.random((30, 3)), rng.random((30, 2)) < 0.5
    left[:, 2] = 0.1
    found = correlations(left, right)
    for i in range(2):
        for j in range(2):
            assert found[i, j] == pytest.approx(np.corrcoef(left[:, i], right[:, j])[0, 1])
    assert np.isnan(found[2]).all()


def test_overlaps_are_intersections_over_unions():
    left = np.array([[1, 0], [1, 0], [1, 0], [0, 0]], dtype=bool)
    right = np.array([[1, 0], [1, 0], [0, 0], [1, 0]], dtype=bool)
    assert overlaps(left, right).tolist() == [[0.5, 0.0], [0.0, 0.0]]


def test_contributors_are_strictly_above_the_99th_percentile_of_all_values_and_inhibitors_below_the_first():
    matrix = np.arange(1000.0).reshape(20, 50)
    found = roles(matrix)
    assert np.flatnonzero(found == "contributor").tolist() == list(range(990, 1000))
    assert np.flatnonzero(found == "inhibitor").tolist() == list(range(10))
    flat = roles(np.zeros((3, 4)))
    assert (flat == "").all()


def test_a_value_that_is_not_known_has_no_role():
    matrix = np.array([[np.nan, 0, 1, 2]])
    assert roles(matrix, alpha=0.2).tolist() == [["", "inhibitor", "", "contributor"]]
    assert roles(np.full((2, 2), np.nan)).tolist() == [["", ""], ["", ""]]


def test_extremes_are_the_greatest_then_the_least_each_once():
    values = np.array([3.0, np.nan, 5, 1, 4])
    assert extremes(values, 1) == [2, 3]
    assert extremes(values, 2) == [2, 4, 0, 3]
    assert extremes(values, 3) == [2, 4, 0, 3]
    assert extremes(values, 9) == [2, 4, 0, 3]
