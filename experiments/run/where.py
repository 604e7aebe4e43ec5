"""Where the work for units is done: in this process, or in several of this machine.

Each place is a value, and does the same: see `Where`.  Nothing heavy is imported before it works.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ...solver.errors import UsageError

if TYPE_CHECKING:
    from ...probes.store import Probe

MAX_JOBS = 256


class Where(Protocol):
    """A place that works."""

    def map(
        self, work: Callable[..., Any], probe: Probe, columns: Sequence[int], stop: threading.Event
    ) -> Iterator[tuple[int, Any]]:
        """(column, what `work` gives, or `Killed` where its process was twice) in order; without units not begun.

        work: of (cells, column, whether to stop); to be pickled, but in this process.  What it raises is raised.
        stop: once it is set, units at work give what they have, and no other is begun.
        """


@dataclass(frozen=True)
class Processes:
    """As many of this machine, -1 for one per core; 1 is this process itself."""

    number: int

    def map(
        self, work: Callable[..., Any], probe: Probe, columns: Sequence[int], stop: threading.Event
    ) -> Iterator[tuple[int, Any]]:
        """As `Where` says."""
        cells = probe.cells
        # No more processes than units: each costs a start, and memory, also where it has nothing to do.
        processes = min(n_processes(self.number), len(columns))
        if processes > 1:
            from .workers import in_processes

            yield from in_processes(work, cells, columns, processes, stop)
            return
        for column in columns:
            if stop.is_set():
                return
            yield column, work(cells, column, stop.is_set)


HERE = Processes(1)


def where(jobs: int = 1) -> Where:
    """What `--jobs` asks for.  Raises `UsageError` for numbers out of range."""
    if not 1 <= jobs <= MAX_JOBS and jobs != -1:
        raise UsageError(f"--jobs must be from 1 to {MAX_JOBS:,}, or -1 for one process per core; not {jobs:,}")
    return Processes(jobs)


def n_processes(jobs: int) -> int:
    """What -1 means, too."""
    if jobs != -1:
        return jobs
    from joblib import cpu_count

    return int(cpu_count())
