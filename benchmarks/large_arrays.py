"""Arrays larger than one likes to hold: `probe arrays` on a folder of portions, and what it takes per row.

    python benchmarks/large_arrays.py                   a million rows of 5,000 concepts and 4,096 units
    python benchmarks/large_arrays.py --rows 30000 100000

Rows are like words under a sparse autoencoder: 31 concepts each, frequent ones first (Zipf), and 64 active units.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CONCEPTS, PER_ROW, UNITS, ACTIVE = 5_000, 31, 4_096, 64
PORTION = 50_000


def distinct(rng: np.random.Generator, rows: int, per_row: int, frequency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compressed sparse rows of at most `per_row` distinct columns each."""
    drawn = np.sort(rng.choice(len(frequency), (rows, per_row), p=frequency), axis=1)
    is_new = np.concatenate([np.ones((rows, 1), bool), drawn[:, 1:] != drawn[:, :-1]], axis=1)
    return np.concatenate([[0], np.cumsum(is_new.sum(axis=1))]), drawn[is_new].astype(np.int32)


def write(folder: Path, rows: int) -> None:
    frequency = 1 / np.arange(10, CONCEPTS + 10)
    names = {
        "concept_names": np.array([f"c{i}" for i in range(CONCEPTS)]),
        "unit_names": np.array([str(i) for i in range(UNITS)]),
    }
    for number, start in enumerate(range(0, rows, PORTION)):
        rng = np.random.default_rng([0, number])
        n = min(PORTION, rows - start)
        concepts = distinct(rng, n, PER_ROW, frequency / frequency.sum())
        units = distinct(rng, n, ACTIVE, np.full(UNITS, 1 / UNITS))
        parts = ("indptr", "indices")
        np.savez(
            folder / f"{number:04d}.npz",
            **names,
            **{f"concepts_{part}": array for part, array in zip(parts, concepts)},
            **{f"neurons_{part}": array for part, array in zip(parts, units)},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    for rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory() as place:
            folder, probe = Path(place) / "arrays", Path(place) / "probe"
            folder.mkdir()
            write(folder, rows)
            command = [sys.executable, "-m", "compexact.experiments", "probe", "arrays", str(folder), "-o", str(probe)]
            began = time.monotonic()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, used = os.wait4(process.pid, 0)
            size = sum(file.stat().st_size for file in probe.rglob("*"))
            print(
                f"{rows:,} rows: {time.monotonic() - began:.1f} s wall, {used.ru_utime + used.ru_stime:.1f} s CPU, "
                f"peak {used.ru_maxrss / 1e6:.2f} GB, {size / 1e6:,.0f} MB on disk, exit {status}; "
                f"asked for 1,000,000: 600 s and 6 GB",
                flush=True,
            )


if __name__ == "__main__":
    main()
