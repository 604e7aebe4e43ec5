"""Problems made for one purpose each, and what brute force says of any Boolean function."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
from generators import problem_of

from compexact.solver import Problem, brute_force_search
from compexact.solver.ceilings import ceiling
from compexact.solver.stopping import Stopping
from compexact.solver.transport import Size, _rounded, _solved, _values


def few_concepts(seed: int) -> Problem:
    """Up to four concepts on up to 14 cells, the unit rare or frequent."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((int(rng.integers(3, 15)), int(rng.integers(2, 5)))) < rng.choice([0.2, 0.5])
    weights = rng.integers(1, 30, len(matrix))
    return problem_of(matrix, weights, rng.binomial(weights, rng.choice([0.1, 0.5, 0.9])))


def rare_unit(seed: int, most_concepts: int = 6) -> Problem:
    """Three or more concepts, and so much outside them that most cells are a loss: here the third bound holds."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((20, int(rng.integers(3, most_concepts + 1)))) < rng.choice([0.15, 0.3, 0.5])
    matrix[14:] = False
    weights = rng.integers(1, 50, 20)
    active = np.where(rng.random(20) < 0.4, weights, 0)
    active[14:] = 0
    return problem_of(matrix, weights + int(rng.choice([200, 2000])) * (np.arange(20) >= 14), active)


def sparse(seed: int, cells: int = 150, concepts: int = 40) -> Problem:
    """Many concepts, few a cell, and a rare unit near a balanced tree: here the bounds have work to do."""
    rng = np.random.default_rng(seed)
    matrix = np.zeros((cells, concepts), dtype=bool)
    matrix[np.arange(cells), rng.integers(0, 6, cells)] = True
    matrix[np.arange(cells), rng.integers(6, concepts, cells)] = True
    a, b, c, d = matrix[:, :4].T | matrix[:, 6:10].T
    weights = rng.integers(1, 2000, cells)
    share = np.where((a & matrix[:, 12]) | (b & matrix[:, 7]) | (c & ~d & matrix[:, 14]), 0.2, 0.02)
    # Cells differ beyond their concepts; else the ceiling would be reached, and there would be nothing to search.
    share = np.minimum(share * np.exp(rng.normal(0, 1, cells)), 0.9)
    return problem_of(matrix, weights, rng.binomial(weights, share))


def dense(seed: int, cells: int = 400, concepts: int = 70) -> Problem:
    """Concepts on a third of the cells each: the hardest kind for the bounds."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((cells, concepts)) < 0.3
    weights = rng.integers(1, 50, cells)
    return problem_of(matrix, weights, rng.binomial(weights, 0.2))


def hard(seed: int, cells: int = 60, concepts: int = 14) -> Problem:
    """Small, yet with prefixes in the tree at length 4."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((cells, concepts)) < 0.35
    weights = rng.integers(1, 30, cells)
    active = np.where(rng.random(cells) < 0.3, rng.integers(0, weights + 1), 0)
    return problem_of(matrix, weights, active)


def removable(good: int, bad: list[int]) -> Problem:
    """One cell is active and has all concepts; concept i lacks nothing but cell i of the others.

    N concepts can leave out N of the bad cells, so with any function they reach good / (good + the rest), and the
    linear program of `solver/transport.py` has no better fractional answer.
    """
    matrix = np.vstack([np.ones((1, len(bad)), dtype=bool), ~np.eye(len(bad), dtype=bool)])
    return problem_of(matrix, np.array([good, *bad]), np.array([good] + [0] * len(bad)))


def best_of_any_function(problem: Problem, n: int) -> Fraction:
    """The best IoU of any Boolean function of any n concepts: for each set of them, the ceiling over its regions."""
    matrix = problem.concepts.dense()
    best = Fraction(0)
    for chosen in itertools.combinations(range(matrix.shape[1]), min(n, matrix.shape[1])):
        regions, place = np.unique(matrix[:, chosen], axis=0, return_inverse=True)
        weights, active = np.zeros((2, len(regions)), dtype=np.int64)
        np.add.at(weights, place.reshape(-1), problem.weights)
        np.add.at(active, place.reshape(-1), problem.active)
        best = max(best, ceiling(problem_of(regions, weights, active)))
    return best


def best_tree(problem: Problem, n: int) -> Fraction:
    """The best IoU of any tree of at most min(n, 3) leaves."""
    best = brute_force_search(problem, max_length=min(n, 3), space="tree").best
    return best.iou if best else Fraction(0)


def routes_towards(
    problem: Problem, target: Fraction, length: int, stopping: Stopping | None = None
) -> list[list[int]]:
    """What the linear program sends, were the target the bound; none where it fails."""
    found = _solved(problem, target, length, stopping or Stopping(), Size())
    return [] if found is None else _rounded(found, _values(problem, target), target.denominator)


def best_function_value(sets: np.ndarray, values: np.ndarray, space: str = "tree") -> int:
    """V*: the value of the best Boolean function of the sets, bool (k, n_cells); of chains, not outside all of them."""
    regions = np.zeros(sets.shape[1], dtype=np.int64)
    for each in sets:
        regions = 2 * regions + each
    regions = np.where(regions == 0, -1, regions) if space == "chain" else regions
    return sum(max(0, int(values[regions == region].sum())) for region in set(regions.tolist()) - {-1})
