"""An outside solver in a process of its own, where a crash, a hang or Ctrl-C cannot take a result along.

CP-SAT swallows Ctrl-C, PySAT holds Python's lock while it solves, and either can run out of memory.  So the parent
starts a child (`child.py`), which writes one JSON line for everything that it finds or proves.  The
parent polls, and at the time limit or on Ctrl-C asks the child to stop, waits a moment for last words, and
kills it.  What was received stays.

A plain subprocess is used rather than `multiprocessing`: it needs no `__main__` guard in the caller's
script, works in notebooks, and passes text only.
"""

from __future__ import annotations

import contextlib
import json
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
from typing import IO, Any

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

    job: what the child reads, as JSON.  arrays: what it reads behind that, byte for byte.  stopping: looked at many
    times a second; the child is gone at most `grace` seconds later.  Never raises for anything that the child does.
    Ctrl-C, or to be told to stop, gives `INTERRUPTED`; a second Ctrl-C during the grace is raised.
    """
    with tempfile.TemporaryFile() as errors, _started(errors) as child:
        messages, sent = _stream(child, job, arrays)
        try:
            ended = _listen(messages, on_message, stopping)
        except KeyboardInterrupt:
            ended = Ended(End.INTERRUPTED)
        if ended.end in (End.TIME, End.INTERRUPTED):
            if sent.is_set():
                drain(child, messages, on_message, grace)
            return ended
        return ended if ended.end is End.DONE else Ended(End.FAILED, ended.reason or _why(child, errors))


@contextlib.contextmanager
def _started(errors: IO[bytes]) -> Any:
    """The child, killed at the latest when the block is left.

    Its own session keeps the terminal's Ctrl-C from it.  `-P` keeps the working folder off its import path.
    """
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()


def _stream(
    child: subprocess.Popen[bytes], job: Message, arrays: Sequence[np.ndarray]
) -> tuple[queue.Queue[bytes | None], threading.Event]:
    """Send the job and collect the child's lines, without ever blocking the caller.

    Gives the queue of lines, None after the last, and whether the job is sent.
    """
    messages: queue.Queue[bytes | None] = queue.Queue()
    sent = threading.Event()
    assert child.stdin is not None
    assert child.stdout is not None
    stdin, stdout = child.stdin, child.stdout

    def send() -> None:
        with contextlib.suppress(OSError, ValueError):
            stdin.write(json.dumps(job).encode() + b"\n")
            for array in arrays:
                stdin.write(np.ascontiguousarray(array).data)
            stdin.flush()
        sent.set()

    def receive() -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := stdout.readline(MAX_LINE):
                messages.put(line)
        messages.put(None)

    for work in (send, receive):
        threading.Thread(target=work, daemon=True).start()
    return messages, sent


def _listen(messages: queue.Queue[bytes | None], on_message: Callable[[Message], None], stopping: Stopping) -> Ended:
    while True:
        if stopping.should_stop():
            return Ended(End.INTERRUPTED)
        if not stopping.seconds_left:
            return Ended(End.TIME)
        try:
            line = messages.get(timeout=min(stopping.seconds_left, SECONDS_BETWEEN_POLLS))
        except queue.Empty:
            continue
        if line is None:
            return Ended(End.FAILED)
        message = _parsed(line)
        if message is None:
            return Ended(End.FAILED, "the solver's process wrote something that is no message")
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


def drain(
    child: subprocess.Popen[bytes],
    messages: queue.Queue[bytes | None],
    on_message: Callable[[Message], None],
    grace: float,
) -> None:
    """Ask the child to stop by closing its input; take what it still says until it is silent or time is up."""
    assert child.stdin is not None
    with contextlib.suppress(OSError):
        child.stdin.close()
    until = time.monotonic() + grace
    while (left := until - time.monotonic()) > 0:
        try:
            line = messages.get(timeout=left)
        except queue.Empty:
            return
        message = None if line is None else _parsed(line)
        if message is None or "done" in message or "error" in message:
            return
        on_message(message)


def _why(child: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    """One line about a child that went without a last message."""
    try:
        code = child.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return "the solver's process closed its output"
    errors.seek(0)
    lines = errors.read()[-4000:].decode(errors="replace").strip().splitlines() if code >= 0 else []
    return f"the solver's process {how_it_ended(code)}" + (f": {lines[-1]}" if lines else "")


def how_it_ended(code: int) -> str:
    """What a process's return code says."""
    if code >= 0:
        return f"left with code {code}"
    name = signal.Signals(-code).name
    more = ": it may have run out of memory" if name in ("SIGKILL", "SIGABRT") else ""
    return f"was ended by {name}{more}"
