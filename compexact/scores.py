"""What `score` gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .experiments.run.reading import Record
from .showing import shown_html, shown_text
from .tables import to_frame

if TYPE_CHECKING:
    import pandas

COLUMNS = ("unit", "iou", "tversky", "precision", "recall", "intersection", "union", "formula")


@dataclass(frozen=True)
class Scores:
    """One formula on several units.  rows: for each unit its counts and every metric."""

    rows: Sequence[Record]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.rows)

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each unit."""
        return to_frame(self.rows)

    def __repr__(self) -> str:
        return shown_text(self._columns(), self.rows)

    def _repr_html_(self) -> str:
        return shown_html(self._columns(), self.rows)

    def _columns(self) -> list[str]:
        """The Tversky score is there where errors are weighed."""
        return [name for name in COLUMNS if name != "tversky" or any(name in row for row in self.rows)]
