"""Where the work for units is done: in this process, in several of this machine, or by a cluster of dask.

Each place is a value, and does the same: see `Where`.  Nothing heavy is imported before it works.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ...probes.store import Probe
    from .dask_cluster import Cluster

MAX_JOBS = 256
DASK = "dask"
_SCHEDULER = re.compile(r"(tcp|tls)://[^\s/]+:\d+")


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


@dataclass(frozen=True)
class OnDask:
    """The workers of a dask cluster: of the scheduler at `address`, or as many of this machine as `workers` says.

    They are sent where the probe lies, and open it there.  The cluster, or the connection, is there from the first
    unit until this value is gone.
    """

    address: str | None = None
    workers: int = 1

    @cached_property
    def _cluster(self) -> Cluster:
        from .dask_cluster import Cluster

        return Cluster(self.address, n_processes(self.workers))

    def map(
        self, work: Callable[..., Any], probe: Probe, columns: Sequence[int], stop: threading.Event
    ) -> Iterator[tuple[int, Any]]:
        """As `Where` says.  Raises `UsageError` for a probe in memory."""
        if probe.path is None:
            from ...solver.errors import UsageError

            raise UsageError("dask's workers open the probe from disk, and this one is only in memory; leave out --on")
        return self._cluster.map(work, probe, columns, stop)


HERE = Processes(1)


def where(jobs: int = 1, on: str | None = None) -> Where:
    """What `--jobs` and `--on` ask for.  Raises `UsageError` for what is no place, and for numbers out of range."""
    from ...solver.errors import UsageError, did_you_mean

    if not 1 <= jobs <= MAX_JOBS and jobs != -1:
        raise UsageError(f"--jobs must be from 1 to {MAX_JOBS:,}, or -1 for one process per core; not {jobs:,}")
    if on is None:
        return Processes(jobs)
    if on == DASK:
        return OnDask(workers=jobs)
    address = on.removeprefix(f"{DASK}:")
    if address == on or not _SCHEDULER.fullmatch(address):
        raise UsageError(f"--on takes dask or dask:tcp://HOST:PORT, not {on!r}{did_you_mean(on, [DASK])}")
    if jobs != 1:
        raise UsageError(f"--jobs goes without --on {on}: that cluster has the workers that it has")
    return OnDask(address)


def n_processes(jobs: int) -> int:
    """What -1 means, too."""
    if jobs != -1:
        return jobs
    from joblib import cpu_count

    return int(cpu_count())
