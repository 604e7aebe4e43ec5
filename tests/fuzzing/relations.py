"""Relations between optima of related inputs.

They need no yardstick, so they can be checked at sizes that brute force does not reach.  An answer is the interval
from IoU to bound, in which the optimum is; so relations can be checked where a search was stopped, too.
Inputs with an even number are asked for chains, the others for trees.  Trees get two leaves at least: with one only,
a concept that holds nowhere gives something new, the formula that is always true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import generators
import numpy as np
from fuzzing.case import Case, require

from compexact.solver import Problem, certified, exact_search, from_arrays
from compexact.solver.cells import MAX_POINTS

SECONDS = 20.0
Interval = tuple[Fraction, Fraction]


def answer(case: Case, problem: Problem, beam_size: int = 10) -> Interval:
    """From the IoU to the proven, checked bound, in the space and at the length of the case."""
    length = case.length if case.space == "chain" else max(2, case.length)
    result = exact_search(problem, space=case.space, max_length=length, beam_size=beam_size, time_limit=SECONDS)
    result = certified(problem, result)
    assert result.bound is not None
    return (result.best.iou if result.best else Fraction(0)), result.bound


def asked(case: Case, **changes: object) -> Interval:
    changed = replace(case, **changes)
    return answer(changed, changed.problem)


def at_most(left: Interval, right: Interval, what: str) -> None:
    require(left[0] <= right[1], f"{what}: {left[0]} found, but {right[1]} proven")


def equal(left: Interval, right: Interval, what: str) -> None:
    at_most(left, right, what)
    at_most(right, left, what)


def order_does_not_matter(case: Case) -> None:
    rows, columns = case.rng.permutation(len(case.matrix)), case.rng.permutation(case.matrix.shape[1])
    base = asked(case)
    turned = asked(case, matrix=case.matrix[rows], weights=case.weights[rows], active=case.active[rows])
    equal(base, turned, "points in another order")
    equal(base, asked(case, matrix=case.matrix[:, columns]), "concepts in another order")


def a_second_copy_of_a_concept_adds_nothing(case: Case) -> None:
    place = int(case.rng.integers(case.matrix.shape[1]))
    empty = np.zeros_like(case.matrix[:, :1])
    twice = asked(case, matrix=np.hstack([case.matrix[:, place : place + 1], case.matrix, empty]))
    equal(asked(case), twice, "a concept twice, and an empty one")


def a_new_concept_never_harms(case: Case) -> None:
    new = case.rng.random((len(case.matrix), 1)) < 0.3
    at_most(asked(case), asked(case, matrix=np.hstack([case.matrix, new])), "one more concept")


def a_longer_formula_is_never_worse(case: Case) -> None:
    at_most(asked(case), asked(case, length=max(2, case.length) + 1), "one more length")


def a_tree_is_never_worse_than_a_chain(case: Case) -> None:
    chain, tree = (replace(case, seed=seed, length=max(2, case.length)) for seed in (0, 1))
    at_most(answer(chain, case.problem), answer(tree, case.problem), "trees instead of chains")


def equal_rows_may_be_split(case: Case) -> None:
    """As points come: `from_arrays` merges what is one cell."""
    part = case.rng.integers(0, case.active + 1)
    rest = case.active - part
    light = part + case.rng.integers(0, case.weights - case.active + 1)
    weights, active = np.append(light, case.weights - light), np.append(part, rest)
    matrix = np.vstack([case.matrix, case.matrix])
    merged = Problem.of(from_arrays(matrix, weights=weights, active=active[:, None]), 0)
    equal(asked(case), answer(case, merged), "rows split and merged")


def scale_does_not_matter(case: Case) -> None:
    factor = int(case.rng.integers(2, 1000))
    if int(case.weights.sum()) * factor < MAX_POINTS:
        equal(asked(case), asked(case, weights=factor * case.weights, active=factor * case.active), f"{factor} times")


def two_disjoint_copies_are_no_easier(case: Case) -> None:
    """Restricted to one copy, a formula is one that is no longer; its IoU is a mediant of the two parts'."""
    nothing = np.zeros_like(case.matrix)
    matrix = np.block([[case.matrix, nothing], [nothing, case.matrix]])
    weights, active = np.append(case.weights, case.weights), np.append(case.active, case.active)
    if int(weights.sum()) < MAX_POINTS:
        at_most(asked(case, matrix=matrix, weights=weights, active=active), asked(case), "two disjoint copies")


