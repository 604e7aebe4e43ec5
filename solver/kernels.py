"""The compiled inner loops.

numba, because the loops are few and short, stay readable beside the Python that they serve, and need
no compiler where the package is installed.  Compiled code is cached on disk where a folder for it can
be written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`numba.njit` with its disk cache, or without it where no cache folder can be written."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)


@compiled
def add_rows(
    rows: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    weights: np.ndarray,
    active: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Add the points and the active points of each row to all its concepts' sums.

    rows: int64, which rows.  indptr, indices, weights, active: as in `Problem`.
    sums: int64 (n_concepts, 2), points and active points, changed in place; side by side for the cache.
    """
    for row in rows:
        for position in range(indptr[row], indptr[row + 1]):
            concept = indices[position]
            sums[concept, 0] += weights[row]
            sums[concept, 1] += active[row]
