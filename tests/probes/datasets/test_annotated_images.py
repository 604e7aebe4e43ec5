from __future__ import annotations

import typing

import pytest

from compexact.probes.datasets.annotated_images import (
    MEMBERS,
    AnnotatedImages,
    Concept,
    check_concepts,
    choose_categories,
    distinct_names,
)
from compexact.solver.errors import DataError, UsageError


def concepts(*names: str) -> list[Concept]:
    return [Concept(name, "object") for name in names]


def test_the_members_are_those_of_the_protocol() -> None:
    declared = {name for name in vars(AnnotatedImages) if not name.startswith("_")}
    assert declared == set(MEMBERS)
    assert typing.is_protocol(AnnotatedImages) if hasattr(typing, "is_protocol") else True


@pytest.mark.parametrize("name", ["AND", "not", "()", "a b", 'say "x"', "=1+1", "<b>", "é", "桌子", "x" * 1000])
def test_any_visible_name_is_a_concept(name: str) -> None:
    assert check_concepts(concepts("wall", name), "label.csv")[1].name == name


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\tb", "a\0", "\u202eab", "a\u200bb", "\ud800", "a\u2028b"], ids=repr
)
def test_an_empty_or_unseen_name_is_refused_and_shown_escaped(name: str) -> None:
    with pytest.raises(DataError) as caught:
        check_concepts(concepts("wall", name), "label.csv")
    assert str(caught.value).startswith(f"label.csv: concept name {name!r}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("first", "second"),
    [("car", "car"), ("car", "Car"), ("STRASSE", "straße"), ("caf\u00e9", "cafe\u0301"), ("\u00c9", "e\u0301")],
)
def test_two_names_that_look_the_same_are_refused_as_a_pair(first: str, second: str) -> None:
    with pytest.raises(DataError, match=f"two concepts of one name: {first!r} and {second!r}"):
        check_concepts(concepts(first, "wall", second), "label.csv")


def test_many_pairs_of_one_name_are_counted() -> None:
    names = [f"c{i}" for i in range(9)]
    with pytest.raises(DataError, match=r"'c4' and 'c4' and 4 more pairs$"):
        check_concepts(concepts(*names, *names), "label.csv")


def test_no_concept_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="no concept at all"):
        check_concepts([], "label.csv")


def test_the_first_synonym_is_the_name_where_it_is_the_only_one() -> None:
    named = [
        (1, "door, double door"),
        (2, "screen, CRT screen"),
        (3, "Screen;door"),
        (4, "bar"),
        (5, "bar"),
        (6, "car ;x"),
    ]
    assert distinct_names(named) == [
        "door",
        "screen, CRT screen",
        "Screen;door",
        "bar #4",
        "bar #5",
        "car",
    ]


def test_categories_come_in_the_order_of_the_dataset() -> None:
    known = ("color", "object", "part")
    assert choose_categories(None, known, "category.csv") == known
    assert choose_categories(["part", "color", "part"], known, "category.csv") == ("color", "part")


def test_an_unknown_category_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="has no category 'colour'; it has color, object; did you mean 'color'"):
        choose_categories(["object", "colour"], ("color", "object"), "category.csv")
    with pytest.raises(UsageError, match="no category chosen"):
        choose_categories([], ("color",), "category.csv")
