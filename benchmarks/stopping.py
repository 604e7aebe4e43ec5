"""What is stopped, stops: by how much every engine exceeds its time limit, and the seconds from a signal to the exit.

    python benchmarks/stopping.py                       60,000 rows x 300 concepts, limits of 1, 5 and 25 s
    python benchmarks/stopping.py --rows 6000 --limits 1 --only exact

Each line is one run of the command line in a process of its own, on a dense random input that no engine settles.

    over      the unit's seconds, its check included, beyond the limit
    process   the same for the whole process: its seconds without those of the same search with a limit of 0.001 s
    cpu       seconds of processor time of the process and its children; far below the limit on a busy machine
    signal    seconds from the signal to the exit, the exit code, and the lines that were saved

The models of cpsat and maxsat would not fit into the memory: they are refused, so both are asked about a sample, too.
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

OUTSIDE = [
    f"--engine {engine} {question}"
    for engine in ("cpsat", "maxsat")
    for question in ("--length 3", "--length 3 --sample 4000", "--space tree --length 5 --sample 2000")
]
LIMITED = [
    *(f"--engine beam --length 6 --beam-size {size}" for size in (10, 2000)),
    *(f"--engine exact --space {space} --length {length}" for space in ("chain", "tree") for length in (3, 5, 8)),
    *OUTSIDE,
]
UNLIMITED = [
    ("--engine beam --length 6 --beam-size 200", 3.0),
    *((options, 4.0) for options in LIMITED[1:] if options not in OUTSIDE),
    *((options, 6.0) for options in OUTSIDE if "--sample" in options),
    ("--engine brute --length 3", 3.0),
    ("--compat vision --length 8 --beam-size 2000", 3.0),
]
"""Searches, and the seconds from their start to the signal; a beam of 10 has ended before one can come."""
ALLOWED, SHARE, TO_EXIT = 0.5, 0.05, 2.0


@dataclass(frozen=True)
class Ran:
    """A finished process.  seconds: of all of it, or from the signal on."""

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


def run(file: Path, options: str, *, after: float | None = None, number: int = signal.SIGINT) -> Ran:
    """`compexact explain` with these options; after: send the signal this many seconds after the work has begun."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "run")
        command = [sys.executable, "-m", "compexact.experiments", "explain", file, "-o", folder, *options.split()]
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if after is not None:
            while not (folder / "log.txt").exists() and child.poll() is None:
                time.sleep(0.01)
            time.sleep(after)
            started = time.perf_counter()
            child.send_signal(number)
        code = child.wait()
        seconds = time.perf_counter() - started
        kept = folder / "units.jsonl"
        lines = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ran(seconds, used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, code, lines)


def limits(file: Path, seconds: Sequence[float], only: str) -> bool:
    """A line for every engine and limit; whether all are kept."""
    kept = True
    print(f"{'search':52}  limit    over  process     cpu  code  status    (load)")
    for options in (options for options in LIMITED if only in options):
        start = run(file, f"{options} --time-limit 0.001").seconds
        for limit in seconds:
            ran = run(file, f"{options} --time-limit {limit}")
            line = ran.lines[0] if ran.lines else {"seconds": 0.0, "status": "none"}
            over = float(str(line["seconds"])) - limit
            fits = ran.code == 0 and over <= ALLOWED + SHARE * limit
            kept &= fits
            process, load = ran.seconds - start - limit, os.getloadavg()[0]
            print(
                f"{options:52} {limit:6g} {over:7.2f} {process:8.2f} {ran.cpu:7.2f} "
                f"{ran.code:5}  {line['status']!s:9} ({load:.1f}){'' if fits else '  TOO LONG'}",
                flush=True,
            )
    return kept


def signals(file: Path, names: Sequence[str], only: str) -> bool:
    """A line for every search without a limit and signal; whether all leave in time, with one line saved."""
    kept = True
    print("\nsearch, signal: seconds to the exit, code, lines saved")
    for options, after in (each for each in UNLIMITED if only in each[0]):
        for name in names:
            ran = run(file, options, after=after, number=getattr(signal, name))
            fits = ran.seconds <= TO_EXIT and ran.code == 130 and len(ran.lines) == 1
            kept &= fits
            print(
                f"{options:52} {name:8} {ran.seconds:6.2f} {ran.code:5} {len(ran.lines):3} "
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
    asked.add_argument("--only", default="", help="searches whose options have this text, such as exact")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = dense(chosen.rows, chosen.concepts, Path(folder, "dense.npz"))
        kept = not chosen.limits or limits(file, chosen.limits, chosen.only)
        kept &= not chosen.signals or signals(file, chosen.signals, chosen.only)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
