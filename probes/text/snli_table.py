"""The `.txt` tables of SNLI and MultiNLI (Bowman et al. 2015; Williams et al. 2018).

Gold label, two sentences, their parses, and up to five annotators' labels (the first is the author's).
"""

from __future__ import annotations

from .fields import sentence_of
from .pairs import Pair
from .tables import Row, TableFormat

ANNOTATORS = tuple(f"label{number}" for number in range(1, 6))
GOLD = "gold_label"


def pair(row: Row) -> Pair:
    """The pair of a row; empty annotator cells are left out."""
    columns = (column for column in row.cells if column.startswith("label") and column[5:].isdecimal())
    labels = (row.label(column) for column in columns if row.cells[column].strip())
    return Pair(
        sentence_of(row.cells["sentence1"], "sentence1", row.where),
        sentence_of(row.cells["sentence2"], "sentence2", row.where),
        row.label(GOLD),
        tuple(label for label in labels if label is not None),
        row.key("pairid"),
    )


FORMAT = TableFormat("SNLI", (GOLD, "sentence1", "sentence2"), pair, ("pairID", *ANNOTATORS), may_lack=ANNOTATORS)
