"""Plain tables: columns for the label and the two sentences, under the names that sets have, with or without others.

That is Hugging Face's sets (`premise`, `hypothesis`, `label`), RTE, ANLI and WANLI.
"""

from __future__ import annotations

from functools import partial

from .fields import sentence_of
from .pairs import Pair
from .tables import Row, TableFormat

KEYS = ("pairID", "pair_ID", "uid", "idx", "index", "id")
_COLUMNS = (
    ("plain", "label", "premise", "hypothesis"),
    ("RTE", "label", "sentence1", "sentence2"),
    ("ANLI", "label", "context", "hypothesis"),
    ("WANLI", "gold", "premise", "hypothesis"),
    ("gold label", "gold_label", "premise", "hypothesis"),
)


def _pair(columns: tuple[str, str, str], row: Row) -> Pair:
    label, premise, hypothesis = columns
    return Pair(
        sentence_of(row.cells[premise], premise, row.where),
        sentence_of(row.cells[hypothesis], hypothesis, row.where),
        row.label(label),
        key=row.key(*(key.lower() for key in KEYS)),
    )


FORMATS = tuple(
    TableFormat(name, (label, premise, hypothesis), partial(_pair, (label, premise, hypothesis)), KEYS)
    for name, label, premise, hypothesis in _COLUMNS
)
