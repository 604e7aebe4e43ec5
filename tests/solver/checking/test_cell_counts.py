"""The checker's sums are exact, however large the values are."""

import numpy as np
import pytest

from compexact.solver.checking.cell_counts import Counted
from compexact.solver.checking.given import accepted


@pytest.mark.parametrize("bits", [20, 51, 53, 57, 60])
def test_sums_over_a_concepts_cells_and_over_shared_ones_are_those_of_pythons_integers(bits):
    """Three odd values of so many bits: from 53 on doubles would round them."""
    counted = Counted(accepted([0, 1, 3, 5], [0, 0, 1, 0, 2], [9, 9, 9], [1, 1, 1], ["a", "b", "c"]))
    part = [(1 << bits) + odd for odd in (1, 3, 5)]
    expected = [sum(part), part[1], part[2]]
    assert counted.singles(np.array(part)).tolist() == expected
    [shared] = counted.shared(np.array([0]), [np.array(part)])
    assert shared.tolist() == [expected]
