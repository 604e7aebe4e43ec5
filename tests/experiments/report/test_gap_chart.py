"""The chart of gaps against time."""

import re

from compexact.experiments.report.charts import BOTTOM, LEFT, RIGHT
from compexact.experiments.report.gap_chart import gap_chart

QUICK = [[0.001, 0.0, 0.9], [0.02, 0.4, 0.9], [0.2, 0.4, 0.4]]
SLOW = [[0.001, 0.0, 0.8], [0.03, 0.2, 0.8], [5.0, 0.2, 0.4]]


def test_a_gap_lasts_until_something_better_is_known():
    chart = gap_chart([QUICK, SLOW])
    assert [tick.text for tick in chart.x_ticks] == ["0.01", "0.1", "1", "10"]
    assert [re.sub(r"^after | s: mean gap|largest |closed for ", "", dot.text) for dot in chart.dots] == [
        "0.01 0.850, 0.900, 0 of 2",
        "0.1 0.550, 0.600, 0 of 2",
        "1 0.300, 0.600, 1 of 2",
        "10 0.100, 0.200, 1 of 2",
    ]


def test_the_lines_go_over_the_whole_plot_and_never_rise():
    chart = gap_chart([QUICK, SLOW])
    for line in (chart.mean, chart.largest):
        places, heights = zip(*(map(float, point.split(",")) for point in line.split()))
        assert (places[0], places[-1]) == (LEFT, RIGHT)
        assert list(heights) == sorted(heights)
        assert heights[-1] < BOTTOM
    assert gap_chart([QUICK]).mean.split()[-1] == f"{RIGHT:.1f},{BOTTOM:.1f}"


def test_there_is_a_chart_of_whatever_searches_there_are():
    assert gap_chart([]) is None
    nothing = gap_chart([[[0.0, 0.0, 0.0]]])  # no concept meets the unit, and no time has passed
    assert len(nothing.x_ticks) == 2
