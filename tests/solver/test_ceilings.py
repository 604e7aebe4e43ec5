"""The ceiling where floats cannot tell which cell is worth more."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from generators import problem_of

from compexact.solver.ceilings import ceiling


def nearly_tied(bits):
    """Four cells, the second and third in the wrong order by a hair; the optimum has the first and the third.

    a/b and c/d are neighbours: ad - bc = 1.  Any fraction between them has a denominator of b + d at least, and
    (a + c) / (b + d) is one: to reach it, the first cell has c active points alone, and the fourth so many active ones
    among far more others that the union is b + d.
    """
    b = 2**bits + 1
    a = b // 5
    while np.gcd(a, b) != 1:
        a -= 1
    d = pow(a, -1, b)
    d += b if d < b // 2 else 0
    c = (a * d - 1) // b
    far = d - a - 2 * c
    assert a * d - b * c == 1
    assert far > 0
    active = np.array([c, c, a, far])
    return active, np.array([0, d, b, 6 * far])


def best_of_all(active, inactive):
    """Every set of cells, in Python's integers."""
    sets = [some for k in range(len(active) + 1) for some in combinations(range(len(active)), k)]
    pairs = list(zip(active.tolist(), inactive.tolist()))
    unit = sum(a for a, _ in pairs)
    return max(Fraction(sum(pairs[j][0] for j in s), unit + sum(pairs[j][1] for j in s)) for s in sets)


@pytest.mark.parametrize("bits", range(29, 49, 2))
def test_cells_whose_ratios_are_equal_as_floats_are_told_apart(bits):
    active, inactive = nearly_tied(bits)
    assert active[1] / inactive[1] == active[2] / inactive[2]
    rows = (np.arange(4)[:, None] >> np.arange(2) & 1).astype(bool)
    order = [0, 1, 2, 3], [3, 2, 1, 0]
    for some in order:
        problem = problem_of(rows, (active + inactive)[some], active[some])
        assert ceiling(problem) == best_of_all(active, inactive)
