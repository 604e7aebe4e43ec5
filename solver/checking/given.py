"""What a checker is handed: it may be anything, and is taken for cells only after all that follows.

Whatever the checkers add up later rests on this.  Every count is from 0 on and all points together, added in Python's
integers, are fewer than 2**52; a row lists each concept at most once.  So a sum of points, or of active or inactive
ones, over any cells, each taken once, is below 2**52 and exact in int64, in whatever order it is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .errors import CertificateError

MAX_POINTS = 2**52


@dataclass(frozen=True)
class Given:
    """The cells of one unit.

    indptr (n_cells + 1,), indices (n_set,): the concept rows, rising strictly, no two equal.  weights, active:
    (n_cells,), 0 <= active <= weights.  All int64.  names: the concepts, unique.
    """

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    active: np.ndarray
    names: tuple[str, ...]


def accepted(indptr: Any, indices: Any, weights: Any, active: Any, names: Any, rows_are_known: bool = False) -> Given:
    """What was handed in, once it is known to be cells; `CertificateError` where it is not.

    rows_are_known: whether concept rows and names of this very content were accepted before.
    """
    given = Given(
        plain(indptr, "indptr"),
        plain(indices, "indices"),
        plain(weights, "weights"),
        plain(active, "active"),
        plain_names(names),
    )
    _refuse_impossible_counts(given)
    if not rows_are_known:
        _refuse_impossible_rows(given)
    return given


def plain(array: Any, what: str) -> np.ndarray:
    """int64 (n,): the same numbers; `CertificateError` where that would change one."""
    return np.ascontiguousarray(integers(array, what), dtype=np.int64)


def integers(array: Any, what: str) -> np.ndarray:
    """(n,), of any type of integers: the same numbers, all within int64; `CertificateError` where they are not."""
    try:
        taken = np.asarray(array)
    except (ValueError, TypeError, OverflowError):
        raise CertificateError(f"{what} is no list of integers") from None
    if taken.ndim != 1 or taken.dtype.kind not in "iu":
        raise CertificateError(f"{what} is no list of integers: {taken.dtype} of shape {taken.shape}")
    if taken.dtype.kind == "u" and taken.size and int(taken.max()) >= 2**63:
        raise CertificateError(f"{what} holds {int(taken.max()):,}, beyond 64 bits")
    return taken


def plain_names(names: Any) -> tuple[str, ...]:
    """The names; `CertificateError` where they are not texts that can be written."""
    if isinstance(names, str | bytes) or not isinstance(names, Sequence):
        raise CertificateError("the concept names are no list of texts")
    for name in names:
        if not isinstance(name, str) or (not name.isascii() and any("\ud800" <= c <= "\udfff" for c in name)):
            raise CertificateError("a concept name is no text")
    return tuple(map(str, names))


def _refuse_impossible_counts(given: Given) -> None:
    """Comparisons and Python's integers only: nothing here can wrap."""
    n_cells = len(given.weights)
    if len(given.active) != n_cells or len(given.indptr) != n_cells + 1:
        raise CertificateError(
            f"{n_cells} weights, {len(given.active)} active and {len(given.indptr)} ends of rows are of no set of cells"
        )
    if (given.active < 0).any() or (given.active > given.weights).any():
        raise CertificateError("a cell has more active points than points, or fewer than none")
    points = sum(given.weights.tolist())
    if points >= MAX_POINTS:
        raise CertificateError(f"{points:,} points; fewer than {MAX_POINTS:,} are counted")


def _refuse_impossible_rows(given: Given) -> None:
    indptr, indices, n = given.indptr, given.indices, len(given.names)
    if len(set(given.names)) != n:
        raise CertificateError("two concepts have one name")
    if indptr[0] != 0 or indptr[-1] != len(indices) or (indptr[:-1] > indptr[1:]).any():
        raise CertificateError("the ends of the concept rows do not rise from 0 to the number of entries")
    if ((indices < 0) | (indices >= n)).any():
        raise CertificateError("a row names a concept that is not there")
    goes_on = np.ones(len(indices) + 1, dtype=bool)
    goes_on[indptr] = False
    if (goes_on[1:-1] & (indices[:-1] >= indices[1:])).any():
        raise CertificateError("a row does not list its concepts rising, each once")
    short = indices.astype(np.min_scalar_type(n))
    bounds, content = pairwise((short.itemsize * indptr).tolist()), short.tobytes()
    if len({content[start:stop] for start, stop in bounds}) != len(indptr) - 1:
        raise CertificateError("two cells have the same concepts")
