"""Exact search: CPU seconds to find and prove the optimum, and to check the proof.

    python benchmarks/exact.py [--parts a,b,c,d,g,t,o,e,n,f] [--all] [--limit 60]

    a  SqueezeNet on real images, all 512 units, length 3
    b  the same, length 4: every 10th unit, or with --all every one
    c  the same, units 0, 10, ..., 510, length 5
    d  the same units, lengths 6, 8 and 10, stopped after --limit seconds each; with --all every unit
    g  the same, units 0, 20, ..., 500, length 20
    t  trees of 6 leaves, units 0, 10, ..., 510
    o  the engines cpsat and maxsat, the same images, units 0, 50, ..., 500, lengths 3, 6 and 10, as t; with --all
       every 10th unit, of length 3 every one
    e  sentence-pair-like input, 20 units, lengths 3, 4 and 5
    n  real sentence pairs: 40 of the units with 500 active pairs, those lengths; with --all every one
    f  300 concepts x 500 images of 28 x 28 with dense masks, length 3: what the first unit takes, and each further

Seconds are those of this process on the CPU, on one thread; reading, merging and compiling are left out.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import itertools
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import inputs
import numpy as np

from compexact.encodings.solvers import SOLVERS
from compexact.experiments.run.engines import explain_unit
from compexact.experiments.run.settings import SearchSettings
from compexact.solver import (
    Cells,
    Explanation,
    Problem,
    SearchResult,
    Status,
    beam_search,
    exact_search,
    from_arrays,
    local_search,
)
from compexact.solver.certify import certified
from compexact.solver.metrics import rounded_up

SIDE = 28
ACTIVE_PAIRS = 500
"""Units of sentence-pair models that are active on fewer are left out, as the paper does."""
SHORT = 5
"""Up to so many concepts the optimum is had at once; beyond, local search is of use."""


@dataclass(frozen=True)
class Timed:
    """One unit's checked answer; CPU seconds of search and check; the beam's formula, and that of local search."""

    result: SearchResult
    search: float
    check: float
    beam: Explanation | None
    local: Explanation | None

    @property
    def iou(self) -> Fraction:
        return self.result.best.iou if self.result.best else Fraction(0)

    @property
    def beam_iou(self) -> Fraction:
        return self.beam.iou if self.beam else Fraction(0)


def timed(problem: Problem, length: int, limit: float | None, space: str = "chain") -> Timed:
    """Search, then check; the others apart, for comparison.  limit: wall-clock seconds of the search."""
    started = time.process_time()
    found = exact_search(problem, max_length=length, space=space, time_limit=limit)
    searched = time.process_time()
    result = certified(problem, found)
    checked = time.process_time()
    beam = beam_search(problem, max_length=length).best
    local = local_search(problem, max_length=length).best if length > SHORT else None
    return Timed(result, searched - started, checked - searched, beam, local)


def warm_up() -> None:
    """Compile whatever is compiled at the first call."""
    for length in (1, 3, 5, 7):
        timed(Problem.of(inputs.sentence_pairs(200, 20, 3, 1), 0), length, None)
    # Those were dense; here what pairs share is added up cell by cell.
    timed(Problem.of(inputs.sentence_pairs(2000, 200, 3, 1), 0), 3, None)


def run_units(
    title: str, cells: Cells, units: Iterable[int], length: int, limit: float | None, space: str = "chain"
) -> None:
    """One part of the table: every unit, then the summary."""
    print(f"{title}, length {length} ({len(cells):,} cells, {len(cells.concepts.names):,} concepts)", flush=True)
    runs = [timed(Problem.of(cells, unit), length, limit, space) for unit in units]
    print("\n".join(f"   {line}" for line in summary(runs)), flush=True)


def summary(runs: Sequence[Timed]) -> list[str]:
    """The figures asked for, as lines of text."""
    search, check = (np.array([getattr(run, name) for run in runs]) for name in ("search", "check"))
    slowest = runs[int(search.argmax())]
    optimal = sum(run.result.status is Status.OPTIMAL for run in runs)
    degenerate = sum(run.result.status is Status.DEGENERATE for run in runs)
    lines = [
        f"search  {search.sum():8.2f} s, {search.mean():.4f} per unit; slowest {search.max():.2f}, "
        f"unit {slowest.result.unit}",
        f"check   {check.sum():8.2f} s, {check.sum() / search.sum():.2f} of the search",
        f"optimal {optimal:5} of {len(runs)} units, each checked" + (f"; {degenerate} degenerate" * bool(degenerate)),
    ]
    better = [run.iou / run.beam_iou - 1 for run in runs if run.iou > run.beam_iou > 0]
    if better:
        lines.append(f"beam of 10 below it on {len(better)} units, the optimum up to {float(max(better)):.0%} higher")
    proven = [run for run in runs if run.local and run.result.status is Status.OPTIMAL and run.iou]
    if proven and all(run.result.space == "chain" for run in proven):
        missed = [1 - run.local.iou / run.iou for run in proven if run.local]
        lines.append(
            f"local search below it on {sum(share > 0 for share in missed)} units, "
            f"by {float(np.mean([float(share) for share in missed])):.2%} on average of all"
        )
    if optimal + degenerate < len(runs):
        lines += open_lines(runs)
    return lines


def open_lines(runs: Sequence[Timed]) -> list[str]:
    """What is proven where the optimum is not."""
    left = [run for run in runs if run.result.status is Status.BOUNDED and run.result.bound is not None]
    gaps = [rounded_up(run.result.bound - run.iou) for run in left]
    relative = [float((run.result.bound - run.iou) / run.result.bound) for run in left]
    lower = [run for run in left if run.result.bound < run.result.ceiling]
    worse = [run for run in runs if run.iou < run.beam_iou]
    return [
        f"open    {len(left):5} units: mean gap {np.mean(gaps):.4f} (bound - IoU), "
        f"{np.mean(relative):.1%} of the bound; the largest {max(gaps):.4f}",
        f"        bound below the ceiling on {len(lower)} of them; IoU below the beam's on {len(worse)}",
    ]


def blobs(rng: np.random.Generator, concepts: int, images: int, kind: str) -> np.ndarray:
    """bool (concepts, images * 28 * 28): an ellipse per concept in some images.

    sparse: in a tenth of the images, 3 to 9 points wide.  dense: in half of them, 8 to 20 points wide.
    """
    share, least, most = {"sparse": (0.1, 3, 9), "dense": (0.5, 8, 20)}[kind]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    masks = np.zeros((concepts, images, SIDE, SIDE), dtype=bool)
    for concept, image in np.argwhere(rng.random((concepts, images)) < share):
        height, width = rng.integers(least, most + 1, 2) / 2
        top, left = rng.uniform(0, SIDE, 2)
        masks[concept, image] = ((rows - top) / height) ** 2 + ((columns - left) / width) ** 2 <= 1
    return masks.reshape(concepts, -1)


def image_masks(concepts: int, images: int, kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Concepts, bool (concepts, points), and a unit, bool (points,): a noisy `(c0 AND c1) OR c2`."""
    rng = np.random.default_rng(seed)
    masks = blobs(rng, concepts, images, kind)
    planted = (masks[0] & masks[1]) | masks[2]
    points = masks.shape[1]
    return masks, np.where(planted, rng.random(points) < 0.7, rng.random(points) < 0.005)


