"""Numbers, formulas, charts and layers of the report."""

from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.report.charts import BOTTOM, LEFT, RIGHT, TOP, histogram, length_chart, nice_step
from compexact.experiments.report.pictures import CLEAR, FORMULA, FORMULA_EDGE, UNIT_EDGE, UNIT_HALO, Shot, layer
from compexact.experiments.report.text import percent, ratio, tokens
from compexact.solver.explanation import Explanation
from compexact.solver.formula import Atom
from compexact.solver.parse import parse


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(10**17 - 1, 10**17), "0.9999"),
        (0.99996, "0.9999"),
        (1, "1.0000"),
        (Fraction(1, 3), "0.3333"),
        (Fraction(1, 10**9), "<0.0001"),
        (0, "0.0000"),
    ],
)
def test_only_one_reads_one_and_only_zero_reads_zero(value, text):
    assert ratio(value) == text


def test_a_share_of_nothing_is_no_number():
    assert percent(0, 0) == "-"
    assert percent(99_999, 100_000) == "99.9 %"


@pytest.mark.parametrize(
    "text", ["a", "NOT a", '(a OR "b c") AND NOT "AND"', "NOT (a AND NOT (b OR c)) OR d", '"\\"x" OR "<i>"']
)
def test_the_pieces_of_a_formula_are_its_text(text):
    formula = parse(text)
    pieces = list(tokens(formula))
    assert "".join(piece.text for piece in pieces) == str(formula)
    assert [piece.concept for piece in pieces if piece.kind == "concept"] == list(formula.atoms())
    assert {piece.text for piece in pieces if piece.kind == "operator"} <= {"AND", "OR", "NOT"}


@pytest.mark.parametrize("span", [1e-7, 0.0031, 0.25, 0.9999, 1, 7, 12_345])
def test_steps_cover_the_span(span):
    step = nice_step(span, 4)
    assert step * 4 >= span
    assert step * 4 < 4 * span


def test_every_unit_is_in_one_bar_of_the_histogram():
    ious = [0.0, 0.1, 0.2, 0.2, 0.29999, 0.3, 1.0]
    chart = histogram(ious, [1.0] * 7)
    counts = [int(bar.text.split(": ")[1].split()[0]) for bar in chart.bars]
    assert sum(counts) == len(ious)
    assert counts[0] == counts[-1] == 1
    tallest = max(chart.bars, key=lambda bar: bar.height)
    assert "IoU 0.2 to" in tallest.text
    assert all(LEFT <= bar.x <= RIGHT and TOP <= bar.y <= BOTTOM for bar in chart.bars)
    assert chart.mean == pytest.approx(LEFT + (RIGHT - LEFT) * np.mean(ious), abs=0.01)


@pytest.mark.parametrize("value", [0.0, 0.004, 0.5, 1.0])
def test_a_histogram_of_one_unit_stands_inside_its_frame(value):
    chart = histogram([value], [value])
    assert sum(bar.height > 0 for bar in chart.bars) == 1
    assert LEFT <= chart.mean <= RIGHT
    assert histogram([], []) is None


def found(name: str, both: int) -> Explanation:
    return Explanation(Atom(name), both, 100, 100, 200)


def test_the_line_rises_with_the_iou_and_stays_below_the_ceiling():
    chart = length_chart([found("a", 20), found("b", 50), found("b", 50)], ceiling=0.6, bound=0.4)
    first, second, third = chart.dots
    assert first.y > second.y == third.y > chart.bound > chart.ceiling >= TOP
    assert [dot.changed for dot in chart.dots] == [True, True, False]
    assert [tick.text for tick in chart.x_ticks] == ["1", "2", "3"]
    assert length_chart([], 0.5, None) is None


def test_many_lengths_have_labels_that_do_not_collide():
    chart = length_chart([found("a", 20)] * 30, ceiling=0.5, bound=None)
    assert len(chart.dots) == 30
    assert len(chart.x_ticks) <= 15
    assert chart.bound is None


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
