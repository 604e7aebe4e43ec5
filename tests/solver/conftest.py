"""The helpers of this folder can be imported by the tests below it; and a clock for them."""

import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def ticking(monkeypatch) -> Iterator[int]:
    """A second goes by whenever somebody looks at the clock."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    return ticks
