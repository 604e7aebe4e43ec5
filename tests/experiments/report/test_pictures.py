"""Layers over pictures, and which pictures are shown."""

from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.report.pictures import (
    CLEAR,
    FORMULA,
    FORMULA_EDGE,
    UNIT_EDGE,
    UNIT_HALO,
    Pictures,
    Shot,
    layer,
)


def masks(size=(113, 113)) -> tuple[np.ndarray, np.ndarray]:
    unit, formula = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    unit[20:60, 30:70] = True
    formula[40:90, 50:110] = True
    return unit, formula


def test_a_layer_outlines_the_unit_and_fills_the_formula():
    unit, formula = masks()
    pixels = layer(Shot(0, unit, formula))
    assert pixels.shape == (452, 452)

    def at(y: float, x: float) -> int:
        return pixels[int(4 * y), int(4 * x)]

    assert at(5, 5) == CLEAR
    assert at(30, 40) == CLEAR
    assert at(50, 60) == FORMULA
    assert at(80, 100) == FORMULA
    assert at(20, 40) == at(59.9, 40) == at(40, 30) == at(40, 69.9) == UNIT_EDGE
    assert at(19.9, 40) == UNIT_HALO
    assert at(89.9, 100) == FORMULA_EDGE


def test_a_single_point_keeps_its_outline():
    unit = np.zeros((113, 113), dtype=bool)
    unit[0, 7] = True
    pixels = layer(Shot(0, unit, np.zeros_like(unit)))
    assert (pixels[:4, 28:32] == UNIT_EDGE).all()
    assert (pixels == UNIT_EDGE).sum() == 16


@pytest.mark.parametrize("size", [(7, 7), (112, 80), (600, 450)])
def test_layers_keep_the_shape_of_the_masks(size):
    shot = Shot(0, np.ones(size, dtype=bool), np.zeros(size, dtype=bool))
    height, width = layer(shot).shape
    assert height * size[1] == width * size[0]
    assert height % size[0] == 0


def test_the_iou_of_an_image_counts_that_image_alone():
    unit, formula = masks()
    assert Shot(0, unit, formula).iou == Fraction(400, 1600 + 3000 - 400)
    assert Shot(0, ~(unit | ~unit), ~(unit | ~unit)).iou is None


def test_images_where_a_formula_holds_most_come_largest_first():
    """Three pictures of 2 x 2 points: of cell 1 the first has one point, the second none, the third three."""
    cells = np.array([[[1, 0], [0, 0]], [[0, 0], [2, 2]], [[1, 1], [1, 0]]], dtype=np.int32)
    pictures = Pictures(
        top_images=np.array([[4, 7]]), top_masks=np.zeros((1, 2, 1), np.uint8), pictured=np.array([4, 7, 9]),
        point_cells=cells, picture_bytes=np.zeros(0, np.uint8), picture_offsets=np.zeros(4, np.int64), n_cells=3,
    )  # fmt: skip
    is_active = np.zeros(10, dtype=bool)
    mask = np.array([False, True, False])
    shots = pictures.holding_most(0, mask, is_active)
    assert [shot.image for shot in shots] == [9, 4]
    assert [int(shot.formula_mask.sum()) for shot in shots] == [3, 1]
    assert [shot.has_unit_mask for shot in shots] == [True, True]
    is_active[9] = True
    assert [shot.has_unit_mask for shot in pictures.holding_most(0, mask, is_active)] == [False, True]
    assert pictures.holding_most(0, mask, is_active)[0].iou is None
