"""A yardstick for larger inputs: the best chain of at most three concepts, by counting all of them.

With T(a, b, c) the sum over the cells that three concepts share, every chain of them is a sum of T, pairs and
singles; so all chains `(a . b) . c` are counted by one matrix product for each a, over the cells of a.
It shares nothing with the searches, and knows no bound.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np


def joined(left: np.ndarray, right: np.ndarray, both: np.ndarray, operator: str) -> np.ndarray:
    """The sum over `left operator right`, from those over either and over both."""
    return {"or": left + right - both, "and": both, "and not": left - both}[operator]


class Sums:
    """The values' sums over the cells of single concepts and of pairs, and of all triples with one concept."""

    def __init__(self, matrix: np.ndarray, values: np.ndarray) -> None:
        self.matrix, self.weighted = matrix, matrix * values[:, None]
        self.own, self.pairs = self.weighted.sum(axis=0), matrix.T @ self.weighted

    def triples(self, a: int) -> np.ndarray:
        """(n, n): at [b, c] the sum over the cells that have a, b and c."""
        inside = self.matrix[:, a] > 0
        return np.asarray(self.matrix[inside].T @ self.weighted[inside])

    def chains(self, a: int, triples: np.ndarray, first: str, second: str) -> np.ndarray:
        """(n, n): at [b, c] the sum over the cells where `(a first b) second c` holds."""
        left = joined(self.own[a], self.own, self.pairs[a], first)
        shared = joined(self.pairs[a][None, :], self.pairs, triples, first)
        return joined(left[:, None], self.own[None, :], shared, second)


def best_of_threes(matrix: np.ndarray, weights: np.ndarray, active: np.ndarray) -> Fraction:
    """The highest IoU.  matrix: bool (n_cells, n_concepts).  weights, active: int64 (n_cells,)."""
    # Sums below 2**53 are exact in float64, whose matrix product is the fast one.
    assert int(weights.sum()) < 2**53
    cells, unit = matrix.astype(np.float64), int(active.sum())
    all_points, all_both = Sums(cells, weights.astype(np.float64)), Sums(cells, active.astype(np.float64))
    best = Fraction(0)
    for a in range(cells.shape[1]):
        points_of, both_of = all_points.triples(a), all_both.triples(a)
        for first, second in product(("or", "and", "and not"), repeat=2):
            points = all_points.chains(a, points_of, first, second)
            both = all_both.chains(a, both_of, first, second)
            score = both / np.maximum(points + unit - both, 1)
            # Rounding keeps the order up to ties; those near the top are compared exactly.
            near = (score >= max(float(score.max()), float(best)) * (1 - 1e-14)) & (both > 0)
            for i, u in {(int(i), int(p) + unit - int(i)) for i, p in zip(both[near], points[near])}:
                best = max(best, Fraction(i, u))
    return best
