"""A table with tokens and Penn treebank tags, both separated by blanks: nothing is left to a tagger."""

from __future__ import annotations

from .fields import tagged_sentence_of
from .pairs import Pair
from .tables import Row, TableFormat


def pair(row: Row) -> Pair:
    """The pair of a row; its sentences hold the tokens and tags."""
    premise, hypothesis = (
        tagged_sentence_of(row.cells[f"{side}_tokens"], row.cells[f"{side}_tags"], side, row.where)
        for side in ("premise", "hypothesis")
    )
    return Pair(premise, hypothesis, row.label("label"), key=row.key("pairid", "pair_id"))


FORMAT = TableFormat(
    "tagged",
    ("label", "premise_tokens", "premise_tags", "hypothesis_tokens", "hypothesis_tags"),
    pair,
    ("pairID", "pair_ID"),
)
