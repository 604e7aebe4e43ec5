"""Histograms of values that stream by."""

import numpy as np
import pytest

from compexact.probes.value_histogram import BINS, HistogramTally, StoredHistogram
from compexact.solver.errors import DataError


def test_portions_and_their_order_change_nothing():
    values = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    edges = values.min(axis=0), values.max(axis=0)
    whole, parts = HistogramTally(*edges), HistogramTally(*edges)
    whole.add(values)
    for part in (values[900:], values[:1], values[1:900]):
        parts.add(part)
    assert np.array_equal(whole.counts, parts.counts)
    assert whole.counts.sum(axis=1).tolist() == [1000] * 3


@pytest.mark.parametrize(
    ("values", "bins"),
    [
        ([7, 7, 7], {0: 3}),
        ([0, 1, 39, 40], {0: 1, 1: 1, 39: 2}),
        ([-3e38, 0, 3e38], {0: 1, BINS // 2: 1, 39: 1}),
        ([0, 1e-45], {0: 2}),
    ],
)
def test_every_value_has_a_bin_however_near_or_far_they_are(values, bins):
    column = np.array(values, dtype=np.float32)[:, None]
    tally = HistogramTally(column.min(axis=0), column.max(axis=0))
    tally.add(column)
    assert {place: int(n) for place, n in enumerate(tally.counts[0]) if n} == bins


def test_arrays_that_do_not_fit_each_other_are_refused():
    with pytest.raises(DataError, match="histograms do not fit"):
        StoredHistogram(np.zeros((2, BINS)), np.zeros(2), np.zeros(3))
