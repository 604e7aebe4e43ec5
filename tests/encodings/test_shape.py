"""The shapes against brute force: every function of the space has a place, and every place is of the space."""

from itertools import product

import numpy as np
import pytest

from compexact.encodings.place import place
from compexact.encodings.shape import Alphabet, Choice, Shape, decode
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.exhaustive import every_function
from compexact.solver.formula import is_chain
from compexact.solver.problem import Problem


def all_points(n: int) -> Problem:
    """One cell for each combination of n concepts: every function differs."""
    rows = np.arange(1 << n)[:, None] >> np.arange(n) & 1
    return Problem.of(from_arrays(rows, rows[:, :1]), 0)


def obeys(choice: Choice, shape: Shape, alphabet: Alphabet) -> bool:
    """Whether the choice keeps every rule that the encodings write as constraints."""
    n, splits = len(alphabet), choice.splits
    for span, (right, conjunctive) in splits.items():
        if right not in shape.node_at[span].rights:
            return False
        if shape.space == "chain" and choice.literals[span[1] - 1] >= n and not conjunctive:
            return False
    if any(literal >= n and not shape.may_negate(leaf) for leaf, literal in enumerate(choice.literals)):
        return False
    for (outer, right), (inner, inner_right) in shape.conflicts:
        chosen = splits.get(outer, (0,))[0] == right and inner in splits and inner_right in (0, splits[inner][0])
        if chosen and splits[outer][1] == splits[inner][1]:
            return False
    for pair in shape.leaf_pairs:
        if all(splits.get(span, (0,))[0] == right for span, right in pair.splits):
            operators = {splits[span][1] for span in pair.spans}
            low, high = choice.literals[pair.low], choice.literals[pair.high]
            strict = bool(operators) and (pair.strict or operators == {True})
            if len(operators) < 2 and (low > high or (strict and low == high)):
                return False
    return True


def every_choice(shape: Shape, alphabet: Alphabet):
    def trees(span):
        if span not in shape.node_at:
            yield {}
            return
        node = shape.node_at[span]
        for right in node.rights:
            left, last = node.operands(right)
            for one, other, conjunctive in product(trees(left), trees(last), (False, True)):
                yield {**one, **other, span: (right, conjunctive)}

    for splits in trees((0, shape.length)):
        for literals in product(range(2 * len(alphabet)), repeat=shape.length):
            choice = Choice(literals, splits)
            if obeys(choice, shape, alphabet):
                yield choice


def functions(problem: Problem, shape: Shape) -> set[int]:
    alphabet = Alphabet.of(problem, shape.space)
    found = set()
    for choice in every_choice(shape, alphabet):
        formula = decode(choice, alphabet)
        held = problem.concepts.mask(formula)
        assert np.array_equal(held, list(choice.values(alphabet))[-1][1])
        assert formula.length <= shape.length
        assert shape.space == "tree" or is_chain(formula)
        found.add(sum(1 << int(j) for j in np.flatnonzero(held)))
    return found


CASES = [
    ("chain", 3, 1), ("chain", 3, 2), ("chain", 3, 3), ("chain", 3, 4), ("chain", 2, 4),
    ("tree", 3, 1), ("tree", 3, 2), ("tree", 3, 3), ("tree", 2, 4), ("tree", 3, 4), ("tree", 2, 5),
]  # fmt: skip


@pytest.mark.parametrize(("space", "n", "length"), CASES)
def test_the_rules_keep_every_function_and_make_no_other(space, n, length):
    problem = all_points(n)
    expected = {cells for level in every_function(problem, length, space) for cells in level}
    assert functions(problem, Shape(space, length)) == expected


def test_equal_empty_and_complementary_concepts_lose_no_function():
    rows = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 1], [1, 1, 0, 0, 1], [0, 0, 1, 0, 0]])
    problem = Problem.of(from_arrays(rows, rows[:, :1]), 0)
    for space, kept in (("chain", 4), ("tree", 3)):
        assert len(Alphabet.of(problem, space)) == kept
        expected = {cells for level in every_function(problem, 3, space) for cells in level}
        assert functions(problem, Shape(space, 3)) == expected


@pytest.mark.parametrize(("space", "length"), [("chain", 4), ("tree", 4), ("tree", 5)])
def test_every_formula_of_brute_force_has_a_place_that_keeps_the_rules(space, length):
    problem = all_points(3)
    alphabet = Alphabet.of(problem, space)
    for level in every_function(problem, length, space):
        for cells, formula in level.items():
            for padded in range(formula.length, length + 1):
                shape = Shape(space, padded)
                choice = place(formula, shape, alphabet)
                assert obeys(choice, shape, alphabet), formula
                held = problem.concepts.mask(decode(choice, alphabet))
                assert sum(1 << int(j) for j in np.flatnonzero(held)) == cells


def test_trees_up_to_equal_operands_are_counted_by_wedderburn_and_etherington():
    def ways(shape, span):
        if span not in shape.node_at:
            return 1
        node = shape.node_at[span]
        return sum(
            ways(shape, left) * ways(shape, last) for left, last in (node.operands(right) for right in node.rights)
        )

    assert [ways(shape, (0, shape.length)) for shape in (Shape("tree", n) for n in range(1, 8))] == [
        1, 1, 1, 2, 3, 6, 11,
    ]  # fmt: skip
    assert [len(Shape("chain", n).nodes) for n in (1, 5, 10)] == [0, 4, 9]


def test_unknown_spaces_and_lengths_are_refused():
    with pytest.raises(UsageError, match="no space is named 'forest'"):
        Shape("forest", 3)
    with pytest.raises(UsageError, match="from 1 to 64"):
        Shape("tree", 0)
