"""How what is typed is read, and how defaults are written in the help."""

import pytest
import typer

from compexact.experiments.commands.options import as_ranges, numbers, size, whole_numbers, with_commas


def test_numbers_and_ranges_are_read_in_any_order_each_once():
    assert whole_numbers("10,2-4,3") == [2, 3, 4, 10]
    assert whole_numbers("") == []


@pytest.mark.parametrize("values", [[1], [1, 2], [1, 3, 5, 10], [1, 2, 3, 4, 5, 6, 8, 10], []])
def test_whole_numbers_are_written_as_they_are_read(values):
    assert whole_numbers(as_ranges(values)) == values


def test_numbers_are_written_as_they_are_read():
    assert numbers(with_commas((-150.0, 0.33, 1))) == (-150.0, 0.33, 1.0)


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (whole_numbers, "1-x", "'1-x' is not whole numbers"),
        (whole_numbers, "-3", "'-3' is not whole numbers"),
        (whole_numbers, "1,5-2", "'5-2' runs backwards"),
        (numbers, "1,b", "'1,b' is not numbers"),
        (size, "112", "HEIGHTxWIDTH"),
    ],
)
def test_what_cannot_be_read_is_shown(read, text, said):
    with pytest.raises(typer.BadParameter, match=said):
        read(text)
