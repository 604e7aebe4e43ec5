"""The same work for many units by the workers of a dask cluster, any of which may be killed.

Each worker has one unit at a time, as the processes of `workers.py` do: so what is lost with it is known, and nothing
waits at the scheduler when somebody asks to stop.  Dask by itself blames also what only waited at a killed worker, and
lets the scheduler's settings say how often a unit is tried.
"""

from __future__ import annotations

import logging
import math
import os
import queue
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from threading import Event
from typing import Any

from ...probes.store import Probe
from ...solver.errors import CompexactError, UsageError
from . import dask_task
from .workers import ATTEMPTS, Killed

SECONDS_BETWEEN_POLLS = 0.2
SECONDS_TO_CONNECT = 5
PACKAGE = "compexact"
GRACE = 3.0
"""Seconds for the units at work to give what they have, after somebody asked to stop."""


class Cluster:
    """A connection to the scheduler at an address; without one, to a cluster of single-threaded workers made here.

    Raises `UsageError` where dask is not installed, `CompexactError` where no scheduler answers.
    """

    def __init__(self, address: str | None, workers: int) -> None:
        try:
            import dask
            import distributed
        except ModuleNotFoundError:
            raise UsageError("--on dask needs the package distributed: pip install 'compexact[dask]'") from None
        _silence()
        dask.config.set({"distributed.comm.timeouts.connect": SECONDS_TO_CONNECT})
        cluster = None if address else _local_cluster(workers)
        try:
            self._client = distributed.Client(address or cluster, timeout=SECONDS_TO_CONNECT)
        except OSError:
            raise CompexactError(f"no scheduler of dask answers at {address}; `dask scheduler` starts one") from None
        weakref.finalize(self, _close, self._client, cluster).atexit = False  # dask itself closes all at exit
        if cluster is not None:
            self._client.register_plugin(_worker_plugin())
        print(f"compexact: the dashboard of dask is at {self._client.dashboard_link}", file=sys.stderr, flush=True)

    def map(
        self, work: Callable[..., Any], probe: Probe, columns: Sequence[int], stop: Event
    ) -> Iterator[tuple[int, Any]]:
        """As `Where` says.  Raises `CompexactError` where the scheduler has gone, after all that was found."""
        import cloudpickle

        assert probe.path is not None
        names, path, digest = probe.cells.unit_names, os.path.abspath(probe.path), probe.digest
        pickled = cloudpickle.dumps(work)

        def ask(column: int, worker: str) -> Any:
            return self._client.submit(
                dask_task.answer, path, digest, names[column], pickled, pure=False, workers=[worker]
            )

        return _in_order(columns, _Units(self._client, ask, columns, stop).answers())


def _local_cluster(workers: int) -> Any:
    """No limit on memory, as `--jobs` has none: dask would kill a worker that exceeds its share of the machine's."""
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )


def _worker_plugin() -> Any:
    from distributed import WorkerPlugin

    class OffTheTerminal(WorkerPlugin):
        name = "compexact-off-the-terminal"

        def setup(self, worker: Any) -> None:
            dask_task.leave_the_terminal()

    return OffTheTerminal()


def _silence() -> None:
    """What dask logs of lost workers and connections is told here, in a line each."""
    for name in ("distributed", "tornado", "asyncio", *logging.Logger.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):  # some have a level of their own
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _close(client: Any, cluster: Any) -> None:
    """Close both; where Python frees them in dask's own thread, which cannot wait, dask does so at exit."""
    if client.asynchronous:
        return
    with suppress(Exception):
        client.close(timeout=1)
    if cluster is not None:
        with suppress(Exception):
            cluster.close(timeout=2)


