"""The cell of each point of the kept pictures, small: a picture has some fifty cells, and a byte tells which.

    point_rows          uint8 or uint16 (n_pictures, height, width): the point's place among its picture's cells
    picture_cells       int32 (n,): the cells of each picture, ascending, one picture after the other
    picture_cell_ends   int64 (n_pictures + 1,): picture i has `picture_cells[ends[i]:ends[i + 1]]`

Probes of before keep `point_cells`, int32 (n_pictures, height, width), instead.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..solver.errors import DataError

PACKED = ("point_rows", "picture_cells", "picture_cell_ends")


def packed(point_cells: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays that say the same as integers (n_pictures, height, width)."""
    found = [np.unique(cells, return_inverse=True) for cells in point_cells]
    ends = np.cumsum([0, *(len(cells) for cells, _ in found)])
    most = max((len(cells) for cells, _ in found), default=1) - 1
    rows = np.zeros(point_cells.shape, dtype=np.min_scalar_type(most))
    for picture, (_, place) in enumerate(found):
        rows[picture] = place.reshape(rows.shape[1:])
    cells = np.concatenate([np.zeros(0, np.int32), *(each for each, _ in found)]).astype(np.int32)
    return dict(zip(PACKED, (rows, cells, ends)))


def unpacked(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """int32 (n_pictures, height, width); `DataError` where the three do not fit each other.

    >>> cells = np.array([[[7, 9], [7, 7]], [[3, 3], [3, 3]]])
    >>> np.array_equal(unpacked(packed(cells)), cells)
    True
    """
    rows, cells, ends = (arrays[name] for name in PACKED)
    fits = rows.ndim == 3 and rows.dtype.kind == "u" and cells.ndim == ends.ndim == 1 and len(ends) == len(rows) + 1
    sizes = np.diff(ends) if fits else ends
    if not fits or ends[0] != 0 or ends[-1] != len(cells) or (rows.size and (rows.max(axis=(1, 2)) >= sizes).any()):
        raise DataError("the probe's cells of points do not fit its pictures; probe again")
    return np.asarray(cells[ends[:-1, None, None] + rows], dtype=np.int32)
