"""What must agree on a small input: brute force, beam, exact search, its checker, trees, and the solvers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import count
from unittest import mock

import numpy as np
from fuzzing.case import Case, check_answer, require
from fuzzing.threes import best_of_threes

from compexact.solver import Explanation, Problem, Status, beam_search, brute_force_search, check, exact
from compexact.solver.brute import every_function
from compexact.solver.certificate import Certificate
from compexact.solver.certify import certified, chain_of
from compexact.solver.errors import UsageError

Check = Callable[[Case], None]
TREE_LENGTH = 3
SOLVER_SECONDS = 30.0


def exact_search_is_right(case: Case) -> None:
    result = certified(
        case.problem, exact.exact_search(case.problem, max_length=case.length, beam_size=1 + case.seed % 3)
    )
    check_answer(case, result, case.optimum, case.length)
    for found, best in zip(result.by_length, case.brute.by_length):
        require(found.iou <= best.iou, f"by_length: {found.iou} above the optimum {best.iou}")
    if result.status is Status.OPTIMAL:
        require(result.best is not None and result.best.iou == case.optimum, f"optimal, but not {case.optimum}")
    if case.must_be_proven:
        require(result.bound == case.optimum, f"the bound is {result.bound}, the optimum {case.optimum}")
        require(result.best is None or result.status is Status.OPTIMAL, f"proven, but {result.status.value}")


def a_stopped_search_is_right(case: Case) -> None:
    """Stopped after a few steps: every bound and every formula on the way is valid."""
    looks, stop_at = count(), int(case.rng.integers(0, 30))
    told: list[Explanation] = []
    with mock.patch.object(exact, "STEPS_BETWEEN_LOOKS", int(case.rng.integers(1, 60))):
        result = exact.exact_search(
            case.problem,
            max_length=case.length,
            beam_size=1,
            should_stop=lambda: next(looks) >= stop_at,
            on_improve=told.append,
        )
    check_answer(case, certified(case.problem, result), case.optimum, case.length)
    scores = [found.iou for found in told]
    require(scores == sorted(set(scores)), f"improvements out of order: {scores}")
    require(not scores or (result.best is not None and scores[-1] == result.best.iou), "the last was not told")


def beams_stay_below(case: Case) -> None:
    for size in (1, 3, 10, None):
        if size is None and case.length > 3:
            continue
        result = beam_search(case.problem, max_length=case.length, beam_size=size)
        check_answer(case, result, case.optimum, case.length)
        for found, best in zip(result.by_length, case.brute.by_length):
            require(found.iou <= best.iou, f"beam of {size}: {found.iou} above the optimum {best.iou}")
        if size is None and result.best is not None:
            require(result.best.iou == case.optimum, f"the beam of all gives {result.best.iou}, not {case.optimum}")


def trees_are_right(case: Case) -> None:
    from compexact.solver.trees import tree_search

    length = min(case.length, TREE_LENGTH)
    brute = brute_force_search(case.problem, max_length=length, space="tree")
    assert brute.best is not None
    check_answer(case, brute, brute.best.iou, length)
    require(case.brute.by_length[length - 1].iou <= brute.best.iou, "a chain beats every tree")
    result = tree_search(case.problem, max_length=length, beam_size=1 + case.seed % 3)
    check_answer(case, result, brute.best.iou, length)
    if case.must_be_proven:
        require(result.bound == brute.best.iou, f"tree search leaves {result.bound}, not {brute.best.iou}")


def false_claims_are_refused(case: Case) -> None:
    """No certificate passes whose bound is below the optimum, whatever is in its trees."""
    found = exact.exact_search(case.problem, max_length=case.length)
    weaker = next((best for best in case.brute.by_length if best.iou), None)
    if weaker is not None and weaker.iou < case.optimum:
        for target in targets(weaker.iou, case.optimum):
            refused(case, target, true_values(case.problem, target, case.length), weaker, found.certificate)


def false_claims_about_larger_inputs_are_refused(case: Case) -> None:
    """The same without brute force: what shorter formulas reach is set so high that it needs no proof."""
    found = exact.exact_search(case.problem, max_length=case.length)
    assert found.best is not None
    weaker = found.by_length[0]
    if weaker.iou == found.best.iou:
        return
    for target in targets(weaker.iou, found.best.iou):
        p, q = target.numerator, target.denominator
        values = q * case.active - p * (case.weights - case.active)
        everything = int(np.maximum(values, 0).sum())
        unproven = (everything,) * (case.length - 1)
        refused(case, target, (*unproven, p * case.problem.unit_points), weaker, found.certificate)


def targets(low: Fraction, high: Fraction) -> tuple[Fraction, ...]:
    """False bounds, from the weaker formula's IoU to a hair below the optimum."""
    return low, ((low + high) / 2).limit_denominator(10**6), max(low, high - Fraction(1, 10**6 * high.denominator))


