"""The truth tables of short formulas, and formulas for them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compexact.solver import And, Atom, Not, Or, UsageError, is_chain
from compexact.solver.sets.functions import functions, to_shortest


def is_tree(formula):
    """AND and OR over concepts and negated concepts."""
    if isinstance(formula, And | Or):
        return all(is_tree(part) for part in formula.operands)
    return isinstance(formula.operand if isinstance(formula, Not) else formula, Atom)


def table_of(formula, names):
    masks = {name: np.arange(1 << len(names)) >> i & 1 == 1 for i, name in enumerate(names)}
    return sum(1 << r for r, held in enumerate(formula.mask(masks.__getitem__).tolist()) if held)


def all_chains(names, length):
    """Every chain with exactly this many leaves."""
    if length == 1:
        return [Atom(name) for name in names]
    return [
        made
        for chain in all_chains(names, length - 1)
        for atom in map(Atom, names)
        for made in (chain | atom, chain & atom, chain & ~atom)
    ]


def all_trees(names, length):
    if length == 1:
        return [literal for name in names for literal in (Atom(name), ~Atom(name))]
    return [
        made
        for part in range(1, length)
        for left, right in itertools.product(all_trees(names, part), all_trees(names, length - part))
        for made in (left | right, left & right)
    ]


def depends_on_all(table, k):
    return all(any((table >> r & 1) != (table >> (r ^ 1 << i) & 1) for r in range(1 << k)) for i in range(k))


@pytest.mark.parametrize(("space", "all_formulas"), [("chain", all_chains), ("tree", all_trees)])
@pytest.mark.parametrize(("k", "length"), [(1, 1), (1, 3), (2, 2), (2, 3), (3, 3), (2, 4), (3, 4)])
def test_the_tables_are_those_of_all_formulas_that_depend_on_every_variable(space, all_formulas, k, length):
    names = [f"v{i}" for i in range(k)]
    tables = {table_of(each, names) for n in range(1, length + 1) for each in all_formulas(names, n)}
    wanted = {table for table in tables if table and (k == 1 or depends_on_all(table, k))}
    assert functions(space, k, length).tolist() == sorted(wanted)


def test_read_once_trees_are_as_many_as_are_known():
    """Trees of n leaves over n concepts, each once, are the read-once functions: 2, 8, 64, 832, 15104."""
    assert [len(functions("tree", n, n)) for n in range(1, 6)] == [2, 8, 64, 832, 15104]
    assert len(functions("tree", 1, 2)) == 3
    assert len(functions("tree", 2, 4)) == 10


def test_a_variable_may_be_the_last_of_five():
    """Chains of five concepts, each once: a list of rules, by the last operator that is not the same as before."""
    for table in functions("chain", 5, 5).tolist():
        assert table < 1 << 32
        assert not table & 1
        assert depends_on_all(table, 5)
    assert {0xFFFFFFFE, 0x80000000} <= set(functions("chain", 5, 5).tolist())


@pytest.mark.parametrize("space", ["chain", "tree"])
@pytest.mark.parametrize(("k", "length"), [(1, 2), (2, 4), (3, 3), (3, 5), (4, 4), (5, 5)])
def test_a_truth_table_becomes_a_shortest_formula_with_that_table(space, k, length):
    names = [f"v{i}" for i in range(k)]
    tables = functions(space, k, length).tolist()
    for table in tables[:: max(1, len(tables) // 200)]:
        formula = to_shortest(space, table, names, length)
        assert is_chain(formula) if space == "chain" else is_tree(formula)
        assert table_of(formula, names) == table
        least = next(n for n in range(1, length + 1) if table in functions(space, k, n).tolist())
        assert formula.length == least <= length


def test_another_space_is_refused():
    with pytest.raises(UsageError, match="the space is chain or tree, not 'forest'"):
        functions("forest", 2, 2)
