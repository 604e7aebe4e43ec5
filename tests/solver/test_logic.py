import pytest
import sympy

from compexact.solver.errors import UsageError
from compexact.solver.formula import And, Atom, Not, Or, to_latex
from compexact.solver.logic import are_equivalent, negation_normal_form, simplify, to_sympy
from compexact.solver.parsing import parse


@pytest.mark.parametrize("text", ["NOT (a OR (b AND NOT c))", "NOT NOT NOT a", "a AND NOT (b AND NOT (c OR a))"])
def test_negation_normal_form_keeps_meaning_and_length(text):
    formula = parse(text)
    normal = negation_normal_form(formula)
    assert are_equivalent(formula, normal)
    assert normal.length == formula.length
    assert "NOT (" not in str(normal)
    assert "NOT NOT" not in str(normal)


def test_equivalence_is_by_meaning():
    assert are_equivalent(parse("a AND (b OR c)"), parse("(a AND b) OR (a AND c)"))
    assert not are_equivalent(parse("a AND NOT b"), parse("a"))
    with pytest.raises(UsageError, match="up to 20"):
        are_equivalent(Or(*(Atom(f"c{i}") for i in range(21))), Atom("a"))


def test_simplification_finds_the_shorter_equivalent():
    assert simplify(parse("(a AND b) OR (a AND NOT b)")) == Atom("a")
    assert simplify(parse("a AND NOT a")) is False
    assert simplify(parse("a OR NOT a")) is True
    shortest = parse("(a OR b) AND NOT c")
    assert simplify(shortest) == shortest
    with pytest.raises(UsageError, match="up to 8"):
        simplify(Or(*(Atom(f"c{i}") for i in range(9))))


def test_names_are_never_evaluated_by_sympy():
    name = "__import__('os').system('true')"
    expression = to_sympy(Or(Atom(name), Atom("I")))
    assert expression == sympy.Or(sympy.Symbol(name), sympy.Symbol("I"))
    assert simplify(And(Atom(name), Or(Atom(name), Atom("E")))) == Atom(name)


def test_latex_escapes_names():
    assert to_latex(Not(Atom("a_b & c%"))) == r"\lnot \text{a\_b \& c\%}"
