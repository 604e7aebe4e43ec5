"""What must agree where false positives and false negatives do not count alike: against counts of all functions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from fuzzing.case import EXACT_BELOW, Case, held, require

from compexact.solver import ErrorWeights, certified, exact_search
from compexact.solver.exhaustive import every_function
from compexact.solver.front.pareto import MAX_LENGTH, error_front

Check = Callable[[Case], None]
Counts = tuple[int, int]
"""(false positives, hits)."""
LONGEST = 4
MOST_POINTS = 2**40
"""So that the weights below are never too fine."""


def counts_of_chains(case: Case, length: int) -> set[Counts]:
    """Those of all chains that hit the unit, from the arrays themselves."""
    found = set()
    for functions in every_function(case.problem, length, "chain"):
        for formula in functions.values():
            mask = held(formula, case.matrix)
            hits, points = sum(case.active[mask].tolist()), sum(case.weights[mask].tolist())
            if hits:
                found.add((points - hits, hits))
    return found


def weighed_optima_are_right(case: Case) -> None:
    """The exact search and the checker, on the points that the weights make of them."""
    numbers = [Fraction(int(case.rng.integers(1, 12)), int(case.rng.integers(1, 12))) for _ in range(2)]
    weights, length = ErrorWeights(*numbers), min(case.length, LONGEST)
    problem = case.problem
    if problem.is_degenerate or problem.n_points >= MOST_POINTS:
        return
    weighed = weights.weighed(problem)
    found = certified(weighed, exact_search(weighed, max_length=length)).of_errors(weights, problem)
    unit = sum(case.active.tolist())
    scores = [
        hits / (hits + weights.fp * fp + weights.fn * (unit - hits)) for fp, hits in counts_of_chains(case, length)
    ]
    best = max(scores, default=Fraction(0))
    require(found.score <= best <= (found.bound or 0), f"score {found.score}, bound {found.bound}, best {best}")
    require(weighed.n_points >= EXACT_BELOW or found.status == "optimal", f"the weighed optimum is {found.status}")


def fronts_are_right(case: Case) -> None:
    length = min(case.length, MAX_LENGTH)
    counted = counts_of_chains(case, length)
    front = {each for each in counted if not any(o != each and o[0] <= each[0] and o[1] >= each[1] for o in counted)}
    found = {(each.formula_points - each.intersection, each.intersection) for each in error_front(case.problem, length)}
    require(found == front, f"the front has {sorted(found ^ front)[:3]} and should not, or the other way round")


TRADE_CHECKS: tuple[Check, ...] = (weighed_optima_are_right, fronts_are_right)
