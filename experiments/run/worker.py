"""The side of `workers.py` that works: a process that is given one unit after the other.

Both ways go pickles between parent and child: first the import path, then the work and where the cells are, unless the
child is a copy of the parent; then a column for every unit, and back whether the work is done, with what it gave or
raised.  The input's end means to stop.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, Any

from ...encodings.parents import die_with_parent
from ...solver.cells import Cells
from .interrupts import ignore_interrupts

READY = "ready"
READINESS = 500
"""To be ended where memory runs out: before the parent, and after an outside solver."""


def main() -> None:
    """Work until the input ends."""
    results = _prepared()
    source = sys.stdin.buffer
    sys.path[:] = pickle.load(source)  # noqa: S301 - from the parent
    work, shared = pickle.load(source)  # noqa: S301
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        cells = shared.open(file)
    _serve(work, cells, source, results)


def work_in_copy(work: Callable[..., Any], cells: Cells, source: int, results: int) -> None:
    """The same in a copy of the parent, which has work and cells already.  source, results: descriptors."""
    os.setsid()
    os.dup2(results, 1)
    os.close(results)
    _serve(work, cells, os.fdopen(source, "rb"), _prepared())


def _prepared() -> IO[bytes]:
    """Where results go; what anything prints goes to stderr."""
    ignore_interrupts()
    die_with_parent(READINESS)
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return results


def _serve(work: Callable[..., Any], cells: Cells, source: IO[bytes], results: IO[bytes]) -> None:
    columns, stop = _received(source)
    with suppress(BrokenPipeError):
        _send(results, READY)
        while (column := columns.get()) is not None and not stop.is_set():
            _send(results, _answer(partial(work, cells, column, stop.is_set)))


def _received(source: Any) -> tuple[queue.Queue[int | None], threading.Event]:
    """The columns as they come, None after the last; and whether the input has ended, also in the middle of a unit."""
    columns: queue.Queue[int | None] = queue.Queue()
    stop = threading.Event()

    def receive() -> None:
        with suppress(EOFError, pickle.UnpicklingError):
            while True:
                columns.put(pickle.load(source))  # noqa: S301
        stop.set()
        columns.put(None)

    threading.Thread(target=receive, daemon=True).start()
    return columns, stop


def _answer(work: Callable[[], Any]) -> tuple[bool, Any]:
    """(True, what it gives) or (False, what it raises)."""
    try:
        return True, work()
    except BaseException as error:  # the parent raises it
        error.add_note(traceback.format_exc())
        return False, error


def _send(results: Any, message: Any) -> None:
    import cloudpickle

    try:
        content = cloudpickle.dumps(message)
    except Exception as error:
        content = pickle.dumps((False, TypeError(f"what was found of a unit cannot be sent: {error}")))
    results.write(content)
    results.flush()


if __name__ == "__main__":
    main()
