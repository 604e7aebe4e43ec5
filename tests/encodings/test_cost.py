"""What a model will cost, counted by hand."""

import pytest

from compexact.encodings.cost import Cost
from compexact.encodings.shape import Shape
from compexact.solver import Problem, from_arrays


@pytest.mark.parametrize(("space", "parts"), [("chain", 4 + 3), ("tree", 4 + 5)])
def test_every_leaf_and_every_split_is_paid_for_on_every_cell(space, parts):
    """A tree of four leaves splits the whole in two ways; the three of a chain, and its two pairs, in one each."""
    problem = Problem.of(from_arrays([[1, 1], [1, 0], [0, 0]], [[1], [0], [0]]), 0)
    n_bytes, seconds = Cost(10, 1000, 0.25, 0.5).of(problem, Shape(space, 4))
    assert n_bytes == 4 * 3 * 10 + parts * 3 * 1000
    assert seconds == 4 * 3 * 0.25 + parts * 3 * 0.5
