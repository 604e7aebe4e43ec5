"""The beam against brute force, against the paper's loop, and where it must fail."""

from fractions import Fraction

import numpy as np
import pytest

from compexact.solver import ceiling
from compexact.solver.arrays import from_arrays
from compexact.solver.beam import beam_search
from compexact.solver.errors import UsageError
from compexact.solver.exhaustive import brute_force_search, every_function
from compexact.solver.formula import is_chain
from compexact.solver.logic import are_equivalent
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem
from compexact.solver.result import Status


def problem_of(concepts, neuron, **names) -> Problem:
    return Problem.of(from_arrays(np.array(concepts), np.array(neuron)[:, None], **names), 0)


def random_problem(rng: np.random.Generator) -> Problem:
    rows, concepts = rng.integers(1, 14), rng.integers(1, 6)
    matrix = rng.random((rows, concepts)) < rng.choice([0.2, 0.5, 0.8])
    weights = rng.integers(1, rng.choice([2, 10, 10**9]), size=rows)
    active = (rng.random((rows, 1)) * (weights[:, None] + 1)).astype(np.int64) * (rng.random((rows, 1)) < 0.7)
    return Problem.of(from_arrays(matrix, weights=weights, active=active), 0)


def test_with_unlimited_width_the_beam_equals_brute_force_on_500_random_inputs():
    rng = np.random.default_rng(0)
    for _ in range(500):
        problem = random_problem(rng)
        length = int(rng.integers(1, 5))
        found = beam_search(problem, max_length=length, beam_size=None)
        best = brute_force_search(problem, max_length=length)
        ious = [answer.iou for answer in found.by_length] or [Fraction(0)] * length
        assert ious == [answer.iou for answer in best.by_length]
        if found.best:
            assert found.best.formula.length == best.best.formula.length
            assert is_chain(found.best.formula)
            assert problem.explain(found.best.formula) == found.best


def test_with_unlimited_width_the_best_k_are_those_of_all_functions():
    """Also those whose every chain begins with something that shares no point with the unit."""
    rng = np.random.default_rng(1)
    for _ in range(100):
        problem = random_problem(rng)
        length = int(rng.integers(1, 5))
        every = [f for level in every_function(problem, length, "chain") for f in level.values()]
        ious = sorted((iou for f in every if (iou := problem.explain(f).iou)), reverse=True)
        found = beam_search(problem, max_length=length, beam_size=None, top_k=40).top
        assert [each.iou for each in found] == ious[:40]


def test_a_beam_that_would_not_fit_into_memory_is_refused():
    """4,000 different concepts on 12 cells: the sums of all pairs of them would take 2.4 GiB."""
    concepts = np.arange(1, 4001) >> np.arange(12)[:, None] & 1
    problem = problem_of(concepts, concepts[:, 6])
    with pytest.raises(UsageError, match="smaller beam"):
        beam_search(problem, max_length=2, beam_size=None)


def test_a_beam_that_is_stopped_at_once_gives_the_best_concept():
    problem = random_problem(np.random.default_rng(7))
    found = beam_search(problem, max_length=4, should_stop=lambda: True)
    assert [each.iou for each in found.by_length] == [beam_search(problem, max_length=1).best.iou] * 4


def test_a_narrow_beam_misses_the_best_formula_and_a_wide_one_finds_it():
    """Alone, each of a and b is worse than c; together they are the unit."""
    concepts = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    problem = problem_of(concepts, [1, 1, 0, 0, 0, 0, 0, 0, 0], concept_names=["a", "b", "c"])
    problem = problem_of([*concepts, [0, 0, 1]], [1, 1, 0, 0, 0, 0, 0, 0, 1, 1], concept_names=["a", "b", "c"])
    narrow = beam_search(problem, max_length=3, beam_size=1)
    wide = beam_search(problem, max_length=3, beam_size=10)
    assert narrow.best.iou < wide.best.iou == Fraction(4, 6)
    assert wide.best.formula == parse("(a AND b) OR c")
    assert narrow.status is wide.status is Status.FEASIBLE
    assert narrow.bound is None


def test_the_beam_holds_distinct_functions():
    rng = np.random.default_rng(3)
    for _ in range(50):
        problem = random_problem(rng)
        top = beam_search(problem, max_length=3, beam_size=6, top_k=6).top
        masks = {problem.concepts.mask(found.formula).tobytes() for found in top}
        assert len(masks) == len(top)
        scores = [found.iou for found in top]
        assert scores == sorted(scores, reverse=True)


def test_the_best_never_falls_with_length_and_stays_below_the_ceiling():
    rng = np.random.default_rng(4)
    for _ in range(100):
        problem = random_problem(rng)
        ious = [found.iou for found in beam_search(problem, max_length=5, beam_size=3).by_length]
        assert ious == sorted(ious)
        assert not ious or ious[-1] <= ceiling(problem)


def test_length_one_is_network_dissection():
    rng = np.random.default_rng(5)
    for _ in range(50):
        problem = random_problem(rng)
        best = max(problem.explain(parse(name)).iou for name in problem.concepts.names)
        found = beam_search(problem, max_length=1).best
        assert (found.iou if found else 0) == best


def test_ties_go_to_the_shorter_formula_then_to_the_first_concept():
    problem = problem_of([[1, 1, 0], [1, 1, 0], [0, 0, 1]], [1, 1, 0], concept_names=["b", "a", "z"])
    assert str(beam_search(problem, max_length=3).best.formula) == "b"


