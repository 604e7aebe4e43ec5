"""The charts of the report."""

import numpy as np
import pytest

from compexact.experiments.report.charts import BOTTOM, LEFT, RIGHT, TOP, histogram, length_chart, nice_step
from compexact.solver.explanation import Explanation
from compexact.solver.formula import Atom


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
