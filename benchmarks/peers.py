"""Beside the package `compositional_explanations` 0.0.3.4 (La Rosa and Gilpin), on the same inputs in one run.

    python benchmarks/peers.py [--small 200] [--timeout 60] [--lengths 3,4] [--large]

The package gets an environment of its own under build/peers, made at the first run; it is no dependency of ours.
Seconds are CPU seconds, on one thread.  The package gets its masks, and which of them are disjoint, ready-made; ours
gets merged cells, and merging, done once for all units, is printed apart.  Ours finds, proves and checks, so an
IoU of the package's `optimal` above ours would be a bug of ours.
The package answers with a formula alone, so its IoU is counted here.  Read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import exact
import numpy as np

from compexact.solver import Problem, beam_search, brute_force_search, from_arrays, is_chain, parse

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "compositional_explanations==0.0.3.4"
START_UP = 120.0
LATE = "no answer in time"

COUNTEREXAMPLES = (
    ([[1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]], [1, 0, 0, 1], 3),
    ([[1, 1, 1, 0], [1, 1, 1, 0], [0, 1, 0, 1], [0, 1, 1, 1]], [1, 0, 0, 1], 3),
    (
        [[0, 0, 0, 0, 1, 0, 1], [0, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 1, 0, 0], [1, 0, 0, 1, 1, 0, 0]],
        [1, 0, 1, 1, 0, 0, 1],
        4,
    ),
    ([[1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1]], [0, 1, 0, 0, 0, 0], 3),
)
"""Concepts (rows) over points, the unit, the length: cases on which the package's answer is not the optimum."""


@dataclass(frozen=True)
class Reply:
    """What the package said.  formula: with concepts c0, c1, ...; None with a reason in `failure`."""

    formula: str | None
    seconds: float
    failure: str | None = None


class Package:
    """The package in a process of its own; one that outstays the time-out is killed and started anew."""

    def __init__(self, python: Path, timeout: float) -> None:
        self.python, self.timeout = python, timeout
        self.process: subprocess.Popen[str] | None = None
        self.used = 0.0
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Package:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()
        self.folder.cleanup()

    def ask(self, masks: np.ndarray, neuron: np.ndarray, length: int, search: str = "optimal") -> Reply:
        """masks: bool (n_concepts, n_images, n_points).  neuron: bool (n_images, n_points)."""
        process = self.process or self._start()
        file = Path(self.folder.name) / "instance.npz"
        np.savez(file, masks=masks, neuron=neuron)
        assert process.stdin is not None
        process.stdin.write(json.dumps({"file": str(file), "search": search, "length": length}) + "\n")
        process.stdin.flush()
        line = self._line(process, self.timeout)
        if not line:
            ended = process.poll()
            seconds = self._stop() - self.used
            return Reply(None, seconds, LATE if ended is None else f"it died with status {ended}")
        reply = json.loads(line)
        self.used = reply["used"]
        if "error" in reply:
            return Reply(None, 0.0, f"it failed: {reply['error']}")
        if reply["formula"] is None:
            return Reply(None, reply["seconds"], "no formula")
        return Reply(named(reply["formula"]), reply["seconds"])

    def _start(self) -> subprocess.Popen[str]:
        command = [str(self.python), str(Path(__file__).with_name("peer_package.py"))]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, text=True, bufsize=1
        )
        ready = self._line(self.process, START_UP)
        if not ready:
            self._stop()
            sys.exit(f"the package does not start; remove {self.python.parents[1]} and try again")
        self.used = json.loads(ready)["used"]
        return self.process

    def _stop(self) -> float:
        """End the process; the CPU seconds that it used in all."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    @staticmethod
    def _line(process: subprocess.Popen[str], seconds: float) -> str:
        """The next line, or "" where none comes in time.  One line follows one question, so none is buffered."""
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        assert process.stdout is not None
        return process.stdout.readline() if ready else ""


def named(formula: str) -> str:
    """The package's formula with our names: `(0 AND (NOT 3))` is `(c0 AND (NOT c3))`."""
    return re.sub(r"\d+", lambda number: f"c{number[0]}", formula)


