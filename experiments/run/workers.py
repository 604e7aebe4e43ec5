"""The same work for many units in several processes, any of which may be killed.

Each process has one unit at a time, so what is lost with it is known: that unit is tried once more in a new one.
The first processes are copies of this one where that is safe (`may_copy`): nothing is imported, compiled or sent anew,
and what none of them changes is in memory once.  Others, and those in place of killed ones, are new ones, which share
the cells.  Nothing that they need has a name on disk, and on Linux they are killed when this process is, so a kill
leaves nothing behind.

No pool of a library: when a process is killed, those of `multiprocessing` and joblib give up on all units, or cannot
say which were at work; and the names of their semaphores and files outlive a kill.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import IO, Any, Protocol

from ...encodings.process import how_it_ended
from ...solver.cells import Cells
from .shared_cells import shared
from .worker import READY, work_in_copy

CHILD = "compexact.experiments.run.worker"
ATTEMPTS = 2
_THREADS_OF = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Killed(Exception):
    """A process ended without an answer; says how."""


def in_processes(
    work: Callable[..., Any], cells: Cells, columns: Sequence[int], processes: int, stop: threading.Event
) -> Iterator[tuple[int, Any]]:
    """(column, what `work` gives, or `Killed` where its process was twice) in order; without units not begun.

    work, and what it gives: to be pickled.  What it raises is raised.  stop: once it is set, units at work give what
    they have, and no other is begun.
    """
    import cloudpickle

    with shared(cells) as (place, file):
        greeting = pickle.dumps(sys.path) + cloudpickle.dumps((work, place))
        team = _Team(greeting, file.fileno(), processes, stop)
        if may_copy():
            team.copy_this_process(work, cells)
        with ThreadPoolExecutor(processes) as threads, team.stopping():
            answers = deque(threads.submit(team.ask, column) for column in columns)
            try:
                for column in columns:
                    for found in answers.popleft().result():
                        yield column, found
            finally:
                for answer in answers:
                    answer.cancel()
                gc.unfreeze()


def may_copy() -> bool:
    """Whether a copy of this process can do its work: on Linux, and without torch, whose threads it would lack.

    The copy has this thread alone, and every lock as it is: so only a process that has no other thread is copied.
    The one that draws progress on a terminal might hold a lock just then.
    """
    is_alone = threading.active_count() == 1 and threading.current_thread() is threading.main_thread()
    return sys.platform == "linux" and is_alone and "torch" not in sys.modules


class _Team:
    """A process for each thread that asks."""

    def __init__(self, greeting: bytes, descriptor: int, size: int, stop: threading.Event) -> None:
        self._greeting, self._descriptor, self._size, self._stop = greeting, descriptor, size, stop
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._own = threading.local()
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []

    def copy_this_process(self, work: Callable[..., Any], cells: Cells) -> None:
        """Let copies be the first to be asked."""
        cells.compute_shared()
        gc.freeze()  # the collector of either side would write to all pages, which would then be in memory twice
        for _ in range(self._size):
            self._idle.append(_Worker(_Copy(work, cells, [worker.child for worker in self._idle]), b""))
        self._workers += self._idle

    def ask(self, column: int) -> tuple[Any, ...]:
        """What is found of a unit, as the only item; none where it was to stop before."""
        for _ in range(ATTEMPTS):
            worker = self._worker()
            if worker is None:
                return ()
            try:
                is_done, found = worker.ask(column)
            except Killed as error:
                killed = error
            else:
                if not is_done:
                    raise found
                return (found,)
        return () if self._is_to_stop else (killed,)

    @property
    def _is_to_stop(self) -> bool:
        return self._stop.is_set() or self._over.is_set()

    def _worker(self) -> _Worker | None:
        """The thread's process, a new one where there is none at work; None where no unit is to be begun."""
        with self._lock:
            if self._is_to_stop:
                return None
            worker: _Worker | None = getattr(self._own, "worker", None)
            if worker is None or worker.has_ended:
                worker = self._idle.pop() if self._idle else self._new()
                self._own.worker = worker
            return worker

    def _new(self) -> _Worker:
        worker = _Worker(_started(self._descriptor, self._size), self._greeting)
        self._workers.append(worker)
        return worker

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Within, processes are told when to stop; after it there are none."""

        def watch() -> None:
            while not self._over.is_set():
                if self._stop.wait(0.05):
                    self._end(_Worker.stop)
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._over.set()
            self._end(_Worker.kill)
            watcher.join()

    def _end(self, how: Callable[[_Worker], None]) -> None:
        with self._lock:
            for worker in self._workers:
                how(worker)


class _Child(Protocol):
    """What is asked of a process; `subprocess.Popen` has it."""

    @property
    def stdin(self) -> IO[bytes] | None:
        """Goes to it."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """Comes from it."""

    def poll(self) -> int | None:
        """Its exit code, negative of a signal; None while it runs."""

    def wait(self) -> int:
        """The same, at its end."""

    def kill(self) -> None:
        """End it."""


def _started(descriptor: int, size: int) -> _Child:
    """A new process.  Its own session keeps the terminal's Ctrl-C from it."""
    each = str(max(1, (os.cpu_count() or 1) // size))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", CHILD, str(descriptor)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        pass_fds=(descriptor,),
        env={**dict.fromkeys(_THREADS_OF, each), **os.environ},
    )


class _Copy:
    """A copy of this process.  others: those that are copied already, whose pipes are not for this one."""

    def __init__(self, work: Callable[..., Any], cells: Cells, others: Sequence[_Child]) -> None:
        source, to = os.pipe()
        back, results = os.pipe()
        self.stdin: IO[bytes] | None = os.fdopen(to, "wb")
        self.stdout: IO[bytes] | None = os.fdopen(back, "rb")
        not_its = [pipe for child in (*others, self) for pipe in _pipes(child)]

        def run() -> None:
            for pipe in not_its:
                pipe.close()
            work_in_copy(work, cells, source, results)

        self._process = get_context("fork").Process(target=run, daemon=True)
        self._process.start()
        os.close(source)
        os.close(results)

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode or 0

    def kill(self) -> None:
        self._process.kill()


class _Worker:
    """One process.  greeting: what it is told before its first unit."""

    def __init__(self, child: _Child, greeting: bytes) -> None:
        self.child, self._greeting = child, greeting
        self._is_ready = False

    @property
    def has_ended(self) -> bool:
        """Whether it can be asked no more."""
        return self.child.poll() is not None

    def ask(self, column: int) -> tuple[bool, Any]:
        """Whether the work for a unit is done, and what it gives or raises.  Raises `Killed`."""
        to, back = _pipes(self.child)
        try:
            if not self._is_ready:
                to.write(self._greeting)
                to.flush()
                self._is_ready = pickle.load(back) == READY  # noqa: S301 - from our own process
            to.write(pickle.dumps(column))
            to.flush()
            answer: tuple[bool, Any] = pickle.load(back)  # noqa: S301
        except (OSError, ValueError, EOFError, pickle.UnpicklingError):
            self.kill()
            raise Killed(f"its process {how_it_ended(self.child.wait())}") from None
        return answer

    def stop(self) -> None:
        """Tell it to give what it has; one that has nothing yet is ended."""
        if not self._is_ready:
            self.child.kill()
        with suppress(OSError):
            _pipes(self.child)[0].close()

    def kill(self) -> None:
        """End it; the thread that asks it gets no answer."""
        self.child.kill()
        self.child.wait()
        for pipe in _pipes(self.child):
            with suppress(OSError):
                pipe.close()


def _pipes(child: _Child) -> tuple[IO[bytes], IO[bytes]]:
    assert child.stdin is not None
    assert child.stdout is not None
    return child.stdin, child.stdout
