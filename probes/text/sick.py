"""SICK as it was published (Marelli et al. 2014): `SICK.txt` and the files of the SemEval task.

The labels are in capitals.  A table of SICK under `label`, `premise`, `hypothesis` is a plain one (`plain.py`).
"""

from __future__ import annotations

from .fields import sentence_of
from .pairs import Pair
from .tables import Row, TableFormat

LABEL_COLUMNS = ("entailment_label", "entailment_judgment")
"""The name in `SICK.txt`, and in the files of the SemEval task."""


def pair(row: Row) -> Pair:
    """The pair of a row: A is the premise, B the hypothesis."""
    column = next(column for column in LABEL_COLUMNS if column in row.cells)
    return Pair(
        sentence_of(row.cells["sentence_a"], "sentence_A", row.where),
        sentence_of(row.cells["sentence_b"], "sentence_B", row.where),
        row.label(column),
        key=row.key("pair_id"),
    )


FORMATS = tuple(TableFormat("SICK", ("pair_ID", "sentence_A", "sentence_B", column), pair) for column in LABEL_COLUMNS)
