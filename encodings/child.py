"""The child's side of `process.py`: read a job, solve round by round, write what is found and proven.

Messages, one JSON object a line: `{"formula": text}` a formula; `{"target": [p, q], "bound": U}` no formula has
q A - p B above U (`encodings/target.py`); `{"done": true}`; `{"error": text}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
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


def main() -> None:
    """Do the one job that stands on the input."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    die_with_parent(1000)

    def emit(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    job = json.loads(sys.stdin.buffer.readline())
    started, limit = time.monotonic(), job["seconds"]
    problem = problem_of(job["problem"], sys.stdin.buffer)
    channel = Channel(emit, lambda: None if limit is None else limit - (time.monotonic() - started))
    _stop_on_request(channel)
    _limit_memory(job["bytes"])
    try:
        solver, shape = SOLVERS[job["solver"]], Shape(job["space"], job["length"])
        start, seed = parse(job["start"]), job["seed"]
        search(problem, shape, start, solver.solve_round(), channel, seed, solver.solve_case())
        emit({"done": True})
    except MemoryError:
        emit({"error": "the solver ran out of memory"})
    except Exception as error:  # the parent reports it
        emit({"error": f"the solver failed: {type(error).__name__}: {error}"})


def _stop_on_request(channel: Channel) -> None:
    """The input's end stops the solver as soon as Python gets a turn: the parent closed it, or is gone."""

    def wait() -> None:
        sys.stdin.buffer.read()
        channel.stopped.set()
        for stop in list(channel.on_stop):
            with contextlib.suppress(RuntimeError):
                stop()

    threading.Thread(target=wait, daemon=True).start()


def _limit_memory(most: int) -> None:
    """Where the system can: what needs more ends with an error, and takes no other process along."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    main()
