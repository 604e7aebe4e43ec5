"""Which pictures are shown."""

from fractions import Fraction

import numpy as np

from compexact.experiments.report.pictures import Pictures, Shot


def masks(size=(113, 113)) -> tuple[np.ndarray, np.ndarray]:
    unit, formula = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    unit[20:60, 30:70] = True
    formula[40:90, 50:110] = True
    return unit, formula


def test_the_iou_of_an_image_counts_that_image_alone():
    unit, formula = masks()
    assert Shot(0, unit, formula).iou == Fraction(400, 1600 + 3000 - 400)
    assert Shot(0, ~(unit | ~unit), ~(unit | ~unit)).iou is None


def test_a_formula_s_points_are_counted_in_each_picture():
    """Three pictures of 2 x 2 points: of cell 1 the first has one point, the second none, the third three."""
    cells = np.array([[[1, 0], [0, 0]], [[0, 0], [2, 2]], [[1, 1], [1, 0]]], dtype=np.int32)
    pictures = Pictures(
        top_images=np.array([[4, 7]]), top_masks=np.full((1, 2, 1), 128, np.uint8), pictured=np.array([4, 7, 9]),
        point_cells=cells, picture_bytes=np.zeros(0, np.uint8), picture_offsets=np.zeros(4, np.int64), n_cells=3,
    )  # fmt: skip
    mask = np.array([False, True, False])
    assert pictures.areas(mask).tolist() == [1, 0, 3]
    first = pictures.shot(0, mask, 0, None)
    assert (first.image, first.has_unit_mask, first.iou) == (4, True, 1)
    is_active = np.zeros(10, dtype=bool)
    assert pictures.shot(2, mask, 0, is_active).has_unit_mask
    is_active[9] = True
    unknown = pictures.shot(2, mask, 0, is_active)
    assert (unknown.image, unknown.has_unit_mask, unknown.iou) == (9, False, None)
