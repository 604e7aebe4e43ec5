"""When a search ends that is not done: its time is over, or somebody asked it to stop.

Whoever is asked for a limit makes one `Stopping` and hands it on; whoever works looks at it, between parts that take
no longer than some hundredths of a second.  It goes wherever there is work, so it also says who is told what is found.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .tracing import NOBODY, FormulasOnly, Listener

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds that a search plans with where there is no time limit."""


class Stopped(Exception):
    """The time is over, or somebody asked to stop."""


def nobody() -> bool:
    """Whether to stop, where nobody asks."""
    return False


@dataclass(frozen=True)
class Stopping:
    """Times are those of `time.perf_counter()`.

    deadline: infinity where there is no limit.  should_stop: asked at every look; may be slow as a look at a file.
    started: when the clock began.  listener: whom the search tells what it finds and proves.
    """

    deadline: float = math.inf
    should_stop: Callable[[], bool] = nobody
    started: float = field(default_factory=lambda: time.perf_counter())
    listener: Listener = NOBODY

    @classmethod
    def after(cls, seconds: float | None, should_stop: Callable[[], bool] | None = None) -> Stopping:
        """From now on for `seconds`; None for no limit."""
        now = time.perf_counter()
        return cls(math.inf if seconds is None else now + seconds, should_stop or nobody, now)

    def within(self, seconds: float) -> Stopping:
        """The same with at most `seconds` from now on."""
        return replace(self, deadline=min(self.deadline, time.perf_counter() + seconds))

    @property
    def formulas_only(self) -> Stopping:
        """For a part of the search that proves something of some formulas only: of shorter ones, or of chains."""
        return replace(self, listener=FormulasOnly(self.listener))

    @property
    def unheard(self) -> Stopping:
        """For a part that asks something else, such as about a sample."""
        return replace(self, listener=NOBODY)

    @property
    def is_over(self) -> bool:
        """Whether to stop now."""
        return (self.deadline < math.inf and time.perf_counter() >= self.deadline) or self.should_stop()

    @property
    def is_open(self) -> bool:
        """Whether nobody will stop the search."""
        return self.deadline == math.inf and self.should_stop is nobody

    @property
    def seconds_left(self) -> float:
        """Infinity where there is no limit; never below 0."""
        return math.inf if self.deadline == math.inf else max(0.0, self.deadline - time.perf_counter())

    @property
    def planned(self) -> float:
        """The whole time limit, or where there is none what to plan with."""
        return PATIENCE if self.deadline == math.inf else self.deadline - self.started

    @property
    def elapsed(self) -> float:
        """Seconds since the clock began."""
        return time.perf_counter() - self.started

    def check(self) -> None:
        """Raise `Stopped` where it is over."""
        if self.is_over:
            raise Stopped

    def each(self, items: Iterable[T], every: int = 1) -> Iterator[T]:
        """The items, with a look before the first and then after every `every` items; raises `Stopped`."""
        for place, item in enumerate(items):
            if place % every == 0:
                self.check()
            yield item

    def runs(self, done: Sequence[int], most: int) -> Iterator[slice]:
        """Items in runs of about `most` work each, with a look before each run; raises `Stopped`.

        done: the work after each item, all before it included.  An item of more work is a run of its own.
        """
        first = 0
        while first < len(done):
            self.check()
            stop = max(first + 1, bisect_right(done, (done[first - 1] if first else 0) + most))
            yield slice(first, stop)
            first = stop
