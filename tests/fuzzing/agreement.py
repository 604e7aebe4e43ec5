"""What must agree on a small input: brute force, beam, both exact searches, the checker, and the solvers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count
from typing import Any
from unittest import mock

import numpy as np
from asking import by_prefixes, verdict
from fuzzing.case import Case, check_answer, require
from fuzzing.threes import best_of_threes
from problems import best_tree, routes_towards

from compexact.encodings.solvers import SOLVERS
from compexact.solver import (
    Explanation,
    Problem,
    Status,
    beam_search,
    brute_force_search,
    certified,
    exact_search,
    stopping,
)
from compexact.solver.ceilings import ceiling
from compexact.solver.certificate import Certificate
from compexact.solver.checking import CertificateError
from compexact.solver.errors import UsageError
from compexact.solver.exhaustive import every_function
from compexact.solver.prefixes import branch_and_bound as prefixes
from compexact.solver.sets import search as sets
from compexact.solver.stopping import Stopped, Stopping
from compexact.solver.transport import transport_bound

Check = Callable[[Case], None]
TREE_LENGTH = 3
SOLVER_SECONDS = 30.0


def chains_are_right(case: Case) -> None:
    exact_is_right(case, case.brute, exact_search, case.length, space="chain")


def chains_by_prefixes_are_right(case: Case) -> None:
    exact_is_right(case, case.brute, by_prefixes, case.length)


def trees_are_right(case: Case) -> None:
    length = min(case.length, TREE_LENGTH)
    brute = brute_force_search(case.problem, max_length=length, space="tree")
    assert brute.best is not None
    check_answer(case, brute, brute.best.iou, length)
    require(case.brute.by_length[length - 1].iou <= brute.best.iou, "a chain beats every tree")
    exact_is_right(case, brute, exact_search, length, space="tree")


def exact_is_right(case: Case, brute: Any, search: Callable[..., Any], length: int, **options: str) -> None:
    """The checked answer against brute force; where 64 bits decide every comparison, it must be the optimum."""
    optimum = brute.best.iou
    found = search(case.problem, max_length=length, beam_size=1 + case.seed % 3, **options)
    result = certified(case.problem, found)
    check_answer(case, result, optimum, length)
    for shorter, best in zip(result.by_length, brute.by_length):
        require(shorter.iou <= best.iou, f"by_length: {shorter.iou} above the optimum {best.iou}")
    if result.status is Status.OPTIMAL:
        require(result.best is not None and result.best.iou == optimum, f"optimal, but not {optimum}")
    if case.must_be_proven:
        require(result.bound == optimum, f"the bound is {result.bound}, the optimum {optimum}")
        require(result.best is None or result.status is Status.OPTIMAL, f"proven, but {result.status.value}")


def stopped_searches_are_right(case: Case) -> None:
    """Stopped after a few steps: every bound and every formula is valid, and the checker confirms it."""
    stop_at, steps = int(case.rng.integers(0, 30)), int(case.rng.integers(1, 60))
    length = min(case.length, TREE_LENGTH)
    tree = brute_force_search(case.problem, max_length=length, space="tree").best
    assert tree is not None
    for search, optimum, options in (
        (by_prefixes, case.optimum, {"max_length": case.length}),
        (exact_search, case.optimum, {"max_length": case.length}),
        (exact_search, tree.iou, {"max_length": length, "space": "tree"}),
    ):
        looks = count()
        with (
            mock.patch.object(prefixes, "STEPS_BETWEEN_POLLS", steps),
            mock.patch.object(sets, "STEPS_BETWEEN_POLLS", steps),
            mock.patch.object(stopping, "PATIENCE", [0, 60][stop_at % 2]),
        ):
            result = search(
                case.problem, beam_size=1, should_stop=lambda looks=looks: next(looks) >= stop_at, **options
            )
        check_answer(case, certified(case.problem, result), optimum, options["max_length"])


def long_formulas_are_bounded(case: Case) -> None:
    """Beyond the sets: what shorter formulas reach is within the bound, which the checker confirms."""
    if case.problem.unit_points == 0:
        return
    tree = brute_force_search(case.problem, max_length=2, space="tree").best
    assert tree is not None
    for space, known in (("chain", case.optimum), ("tree", max(case.optimum, tree.iou))):
        looks, last = count(), int(case.rng.integers(0, 10))
        result = exact_search(
            case.problem,
            space=space,
            max_length=6,
            should_stop=lambda looks=looks, last=last: next(looks) >= last,
        )
        result = certified(case.problem, result)
        iou = result.best.iou if result.best else Fraction(0)
        assert result.bound is not None
        require(max(iou, known) <= result.bound <= result.ceiling, f"{space}s of 6: {known} or {iou}, {result.bound}")


def transport_bounds_are_right(case: Case) -> None:
    """Above what any tree of that many leaves reaches, from whatever formula it starts."""
    truth, top = best_tree(case.problem, case.length), ceiling(case.problem)
    low = truth * int(case.rng.integers(0, 5)) / 4
    found = transport_bound(case.problem, case.length, "tree", low, top)
    require(truth <= found.bound <= top, f"bound {found.bound} below {truth}, which a tree reaches")
    best = case.brute.best
    assert best is not None
    if best.iou <= found.bound:
        require(verdict(case.problem, found.to_json(case.problem, best)).bound == found.bound, "another bound")


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


def false_claims_by_sets_are_refused(case: Case) -> None:
    """No bound below the optimum passes, in either space."""
    length = min(case.length, TREE_LENGTH)
    tree = brute_force_search(case.problem, max_length=length, space="tree")
    for space, n, brute in (("chain", case.length, case.brute), ("tree", length, tree)):
        assert brute.best is not None
        weaker = next((best for best in brute.by_length if best.iou), None)
        if weaker is not None and weaker.iou < brute.best.iou:
            for target in targets(weaker.iou, brute.best.iou):
                refused(case, Certificate(space, n, target, "sets"), weaker)
                refused(case, Certificate(space, n, target, "ceiling"), weaker)


def false_claims_by_transport_are_refused(case: Case) -> None:
    """No bound passes that is below what a tree of that many leaves reaches, whatever is sent."""
    truth = best_tree(case.problem, case.length)
    weaker = case.brute.by_length[0]
    if not weaker.iou < truth or case.problem.n_points > 2**40:
        return
    for target in targets(weaker.iou, truth):
        best = routes_towards(case.problem, target, case.length) if target else None
        for routes in changes(case, best or []):
            refused(case, Certificate("tree", case.length, target, "transport", routes), weaker)


def changes(case: Case, routes: list[list[int]]) -> Iterator[list[list[int]]]:
    """Nothing, the routes as they are, and some with more, less, elsewhere or more than once."""
    yield []
    yield routes
    rng, n_cells = case.rng, len(case.problem.weights)
    for _ in range(4):
        changed = [list(route) for route in routes]
        for _ in range(int(rng.integers(1, 4))):
            if not changed or rng.random() < 0.3:
                changed.append([int(rng.integers(n_cells)), int(rng.integers(n_cells)), int(rng.integers(1, 10**6))])
                continue
            route = changed[int(rng.integers(len(changed)))]
            if rng.random() < 0.5:
                route[2] = max(0, int(route[2] * rng.choice([0, 0.5, 1.1, 2.0, 10.0])) + int(rng.integers(-1, 2)))
            else:
                route[int(rng.integers(2))] = int(rng.integers(n_cells))
        yield changed


def false_claims_by_prefixes_are_refused(case: Case) -> None:
    """No certificate passes whose bound is below the optimum, whatever is in its trees."""
    found = by_prefixes(case.problem, max_length=case.length)
    weaker = next((best for best in case.brute.by_length if best.iou), None)
    if weaker is not None and weaker.iou < case.optimum:
        for target in targets(weaker.iou, case.optimum):
            values = true_values(case.problem, target, case.length)
            refused_with_trees(case, target, values, weaker, found.certificate)


def false_claims_about_larger_inputs_are_refused(case: Case) -> None:
    """The same without brute force: what shorter formulas reach is set so high that it needs no proof."""
    found = by_prefixes(case.problem, max_length=case.length)
    assert found.best is not None
    weaker = found.by_length[0]
    if weaker.iou == found.best.iou:
        return
    for target in targets(weaker.iou, found.best.iou):
        p, q = target.numerator, target.denominator
        values = q * case.active - p * (case.weights - case.active)
        everything = int(np.maximum(values, 0).sum())
        unproven = [everything] * (case.length - 1)
        refused_with_trees(case, target, [*unproven, p * case.problem.unit_points], weaker, found.certificate)
        for space in ("chain", "tree"):
            refused(case, Certificate(space, case.length, target, "sets"), weaker)
    if case.seed % 8 == 0:
        # One linear program of this size takes as long as all the rest.
        middle = targets(weaker.iou, found.best.iou)[1]
        try:
            routes = routes_towards(case.problem, middle, case.length, Stopping.after(SOLVER_SECONDS))
        except Stopped:
            routes = None
        refused(case, Certificate("chain", case.length, middle, "transport", routes or []), weaker)


def targets(low: Fraction, high: Fraction) -> tuple[Fraction, ...]:
    """False bounds, from the weaker formula's IoU to a hair below the optimum."""
    below = max(low, high - Fraction(1, 10**6 * high.denominator))
    return low, min(((low + high) / 2).limit_denominator(10**6), below), below


