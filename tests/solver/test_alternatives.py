"""Formulas about as good as the best: against brute force, and on arrays where they are known by hand."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from generators import problem_of

from compexact.solver import alternatives as module
from compexact.solver.alternatives import alternatives
from compexact.solver.errors import DisagreementError, UsageError
from compexact.solver.sets import above
from compexact.solver.stopping import Stopping

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzzing.case import Disagreement, case_of, family_of
from fuzzing.equally_good import alternatives_are_right


def check(seeds):
    for seed in seeds:
        alternatives_are_right(case_of(family_of(seed), seed))


def known():
    """`a` is the unit but for one point; `b` misses two, `c` is `a` again, `d` lies where nothing else does."""
    a, b, d = [1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1]
    return problem_of(np.array([a, b, a, d], dtype=bool).T, np.ones(8, np.int64), np.array([1, 1, 1, 1, 1, 0, 0, 0]))


def texts(found):
    return [str(each.formula) for each in found.listed]


def test_the_list_is_that_of_brute_force():
    check(range(120))


@pytest.mark.fuzz
def test_the_list_is_that_of_brute_force_on_a_thousand_problems():
    check(range(120, 1000))


def test_what_is_within_the_share_is_listed_best_first_and_no_more():
    within = {Fraction(1, 5): ["c0"], Fraction(1, 4): ["c0", "c1"], Fraction(0): ["c0"]}
    for share, listed in within.items():
        assert texts(alternatives(known(), max_length=1, within=share)) == listed
    assert texts(alternatives(known(), max_length=1, within=Fraction(2499, 10000))) == ["c0"]


def test_a_concept_that_changes_no_point_is_padding_and_twins_are_named():
    found = alternatives(known(), max_length=2, within=Fraction(0))
    assert texts(found) == ["c0"]
    # c0 OR c1 and c0 AND NOT c3 hold where c0 does
    assert (found.n, found.n_padded, found.n_distinct) == (1, 2, 1)
    assert found.concepts["c0"].twins == ("c2",)
    assert found.is_complete


def test_formulas_of_equally_many_concepts_on_the_same_points_are_alternatives_each():
    matrix = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)
    problem = problem_of(matrix, np.array([3, 3, 3, 0]), np.array([3, 3, 3, 0]))
    found = alternatives(problem, max_length=2, within=Fraction(0))
    assert texts(found) == ["c0 OR c1", "c0 OR c2"]
    assert (found.same, found.n_distinct) == ((0, 0), 1)
    assert found.concepts["c1"].replacements == ("c2",)
    assert found.concepts["c0"].replacements == ()


def test_the_number_is_of_all_where_few_are_listed():
    whole, few = (alternatives(known(), max_length=3, within=Fraction(1, 2), listed=n) for n in (1000, 2))
    assert (few.n, few.concepts) == (whole.n, whole.concepts)
    assert few.listed == whole.listed[:2]


def test_what_is_stopped_says_that_it_is_not_complete():
    found = alternatives(known(), max_length=3, stopping=Stopping(should_stop=lambda: True))
    assert not found.is_complete


def test_more_functions_than_there_is_room_for_are_not_called_complete(monkeypatch):
    rng = np.random.default_rng(0)
    problem = problem_of(rng.random((60, 12)) < 0.4, np.full(60, 9), rng.integers(0, 9, 60))
    whole = alternatives(problem, max_length=3, within=Fraction(1, 2))
    monkeypatch.setattr(above, "ROOM", 64)
    assert alternatives(problem, max_length=3, within=Fraction(1, 2)) == whole
    monkeypatch.setattr(above, "MOST_KEPT", 64)
    few = alternatives(problem, max_length=3, within=Fraction(1, 2))
    assert not few.is_complete
    assert few.n < whole.n


def test_of_a_unit_that_is_active_everywhere_the_list_is_complete():
    found = alternatives(problem_of(np.array([[1, 0], [1, 1], [0, 1]], dtype=bool), np.ones(3, int), np.ones(3, int)))
    assert (found.is_proven, found.is_complete, found.best.iou) == (True, True, 1)


def test_a_unit_that_meets_no_concept_has_none():
    problem = problem_of(np.array([[1], [0]], dtype=bool), np.array([1, 1]), np.array([0, 1]))
    found = alternatives(problem, max_length=1)
    assert (found.best, found.n, found.is_complete) == (None, 0, True)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"within": Fraction(1)}, "within a share from 0 to below 1"),
        ({"max_length": 6}, "at lengths from 1 to 5, not 6"),
        ({"space": "graph"}, "the space is chain or tree"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, said):
    with pytest.raises(UsageError, match=said):
        alternatives(known(), **asked)


def test_equal_marks_of_other_points_are_noticed(monkeypatch):
    drawn = module._marks
    monkeypatch.setattr(module, "_marks", lambda n, seed: drawn(n, seed) * (seed > 0))
    check(range(40))
    monkeypatch.setattr(module, "_marks", lambda n, seed: drawn(n, seed) * 0)
    with pytest.raises(DisagreementError, match="formulas with equal marks hold on other cells"):
        check(range(120))


def test_a_function_that_is_left_out_is_noticed(monkeypatch):
    kept = above.kernels.walk

    def careless(tables, walk, kept_, quota):
        state = kept(tables, walk, kept_, quota)
        kept_.size[0] -= kept_.size[0] > 3
        return state

    monkeypatch.setattr(above.kernels, "walk", careless)
    with pytest.raises((Disagreement, DisagreementError)):
        check(range(120))


def test_a_wrong_count_is_noticed(monkeypatch):
    kept = above.sums_over
    monkeypatch.setattr(above, "sums_over", lambda *given: kept(*given) + 1)
    with pytest.raises(DisagreementError, match="give other counts of a formula"):
        check(range(120))
