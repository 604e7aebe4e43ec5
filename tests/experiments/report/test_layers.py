"""Layers over pictures: outlines of the unit and of the formula, one below the other in a file."""

import io

import numpy as np
import pytest
from PIL import Image

from compexact.experiments.report.layers import (
    CLEAR,
    COLOURS,
    FORMULA,
    FORMULA_EDGE,
    HALO,
    UNIT_EDGE,
    layers,
    layers_png,
)
from compexact.experiments.report.pictures import Shot


def masks(size=(113, 113)) -> tuple[np.ndarray, np.ndarray]:
    unit, formula = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    unit[20:60, 30:70] = True
    formula[40:90, 50:110] = True
    return unit, formula


def test_a_layer_outlines_the_unit_and_the_formula():
    pixels = layers([Shot(0, *masks())])[0]
    assert pixels.shape == (226, 226)

    def at(y: float, x: float) -> int:
        return pixels[int(2 * y), int(2 * x)]

    assert at(5, 5) == at(30, 40) == CLEAR
    assert at(65, 80) == FORMULA
    assert at(20, 40) == at(59.9, 40) == at(40, 30) == at(40, 69.9) == UNIT_EDGE
    assert at(19.9, 40) == HALO
    assert at(89.9, 100) == at(89.9, 50) == FORMULA_EDGE


def test_what_reaches_the_picture_s_border_is_outlined_there():
    everywhere = np.ones((113, 113), dtype=bool)
    pixels = layers([Shot(0, everywhere, ~everywhere)])[0]
    assert (pixels[0] == UNIT_EDGE).all()
    assert (pixels[:, -1] == UNIT_EDGE).all()
    assert (pixels[4:-4, 4:-4] == CLEAR).all()


def test_a_single_point_keeps_its_outline():
    unit = np.zeros((113, 113), dtype=bool)
    unit[0, 7] = True
    (pixels,) = layers([Shot(0, unit, np.zeros_like(unit))])
    assert (pixels[:2, 14:16] == UNIT_EDGE).all()
    assert (pixels == UNIT_EDGE).sum() == 4


@pytest.mark.parametrize("size", [(7, 7), (112, 80), (600, 450)])
def test_layers_keep_the_shape_of_the_masks(size):
    shot = Shot(0, np.ones(size, dtype=bool), np.zeros(size, dtype=bool))
    _, height, width = layers([shot]).shape
    assert height * size[1] == width * size[0]
    assert height % size[0] == 0


def test_the_file_has_each_layer_below_the_one_before():
    unit, formula = masks()
    shots = [Shot(0, unit, formula), Shot(1, formula, unit), Shot(2, ~unit, ~unit & unit)]
    picture = Image.open(io.BytesIO(layers_png(shots))).convert("RGBA")
    assert picture.size == (226, 3 * 226)
    for number, pixels in enumerate(layers(shots)):
        shown = np.asarray(picture)[number * 226 : (number + 1) * 226]
        assert (shown == np.array(COLOURS, dtype=np.uint8)[pixels]).all()
