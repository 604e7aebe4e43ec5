import numpy as np
import pytest

from compexact.probes.thresholds import TopQuantile, as_float32_below
from compexact.solver.errors import UsageError


@pytest.mark.parametrize("share", [0.005, 0.01, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("n_values", [1, 2, 7, 1000, 20_000])
@pytest.mark.parametrize("portion", [1000, 333, 20_000])
def test_the_streamed_quantile_is_numpys(share, n_values, portion):
    rng = np.random.default_rng(n_values)
    values = rng.standard_normal((3, n_values)).astype(np.float32)
    values[1] = np.sort(values[1])
    values[2] = np.round(values[2])
    top = TopQuantile(3, n_values, share)
    for start in range(0, n_values, portion):
        top.add(values[:, start : start + portion])
    expected = np.quantile(values.astype(np.float64), 1 - share, axis=1)
    np.testing.assert_allclose(top.thresholds(), expected, rtol=0, atol=1e-12)


def test_a_falling_stream_gives_the_same_as_a_rising_one():
    values = np.arange(10_000, dtype=np.float32)[None]
    for stream in (values, values[:, ::-1]):
        top = TopQuantile(1, 10_000, 0.005)
        for start in range(0, 10_000, 169):
            top.add(stream[:, start : start + 169])
        assert top.thresholds()[0] == pytest.approx(np.quantile(values, 0.995))


def test_memory_follows_the_share_and_not_the_values():
    top = TopQuantile(1, 10**6, 0.005)
    for _ in range(100):
        top.add(np.random.default_rng(0).random((1, 10**4), dtype=np.float32))
    assert top._kept.nbytes < 2 * 0.006 * 4 * 10**6
    top.thresholds()


def test_too_few_values_and_impossible_shares_are_refused():
    top = TopQuantile(1, 10, 0.5)
    top.add(np.zeros((1, 9), np.float32))
    with pytest.raises(ValueError, match="9 values were given of 10"):
        top.thresholds()
    for share in (0, 1, 1.5, float("nan")):
        with pytest.raises(UsageError, match="share between 0 and 1"):
            TopQuantile(1, 10, share)


def test_comparing_in_float32_equals_comparing_in_full_precision():
    rng = np.random.default_rng(0)
    thresholds = rng.random(1000)
    near = thresholds.astype(np.float32)
    values = np.stack([np.nextafter(near, np.float32(-1)), near, np.nextafter(near, np.float32(2))])
    assert np.array_equal(values > as_float32_below(thresholds), values.astype(np.float64) > thresholds)
    assert np.array_equal(as_float32_below(np.zeros(1)), [0])
