"""Local search beside beams: gain in IoU over a beam of 10 and CPU seconds per unit, by length.

    python benchmarks/local.py [--lengths 3,5,6,8,10,20,30] [--every 20] [--beams 100,1000] [--seeds 8]

SqueezeNet on real images, every 20th unit.  `local` is the engine as it is; `best of 8` the best that it finds with as
many seeds, which stands for the optimum where that is not known; up to five concepts the optimum is proven.  One run,
one thread, compiling left out.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import inputs
import numpy as np

from compexact.solver import Problem, SearchResult, beam_search, exact_search, local_search

PROVEN = 5
Search = Callable[[Problem], SearchResult]


@dataclass(frozen=True)
class Timed:
    """IoU of every unit, float64, and CPU seconds per unit."""

    ious: np.ndarray
    seconds: float


def timed(search: Search, problems: list[Problem]) -> Timed:
    started = time.process_time()
    found = [search(problem) for problem in problems]
    seconds = (time.process_time() - started) / len(problems)
    return Timed(np.array([float(result.best.iou) if result.best else 0.0 for result in found]), seconds)


def best_of(seeds: int, length: int, problem: Problem) -> SearchResult:
    """The best of several seeds."""
    runs = [local_search(problem, max_length=length, seed=seed) for seed in range(seeds)]
    return max(runs, key=lambda run: run.best.iou if run.best else 0)


def searches(length: int, options: argparse.Namespace) -> dict[str, Search]:
    """What stands side by side, the yardstick last."""
    beams = {f"beam {size}": partial(beam_search, max_length=length, beam_size=size) for size in options.beams}
    if length <= PROVEN:
        last: dict[str, Search] = {"optimum": partial(exact_search, max_length=length)}
    else:
        last = {f"best of {options.seeds}": partial(best_of, options.seeds, length)}
    return {**beams, "local": partial(local_search, max_length=length), **last}


def row(length: int, problems: list[Problem], options: argparse.Namespace) -> str:
    """One length: every search's mean gain over a beam of 10, and what local search misses of the yardstick."""
    base = timed(partial(beam_search, max_length=length), problems)
    runs = {name: timed(search, problems) for name, search in searches(length, options).items()}
    met = base.ious > 0
    cells = [f"beam 10 {base.seconds:.3f} s"]
    for name, run in runs.items():
        cells.append(f"{name} {np.mean(run.ious[met] / base.ious[met] - 1):+.1%} ({run.seconds:.3f} s)")
    local, best = runs["local"].ious[met], list(runs.values())[-1].ious[met]
    missed = f"local misses {np.mean(1 - local / best):.2%}, nothing on {np.sum(local == best)} of {len(best)} units"
    return f"length {length:>2}: {'; '.join(cells)}; {missed}"


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", type=numbers, default=[3, 5, 6, 8, 10, 20, 30], help="with commas between")
    parser.add_argument("--every", type=int, default=20, help="every how many units one is taken (default %(default)s)")
    parser.add_argument("--beams", type=numbers, default=[100, 1000], help="beam sizes beside 10")
    parser.add_argument("--seeds", type=int, default=8, help="of the yardstick beyond five concepts (%(default)s)")
    options = parser.parse_args()
    probe = inputs.squeezenet_probe()
    if probe is None:
        parser.error("the real images are not beside the project")
    problems = [Problem.of(probe.cells, unit) for unit in range(0, len(probe.cells.unit_names), options.every)]
    for search in (beam_search, local_search, exact_search):
        search(problems[0], max_length=3)
    for length in options.lengths:
        print(row(length, problems, options), flush=True)


if __name__ == "__main__":
    main()