def exact_search_equals_a_full_count(case: Case) -> None:
    """At length 3, where all chains of larger inputs can be counted, too."""
    optimum = best_of_threes(case.matrix, case.weights, case.active)
    result = certified(case.problem, exact.exact_search(case.problem, max_length=3, beam_size=1 + case.seed % 3))
    check_answer(case, result, optimum, 3)
    if case.must_be_proven:
        require(result.bound == optimum, f"the bound is {result.bound}, the optimum {optimum}")


def true_values(problem: Problem, target: Fraction, length: int) -> tuple[int, ...]:
    """The most that 1, 2, ..., length - 1 concepts reach, and the claim about `length` of them."""
    p, q = target.numerator, target.denominator
    per_cell = [q * int(a) - p * int(w - a) for a, w in zip(problem.active, problem.weights)]
    most, values = 0, []
    for functions in every_function(problem, length, "chain"):
        most = max([most, *(sum(v for j, v in enumerate(per_cell) if cells >> j & 1) for cells in functions)])
        values.append(most)
    return (*values[:-1], p * problem.unit_points)


def refused(
    case: Case, target: Fraction, values: tuple[int, ...], formula: Explanation, honest: Certificate | None
) -> None:
    """The checker refuses the values without trees, with the trees of an honest certificate, and with parts of them."""
    assert honest is not None
    none = ((),) * case.length
    whole = honest.trees or none
    parts = tuple(tree[: int(case.rng.integers(0, len(tree) + 1))] for tree in whole)
    concepts, chain = case.problem.concepts, chain_of(formula.formula, case.problem)
    for trees in (none, parts, whole):
        text = Certificate(case.length, target, values, trees).to_json(case.problem, chain, formula.iou)
        try:
            check.check(
                text, concepts.indptr, concepts.indices, case.problem.weights, case.problem.active, concepts.names
            )
        except check.CertificateError:
            continue
        require(False, f"the checker accepts {target} at length {case.length}, which is below the optimum")


def solver(engine: str, space: str) -> Check:
    """The answer of CP-SAT or MaxSAT; refusals of too large numbers are answers, too."""

    def solvers_are_right(case: Case) -> None:
        from compexact.experiments.solvers import engines as solver_engines

        length = min(case.length, TREE_LENGTH if space == "tree" else case.length)
        optimum = brute_force_search(case.problem, max_length=length, space=space).best
        assert optimum is not None
        search = getattr(solver_engines, f"{engine}_search")
        try:
            result = search(case.problem, space=space, max_length=length, time_limit=SOLVER_SECONDS, beam_size=1)
        except UsageError:
            require(not case.must_be_proven, f"{engine} refuses a small problem")
            return
        check_answer(case, result, optimum.iou, length)
        require(result.error is None, f"{engine}: {result.error}")

    solvers_are_right.__name__ = f"{engine}_{space}s_are_right"
    return solvers_are_right


CHECKS: tuple[Check, ...] = (
    exact_search_is_right, a_stopped_search_is_right, beams_stay_below, trees_are_right, false_claims_are_refused,
)  # fmt: skip

LARGER_CHECKS: tuple[Check, ...] = (exact_search_equals_a_full_count, false_claims_about_larger_inputs_are_refused)

SOLVER_CHECKS = tuple(solver(engine, space) for engine in ("cpsat", "maxsat") for space in ("chain", "tree"))
