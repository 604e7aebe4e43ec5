"""Numbers and formulas as the report writes them."""

from fractions import Fraction

import pytest

from compexact.experiments.report.text import percent, ratio, tokens
from compexact.solver.parsing import parse


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(10**17 - 1, 10**17), "0.999"),
        (0.99996, "0.999"),
        (1, "1"),
        (Fraction(1, 3), "0.333"),
        (0.09996, "0.100"),
        (0.03, "0.0300"),
        (Fraction(1, 10**9), "<0.0001"),
        (0, "0"),
    ],
)
def test_only_one_reads_one_and_only_zero_reads_zero(value, text):
    assert ratio(value) == text


def test_a_share_of_nothing_is_no_number():
    assert percent(0, 0) == "-"
    assert percent(99_999, 100_000) == "99.9 %"


@pytest.mark.parametrize(
    "text", ["a", "NOT a", '(a OR "b c") AND NOT "AND"', "NOT (a AND NOT (b OR c)) OR d", '"\\"x" OR "<i>"']
)
def test_the_pieces_of_a_formula_are_its_text(text):
    formula = parse(text)
    pieces = list(tokens(formula))
    assert "".join(piece.text for piece in pieces) == str(formula)
    assert [piece.concept for piece in pieces if piece.kind == "concept"] == list(formula.atoms())
    assert {piece.text for piece in pieces if piece.kind == "operator"} <= {"AND", "OR", "NOT"}
