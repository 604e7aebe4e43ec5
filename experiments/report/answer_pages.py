"""Answers of `compexact experiment NAME -o` as pages: figure, tables, and the paper's values beside ours."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...probes.regular_files import is_regular
from ..questions.answer import is_answer, read_answer
from ..questions.answer_file import AnswerFile, AskedOf, PublishedRecord
from .pages import Pages
from .text import count, decimal

MOST_ROWS = 500
"""How many rows of a table are shown; the file that is linked has all."""

FIGURES = ("figure.svg", "figure.png")

LARGEST_SVG = 2**20
"""A larger one holds pictures; then the PNG is the smaller file."""

LONG_TABLE = 60
"""Tables with more rows are folded."""


@dataclass(frozen=True)
class Cell:
    """A value of a table: its text, and the number it sorts by, if it is one."""

    text: str
    number: float | None


@dataclass(frozen=True)
class AnswerTable:
    """A table of an answer.

    heading: "" for the answer's own.  columns: the names of those with a value; the file has all.
    numeric: whether all values of each are numbers.  n_rows: of all rows; `rows` may be fewer.
    file: the CSV file in the answer's folder, None where there is none.
    """

    heading: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Cell, ...], ...]
    n_rows: int
    file: Path | None

    @property
    def is_long(self) -> bool:
        """Whether it is shown folded."""
        return len(self.rows) > LONG_TABLE


@dataclass(frozen=True)
class PublishedValue:
    """A value of the paper beside ours, as text.  is_asked: whether there is one of ours."""

    what: str
    source: str
    theirs: str
    ours: str
    data: str
    is_asked: bool


@dataclass(frozen=True)
class AnswerPage:
    """An answer as its page shows it.

    number: of the page, from 1.  subject: the input that the rows are of, in short.  digest: of its probe, None where
    it has none.
    figure: the file in the answer's own folder, None where there is none.  content: what answer.json holds.
    """

    number: int
    name: str
    question: str
    summary: tuple[str, ...]
    inputs: tuple[str, ...]
    subject: str
    digest: str | None
    settings: Mapping[str, str]
    published: tuple[PublishedValue, ...]
    tables: tuple[AnswerTable, ...]
    figure: Path | None
    content: AnswerFile

    @property
    def page(self) -> str:
        """Its page, seen from the site's root."""
        return f"answers/{self.number}.html"

    @property
    def figure_file(self) -> str | None:
        """Its figure in the site, seen from the root."""
        return f"answers/{self.number}-figure{self.figure.suffix}" if self.figure else None


def find_answers(folders: Sequence[Path]) -> list[Path]:
    """The folders that hold an answer, and, of a folder that holds none, the answers right in it, by name."""
    found = []
    for folder in map(Path, folders):
        inside = sorted(filter(is_answer, folder.iterdir())) if folder.is_dir() and not is_answer(folder) else []
        found += inside or [folder]
    return found


def read_answer_page(folder: Path, number: int) -> AnswerPage:
    """The answer in a folder.  Raises `UsageError` where there is none, `DataError` where it is damaged."""
    content = read_answer(folder)
    asked = _asked(content)
    return AnswerPage(
        number=number,
        name=content.name,
        question=content.question,
        summary=tuple(content.summary),
        inputs=tuple(_input(each) for each in content.inputs),
        subject=_names(asked),
        digest=asked.digest,
        settings={key: _setting(value) for key, value in content.settings.items()},
        published=tuple(_published(each) for each in content.published),
        tables=tuple(_table(name, rows, folder) for name, rows in {"": content.rows, **content.more}.items() if rows),
        figure=_figure(folder),
        content=content,
    )


@dataclass(frozen=True)
class RunPages:
    """Where the pages of a run lie, seen from the site's root.  units: by name."""

    index: str
    units: Mapping[str, str]


def write_answers(answers: Sequence[AnswerPage], pages: Pages, runs: Mapping[str, RunPages]) -> None:
    """A page for each, and beside it copies of the answer's figure and tables.

    runs: by the digest of their probe, to link the units of an answer.
    """
    if answers:
        (pages.folder / "answers").mkdir(parents=True)
    for answer, before, after in zip(answers, [None, *answers], [*answers[1:], None]):
        same = [each for each in answers if (each.name, each.question) == (answer.name, answer.question)]
        run = runs.get(answer.digest or "")
        pages.write(
            "answer.html",
            answer.page,
            answer=_with_copies(answer, pages.folder),
            before=before,
            after=after,
            first=same[0].number,
            others=[each for each in same if each is not answer],
            run=run.index if run else None,
            units=run.units if run else {},
        )