def test_scores_that_differ_in_the_last_bit_are_told_apart():
    """Two IoUs that are the same double: only exact arithmetic ranks them."""
    n = 2**50
    problem = Problem.of(from_arrays([[1, 0], [0, 1]], weights=[n, n + 3], active=[[n], [n + 1]]), 0)
    first, second = (problem.explain(parse(name)).iou for name in ("c0", "c1"))
    assert float(first) == float(second)
    assert second > first
    assert str(beam_search(problem, max_length=1).best.formula) == "c1"


def test_an_extension_that_is_better_by_one_point_in_a_million_million_enters_a_full_beam():
    n = 10**12
    problem = Problem.of(from_arrays([[1, 0], [0, 1], [0, 0]], weights=[n, 1, n], active=[[n], [1], [n]]), 0)
    best = beam_search(problem, max_length=2, beam_size=1).best
    assert (str(best.formula), best.iou) == ("c0 OR c1", Fraction(n + 1, 2 * n + 1))


def test_a_penalty_prefers_short_formulas():
    concepts = [[1, 0]] * 8 + [[0, 1]] * 1 + [[0, 0]] * 5
    neuron = [1] * 8 + [1] * 2 + [0] * 4
    problem = problem_of(concepts, neuron)
    assert str(beam_search(problem, max_length=2).best.formula) == "c0 OR c1"
    assert str(beam_search(problem, max_length=2, penalty=0.5).best.formula) == "c0"
    assert str(beam_search(problem, max_length=2, penalty="0.99").best.formula) == "c0 OR c1"


@pytest.mark.parametrize(("metric", "best"), [("iou", "a"), ("f1", "a"), ("precision", "b"), ("recall", "c")])
def test_other_metrics_choose_other_concepts(metric, best):
    concepts = np.zeros((12, 3), dtype=bool)
    concepts[:5, 0], concepts[:1, 1], concepts[:, 2] = True, True, True
    problem = problem_of(concepts, [1, 1, 1, 1, 0, 1] + [0] * 6, concept_names=["a", "b", "c"])
    assert str(beam_search(problem, max_length=1, metric=metric).best.formula) == best


def test_degenerate_units_are_said_to_be():
    empty = beam_search(problem_of([[1], [0]], [0, 0]))
    assert (empty.status, empty.best, empty.ceiling) == (Status.DEGENERATE, None, 0)
    full = beam_search(problem_of([[1], [0]], [1, 1]))
    assert full.status is Status.DEGENERATE
    assert full.best.iou == Fraction(1, 2)


def test_a_unit_that_meets_no_concept_has_no_formula_but_a_ceiling():
    found = beam_search(problem_of([[1], [0]], [0, 1]))
    assert found.best is None
    assert found.ceiling == 1
    assert found.record()["formula"] is None


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"max_length": 0}, "from 1 to 64, not 0"),
        ({"max_length": 99}, "from 1 to 64, not 99"),
        ({"beam_size": 0}, "at least 1"),
        ({"top_k": 11}, "1 to 10"),
        ({"penalty": 0}, "above 0"),
        ({"penalty": "nan"}, "number"),
        ({"penalty": 1.5}, "at most 1"),
        ({"metric": "dice"}, "no metric is named 'dice'"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        beam_search(problem_of([[1], [0]], [0, 1]), **setting)


# The counterexamples on which a published "optimal" search fails: rows are concepts, columns points.
KNOWN = [
    ([[1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]], [1, 0, 0, 1], 3, "(c0 AND c2) OR c1", (1, 1)),
    ([[1, 1, 1, 0], [1, 1, 1, 0], [0, 1, 0, 1], [0, 1, 1, 1]], [1, 0, 0, 1], 3, "(c0 AND NOT c3) OR c2", (2, 3)),
    (
        [[0, 0, 0, 0, 1, 0, 1], [0, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 1, 0, 0], [1, 0, 0, 1, 1, 0, 0]],
        [1, 0, 1, 1, 0, 0, 1],
        4,
        None,
        (1, 1),
    ),
    (
        [[1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1]],
        [0, 1, 0, 0, 0, 0],
        3,
        "(c0 AND c1) AND NOT c2",
        (1, 1),
    ),
]


@pytest.mark.parametrize(("concepts", "neuron", "length", "formula", "iou"), KNOWN)
def test_brute_force_finds_the_known_optima(concepts, neuron, length, formula, iou):
    problem = problem_of(np.array(concepts).T, neuron)
    best = brute_force_search(problem, max_length=length).best
    assert best.iou == Fraction(*iou)
    if formula:
        assert problem.explain(parse(formula)).iou == best.iou
    assert beam_search(problem, max_length=length, beam_size=None).best.iou == best.iou


def test_trees_reach_what_chains_cannot():
    """(a AND b) OR (c AND d) needs a tree."""
    bits = np.array([[i >> j & 1 for j in range(4)] for i in range(16)])
    formula = parse("(c0 AND c1) OR (c2 AND c3)")
    neuron = formula.mask({f"c{j}": bits[:, j].astype(bool) for j in range(4)})
    problem = problem_of(bits, neuron)
    assert brute_force_search(problem, max_length=4, space="chain").best.iou < 1
    tree = brute_force_search(problem, max_length=4, space="tree").best
    assert tree.iou == 1
    assert are_equivalent(tree.formula, formula)


def test_the_ceiling_is_the_best_set_of_cells():
    rng = np.random.default_rng(8)
    for _ in range(200):
        problem = random_problem(rng)
        cells = range(len(problem.weights))
        best = Fraction(0)
        for subset in range(1 << min(len(cells), 10)) if len(cells) <= 10 else ():
            held = np.array([bool(subset >> j & 1) for j in cells])
            union = problem.unit_points + int((problem.weights - problem.active)[held].sum())
            best = max(best, Fraction(int(problem.active[held].sum()), union) if union else Fraction(0))
        if len(cells) <= 10:
            assert ceiling(problem) == best
