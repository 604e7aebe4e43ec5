"""SHA-256 of cells: what a certificate is about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .given import integers, plain_names

AT_A_TIME = 1 << 16
"""Numbers that are hashed at a time, so that few are held twice."""


def digest(
    indptr: np.ndarray, indices: np.ndarray, weights: np.ndarray, active: np.ndarray, names: Sequence[str]
) -> str:
    """SHA-256 of the cells' content: concept rows, weights, active points and concept names.

    Raises `CertificateError` where the arrays are no lists of 64-bit integers: other numbers would be cut.
    """
    return digest_with(active, rows_hash(indptr, indices, weights, names))


def rows_hash(indptr: Any, indices: Any, weights: Any, names: Sequence[str]) -> Any:
    """The SHA-256, as far as all units share it: of concept names, concept rows and weights."""
    hasher = hashlib.sha256(json.dumps(plain_names(names)).encode())
    _add(hasher, {"indptr": indptr, "indices": indices, "weights": weights})
    return hasher


def digest_with(active: Any, rows: Any) -> str:
    """The digest of a unit's cells.  rows: what `rows_hash` gives; it stays as it is."""
    hasher = rows.copy()
    _add(hasher, {"active": active})
    return str(hasher.hexdigest())


def _add(hasher: Any, arrays: Mapping[str, Any]) -> None:
    for what, array in arrays.items():
        content = integers(array, what)
        hasher.update(f"{len(content)}:".encode())
        for first in range(0, len(content), AT_A_TIME):
            hasher.update(np.ascontiguousarray(content[first : first + AT_A_TIME], dtype="<i8"))
