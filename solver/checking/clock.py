"""How long a check may take."""

from __future__ import annotations

import time

from .errors import Undecided


class Clock:
    """Counts from when it is made."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds, self.started = seconds, time.perf_counter()

    def look(self) -> None:
        """`Undecided` where the seconds are over."""
        if self.seconds is not None and time.perf_counter() - self.started > self.seconds:
            raise Undecided(f"not checked within {self.seconds:g} s")


NO_LIMIT = Clock(None)
