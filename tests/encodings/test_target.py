"""The linear question and the bound that comes back: never below a formula, never above the ceiling."""

import random
from fractions import Fraction

import numpy as np
import pytest

from compexact.encodings.target import Frontier, Target, largest_fraction
from compexact.solver import ceiling
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.problem import Problem


def random_problem(rng: np.random.Generator, most: int = 12) -> Problem:
    n = int(rng.integers(1, 4))
    rows = rng.permutation(np.arange(1 << n))[: rng.integers(1, (1 << n) + 1)][:, None] >> np.arange(n) & 1
    weights = rng.integers(1, most, size=len(rows))
    active = (rng.random((len(rows), 1)) * (weights[:, None] + 1)).astype(np.int64)
    return Problem.of(from_arrays(rows, weights=weights, active=active), 0)


def every_set(problem: Problem):
    """(A, B) of every set of cells."""
    active, inactive = problem.active.tolist(), (problem.weights - problem.active).tolist()
    for cells in range(1 << len(active)):
        held = [j for j in range(len(active)) if cells >> j & 1]
        yield sum(active[j] for j in held), sum(inactive[j] for j in held)


@pytest.mark.parametrize("most", [3, 12, 10**9])
def test_no_set_of_cells_with_a_value_up_to_the_bound_has_an_iou_above_the_iou_bound(most):
    rng = np.random.default_rng(most)
    tight = below_the_ceiling = 0
    for _ in range(300):
        problem = random_problem(rng, most)
        if not problem.unit_points:
            continue
        top, points = ceiling(problem), problem.unit_points
        pairs = list(every_set(problem))
        ious = [Fraction(a, points + b) for a, b in pairs]
        target = ious[int(rng.integers(len(ious)))]
        p, q = target.numerator, target.denominator
        values = [q * a - p * b for a, b in pairs]
        linear = values[int(rng.integers(len(values)))] + int(rng.integers(0, 2))
        bound = Frontier(problem, top).iou_bound(target, linear)
        allowed = max(iou for iou, v in zip(ious, values, strict=True) if v <= max(linear, p * points))
        assert allowed <= bound <= top
        tight += allowed == bound
        below_the_ceiling += p * points < linear and bound < top
        assert bound.denominator <= problem.n_points
    assert tight > 150
    assert below_the_ceiling > 30


def test_the_value_reaches_the_floor_exactly_where_the_iou_reaches_the_target():
    rng = np.random.default_rng(4)
    for _ in range(200):
        problem = random_problem(rng)
        if not problem.unit_points:
            continue
        iou = Fraction(int(rng.integers(0, 6)), 7)
        target = Target.of(problem, iou)
        for cells in range(1 << len(problem.weights)):
            held = [j for j in range(len(problem.weights)) if cells >> j & 1]
            a = int(problem.active[held].sum())
            b = int(problem.weights[held].sum()) - a
            reached = sum(target.values[j] for j in held) >= target.floor
            assert reached == (Fraction(a, problem.unit_points + b) >= iou)


def test_the_largest_fraction_with_a_small_denominator_is_found():
    draw = random.Random(1)
    for _ in range(2000):
        value = Fraction(draw.randint(0, 400), draw.randint(1, 400))
        most = draw.randint(1, 30)
        expected = max(Fraction(value.numerator * d // value.denominator, d) for d in range(1, most + 1))
        assert largest_fraction(value, most) == expected


def test_counts_beyond_64_bits_are_exact_and_refused_for_cpsat():
    problem = Problem.of(
        from_arrays([[1, 0], [0, 1]], weights=[2**50, 2**50 - 1], active=[[2**49 + 1], [2**48 + 3]]), 0
    )
    target = Target.of(problem, problem.explain_mask(None, np.array([True, False])).iou)
    assert max(map(abs, target.values)) > 2**63
    with pytest.raises(UsageError, match=r"needs 9[0-9] bits and CP-SAT counts with 60"):
        target.check_size("7")
