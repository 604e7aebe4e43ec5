"""How long a check may take."""

from __future__ import annotations

import time
from collections.abc import Callable

from .errors import Undecided

GOING, ENDED, EXCEEDED = 0, 1, 2
"""How a walk stands, each time that the clock may be looked at."""


class Clock:
    """Counts from when it is made.  should_stop: asked at every poll."""

    def __init__(self, seconds: float | None, should_stop: Callable[[], bool] | None = None) -> None:
        self.seconds, self.should_stop, self.started = seconds, should_stop, time.perf_counter()

    def poll(self) -> None:
        """`Undecided` where the seconds are over, or somebody asks to stop."""
        if self.should_stop is not None and self.should_stop():
            raise Undecided("not checked: asked to stop")
        if self.seconds is not None and time.perf_counter() - self.started > self.seconds:
            raise Undecided(f"not checked within {self.seconds:g} s")


NO_LIMIT = Clock(None)
