"""The list of alternatives against all formulas, by truth tables over every combination of the concepts.

A function of concepts is the set of combinations on which it holds, so functions are told apart by brute force, and
each is counted on the data by its own formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import generators
import numpy as np
from fuzzing.case import Case, held, require

from compexact.solver import And, Atom, Formula, Not, Or
from compexact.solver.alternatives import Alternatives, alternatives
from compexact.solver.exhaustive import every_function

WITHIN = (Fraction(0), Fraction(1, 50), Fraction(1, 5), Fraction(9, 10))
MOST_BY_SPACE = {"chain": 4, "tree": 3}
FEW_CONCEPTS = 5
"""Of more concepts, formulas are shorter by one."""


@dataclass(frozen=True)
class Function:
    """A function of concepts, as brute force sees it: what it depends on, its shortest formula, where it holds."""

    concepts: frozenset[str]
    formula: Formula
    mask: bytes
    hits: int
    points: int


def asked(case: Case) -> tuple[int, str, Fraction]:
    """Length, space and share."""
    length = min(case.length, MOST_BY_SPACE[case.space] - (case.matrix.shape[1] > FEW_CONCEPTS))
    return length, case.space, WITHIN[case.seed // 2 % len(WITHIN)]


def columns_told_apart(case: Case) -> list[int]:
    """The first of all columns that are equal; in trees, or complements."""
    seen, found = set(), []
    for column in range(case.matrix.shape[1]):
        key = case.matrix[:, column].tobytes()
        other = (~case.matrix[:, column]).tobytes() if case.space == "tree" else key
        if key not in seen and other not in seen:
            found.append(column)
        seen |= {key}
    return found


def every_function_of_concepts(case: Case, length: int) -> Iterator[Function]:
    columns = columns_told_apart(case)
    n = len(columns)
    every = (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(bool)
    cube = np.zeros((1 << n, case.matrix.shape[1]), dtype=bool)
    cube[:, columns] = every
    problem = generators.problem_of(every, np.ones(1 << n, np.int64), np.ones(1 << n, np.int64))
    for functions in every_function(problem, length, case.space):
        for short in functions.values():
            formula = renamed(short, columns)
            table, mask = held(formula, cube), held(formula, case.matrix)
            rows = np.arange(1 << n)
            needed = frozenset(f"c{columns[i]}" for i in range(n) if (table != table[rows ^ 1 << i]).any())
            hits, points = sum(case.active[mask].tolist()), sum(case.weights[mask].tolist())
            yield Function(needed or frozenset(["always"]), formula, mask.tobytes(), hits, points)


def renamed(formula: Formula, columns: list[int]) -> Formula:
    """`c0` is the first of the columns, and so on."""
    if isinstance(formula, Atom):
        return Atom(f"c{columns[int(formula.name[1:])]}")
    if isinstance(formula, Not):
        return Not(renamed(formula.operand, columns))
    join = And if isinstance(formula, And) else Or
    return join(*(renamed(part, columns) for part in formula.operands))


def alternatives_are_right(case: Case) -> None:
    """Numbers, order, groups, and how often each concept is in them."""
    length, space, within = asked(case)
    found = alternatives(case.problem, max_length=length, space=space, within=within, listed=10**6)
    compare(case, found, length, within)


def compare(case: Case, found: Alternatives, length: int, within: Fraction) -> None:
    unit = sum(case.active.tolist())
    every = [(Fraction(each.hits, each.points + unit - each.hits), each) for each in counted(case, length)]
    best = max((iou for iou, _ in every), default=Fraction(0))
    above = [(iou, each) for iou, each in every if iou >= (1 - within) * best]
    fewest = {each.mask: min(len(e.concepts) for _, e in above if e.mask == each.mask) for _, each in above}
    plain = [(iou, each) for iou, each in above if len(each.concepts) == fewest[each.mask]]
    if not found.is_complete:
        # The list may still have all, but the optimum is not proven where 64 bits do not decide it.
        require(not case.must_be_proven, "the list is not complete")
        return
    numbers = len(plain), len(above) - len(plain), len(fewest)
    require((found.n, found.n_padded, found.n_distinct) == numbers, f"{found.n, found.n_padded}, and not {numbers}")
    require(sorted(iou for iou, _ in plain) == sorted(each.iou for each in found.listed), "other IoUs are listed")
    order = [(-each.iou, len(set(each.formula.atoms()))) for each in found.listed]
    require(order == sorted(order), "the best do not come first, or those of more concepts")
    by_mask = {held(each.formula, case.matrix).tobytes(): place for place, each in reversed([*enumerate(found.listed)])}
    first = [by_mask[held(each.formula, case.matrix).tobytes()] for each in found.listed]
    require(list(found.same) == first, "other formulas are said to hold on the same points")
    shortest = sorted((iou, each.formula.length) for iou, each in plain)
    require(shortest == sorted((each.iou, each.formula.length) for each in found.listed), "a formula could be shorter")
    if case.space == "chain":  # of complements, other columns may stand for the two here and there
        uses(found, plain, case)


def counted(case: Case, length: int) -> list[Function]:
    return [each for each in every_function_of_concepts(case, length) if each.hits]


def uses(found: Alternatives, plain: list[tuple[Fraction, Function]], case: Case) -> None:
    """By groups of equal columns, as it is free which of them stands for all."""
    of = {f"c{i}": case.matrix[:, i].tobytes() for i in range(case.matrix.shape[1])}
    counts: dict[bytes, int] = {}
    for _, each in plain:
        for concept in each.concepts:
            counts[of[concept]] = counts.get(of[concept], 0) + 1
    require({of[name]: use.n for name, use in found.concepts.items()} == counts, "a concept is counted otherwise")
    for name, use in found.concepts.items():
        twins = sorted(other for other in of if of[other] == of[name] and other != name)
        require(sorted(use.twins) == twins, f"the twins of {name} are {twins}")
    if not plain:
        return
    sets = {frozenset(of[name] for name in each.concepts) for _, each in plain}
    best = {of[name] for name, use in found.concepts.items() if use.in_best}
    require(frozenset(best) in sets, "the best formula has other concepts")
    for name, use in found.concepts.items():
        if use.in_best:
            instead = {next(iter(s - best)) for s in sets if len(s) == len(best) and best - s == {of[name]}}
            require({of[each] for each in use.replacements} == instead, f"other concepts can replace {name}")


LIST_CHECKS: tuple[Callable[[Case], None], ...] = (alternatives_are_right,)
