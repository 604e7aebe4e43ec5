"""Twelve families of small random problems, each with the traits that have broken searches before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compexact.solver import Problem
from compexact.solver.cells import concept_rows

Rng = np.random.Generator
Raw = tuple[np.ndarray, np.ndarray, np.ndarray]


def problem_of(matrix: np.ndarray, weights: np.ndarray, active: np.ndarray) -> Problem:
    """matrix: bool (n_rows, n_concepts).  Equal rows become one cell; cells stand as their rows first come."""
    _, first, row_of = np.unique(matrix, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    cell_of = np.argsort(order)[row_of.reshape(-1)]
    sums = np.zeros((2, len(order)), dtype=np.int64)
    np.add.at(sums, (0, cell_of), weights)
    np.add.at(sums, (1, cell_of), active)
    matrix, (weights, active) = matrix[first[order]], sums
    names = [f"c{i}" for i in range(matrix.shape[1])]
    concepts = concept_rows(names, [""] * len(names), matrix)
    return Problem(concepts, weights, active, "u")


def _rows(rng: Rng, cells: int = 24, concepts: int = 7) -> np.ndarray:
    shape = (int(rng.integers(2, cells)), int(rng.integers(2, concepts)))
    return rng.random(shape) < rng.choice([0.15, 0.3, 0.5, 0.8])


def _some_active(rng: Rng, weights: np.ndarray) -> np.ndarray:
    active = rng.integers(0, weights + 1)
    return np.where(rng.random(len(weights)) < 0.4, 0, active)


def _with(rng: Rng, matrix: np.ndarray, weights: np.ndarray) -> Raw:
    return matrix, weights, _some_active(rng, weights)


def uniform(rng: Rng) -> Raw:
    matrix = _rows(rng)
    return _with(rng, matrix, rng.integers(1, 12, len(matrix)))


def near_tie(rng: Rng) -> Raw:
    matrix = _rows(rng)
    return _with(rng, matrix, 10 ** int(rng.integers(6, 10)) + rng.integers(0, 3, len(matrix)))


def mixed_scale(rng: Rng) -> Raw:
    matrix = _rows(rng)
    return _with(rng, matrix, 10 ** rng.integers(0, 7, len(matrix)))


def planted(rng: Rng) -> Raw:
    matrix = _rows(rng)
    held = matrix[:, 0].copy()
    for _ in range(int(rng.integers(1, 5))):
        column, operator = matrix[:, rng.integers(0, matrix.shape[1])], rng.integers(0, 3)
        held = held | column if operator == 0 else held & column if operator == 1 else held & ~column
    weights = rng.integers(1, 40, len(matrix))
    return matrix, weights, np.where(held ^ (rng.random(len(matrix)) < 0.1), weights, 0)


def degenerate_concepts(rng: Rng) -> Raw:
    matrix = _rows(rng, concepts=5)
    first = matrix[:, :1]
    matrix = np.hstack([matrix, first, ~first, np.zeros_like(first), np.ones_like(first)])
    return _with(rng, matrix, rng.integers(1, 9, len(matrix)))


def dead_or_full(rng: Rng) -> Raw:
    matrix = _rows(rng)
    weights = rng.integers(1, 9, len(matrix))
    return matrix, weights, weights * int(rng.integers(0, 2))


def one_row(rng: Rng) -> Raw:
    matrix = _rows(rng)[:1]
    return _with(rng, matrix, rng.integers(1, 9, 1))


def one_concept(rng: Rng) -> Raw:
    matrix = _rows(rng)[:, :1]
    return _with(rng, matrix, rng.integers(1, 9, len(matrix)))


def longer_than_concepts(rng: Rng) -> Raw:
    matrix = _rows(rng, cells=16, concepts=4)
    return _with(rng, matrix, rng.integers(1, 9, len(matrix)))


def near_two_to_the_31(rng: Rng) -> Raw:
    matrix = _rows(rng, cells=10)
    return _with(rng, matrix, 2**31 + rng.integers(-2, 3, len(matrix)))


def near_two_to_the_53(rng: Rng) -> Raw:
    matrix = _rows(rng, cells=8)
    return _with(rng, matrix, 2**53 // (2 * len(matrix)) - rng.integers(1, 4, len(matrix)))


def image_like(rng: Rng) -> Raw:
    """Colours that split the cells among them, and objects on a few cells each."""
    cells, colours, objects = int(rng.integers(4, 40)), int(rng.integers(1, 4)), int(rng.integers(1, 5))
    matrix = np.zeros((cells, colours + objects), dtype=bool)
    matrix[np.arange(cells), rng.integers(0, colours, cells)] = True
    for each in range(colours, colours + objects):
        matrix[rng.integers(0, cells, int(rng.integers(1, 6))), each] = True
    if rng.random() < 0.4:
        return _with(rng, matrix, rng.integers(1, [9, 900][int(rng.integers(0, 2))], cells))
    # Cells of very different sizes, and a unit that is active on few points of each: real probes are like this.
    weights = (10 ** rng.uniform(1, 7, cells)).astype(np.int64)
    share = 10 ** rng.uniform(-3, -0.5, cells)
    return matrix, weights, rng.binomial(weights, share)


FAMILIES: tuple[Callable[[Rng], Raw], ...] = (
    uniform, near_tie, mixed_scale, planted, degenerate_concepts, dead_or_full, one_row, one_concept,
    longer_than_concepts, near_two_to_the_31, near_two_to_the_53, image_like,
)  # fmt: skip


def random_problem(seed: int) -> tuple[Problem, int]:
    """Problem number `seed`, and a length to ask it at; the families take turns."""
    rng = np.random.default_rng(seed)
    problem = problem_of(*FAMILIES[seed % len(FAMILIES)](rng))
    return problem, int(rng.integers(1, 6))
