"""A plain table: the columns `label`, `premise`, `hypothesis`, in any order, with or without others."""

from __future__ import annotations

from .fields import label_of, sentence_of
from .pairs import Pair
from .tables import Row, TableFormat


def pair(row: Row) -> Pair:
    """The pair of a row."""
    return Pair(
        sentence_of(row.cells["premise"], "premise", row.where),
        sentence_of(row.cells["hypothesis"], "hypothesis", row.where),
        label_of(row.cells["label"], "label", row.where),
        key=row.key("pairid", "pair_id"),
    )


FORMAT = TableFormat("plain", ("label", "premise", "hypothesis"), pair, ("pairID", "pair_ID"))
