"""Rows for pandas, which is there where the user has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .experiments.run.reading import Record
from .solver.errors import UsageError

if TYPE_CHECKING:
    import pandas


def to_frame(rows: Sequence[Record]) -> pandas.DataFrame:
    """A frame with a row for each; `UsageError` where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        raise UsageError("to_pandas needs pandas, which is not installed: pip install pandas") from None
    return pandas.DataFrame(list(rows))
