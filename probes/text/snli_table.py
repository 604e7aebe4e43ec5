"""The `.txt` tables of SNLI and MultiNLI (Bowman et al. 2015; Williams et al. 2018).

Gold label, two sentences, their parses, and up to five annotators' labels (the first is the author's).
"""

from __future__ import annotations

from .fields import label_of, sentence_of
from .pairs import Pair
from .tables import Row, TableFormat

ANNOTATORS = tuple(f"label{number}" for number in range(1, 6))


def pair(row: Row) -> Pair:
    """The pair of a row; empty annotator cells are left out."""
    choices = ((column, row.cells.get(column, "").strip()) for column in ANNOTATORS)
    labels = (label_of(text, column, row.where) for column, text in choices if text)
    return Pair(
        sentence_of(row.cells["sentence1"], "sentence1", row.where),
        sentence_of(row.cells["sentence2"], "sentence2", row.where),
        label_of(row.cells["gold_label"], "gold_label", row.where),
        tuple(label for label in labels if label is not None),
        row.key("pairid"),
    )


FORMAT = TableFormat(
    "SNLI", ("gold_label", "sentence1", "sentence2"), pair, ("pairID", *ANNOTATORS), may_lack=ANNOTATORS
)
