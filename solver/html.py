"""Small tables of HTML for notebooks; all text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

LONGEST = 160
"""Characters of a cell: formulas and notes may be long."""


def html_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", more: int = 0) -> str:
    """A row for each of the rows.  more: how many others there are, which is said below them."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(text)}</td>" for text in row) + "</tr>" for row in rows)
    rest = f'<tr><td colspan="{len(columns)}">… and {more:,} more</td></tr>' if more > 0 else ""
    return f"<table>{_caption(title)}<tr>{head}</tr>{body}{rest}</table>"


def html_facts(facts: Mapping[str, str], *, title: str = "") -> str:
    """A line for each fact that is not empty."""
    rows = (f"<tr><th>{escape(name)}</th><td>{_cell(text)}</td></tr>" for name, text in facts.items() if text)
    return f"<table>{_caption(title)}{''.join(rows)}</table>"


def shortened(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many there are besides.

    >>> shortened(["sky", "sea", "dog"], most=2)
    'sky, sea, … and 1 more'
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f", … and {more:,} more" if more > 0 else "")


def _caption(title: str) -> str:
    return f"<caption>{_cell(title)}</caption>" if title else ""


def _cell(text: str) -> str:
    return escape(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
