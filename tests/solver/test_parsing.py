import csv
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compexact.solver.errors import UsageError
from compexact.solver.formula import And, Atom, Formula, Not, Or
from compexact.solver.parsing import FormulaError, parse

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"

names = st.text(min_size=1, max_size=8) | st.sampled_from(["AND", "or", "NOT", "()", "a b", '"', "\\", "water", " "])
formulas: st.SearchStrategy[Formula] = st.recursive(
    st.builds(Atom, names),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda parts: And(*parts), st.lists(inner, min_size=2, max_size=4))
        | st.builds(lambda parts: Or(*parts), st.lists(inner, min_size=2, max_size=4))
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(formulas)
def test_printing_and_parsing_are_inverse(formula):
    read = parse(str(formula))
    assert read == formula
    assert str(read) == str(formula)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab ()"\\NOTANDR \n', max_size=40))
def test_any_text_is_a_formula_or_one_clear_error(text):
    try:
        formula = parse(text)
    except FormulaError as error:
        column = error.column
    else:
        assert parse(str(formula)) == formula
        return
    assert 0 <= column <= len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("water OR river AND NOT blue", "water OR (river AND NOT blue)"),
        ("((water OR river) AND (NOT blue))", "(water OR river) AND NOT blue"),
        ("NOT NOT a", "NOT NOT a"),
        ("a OR (b OR c)", "a OR b OR c"),
        ('"shop window"OR wheel', '"shop window" OR wheel'),
        ("and OR pre:tok:,", '"and" OR pre:tok:,'),
    ],
)
def test_what_a_text_means(text, expected):
    assert str(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("(cat OR", 7, "expected a concept"),
        ("cat dog", 4, "expected AND or OR"),
        ("cat ANDD dog", 4, "did you mean 'AND'"),
        ("cat and dog", 4, "capitals"),
        ("", 0, "expected a concept"),
        ("a \u2227 b", 2, "expected AND or OR"),
        ("(a OR b", 7, "opened at column 1 is not closed"),
        ("a)", 1, "closes nothing"),
        ('a OR "b', 5, "never closed"),
        ('""', 0, "expected a concept"),
        ("__import__('os').system(..)", 10, "expected AND or OR"),
        ("(" * 1000 + "a", 200, "deeper than 200"),
        ("NOT " * 1000 + "a", 800, "deeper than 200"),
        ("(" * 100_001, 0, "100,000 are allowed"),
    ],
)
def test_an_error_points_at_its_column(text, column, problem):
    with pytest.raises(FormulaError, match=problem) as caught:
        parse(text)
    assert caught.value.column == column
    assert caught.value.exit_code == 2
    assert str(caught.value).splitlines()[-1].endswith("^")


def test_an_unknown_concept_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'water'"):
        parse("river OR watr", names=["water", "river"])


def test_names_with_blanks_need_no_quotes_where_they_are_known():
    known = ["shop", "shop window", "wheel"]
    assert parse("shop window OR wheel", known) == Or(Atom("shop window"), Atom("wheel"))
    with pytest.raises(FormulaError, match="expected AND or OR"):
        parse("shop wheel", known)


def test_a_text_of_many_words_is_refused_at_once_whatever_blanks_the_names_have():
    known = ["a", " ".join("a" * 500)]
    began = time.process_time()
    with pytest.raises(FormulaError, match="expected AND or OR") as caught:
        parse("a OR " + "a " * 20_000, known)
    assert caught.value.column == len("a OR ") + len(known[1]) + 1
    assert time.process_time() - began < 2


@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.exists(), reason="the real inputs are not beside the project")
def test_every_formula_of_the_published_file_is_read():
    with (SHARED / "reference/compexp_snli_length5_formulas.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 816
    for row in rows:
        formula = parse(row["feature"])
        assert formula.reference_length == int(row["feature_length"])
        assert parse(str(formula)) == formula


def test_neighbours_of_a_concept_are_a_concept_with_and_without_quotes():
    formula = parse("NEIGHBORS(hyp:couch) AND NOT pre:man")
    assert formula == parse('"NEIGHBORS(hyp:couch)" AND NOT pre:man') == parse(str(formula))
    assert formula.length == 2
    with pytest.raises(FormulaError):
        parse("NEIGHBORS(hyp:couch OR a)")
