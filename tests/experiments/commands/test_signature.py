"""Commands from signatures: what is typed, what is opened, and what is made of several, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from compexact.experiments.commands.signature import Depends, Opened, from_signature, register

opened: list[Path] = []


def contents(path: Path) -> str:
    opened.append(path)
    return path.read_text()


TextInput = Annotated[str, typer.Argument(help="A file."), Opened(contents)]
OtherInput = Annotated[str | None, typer.Option(help="Another file."), Opened(contents)]


def chosen_words(text: TextInput, only: Annotated[list[str] | None, typer.Option(help="These.")] = None) -> list[str]:
    return [word for word in text.split() if not only or word in only]


def count(
    text: TextInput,
    words: Annotated[list[str], Depends(chosen_words)],
    other: OtherInput = None,
    *,
    lengths: Annotated[Sequence[int], typer.Option(help="Of words.")] = range(1, 4),
    share: Annotated[float | None, typer.Option(help="A share.")] = None,
    hidden: int = 7,
) -> None:
    """Count words.

    By their lengths, whatever they are.

    compexact count a.txt
    compexact count b.txt --only a

    Raises `ValueError` in Python.
    """
    print([len(text), words, other, list(lengths), share, hidden])


@dataclass(frozen=True)
class Paint:
    names: Annotated[tuple[str, ...], "--name", "Of colours; repeatable."]
    coats: Annotated[int, "How often."] = 2
    drying: float = 0.5


def paint(
    paint: Annotated[Paint, Depends(partial(Paint, coats=3), "Paint")],
    walls: Annotated[int, typer.Option(help="To paint.")] = 4,
) -> None:
    """Paint."""
    print(paint, walls)


@pytest.fixture
def paints():
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    register(app, paint)
    return lambda *words: CliRunner().invoke(app, [*words])


def test_a_text_at_a_field_of_settings_makes_it_an_option_and_other_fields_stay_at_their_default(paints):
    assert paints("--name", "red", "--name", "blue").output == "Paint(names=('red', 'blue'), coats=3, drying=0.5) 4\n"
    assert paints("--name", "red", "--coats", "5").output == "Paint(names=('red',), coats=5, drying=0.5) 4\n"
    assert paints("--name", "red", "--drying", "1").exit_code == 2


def test_the_help_has_a_heading_for_each_group_and_the_rest_comes_last(paints):
    printed = paints("--help").output
    headings = [line for line in printed.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Paint:", "Options:"]
    group, rest = printed.split("Options:")
    assert "--name" in group
    assert "--coats" in group
    assert "How often." in group
    assert "--walls" in rest


@pytest.fixture
def call(tmp_path):
    (tmp_path / "a.txt").write_text("a bb a")
    (tmp_path / "b.txt").write_text("other")
    opened.clear()
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(from_signature(count))

    def called(*words: str):
        return CliRunner().invoke(app, [word.replace("@", f"{tmp_path}/") for word in words])

    return called


def test_what_is_typed_is_opened_once_and_what_depends_on_it_is_made_of_it(call):
    assert call("@a.txt", "--only", "a").output == "[6, ['a', 'a'], None, [1, 2, 3], None, 7]\n"
    assert len(opened) == 1


def test_options_are_read_by_their_type(call):
    printed = call("@a.txt", "--other", "@b.txt", "--lengths", "2,5-6", "--share", "0.5").output
    assert printed == "[6, ['a', 'bb', 'a'], 'other', [2, 5, 6], 0.5, 7]\n"


@pytest.mark.parametrize(("option", "text"), [("--lengths", "2-x"), ("--share", "half")])
def test_what_cannot_be_read_is_a_usage_error_that_shows_it_and_nothing_is_opened(call, option, text):
    ended = call("@a.txt", option, text)
    assert ended.exit_code == 2
    assert option in ended.output
    assert text in ended.output
    assert not opened


def test_the_docstring_is_the_help_with_the_examples_line_by_line(call):
    printed = call("--help").output
    assert "\n  compexact count a.txt\n  compexact count b.txt --only a\n" in printed
    assert "By their lengths" in printed
    assert "Raises" not in printed
    assert "[default: 1-3]" in printed
    assert "--hidden" not in printed
