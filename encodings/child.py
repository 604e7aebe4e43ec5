"""The child's side of `process.py`: read a job, solve round by round, write what is found and proven; then the next.

Messages, one JSON object a line: `{"formula": text}` a formula; `{"target": [p, q], "bound": U}` no formula has
q A - p B above U (`encodings/target.py`); `{"done": true}`; `{"error": text}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from ..solver.cells import ConceptRows
from ..solver.formula import Formula
from ..solver.parsing import parse
from ..solver.problem import Problem
from .cases import CaseSearch, SolveCase, suits
from .channel import Channel, Round
from .parents import die_with_parent
from .shape import Alphabet, Shape
from .solvers import SOLVERS
from .target import Target

SECONDS_OF_WAITING = 30.0
"""For the next job."""


def search(
    problem: Problem,
    shape: Shape,
    start: Formula,
    solve: Round,
    channel: Channel,
    seed: int,
    solve_case: SolveCase | None = None,
) -> Formula:
    """The best formula: by cases (`cases.py`) where these suit, else by rounds.

    Each round maximises the value for the last answer's IoU (Dinkelbach 1967).  Then, where the best is proven, shorter
    formulas of the same IoU are looked for: ties go to the shortest.
    """
    best, proven = start, False
    if solve_case is not None and suits(problem, shape):
        found, proven = CaseSearch(problem, shape.length, best, channel).run(solve_case, seed)
        best = found or best
    alphabet = Alphabet.of(problem, shape.space)
    while not proven and not channel.is_over:
        target = Target.of(problem, problem.explain(best).iou)
        found, closed = solve(shape, alphabet, target, best, channel, seed)
        if found is not None and problem.explain(found).iou > target.iou:
            best = found
        elif closed:
            proven = True
            channel.bound(target, target.floor)
        else:
            return best
    while proven and best.length > 1 and not channel.is_over:
        shorter = Shape(shape.space, best.length - 1)
        if solve_case is not None and suits(problem, shorter):
            equal, settled = CaseSearch(problem, shorter.length, best, channel, or_equal=True).run(solve_case, seed)
        else:
            equal, settled = None, False
        if not settled:
            target = Target.of(problem, problem.explain(best).iou)
            equal, _ = solve(shorter, alphabet, target, None, channel, seed)
        if equal is None:
            break
        best = equal
        channel.formula(best)
    return best


def problem_record(problem: Problem) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The problem as JSON, and the arrays that follow it; concepts are named by their numbers."""
    arrays: dict[str, np.ndarray] = {
        "indptr": problem.concepts.indptr.astype(np.int64),
        "indices": problem.concepts.indices.astype(np.int32),
        "weights": problem.weights.astype(np.int64),
        "active": problem.active.astype(np.int64),
    }
    sizes = {name: len(array) for name, array in arrays.items()}
    return {"n_concepts": len(problem.concepts.names), "sizes": sizes}, list(arrays.values())


def problem_of(record: dict[str, Any], stream: IO[bytes]) -> Problem:
    """The problem of a `problem_record`; its arrays are next in the stream."""
    n, sizes = record["n_concepts"], record["sizes"]

    def read(name: str, dtype: type) -> np.ndarray:
        return np.frombuffer(bytearray(stream.read(sizes[name] * np.dtype(dtype).itemsize)), dtype=dtype)

    indptr, indices = read("indptr", np.int64), read("indices", np.int32)
    weights, active = read("weights", np.int64), read("active", np.int64)
    return Problem(ConceptRows(tuple(map(number_name, range(n))), ("",) * n, indptr, indices), weights, active, "")


def number_name(column: int) -> str:
    """What a concept is called on the way to the child and back: no name can upset the parser."""
    return f"c{column}"


@dataclass(frozen=True)
class Job:
    """What is asked, and the time of `time.monotonic()` when it came."""

    asked: dict[str, Any]
    problem: Problem
    came: float

    def seconds_left(self) -> float | None:
        """None where there is no limit."""
        limit: float | None = self.asked["seconds"]
        return None if limit is None else limit - (time.monotonic() - self.came)


class Jobs:
    """The jobs on the input, read by a thread of its own, so that the input's end is seen during a job.

    That end stops the solver as soon as Python gets a turn: the parent closed it, or is gone.
    """

    def __init__(self, emit: Callable[[dict[str, Any]], None]) -> None:
        self._emit = emit
        self._channel: Channel | None = None
        self._ended = threading.Event()
        self._read: queue.SimpleQueue[Job | MemoryError | None] = queue.SimpleQueue()
        threading.Thread(target=self._read_all, daemon=True).start()

    def next(self, seconds: float) -> Job | None:
        """The one that comes next; None at the end, and where none comes for so long."""
        try:
            job = self._read.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(job, MemoryError):
            raise job
        return job

    def channel(self, job: Job) -> Channel:
        """The job's, which is stopped at the input's end."""
        self._channel = Channel(self._emit, job.seconds_left)
        if self._ended.is_set():
            self._stop()
        return self._channel

    def _read_all(self) -> None:
        try:
            # Not `sys.stdin`, which Python cannot close while this waits for a line.
            with open(0, "rb", closefd=False) as stream:
                while line := stream.readline():
                    asked, came = json.loads(line), time.monotonic()
                    _limit_memory(asked["bytes"])
                    self._read.put(Job(asked, problem_of(asked["problem"], stream), came))
        except MemoryError as error:
            self._read.put(error)
        finally:
            self._ended.set()
            self._stop()
            self._read.put(None)

    def _stop(self) -> None:
        if self._channel is not None:
            self._channel.stopped.set()
            for stop in list(self._channel.on_stop):
                with contextlib.suppress(RuntimeError):
                    stop()


def main() -> None:
    """Do the jobs that come on the input, as long as they come soon one after the other."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    die_with_parent(1000)

    def emit(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    jobs = Jobs(emit)
    try:
        while (job := jobs.next(SECONDS_OF_WAITING)) is not None:
            _do(job, jobs.channel(job))
            emit({"done": True})
    except MemoryError:
        emit({"error": "the solver ran out of memory"})
    except Exception as error:  # the parent reports it
        emit({"error": f"the solver failed: {type(error).__name__}: {error}"})


def _do(job: Job, channel: Channel) -> None:
    asked = job.asked
    solver, shape = SOLVERS[asked["solver"]], Shape(asked["space"], asked["length"])
    start, seed = parse(asked["start"]), asked["seed"]
    search(job.problem, shape, start, solver.solve_round(), channel, seed, solver.solve_case())


def _limit_memory(most: int) -> None:
    """Where the system can: what needs more ends with an error, and takes no other process along."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    main()