def environment() -> Path:
    """The python of the package's environment, made where there is none."""
    folder = ROOT / "build/peers/venv"
    python = folder / "bin/python"
    ready = folder / ".ready"
    if not ready.exists():
        print(f"making an environment for {PACKAGE} in {folder.relative_to(ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        constraints = str(ROOT / "constraints.txt")
        install = [str(python), "-m", "pip", "install", "--quiet", "--constraint", constraints, PACKAGE]
        subprocess.run(install, check=True)
        ready.touch()
    return python


@dataclass(frozen=True)
class Ours:
    """CPU seconds and the exact IoU."""

    problem: Problem
    merging: float
    run: exact.Timed

    @classmethod
    def of(cls, masks: np.ndarray, neuron: np.ndarray, length: int) -> Ours:
        started = time.process_time()
        cells = from_arrays(masks.reshape(len(masks), -1).T, neuron.reshape(-1, 1))
        merging = time.process_time() - started
        problem = Problem.of(cells, 0)
        return cls(problem, merging, exact.timed(problem, length, None))

    @property
    def seconds(self) -> float:
        return self.run.search + self.run.check

    def recount(self, reply: Reply, length: int) -> Fraction | None:
        """The IoU of the package's formula, counted by us; None where it gave none."""
        if reply.formula is None:
            return None
        formula = parse(reply.formula, self.problem.concepts.names)
        if not is_chain(formula) or formula.length > length:
            raise ValueError(f"the package answered {formula}, which is no chain of at most {length} concepts")
        return self.problem.explain(formula).iou


def verdict(theirs: Fraction | None, ours: Fraction, failure: str | None) -> str:
    if theirs is None:
        return f"the package: {failure}"
    if theirs < ours:
        return f"WORSE than ours by {float(1 - theirs / ours):.1%}"
    return "the same IoU" if theirs == ours else "BETTER than ours"


def counterexamples(package: Package) -> None:
    print("\nCounterexamples: the package's `optimal` search beside ours and brute force")
    for number, (rows, unit, length) in enumerate(COUNTEREXAMPLES, start=1):
        masks, neuron = np.array(rows, dtype=bool)[:, None, :], np.array(unit, dtype=bool)[None, :]
        ours = Ours.of(masks, neuron, length)
        reply = package.ask(masks, neuron, length)
        theirs = ours.recount(reply, length)
        brute = brute_force_search(ours.problem, max_length=length).best
        assert brute is not None
        assert ours.run.result.best is not None
        print(
            f"  {number}, length {length}: brute force {brute.iou}, ours {ours.run.iou} "
            f"({ours.run.result.best.formula}, {ours.run.result.status.value}); "
            f"package {theirs} ({reply.formula}): {verdict(theirs, ours.run.iou, reply.failure)}"
        )


def small_instance(seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Masks, unit and length of one small random case."""
    rng = np.random.default_rng(seed)
    concepts, images, points = int(rng.integers(3, 7)), int(rng.integers(1, 4)), int(rng.integers(3, 13))
    masks = rng.random((concepts, images, points)) < rng.choice([0.2, 0.4, 0.6])
    neuron = rng.random((images, points)) < rng.choice([0.2, 0.4])
    neuron[0, 0] = True
    return masks, neuron, 3 + seed % 2


def small_cases(package: Package, n: int) -> None:
    print(f"\n{n} random cases of 3 to 6 concepts and 3 to 36 points, lengths 3 and 4, beside brute force")
    tally: dict[str, Counter[str]] = {"package": Counter(), "ours": Counter()}
    seconds = {"package": 0.0, "ours": 0.0}
    for seed in range(n):
        masks, neuron, length = small_instance(seed)
        ours = Ours.of(masks, neuron, length)
        reply = package.ask(masks, neuron, length)
        best = brute_force_search(ours.problem, max_length=length).best
        assert best is not None
        theirs = ours.recount(reply, length)
        known = reply.failure if theirs is None else "optimal" if theirs == best.iou else "worse"
        tally["package"][str(known) if best.iou else "nothing to find"] += 1
        right = ours.run.iou == best.iou
        tally["ours"][("optimal" if right else "worse") if best.iou else "nothing to find"] += 1
        if not right:
            print(f"  seed {seed}: ours {ours.run.iou}, brute force {best.iou}: a bug of ours")
        seconds["package"] += reply.seconds
        seconds["ours"] += ours.seconds
    for who, counted in tally.items():
        text = ", ".join(f"{count} {what}" for what, count in counted.most_common())
        print(f"  {who:8}{text}; {seconds[who]:.2f} s in all")


def image_case(package: Package, concepts: int, images: int, kind: str, length: int) -> None:
    """One row of the table: the package's two searches, and ours."""
    flat, unit = exact.image_masks(concepts, images, kind)
    masks, neuron = flat.reshape(concepts, images, -1), unit.reshape(images, -1)
    ours = Ours.of(masks, neuron, length)
    beam_seconds = beam_time(ours.problem, length)
    print(
        f"  {concepts} concepts, {images} images, {kind}, length {length} ({len(ours.problem.weights):,} cells)\n"
        f"    ours      search {ours.run.search:8.3f} s + check {ours.run.check:.3f} s, "
        f"IoU {float(ours.run.iou):.5f}, {ours.run.result.status.value}; merging once {ours.merging:.2f} s",
        flush=True,
    )
    for search, own in (("beam", beam_seconds), ("optimal", ours.seconds)):
        reply = package.ask(masks, neuron, length, search)
        theirs = ours.recount(reply, length)
        more = "over " if reply.failure == LATE else ""
        iou = "-" if theirs is None else f"{float(theirs):.5f}"
        expected = ours.run.iou if search == "optimal" else ours.run.beam_iou
        than = "" if search == "optimal" else f" (our beam: {own:.3f} s)"
        print(
            f"    package   {search:8} {more}{reply.seconds:.3f} s, IoU {iou}: "
            f"{verdict(theirs, expected, reply.failure)}; ratio {more}{reply.seconds / own:,.0f}{than}",
            flush=True,
        )


def beam_time(problem: Problem, length: int) -> float:
    started = time.process_time()
    beam_search(problem, max_length=length)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=200, help="how many small random cases (default %(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=60, help="wall-clock seconds per call of the package (%(default)s)"
    )
    parser.add_argument("--lengths", default="3", help="of the cases with images, with commas between (%(default)s)")
    parser.add_argument("--large", action="store_true", help="also 300 concepts x 500 images")
    options = parser.parse_args()
    exact.warm_up()
    sizes = [(20, 50), (100, 200)] + [(300, 500)] * options.large
    with Package(environment(), options.timeout) as package:
        counterexamples(package)
        small_cases(package, options.small)
        print("\nImage-like masks of 28 x 28, one unit with a noisy `(c0 AND c1) OR c2`")
        for length in map(int, options.lengths.split(",")):
            for concepts, images in sizes:
                for kind in ("sparse", "dense"):
                    image_case(package, concepts, images, kind, length)
    print(f"\nload of this machine at the end: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    main()