def real(
    lengths: Sequence[int],
    units: slice,
    limit: Callable[[argparse.Namespace], float | None],
    space: str = "chain",
) -> Callable:
    def part(name: str, options: argparse.Namespace) -> None:
        probe = inputs.squeezenet_probe()
        if probe is None:
            print(f"{name}  the real images are not beside the project; their figures are left out")
            return
        chosen = range(512)[slice(None) if name in ("b", "d") and options.all else units]
        title = f"{name}  SqueezeNet on real images, {space}s, {len(chosen)} units"
        for length in lengths:
            run_units(title, probe.cells, chosen, length, limit(options), space)

    return part


def outside(name: str, options: argparse.Namespace) -> None:
    probe = inputs.squeezenet_probe()
    if probe is None:
        return
    for engine, length in itertools.product(SOLVERS, (3, 6, 10)):
        step = (1 if length == 3 else 10) if options.all else 50
        settings = SearchSettings(engine=engine, max_length=length, time_limit=options.limit)
        seconds, results = [], []
        for unit in range(0, 512, step):
            before = cpu_seconds()
            results.append(explain_unit(probe.cells, unit, settings))
            seconds.append(cpu_seconds() - before)
        claimed = [result.best and result.bound == result.best.iou for result in results]
        certified_ones = sum(result.status is Status.OPTIMAL for result in results)
        print(
            f"{name}  {engine}, length {length}, {len(results)} units: closed {sum(claimed)}, of these certified "
            f"{certified_ones}; with its process and the certificate mean {np.mean(seconds):.1f} s, median "
            f"{np.median(seconds):.1f}, slowest {max(seconds):.1f}",
            flush=True,
        )
        rest = [result for result, closed in zip(results, claimed) if not closed]
        if rest:
            print("\n".join(f"   {line}" for line in open_lines([Timed(result, 0, 0, None, None) for result in rest])))


def cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def sentence_pairs(name: str, options: argparse.Namespace) -> None:
    cells = inputs.sentence_pairs()
    for length in (int(length) for length in options.lengths.split(",")):
        limit = None if length < 4 else options.patience
        run_units(f"{name}  sentence-pair-like input, 20 units", cells, range(20), length, limit)


def real_sentence_pairs(name: str, options: argparse.Namespace) -> None:
    probe = inputs.sentence_pair_probe()
    if probe is None:
        print(f"{name}  the real sentence pairs are not beside the project; their figures are left out")
        return
    cells = probe.cells
    units = [unit for unit in range(len(cells.unit_names)) if cells.active.of(unit).sum() >= ACTIVE_PAIRS]
    chosen = units if options.all else [units[i] for i in np.linspace(0, len(units) - 1, 40).astype(int)]
    for length in (int(length) for length in options.lengths.split(",")):
        limit = None if length < 4 else options.patience
        run_units(f"{name}  real sentence pairs, {len(chosen)} units", cells, chosen, length, limit)


def dense_units(masks: np.ndarray, first: np.ndarray) -> np.ndarray:
    """bool (points, 5): the first unit; three noisy formulas; the highest 0.5 % of a noisy sum of all concepts."""
    rng = np.random.default_rng(5)
    a, b, c = (masks[rng.choice(len(masks), 3, replace=False)] for _ in range(3))
    formulas = (a[0] & ~a[1]) | a[2], (b[0] | b[1]) & b[2], c[0] | c[1] | c[2]
    noisy = [np.where(holds, rng.random(len(first)) < 0.7, rng.random(len(first)) < 0.005) for holds in formulas]
    sums = rng.normal(size=len(masks)).astype(np.float32) @ masks + 3 * rng.normal(size=len(first))
    return np.stack([first, *noisy, sums > np.quantile(sums, 0.995)], axis=1)


def dense_masks(name: str, options: argparse.Namespace) -> None:
    masks, first = image_masks(300, 500, "dense")
    cells = from_arrays(masks.T, dense_units(masks, first))
    title = f"{name}  300 concepts x 500 images of 28 x 28, dense"
    run_units(f"{title}, the first unit", cells, [0], 3, None)
    run_units(f"{title}, further units", cells, [1, 2, 3, 4], 3, None)


PARTS: dict[str, Callable[[str, argparse.Namespace], None]] = {
    "a": real([3], slice(None), lambda options: None),
    "b": real([4], slice(None, None, 10), lambda options: None),
    "c": real([5], slice(None, None, 10), lambda options: None),
    "d": real([6, 8, 10], slice(None, None, 10), lambda options: options.limit),
    "g": real([20], slice(None, None, 20), lambda options: options.limit),
    "t": real([6], slice(None, None, 10), lambda options: options.limit, "tree"),
    "o": outside,
    "e": sentence_pairs,
    "n": real_sentence_pairs,
    "f": dense_masks,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="a,b,e,f", help="which, with commas between (default %(default)s)")
    parser.add_argument("--all", action="store_true", help="parts b, d, n and o: more units")
    parser.add_argument("--limit", type=float, default=60, help="parts d, g, t, o: seconds per unit (%(default)s)")
    parser.add_argument("--lengths", default="3", help="parts e and n: such as 3 or 3,4,5 (default %(default)s)")
    parser.add_argument(
        "--patience", type=float, default=120, help="parts e and n: seconds per unit from length 4 on (%(default)s)"
    )
    options = parser.parse_args()
    parts = options.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no part is named {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    warm_up()
    for name in parts:
        PARTS[name](name, options)
    print(f"load of this machine at the end: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    main()
