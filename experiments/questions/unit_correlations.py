"""Which units feed a class or a later unit: correlation and overlap of activity, and the rule of the paper's code.

The reference code calls a unit a contributor where its value is above the 99th percentile of the whole matrix, and an
inhibitor where it is below the 1st.
"""

from __future__ import annotations

import numpy as np

ALPHA = 0.01
CONTRIBUTOR, INHIBITOR = "contributor", "inhibitor"


def correlations(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """float64 (n_left, n_right): Pearson's correlation of every column with every other; NaN for a constant column.

    left, right: (n_inputs, n_left) and (n_inputs, n_right), numbers or bool.
    """
    scaled = [_scaled(np.asarray(matrix, dtype=np.float64)) for matrix in (left, right)]
    return np.asarray(np.clip(scaled[0].T @ scaled[1], -1, 1))


def _scaled(matrix: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and length 1."""
    centred = matrix - matrix.mean(axis=0)
    centred[:, np.ptp(matrix, axis=0) == 0] = 0
    lengths = np.sqrt((centred**2).sum(axis=0))
    return centred / np.where(lengths > 0, lengths, np.nan)


def overlaps(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """float64 (n_left, n_right): intersection over union of bool columns; 0 where both are empty."""
    one, other = left.astype(np.float64), right.astype(np.float64)
    both = one.T @ other
    either = one.sum(axis=0)[:, None] + other.sum(axis=0)[None, :] - both
    return np.asarray(both / np.maximum(either, 1))


def roles(matrix: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """Text, in the matrix's shape: `contributor`, `inhibitor` or nothing, by the rule above; nothing for NaN."""
    known = matrix[np.isfinite(matrix)]
    found = np.full(matrix.shape, "", dtype="<U11")
    if len(known):
        low, high = np.quantile(known, [alpha, 1 - alpha])
        with np.errstate(invalid="ignore"):
            found[matrix > high] = CONTRIBUTOR
            found[matrix < low] = INHIBITOR
    return found


def finite(value: float) -> float | None:
    """The number; None for NaN and what is infinite, which JSON has not."""
    return float(value) if np.isfinite(value) else None


def extremes(values: np.ndarray, k: int) -> list[int]:
    """The places of the k greatest values, greatest first, then those of the k least, least last; NaN are left out."""
    order = [place for place in np.argsort(-values, kind="stable").tolist() if np.isfinite(values[place])]
    return order[:k] + order[max(k, len(order) - k) :]