def _with_copies(answer: AnswerPage, site: Path) -> AnswerPage:
    """The answer with its files in the site."""
    if answer.figure:
        shutil.copyfile(answer.figure, site / str(answer.figure_file))
    tables = []
    for number, table in enumerate(answer.tables):
        if table.file:
            copied = Path("answers") / f"{answer.number}-table{number or ''}.csv"
            shutil.copyfile(table.file, site / copied)
            table = replace(table, file=copied)
        tables.append(table)
    return replace(answer, tables=tuple(tables))


def cell(value: Any) -> Cell:
    """A value of JSON as the tables show it.

    >>> cell(None).text, cell(True).text, cell(1234).text, cell(0.12346).text, cell(["a", 1]).text, cell("x").text
    ('-', 'yes', '1,234', '0.123', 'a, 1', 'x')
    """
    if value is None:
        return Cell("-", None)
    if isinstance(value, bool):
        return Cell("yes" if value else "no", None)
    if isinstance(value, int):
        return Cell(count(value), float(value) if abs(value) < 2**53 else None)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return Cell(count(int(value)), value)
    if isinstance(value, float):
        return Cell(decimal(value) if value and math.isfinite(value) else f"{value:g}", value)
    if isinstance(value, list | tuple):
        return Cell(", ".join(cell(each).text for each in value), None)
    if isinstance(value, Mapping):
        return Cell(", ".join(f"{key} {cell(each).text}" for key, each in value.items()), None)
    return Cell(str(value), None)


def _setting(value: Any) -> str:
    """As it was given: 0.95 and not 0.9500."""
    return f"{value:.6g}" if isinstance(value, float) else cell(value).text


def _asked(content: AnswerFile) -> AskedOf:
    """The input that the rows are of: the first, but of `layers` the later of the two."""
    inputs = content.inputs or [AskedOf()]
    return inputs[-1 if content.name == "layers" else 0]


def _table(name: str, rows: Sequence[Mapping[str, Any]], folder: Path) -> AnswerTable:
    columns = tuple(column for column in rows[0] if any(row[column] is not None for row in rows)) or tuple(rows[0])
    cells = tuple(tuple(cell(row[column]) for column in columns) for row in rows[:MOST_ROWS])
    numeric = tuple(
        all(each.number is not None or each.text == "-" for each in values)
        and any(each.number is not None for each in values)
        for values in zip(*cells)
    )
    file = folder / f"{name or 'table'}.csv"
    inside = file.parent == folder and is_regular(file)
    return AnswerTable(name, columns, numeric, cells, len(rows), file if inside else None)


def _figure(folder: Path) -> Path | None:
    files = [folder / name for name in FIGURES if is_regular(folder / name)]
    return next((file for file in files if file.suffix != ".svg" or file.stat().st_size <= LARGEST_SVG), None)


def _input(each: AskedOf) -> str:
    """`squeezenet · features.12 · broden_mini, 512 units, 12,807,307 points`."""
    sizes = {"units": each.units, "points": each.points}
    numbers = [f"{count(number)} {what}" for what, number in sizes.items() if number is not None]
    return ", ".join(filter(None, [_names(each), *numbers]))


def _names(each: AskedOf) -> str:
    return " · ".join(filter(None, (each.model, each.layer, each.dataset)))


def _three_digits(value: float) -> str:
    """Whole numbers as they are: they are counts.

    >>> _three_digits(0.69), _three_digits(1234.0)
    ('0.690', '1,234')
    """
    return f"{value:,.0f}" if value == round(value) else decimal(value)


def _published(each: PublishedRecord) -> PublishedValue:
    return PublishedValue(
        what=each.what,
        source=each.source,
        theirs=f"{each.theirs:.3g}",
        ours="not asked" if each.ours is None else _three_digits(each.ours),
        data=each.data,
        is_asked=each.ours is not None,
    )
