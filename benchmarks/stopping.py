"""What is stopped, stops: by how much every engine exceeds its time limit, and the seconds from a signal to the exit.

    python benchmarks/stopping.py                       60,000 rows x 300 concepts, limits of 1, 5 and 25 s
    python benchmarks/stopping.py --rows 6000 --limits 1

Each line is one run of the command line in a process of its own, on a dense random input that no engine settles.

    over      the unit's seconds, its check included, beyond the limit
    process   the same for the whole process: its seconds without those of a search that takes none
    cpu       seconds of processor time of the process and its children; far below the limit on a busy machine
    signal    seconds from the signal to the exit, the exit code, and the lines that were saved
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ENGINES = [
    ("beam", "chain", 3),
    ("beam", "chain", 8),
    *(("exact", space, length) for space in ("chain", "tree") for length in (3, 5, 8)),
    ("cpsat", "chain", 3),
    ("cpsat", "tree", 5),
    ("maxsat", "chain", 3),
    ("maxsat", "tree", 5),
]
UNLIMITED = [
    *([*["--engine", "beam", "--length", "6"], "--beam-size", size] for size in ("10", "2000")),
    *(
        "--engine exact --space {} --length {}".format(*each).split()
        for each in (("chain", 3), ("tree", 5), ("chain", 8))
    ),
    *(f"--engine {engine} --length 3".split() for engine in ("cpsat", "maxsat", "brute")),
    ["--compat", "vision", "--length", "8", "--beam-size", "2000"],
]
ALLOWED, SHARE, TO_EXIT = 0.5, 0.05, 2.0


@dataclass(frozen=True)
class Ran:
    """A finished process."""

    seconds: float
    cpu: float
    code: int
    lines: list[dict[str, object]]


def dense(rows: int, concepts: int, file: Path) -> Path:
    """A random input, half of everything set."""
    rng = np.random.default_rng(0)
    matrix, neurons = rng.random((rows, concepts)) < 0.5, rng.random((rows, 1)) < 0.5
    np.savez(file, concepts=matrix, neurons=neurons)
    return file


def run(file: Path, options: Sequence[str], *, after: float | None = None, number: int = signal.SIGINT) -> Ran:
    """`compexact explain` with these options; after: send the signal so many seconds after the start."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "compexact.experiments", "explain", str(file), "-o", f"{folder}/run", *options]
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if after is not None:
            time.sleep(after)
            started = time.perf_counter()
            child.send_signal(number)
        code = child.wait()
        seconds = time.perf_counter() - started
        kept = Path(folder, "run", "units.jsonl")
        lines = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ran(seconds, used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, code, lines)


def limits(file: Path, seconds: Sequence[float], engines: Sequence[str]) -> bool:
    """A line for every engine and limit; whether all are kept."""
    kept = True
    print("engine  space  length  limit    over  process     cpu  code  status    (load)")
    for engine, space, length in ENGINES:
        if engine not in engines:
            continue
        options = ["--engine", engine, "--space", space, "--length", str(length)]
        for limit in seconds:
            start = min(run(file, ["--engine", "beam", "--length", "1"]).seconds for _ in range(2))
            ran = run(file, [*options, "--time-limit", str(limit)])
            line = ran.lines[0] if ran.lines else {"seconds": 0.0, "status": "none"}
            over = float(str(line["seconds"])) - limit
            fits = ran.code == 0 and over <= ALLOWED + SHARE * limit
            kept &= fits
            process, load = ran.seconds - start - limit, os.getloadavg()[0]
            print(
                f"{engine:7} {space:6} {length:6} {limit:6g} {over:7.2f} {process:8.2f} {ran.cpu:7.2f} "
                f"{ran.code:5}  {line['status']!s:9} ({load:.1f}){'' if fits else '  TOO LONG'}",
                flush=True,
            )
    return kept


def signals(file: Path, names: Sequence[str], engines: Sequence[str]) -> bool:
    """A line for every search without a limit and signal; whether all leave in time, with one line saved."""
    kept = True
    print("\nsearch, signal: seconds to the exit, code, lines saved")
    start = run(file, ["--engine", "beam", "--length", "1"]).seconds
    for options in UNLIMITED:
        if options[1] not in engines and options[0] != "--compat":
            continue
        for name in names:
            ran = run(file, options, after=1.5 * start + 3, number=getattr(signal, name))
            fits = ran.seconds <= TO_EXIT and ran.code == 130 and len(ran.lines) == 1
            kept &= fits
            print(
                f"{' '.join(options):50} {name:8} {ran.seconds:6.2f} {ran.code:5} {len(ran.lines):3} "
                f"({os.getloadavg()[0]:.1f}){'' if fits else '  NOT AS IT SHOULD BE'}",
                flush=True,
            )
    return kept


def main() -> None:
    """All of it; exit code 1 where something goes on too long."""
    asked = argparse.ArgumentParser(description="How long what is stopped goes on.")
    asked.add_argument("--rows", type=int, default=60_000)
    asked.add_argument("--concepts", type=int, default=300)
    asked.add_argument("--limits", type=float, nargs="*", default=[1, 5, 25])
    asked.add_argument("--signals", nargs="*", default=["SIGINT", "SIGTERM", "SIGHUP"])
    asked.add_argument("--engines", nargs="*", default=["beam", "exact", "cpsat", "maxsat", "brute"])
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = dense(chosen.rows, chosen.concepts, Path(folder, "dense.npz"))
        kept = limits(file, chosen.limits, chosen.engines)
        kept &= not chosen.signals or signals(file, chosen.signals, chosen.engines)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