def exact_search_equals_a_full_count(case: Case) -> None:
    """At length 3, where all chains of larger inputs can be counted, too; by sets and by prefixes."""
    optimum = best_of_threes(case.matrix, case.weights, case.active)
    for search in (exact_search, by_prefixes):
        result = certified(case.problem, search(case.problem, max_length=3, beam_size=1 + case.seed % 3))
        check_answer(case, result, optimum, 3)
        if case.must_be_proven:
            require(result.bound == optimum, f"the bound is {result.bound}, the optimum {optimum}")


def true_values(problem: Problem, target: Fraction, length: int) -> list[int]:
    """The most that 1, 2, ..., length - 1 concepts reach, and the claim about `length` of them."""
    p, q = target.numerator, target.denominator
    per_cell = [q * int(a) - p * int(w - a) for a, w in zip(problem.active, problem.weights)]
    most, values = 0, []
    for functions in every_function(problem, length, "chain"):
        most = max([most, *(sum(v for j, v in enumerate(per_cell) if cells >> j & 1) for cells in functions)])
        values.append(most)
    return [*values[:-1], p * problem.unit_points]


def refused_with_trees(
    case: Case, target: Fraction, values: list[int], formula: Explanation, honest: Certificate | None
) -> None:
    """The checker refuses the values without trees, with the trees of an honest certificate, and with parts of them."""
    assert honest is not None
    none: list[list[int]] = [[]] * case.length
    whole = honest.content["trees"] if honest.proof == "prefixes" else none
    parts = [tree[: int(case.rng.integers(0, len(tree) + 1))] for tree in whole]
    for trees in (none, parts, whole):
        content = {"values": values, "trees": trees}
        refused(case, Certificate("chain", case.length, target, "prefixes", content), formula)


