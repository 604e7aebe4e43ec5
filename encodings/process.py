"""An outside solver in a process of its own, where a crash, a hang or Ctrl-C cannot take a result along.

CP-SAT swallows Ctrl-C, PySAT holds Python's lock while it solves, and either can run out of memory.  So the parent
starts a child (`child.py`), which writes one JSON line for everything that it finds or proves.  The
parent polls, and at the time limit or on Ctrl-C asks the child to stop, waits a moment for last words, and
kills it.  What was received stays.  A child that has done its job waits a while for the next one, as its start takes
longer than most answers; one that was asked to stop, or failed, is never asked again.

A plain subprocess is used rather than `multiprocessing`: it needs no `__main__` guard in the caller's
script, works in notebooks, and passes text only.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from ..solver.stopping import Stopping

MAX_LINE = 1 << 20
SECONDS_BETWEEN_POLLS = 0.1
GRACE = 0.2
"""Seconds for last words, after a child was asked to stop."""
CHILD = "compexact.encodings.child"
Message = dict[str, Any]


class End(StrEnum):
    """How the child's work ended."""

    DONE = "done"
    TIME = "time limit"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True)
class Ended:
    """How it ended, and for `FAILED` why: one line."""

    end: End
    reason: str | None = None


def run_solver(
    job: Message,
    on_message: Callable[[Message], None],
    stopping: Stopping,
    *,
    arrays: Sequence[np.ndarray] = (),
    grace: float = GRACE,
) -> Ended:
    """Run a job in a child until it is done, dead, or out of time; hand every message over as it comes.

    job: what the child reads, as JSON; `is_last` where the child is to end after it.  arrays: what it reads behind
    that, byte for byte.  stopping: looked at many times a second; the child is gone at most `grace` seconds later.
    Never raises for anything that the child does.
    Ctrl-C, or to be told to stop, gives `INTERRUPTED`; a second Ctrl-C during the grace is raised.
    """
    told: list[bool] = []

    def hear(message: Message) -> None:
        told.append(True)
        on_message(message)

    while (child := _waiting_child()) is not None:
        ended = _run(child, job, hear, stopping, arrays, grace)
        if ended.end is not End.FAILED or told or "error" in child.last:
            return ended
        # It went before it began: it had waited long enough, or somebody killed it.
    return _run(_Child(), job, hear, stopping, arrays, grace)


def _run(
    child: _Child,
    job: Message,
    on_message: Callable[[Message], None],
    stopping: Stopping,
    arrays: Sequence[np.ndarray],
    grace: float,
) -> Ended:
    """As `run_solver`.  However this is left, the child then waits for the next job, or is killed."""
    waits = False
    try:
        sent = child.send(job, arrays)
        try:
            ended = _listen(child, on_message, stopping)
        except KeyboardInterrupt:
            ended = Ended(End.INTERRUPTED)
        if ended.end in (End.TIME, End.INTERRUPTED):
            if sent.is_set():
                drain(child, on_message, grace)
            return ended
        waits = ended.end is End.DONE and not job.get("is_last")
        return ended if ended.end is End.DONE else Ended(End.FAILED, ended.reason or child.why())
    finally:
        if waits:
            _waiting.append(child)
        else:
            child.kill()


class _Child:
    """A process that does one job after the other, and what it says.

    Its own session keeps the terminal's Ctrl-C from it.  `-P` keeps the working folder off its import path.
    """

    def __init__(self) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - `kill` closes it
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            start_new_session=True,
        )
        self.owner = os.getpid()
        self.lines: queue.Queue[bytes | None] = queue.Queue()
        self.last: Message = {}
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        """Its lines, and None after the last."""
        assert self.process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            while line := self.process.stdout.readline(MAX_LINE):
                self.lines.put(line)
        self.lines.put(None)

    def send(self, job: Message, arrays: Sequence[np.ndarray]) -> threading.Event:
        """Send the job without ever blocking the caller; what is given is set once it is sent."""
        self.errors.seek(0)
        self.errors.truncate()
        sent = threading.Event()
        stdin = self.process.stdin
        assert stdin is not None

        def send() -> None:
            with contextlib.suppress(OSError, ValueError):
                stdin.write(json.dumps(job).encode() + b"\n")
                for array in arrays:
                    stdin.write(np.ascontiguousarray(array).data)
                stdin.flush()
            sent.set()

        threading.Thread(target=send, daemon=True).start()
        return sent

    def is_there(self) -> bool:
        """Whether it can be asked, by this process: a copy of this process has the pipes of its original."""
        return self.owner == os.getpid() and self.process.poll() is None

    def kill(self) -> None:
        """For good."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def why(self) -> str:
        """One line about a child that went without a last message."""
        try:
            code = self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "the solver's process closed its output"
        self.errors.seek(0)
        lines = self.errors.read()[-4000:].decode(errors="replace").strip().splitlines() if code >= 0 else []
        return f"the solver's process {how_it_ended(code)}" + (f": {lines[-1]}" if lines else "")


_waiting: list[_Child] = []
"""Those that have done their jobs."""


def _waiting_child() -> _Child | None:
    while _waiting:
        child = _waiting.pop()
        if child.is_there():
            return child
        if child.owner == os.getpid():
            child.kill()
    return None


@atexit.register
def end_waiting_children() -> None:
    """No process waits for another job."""
    while (child := _waiting_child()) is not None:
        child.kill()


def _listen(child: _Child, on_message: Callable[[Message], None], stopping: Stopping) -> Ended:
    while True:
        if stopping.should_stop():
            return Ended(End.INTERRUPTED)
        if not stopping.seconds_left:
            return Ended(End.TIME)
        try:
            line = child.lines.get(timeout=min(stopping.seconds_left, SECONDS_BETWEEN_POLLS))
        except queue.Empty:
            continue
        if line is None:
            return Ended(End.FAILED)
        message = _parsed(line)
        if message is None:
            message = {"error": "the solver's process wrote something that is no message"}
        child.last = message
        if "error" in message:
            return Ended(End.FAILED, str(message["error"]))
        if "done" in message:
            return Ended(End.DONE)
        on_message(message)


def _parsed(line: bytes) -> Message | None:
    """The message of a whole line; None for anything else."""
    if not line.endswith(b"\n"):
        return None
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def drain(child: _Child, on_message: Callable[[Message], None], grace: float) -> None:
    """Ask the child to stop by closing its input; take what it still says until it is silent or time is up."""
    assert child.process.stdin is not None
    with contextlib.suppress(OSError):
        child.process.stdin.close()
    until = time.monotonic() + grace
    while (left := until - time.monotonic()) > 0:
        try:
            line = child.lines.get(timeout=left)
        except queue.Empty:
            return
        message = None if line is None else _parsed(line)
        if message is None or "done" in message or "error" in message:
            return
        on_message(message)


def how_it_ended(code: int) -> str:
    """What a process's return code says."""
    if code >= 0:
        return f"left with code {code}"
    name = signal.Signals(-code).name
    more = ": it may have run out of memory" if name in ("SIGKILL", "SIGABRT") else ""
    return f"was ended by {name}{more}"