def some_concept_can_be_left_out(case: Case) -> None:
    """Of any N + 1 concepts a formula of length N omits one: the optimum is the best of those without one of them."""
    n, length = case.matrix.shape[1], min(max(2, case.length), 3)
    if n < length + 2:
        return
    chosen = case.rng.choice(n, length + 1, replace=False)
    without = [asked(case, matrix=np.delete(case.matrix, place, axis=1), length=length) for place in chosen]
    best = max(low for low, _ in without), max(high for _, high in without)
    equal(asked(case, length=length), best, f"the best without one of {chosen.tolist()}")


def the_start_does_not_matter(case: Case) -> None:
    base = answer(case, case.problem, beam_size=1)
    for size in (3, 50):
        equal(base, answer(case, case.problem, beam_size=size), f"beams of 1 and {size}")


def a_unit_and_its_copy_are_alike(case: Case) -> None:
    other = case.rng.integers(0, case.weights + 1)
    active = np.stack([case.active, other, case.active], axis=1)
    cells = from_arrays(case.matrix, weights=case.weights, active=active)
    first, copy = (answer(case, Problem.of(cells, unit)) for unit in (0, 2))
    require(first == copy, f"a unit {first} and its copy {copy}")


RELATIONS: tuple[Callable[[Case], None], ...] = (
    order_does_not_matter, a_second_copy_of_a_concept_adds_nothing, a_new_concept_never_harms,
    a_longer_formula_is_never_worse, a_tree_is_never_worse_than_a_chain, equal_rows_may_be_split, scale_does_not_matter,
    two_disjoint_copies_are_no_easier, some_concept_can_be_left_out, the_start_does_not_matter,
    a_unit_and_its_copy_are_alike,
)  # fmt: skip


def grown(seed: int) -> Case:
    """A problem too large for brute force; replayed as `grown:SEED`."""
    rng = np.random.default_rng(seed)
    matrix, weights, active = (scattered if rng.random() < 0.4 else photographs)(rng)
    return Case("grown", seed, matrix, weights, active, int(rng.integers(2, 4)))


def scattered(rng: np.random.Generator) -> generators.Raw:
    """Concepts of very different sizes, independent of each other, and a planted formula."""
    cells, concepts = int(rng.integers(50, 400)), int(rng.integers(10, 50))
    matrix = rng.random((cells, concepts)) < rng.uniform(0.005, rng.choice([0.1, 0.3, 0.6]), concepts)
    weights = [
        np.ones(cells, dtype=np.int64),
        rng.integers(1, 50, cells),
        10 ** rng.integers(0, 5, cells),
        10**6 + rng.integers(0, 3, cells),
    ][int(rng.integers(4))]
    planted = (matrix[:, 0] | matrix[:, 1]) & ~matrix[:, 2] | matrix[:, 3] & matrix[:, 4]
    return matrix, weights, np.where(planted ^ (rng.random(cells) < 0.15), rng.integers(0, weights + 1), 0)


def photographs(rng: np.random.Generator) -> generators.Raw:
    """Like annotated images: each cell has one colour and a few objects, most of them rare.

    Cells are of very different sizes.  A unit is active on few points of each, more where concepts that it likes are.
    A wrong bound that stood through thousands of the small inputs failed on one or two in a hundred of these.
    """
    cells, colours, objects = int(rng.integers(60, 1000)), int(rng.integers(2, 9)), int(rng.integers(5, 30))
    matrix = np.zeros((cells, colours + objects), dtype=bool)
    matrix[np.arange(cells), rng.choice(colours, cells, p=rng.dirichlet(np.ones(colours)))] = True
    frequency = 1 / np.arange(1, objects + 1)
    for _ in range(int(rng.integers(1, 5))):
        matrix[np.arange(cells), colours + rng.choice(objects, cells, p=frequency / frequency.sum())] = True
    weights = (10 ** rng.uniform(0, rng.choice([3, 5]), cells)).astype(np.int64)
    liking = np.exp(matrix @ rng.normal(0, 1, matrix.shape[1])) * 10 ** rng.uniform(-3.5, -1.5)
    return matrix, weights, rng.binomial(weights, np.minimum(liking, 0.9))