def refused(case: Case, certificate: Certificate, formula: Explanation) -> None:
    """The checker is not convinced."""
    try:
        verdict(case.problem, certificate.to_json(case.problem, formula))
    except CertificateError:
        return
    what = f"{certificate.bound} for {certificate.space}s at length {certificate.max_length} by {certificate.proof}"
    require(False, f"the checker accepts {what}, which is below the optimum")


def solver(engine: str, space: str) -> Check:
    """The answer of CP-SAT or MaxSAT; refusals of too large numbers are answers, too."""

    def solvers_are_right(case: Case) -> None:
        from compexact.encodings.search import outside_search

        length = min(case.length, TREE_LENGTH if space == "tree" else case.length)
        optimum = brute_force_search(case.problem, max_length=length, space=space).best
        assert optimum is not None
        try:
            result = outside_search(
                engine, case.problem, Stopping.after(SOLVER_SECONDS), space=space, max_length=length, beam_size=1
            )
        except UsageError:
            require(not case.must_be_proven, f"{engine} refuses a small problem")
            return
        check_answer(case, result, optimum.iou, length)
        require(result.error is None, f"{engine}: {result.error}")

    solvers_are_right.__name__ = f"{engine}_{space}s_are_right"
    return solvers_are_right


CHECKS: tuple[Check, ...] = (
    chains_are_right, chains_by_prefixes_are_right, trees_are_right, stopped_searches_are_right,
    long_formulas_are_bounded, transport_bounds_are_right, beams_stay_below, false_claims_by_sets_are_refused,
    false_claims_by_transport_are_refused, false_claims_by_prefixes_are_refused,
)  # fmt: skip

LARGER_CHECKS: tuple[Check, ...] = (exact_search_equals_a_full_count, false_claims_about_larger_inputs_are_refused)

SOLVER_CHECKS = tuple(solver(engine, space) for engine in SOLVERS for space in ("chain", "tree"))
