"""Rows as text and as HTML: a few of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .experiments.printing import table, table_cell
from .solver.html import html_table

ROWS_SHOWN = 12

Rows = Sequence[Mapping[str, Any]]


def shown_text(columns: Sequence[str], rows: Rows, title: str = "", total: int = 0) -> str:
    """For a terminal.  total: of how many rows these are some."""
    few = [[row.get(column) for column in columns] for row in rows[:ROWS_SHOWN]]
    more = max(total, len(rows)) - len(few)
    lines = [*([title] if title else []), *(table([columns, *few]) if few else [])]
    return "\n".join([*lines, *([f"... and {more:,} more"] if more else [])])


def shown_html(columns: Sequence[str], rows: Rows, title: str = "", total: int = 0) -> str:
    """The same for a notebook."""
    few = [[table_cell(row.get(column)) for column in columns] for row in rows[:ROWS_SHOWN]]
    heads = [column.replace("_", " ") for column in columns]
    return html_table(heads, few, title=title, more=max(total, len(rows)) - len(few))
