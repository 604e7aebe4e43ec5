"""What every experiment gives: a table, a figure, sentences, and the paper's value beside ours."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...probes.atomic_folder import new_folder, write_bytes
from ...probes.regular_files import starts_with
from ...probes.versions import versions
from ...solver.errors import UsageError
from ...solver.html import html_table
from ..printing import csv_cell, table_cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .answer_file import AnswerFile

FORMAT = "compexact answer"
PAPER_MARK: Mapping[str, Any] = {"marker": "*", "color": "#e08a00", "linestyle": "", "markersize": 11}
"""How figures draw a value that the paper prints."""

ROWS_SHOWN, COLUMNS_SHOWN = 8, 10
"""In a notebook."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Published:
    """A value that the paper prints, and ours.

    data: in what the two differ (model, dataset, length), so that nobody compares what cannot be compared.
    """

    what: str
    source: str
    theirs: float
    ours: float | None
    data: str


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    name: the experiment's name on the command line.  question: the question, as a sentence.
    inputs: what it was asked of: the probes' model, layer, dataset and digest.  settings: with what.
    rows: the table; all rows have the same keys.  summary: what was found, in whole sentences.  more: further
    tables by name.  published: the paper's values beside ours.  draw: the figure, drawn when it is asked for
    (matplotlib is heavy).
    """

    name: str
    question: str
    inputs: tuple[Row, ...]
    settings: Row
    rows: tuple[Row, ...]
    summary: tuple[str, ...]
    published: tuple[Published, ...] = ()
    more: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    draw: Callable[[], Figure] | None = None

    def record(self) -> dict[str, Any]:
        """All but the figure, as plain JSON."""
        return {
            "format": FORMAT,
            "name": self.name,
            "question": self.question,
            "inputs": [dict(each) for each in self.inputs],
            "settings": dict(self.settings),
            "summary": list(self.summary),
            "published": [vars(each) for each in self.published],
            "rows": [dict(row) for row in self.rows],
            "more": {name: [dict(row) for row in rows] for name, rows in self.more.items()},
        }

    def __str__(self) -> str:
        return "\n".join([self.question, *(f"  {sentence}" for sentence in self.summary)])

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.summary)
        columns = list(self.rows[0])[:COLUMNS_SHOWN] if self.rows else []
        few = [[table_cell(row[column]) for column in columns] for row in self.rows[:ROWS_SHOWN]]
        heads = [column.replace("_", " ") for column in columns]
        return html_table(heads, few, title=self.question, more=len(self.rows) - len(few)) + said


def input_record(probe: Any) -> dict[str, Any]:
    """What an answer says of a probe."""
    shown = probe.summary()
    return {key: shown[key] for key in ("model", "layer", "dataset", "points", "units")} | {"digest": probe.digest}


def save_answer(answer: Answer, folder: Path, *, force: bool = False) -> Path:
    """Write `answer.json`, `table.csv` (and a file for each of `more`), `figure.svg` and `figure.png`; give the folder.

    Equal answers give equal files, apart from the versions in `answer.json`.
    Raises `UsageError` where something else lies there, or an answer and not `force`.
    """
    with new_folder(folder, force=force, is_ours=is_answer) as partial:
        text = json.dumps(answer.record() | {"versions": versions()}, indent=1, ensure_ascii=False, allow_nan=False)
        write_bytes(partial / "answer.json", text.encode())
        for name, rows in {"table": answer.rows, **answer.more}.items():
            write_bytes(partial / f"{name}.csv", _csv(rows).encode())
        if answer.draw is not None:
            save_figure(answer.draw(), partial / "figure.svg", partial / "figure.png")
    return folder


def is_answer(folder: Path) -> bool:
    """Whether an answer lies in the folder."""
    return starts_with(folder / "answer.json", FORMAT)


def read_answer(folder: Path) -> AnswerFile:
    """What `answer.json` holds.  Raises `UsageError` where there is none, `DataError` where it is damaged."""
    from ...probes.schema import read_form
    from .answer_file import AnswerFile

    try:
        return read_form(folder / "answer.json", AnswerFile, "answer", "ask again")
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no answer; compexact experiment NAME ... -o makes one") from None


def _csv(rows: Sequence[Row]) -> str:
    stream = io.StringIO()
    if rows:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([csv_cell(value) for value in row.values()] for row in rows)
    return stream.getvalue()


def new_figure(columns: int = 1, rows: int = 1) -> tuple[Figure, Any]:
    """A matplotlib figure and its axes (one, or an array), in the project's size.

    It is made without pyplot, whose screen and open figures are the user's; a notebook shows it all the same.
    """
    from ..shown_figure import ShownFigure

    figure = ShownFigure(figsize=(4.5 * columns, 3.6 * rows), layout="constrained")
    return figure, figure.subplots(rows, columns)


def legend_above(axes: Any) -> None:
    """The legend above the axes, where it hides nothing that is drawn."""
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, fontsize=8)


def save_figure(figure: Figure, *files: Path) -> None:
    """Save; a file's ending gives its format.  Without dates and random ids, so equal figures are equal."""
    import matplotlib

    for file in files:
        with matplotlib.rc_context({"svg.hashsalt": "compexact"}):
            figure.savefig(file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else None)
