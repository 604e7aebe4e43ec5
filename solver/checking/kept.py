"""Concept rows and weights that units share, known again by their content, and what is made of them alone.

A check of the next unit mostly asks about the same rows.  To see that, they are held against a copy made here, number
by number: which is as sure as the SHA-256 of both, and sooner done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .digest import rows_hash
from .given import integers, plain, plain_names


@dataclass(frozen=True, eq=False)
class Rows:
    """Copies, int64, that no caller holds, and the names.

    hash: their SHA-256, as far as units share it; stays as it is.  made: what follows from them, to be filled and used
    again; empty until they were accepted.
    """

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    names: tuple[str, ...]
    hash: Any
    made: dict[str, Any] = field(default_factory=dict)

    def are(self, arrays: Sequence[np.ndarray], names: tuple[str, ...]) -> bool:
        """Whether these integers and names are the same."""
        own = (self.indptr, self.indices, self.weights)
        return names == self.names and all(map(_same, own, arrays))


def _same(own: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(own, other if other.dtype.kind == "i" else other.astype(np.int64))


_latest: list[Rows] = []


def rows_of(indptr: Any, indices: Any, weights: Any, names: Sequence[str]) -> Rows:
    """The rows, known or new; of the latest only.  `CertificateError` where they are no integers and names."""
    known_names = plain_names(names)
    arrays = [integers(indptr, "indptr"), integers(indices, "indices"), integers(weights, "weights")]
    if not (_latest and _latest[0].are(arrays, known_names)):
        _latest.clear()
        own_indptr, own_indices, own_weights = (plain(array, "a copy").copy() for array in arrays)
        hashed = rows_hash(own_indptr, own_indices, own_weights, known_names)
        _latest.append(Rows(own_indptr, own_indices, own_weights, known_names, hashed))
    return _latest[0]
