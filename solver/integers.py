"""Integer arrays from anywhere: taken as they are or refused, and added up without wrapping."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DataError


def integers(array: Any, axes: int, what: str, dtype: type[np.signedinteger[Any]] = np.int64) -> np.ndarray:
    """The same numbers in the dtype; `DataError` where they are no integers, or do not all fit into it."""
    given = np.asarray(array)
    if given.ndim != axes or given.dtype.kind not in "iu":
        raise DataError(f"{what} must be integers with {axes} axes, not {given.dtype} of shape {given.shape}")
    limits = np.iinfo(dtype)
    if given.size and not int(limits.min) <= int(given.min()) <= int(given.max()) <= int(limits.max):
        raise DataError(f"{what} goes from {int(given.min()):,} to {int(given.max()):,}: beyond {limits.bits} bits")
    return given.astype(dtype, copy=False)


def exact_sum(array: np.ndarray) -> int:
    """The sum of an int64 array, of at most 2**31 entries.

    The upper and the lower 32 bits are added apart: a number has at most 2**31 of the one and less than 2**32 of the
    other, so neither sum reaches 2**63.
    """
    return (int((array >> 32).sum()) << 32) + int((array & 0xFFFFFFFF).sum())
