"""The cells of pictures' points are kept small, and come back as they were."""

import numpy as np
import pytest

from compexact.probes.point_cells import packed, unpacked
from compexact.solver.errors import DataError


@pytest.mark.parametrize("n_cells", [1, 200, 256, 257, 3000])
def test_they_come_back(n_cells):
    cells = np.random.default_rng(n_cells).integers(0, 10**6, n_cells)
    points = np.stack([np.resize(cells, (60, 60)), np.zeros((60, 60), int), np.resize(cells[::-1], (60, 60))])
    arrays = packed(points)
    assert arrays["point_rows"].dtype == (np.uint8 if n_cells <= 256 else np.uint16)
    assert np.array_equal(unpacked(arrays), points)


def test_none_come_back_as_none():
    assert unpacked(packed(np.zeros((0, 9, 11), np.int32))).shape == (0, 9, 11)


@pytest.mark.parametrize(
    "wrong",
    [
        {"point_rows": np.full((2, 2, 2), 2, np.uint8)},
        {"point_rows": np.zeros((2, 2, 2), np.int8)},
        {"picture_cells": np.array([5])},
        {"picture_cell_ends": np.array([0, 2])},
        {"picture_cell_ends": np.array([1, 1, 3])},
    ],
)
def test_what_does_not_fit_is_refused(wrong):
    arrays = packed(np.array([[[5, 6], [5, 5]], [[5, 5], [5, 5]]]))
    unpacked(arrays)
    with pytest.raises(DataError, match="do not fit"):
        unpacked(arrays | wrong)
