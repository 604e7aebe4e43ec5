import copy
import pickle

import numpy as np
import pytest

from compexact.solver.formula import And, Atom, Not, Or, is_chain

A, B, C, D = map(Atom, "abcd")


def test_equal_formulas_are_those_that_differ_in_order_and_grouping_only():
    assert Or(A, Or(B, C)) == Or(Or(C, A), B)
    assert hash(Or(A, Or(B, C))) == hash(Or(Or(C, A), B))
    assert And(A, B) != Or(A, B)
    assert Or(A, A) != A
    assert Or(A, A) != Or(A, A, A)
    assert And(Or(A, B), C) != Or(A, And(B, C))
    assert len({A | B, B | A, A | B | A}) == 2


def test_names_cannot_forge_the_key_of_another_formula():
    assert Atom("a) (b") != And(A, B)
    assert Or(Atom("a b"), C) != Or(A, Atom("b c"))
    assert Not(A) != Atom("NOT(a)")
    assert And(Atom('x" "y'), A) != And(Atom("x"), Atom("y"), A)


def test_length_counts_concept_occurrences_and_not_costs_nothing():
    formula = And(Or(A, A), Not(Not(B)))
    assert (formula.length, formula.reference_length, formula.depth) == (3, 5, 3)


def test_a_formula_is_immutable_and_survives_pickling():
    formula = And(Or(A, B), Not(C))
    with pytest.raises(AttributeError, match="immutable"):
        formula.word = "OR"
    assert pickle.loads(pickle.dumps(formula)) == formula
    assert copy.deepcopy(formula) == formula


def test_a_mask_follows_the_operators():
    a, b, c = (np.array(bits, dtype=bool) for bits in ([1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]))
    masks = {"a": a, "b": b, "c": c}
    assert (And(Or(A, B), Not(C)).mask(masks) == np.array([1, 1, 0, 0], dtype=bool)).all()
    assert (Or(And(A, B), Not(C)).mask(masks.get) == np.array([1, 1, 0, 0], dtype=bool)).all()
    assert (Not(Or(A, B, C)).mask(masks) == np.zeros(4, dtype=bool)).all()


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (A, True),
        (Not(A), False),
        (And(Not(A), Not(B)), False),
        (And(Not(A), B), True),
        (Or(A, Not(B)), False),
        (And(Or(A, B), Not(C)), True),
        (Or(And(Or(A, B), Not(C)), D), True),
        (And(Or(A, B), Or(C, D)), False),
        (And(Not(Or(A, B)), C), False),
    ],
)
def test_chains_are_recognised(formula, expected):
    assert is_chain(formula) is expected


def test_joins_need_two_operands_and_concepts_a_name():
    with pytest.raises(ValueError, match="two"):
        And(A)
    with pytest.raises(ValueError, match="empty"):
        Atom("")
