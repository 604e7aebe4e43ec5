"""One input of the fuzzing: its arrays, made anew from its name, and what brute force says of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import generators
import numpy as np

from compexact.solver import And, Atom, Formula, Not, Problem, SearchResult, brute_force_search, is_chain

FAMILIES = {family.__name__: family for family in generators.FAMILIES}
EXACT_BELOW = 10**8
"""With fewer points than this, 64 bits decide every comparison, so nothing may be left open."""


class Disagreement(Exception):
    """Two things that must agree do not."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Disagreement(what)


@dataclass(frozen=True, eq=False)
class Case:
    """matrix: bool (n_cells, n_concepts).  weights, active: int64 (n_cells,).  length: the one to ask for."""

    family: str
    seed: int
    matrix: np.ndarray
    weights: np.ndarray
    active: np.ndarray
    length: int

    @property
    def name(self) -> str:
        return f"{self.family}:{self.seed}"

    @property
    def space(self) -> str:
        """The one in which the relations are checked."""
        return ("chain", "tree")[self.seed % 2]

    @cached_property
    def rng(self) -> np.random.Generator:
        """For the choices of one check; every check gets a case of its own."""
        return np.random.default_rng([self.seed, 1])

    @cached_property
    def problem(self) -> Problem:
        return generators.problem_of(self.matrix, self.weights, self.active)

    @cached_property
    def brute(self) -> SearchResult:
        return brute_force_search(self.problem, max_length=self.length)

    @property
    def optimum(self) -> Fraction:
        assert self.brute.best is not None
        return self.brute.best.iou

    @property
    def must_be_proven(self) -> bool:
        return self.problem.n_points < EXACT_BELOW and not self.problem.is_degenerate

    def __str__(self) -> str:
        return (
            f"matrix = {self.matrix.astype(int).tolist()}\nweights = {self.weights.tolist()}\n"
            f"active = {self.active.tolist()}\nlength = {self.length}"
        )


def case_of(family: str, seed: int) -> Case:
    """The case of this name.  Where `seed` modulo 12 is the family's place, it is `generators.random_problem(seed)`."""
    rng = np.random.default_rng(seed)
    matrix, weights, active = FAMILIES[family](rng)
    return Case(family, seed, matrix, weights.astype(np.int64), active.astype(np.int64), int(rng.integers(1, 6)))


def family_of(seed: int) -> str:
    """The families take turns."""
    return generators.FAMILIES[seed % len(FAMILIES)].__name__


def held(formula: Formula, matrix: np.ndarray) -> np.ndarray:
    """bool (n_cells,): where the formula holds, evaluated here."""
    if isinstance(formula, Atom):
        return np.asarray(matrix[:, int(formula.name[1:])], dtype=bool)
    parts = [held(part, matrix) for part in formula.operands]
    if isinstance(formula, Not):
        return np.logical_not(parts[0])
    return np.logical_and.reduce(parts) if isinstance(formula, And) else np.logical_or.reduce(parts)


def check_answer(case: Case, result: SearchResult, optimum: Fraction, length: int) -> None:
    """IoU <= optimum <= bound <= ceiling, and the formula is of the space and has the counts that it shows."""
    iou = result.best.iou if result.best else Fraction(0)
    who = f"{result.engine}, {result.space}, length {length}"
    require(iou <= optimum, f"{who}: IoU {iou} is above the optimum {optimum}")
    require(result.bound is None or optimum <= result.bound, f"{who}: bound {result.bound} below optimum {optimum}")
    require(optimum <= result.ceiling, f"{who}: ceiling {result.ceiling} below the optimum {optimum}")
    require(result.bound is None or result.bound <= result.ceiling, f"{who}: bound above the ceiling")
    if result.best is None:
        return
    mask = held(result.best.formula, case.matrix)
    both, points = sum(case.active[mask].tolist()), sum(case.weights[mask].tolist())
    require(
        (both, points) == (result.best.intersection, result.best.formula_points), f"{who}: {result.best} miscounted"
    )
    require(result.best.formula.length <= length, f"{who}: {result.best.formula} is too long")
    require(result.space == "tree" or is_chain(result.best.formula), f"{who}: {result.best.formula} is no chain")
