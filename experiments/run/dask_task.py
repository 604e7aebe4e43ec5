"""What a worker of dask does for one unit: a function of (path and digest of the probe, unit, work), and how it stops.

The probe is opened where the worker sees it, once, and only that of this digest is worked on; so what is sent is
a few hundred bytes, and a worker that sees another file refuses.  The scheduler imports this module, too, so
nothing heavy is imported before there is work.
"""

from __future__ import annotations

import os
import pickle
import socket
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...probes.store import Probe

_told: set[str] = set()
"""The tasks of this process that are to give what they have."""

_one_at_a_time = threading.Lock()


def answer(path: str, digest: str, unit: str, work: bytes) -> Any:
    """What the work, a pickle as dask makes them of all that it sends, gives of a unit.

    Raises `DataError` where another probe, or none, lies at the path.
    """
    from .warm_up import warm_up_for

    asked: Callable[..., Any] = pickle.loads(work)  # noqa: S301 - from the command
    with _one_at_a_time:
        probe = _opened(path, digest)
        warm_up_for(asked)
    return asked(probe.cells, probe.cells.unit(unit), _should_stop())


async def stop(tasks: Sequence[str]) -> None:
    """Let these tasks, where they are this worker's, give what they have."""
    _told.update(tasks)


def leave_the_terminal() -> None:
    """For a worker of this machine: Ctrl-C is for the command, which tells it; and what it prints is no answer."""
    os.setsid()
    os.dup2(2, 1)


@lru_cache(maxsize=2)
def _opened(path: str, digest: str) -> Probe:
    from ...probes.opening import open_probe
    from ...solver.errors import CompexactError, DataError

    host = socket.gethostname()
    try:
        probe = open_probe(path)
    except CompexactError as error:
        raise DataError(f"the worker on {host} cannot open the probe: {error}") from None
    if not probe.has_digest(digest):
        raise DataError(
            f"the worker on {host} sees another probe at {path}: digest {probe.digest[:12]} instead of {digest[:12]}; "
            "let all workers see the same files"
        )
    return probe


def _should_stop() -> Callable[[], bool]:
    """Whether this task was told to stop, or nobody waits for it any more."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def should_stop() -> bool:
        task = worker.state.tasks.get(key)
        return key in _told or task is None or task.state == "cancelled"

    return should_stop