def _in_order(columns: Sequence[int], answers: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """The answers in the order of the columns, each as soon as those before it are there.

    At the end, and where `answers` raises, come those that are there.
    """
    waiting, found, error = deque(columns), {}, None
    while waiting:
        try:
            column, answer = next(answers)
        except StopIteration:
            break
        except CompexactError as raised:
            error = raised
            break
        found[column] = answer
        while waiting and waiting[0] in found:
            yield (first := waiting.popleft()), found.pop(first)
    for column in waiting:
        if column in found:
            yield column, found[column]
    if error is not None:
        raise error


@dataclass(frozen=True)
class _Try:
    """A unit at work.  number: the how many-th try of it.  future: of its answer."""

    column: int
    number: int
    worker: str
    future: Any


class _Units:
    """The units that wait, and those at work.  ask: (column, worker) -> the future of the unit's answer there."""

    def __init__(self, client: Any, ask: Callable[[int, str], Any], columns: Sequence[int], stop: Event) -> None:
        self._client, self._ask, self._stop = client, ask, stop
        self._waiting = deque((column, 1) for column in columns)
        self._at_work: dict[str, _Try] = {}
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._said_that_none_is_there = False
        self._checked: set[str] = set()

    def answers(self) -> Iterator[tuple[int, Any]]:
        """(column, what its work gives, or `Killed`) as they come."""
        until = math.inf
        try:
            while (self._waiting or self._at_work) and time.monotonic() < until:
                if self._stop.is_set() and until == math.inf:
                    until = time.monotonic() + GRACE
                    self._tell_to_stop()
                workers = self._workers()
                for tried in [tried for tried in self._at_work.values() if tried.worker not in workers]:
                    yield from self._lost(tried)
                self._check(workers)
                self._send(workers & self._checked)
                yield from self._next()
        finally:
            if self._client.status == "running":
                with suppress(Exception):
                    self._client.cancel([tried.future for tried in self._at_work.values()])

    def _tell_to_stop(self) -> None:
        self._waiting.clear()
        with suppress(Exception):
            self._client.run(dask_task.stop, list(self._at_work), wait=False)

    def _workers(self) -> set[str]:
        """The addresses of those that are there."""
        try:
            if self._client.status != "running":
                raise OSError
            workers = set(self._client.nthreads())
        except (OSError, ValueError):
            raise _gone(self._client) from None
        if not workers and not self._said_that_none_is_there:
            self._said_that_none_is_there = True
            print("compexact: no worker of dask is there; waiting for one", file=sys.stderr, flush=True)
        return workers

    def _check(self, workers: set[str]) -> None:
        """Raise `CompexactError` where one has another version than this command: its answers may be others."""
        if not (new := list(workers - self._checked)):
            return
        own = metadata.version(PACKAGE)
        found = self._client.run(metadata.version, PACKAGE, workers=new, on_error="return")
        for worker, version in found.items():
            if isinstance(version, OSError):  # it has gone
                continue
            if version != own:
                what = "no" if isinstance(version, Exception) else f"version {version} of"
                raise CompexactError(
                    f"worker {worker} has {what} {PACKAGE}, this command {own}; install the same for all"
                )
            self._checked.add(worker)

    def _send(self, workers: set[str]) -> None:
        """A unit to each worker that has none."""
        for worker in sorted(workers - {tried.worker for tried in self._at_work.values()}):
            if not self._waiting:
                return
            column, number = self._waiting.popleft()
            future = self._ask(column, worker)
            self._at_work[future.key] = _Try(column, number, worker, future)
            future.add_done_callback(self._ended.put)

    def _next(self) -> Iterator[tuple[int, Any]]:
        """The answer that comes next, if one does before the next poll."""
        try:
            future = self._ended.get(timeout=SECONDS_BETWEEN_POLLS)
        except queue.Empty:
            return
        tried = self._at_work.get(future.key)
        if tried is None:  # given up before
            return
        if future.status == "finished":
            try:
                found = future.result(timeout=SECONDS_TO_CONNECT)
            except OSError:  # its worker was killed after the work
                yield from self._lost(tried)
                return
            del self._at_work[future.key]
            yield tried.column, found
        elif future.status == "error":
            yield from self._failed(tried, future.exception())
        else:
            raise _gone(self._client)

    def _failed(self, tried: _Try, error: BaseException) -> Iterator[tuple[int, Any]]:
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            yield from self._lost(tried)
        elif isinstance(error, ImportError):
            raise CompexactError(f"worker {tried.worker}: {error}; install the same compexact for all workers")
        else:
            raise error

    def _lost(self, tried: _Try) -> Iterator[tuple[int, Killed]]:
        """Try once more a unit whose worker was killed, or give it up."""
        del self._at_work[tried.future.key]
        tried.future.cancel()
        if tried.number < ATTEMPTS and not self._stop.is_set():
            self._waiting.appendleft((tried.column, tried.number + 1))
        elif not self._stop.is_set():
            yield tried.column, Killed(f"its worker {tried.worker} was killed: it may have run out of memory")


def _gone(client: Any) -> CompexactError:
    return CompexactError(
        f"the scheduler of dask at {client.scheduler.addr} has gone; the same command goes on from what is kept"
    )
