"""How often the interval of a unit's held-out IoU has the IoU of its formula on the whole population.

    python benchmarks/held_out_intervals.py [--redraws 1000] [--engines beam,exact] [--lengths 1,3,5] [--inputs 300]
        [--folds 10]

A population of 20,000 inputs, each of 5 to 39 points, is drawn once: six concepts, each more or less frequent in each
input, and a unit that is active on a part of `(c0 OR c1) AND NOT c2`, and elsewhere by noise, both more or less in each
input.  Each redraw takes some inputs of it, deals them to folds, explains the unit on all of them, and asks whether the
cross-validated interval has the IoU that this formula has in the population.  One thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from dataclasses import dataclass

import numpy as np

from compexact.experiments.questions.cross_validation import cross_validate
from compexact.experiments.questions.explanations import explain_at
from compexact.experiments.run.settings import SearchSettings
from compexact.probes import Probe
from compexact.probes.folding import fold_arrays
from compexact.solver import Problem
from compexact.solver.cells import CellBuilder
from compexact.solver.folds import FoldSums
from compexact.solver.unit_counts import UnitCounts

N_CONCEPTS = 6
UNIT = "unit"


@dataclass(frozen=True, eq=False)
class Population:
    """Inputs.  rows: the concepts of each cell.  weights, active: int64 (n_inputs, n_cells)."""

    rows: list[tuple[int, ...]]
    weights: np.ndarray
    active: np.ndarray

    @classmethod
    def planted(cls, n_inputs: int = 20_000, seed: int = 0) -> Population:
        rng = np.random.default_rng(seed)
        frequency = rng.uniform(0.1, 0.4, N_CONCEPTS)
        of_inputs = rng.beta(2 * frequency, 2 * (1 - frequency), (n_inputs, N_CONCEPTS))
        input_of = np.repeat(np.arange(n_inputs), rng.integers(5, 40, n_inputs))
        concepts = rng.random((len(input_of), N_CONCEPTS)) < of_inputs[input_of]
        strength = rng.beta(2, 2, n_inputs)[input_of]
        holds = (concepts[:, 0] | concepts[:, 1]) & ~concepts[:, 2]
        is_active = rng.random(len(input_of)) < np.where(holds, strength, 0.08 * strength)
        codes = concepts @ (1 << np.arange(N_CONCEPTS))
        weights = np.zeros((n_inputs, 2**N_CONCEPTS), dtype=np.int64)
        active = np.zeros_like(weights)
        np.add.at(weights, (input_of, codes), 1)
        np.add.at(active, (input_of, codes), is_active)
        rows = [tuple(i for i in range(N_CONCEPTS) if code >> i & 1) for code in range(2**N_CONCEPTS)]
        return cls(rows, weights, active)

    def probe(self, folds: list[np.ndarray]) -> Probe:
        """Of some inputs, by fold."""
        names = [f"c{i}" for i in range(N_CONCEPTS)]
        builder, sums = CellBuilder(names, [""] * N_CONCEPTS, [UNIT]), FoldSums(len(folds), 1)
        for number, chosen in enumerate(folds):
            weights, active = self.weights[chosen].sum(axis=0), self.active[chosen].sum(axis=0)
            there = np.flatnonzero(weights)
            counts = UnitCounts.of_matrix(active[there, None])
            ids = builder.add([self.rows[cell] for cell in there], weights[there], counts)
            sums.add(ids, np.full(len(ids), number), weights[there], counts)
        counted = sums.counts(*builder.cells())
        return Probe(counted.cells, {}, arrays=fold_arrays(counted))


@dataclass(frozen=True, eq=False)
class Redraw:
    """By length: float64 each.  true: of the formula found on all inputs of the redraw, in the population."""

    low: np.ndarray
    high: np.ndarray
    held_out: np.ndarray
    true: np.ndarray


def redraw(population: Population, whole: Problem, options: argparse.Namespace, engine: str, number: int) -> Redraw:
    rng = np.random.default_rng([options.seed, number])
    chosen = rng.choice(len(population.weights), options.inputs, replace=False)
    dealt = rng.integers(options.folds, size=options.inputs)
    probe = population.probe([chosen[dealt == fold] for fold in range(options.folds)])
    settings = SearchSettings(engine=engine)
    found = cross_validate(probe, [UNIT], options.lengths, settings)
    (explained,) = explain_at(probe, [UNIT], options.lengths, settings)
    true = [float(whole.explain(explained.best(length).formula).iou) for length in found.lengths]  # type: ignore[union-attr]
    low, high = found.counts.interval()
    return Redraw(low[0], high[0], found.counts.iou[0], np.array(true))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--redraws", type=int, default=1000)
    parser.add_argument("--engines", type=lambda text: text.split(","), default=["beam", "exact"])
    parser.add_argument("--lengths", type=lambda text: [int(part) for part in text.split(",")], default=[1, 3, 5])
    parser.add_argument("--inputs", type=int, default=300)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    population = Population.planted()
    whole = Problem.of(population.probe([np.arange(len(population.weights))]).cells, UNIT)
    print("engine  length  coverage  held-out IoU  true IoU  mean width")
    for engine in options.engines:
        started = time.process_time()
        drawn = [redraw(population, whole, options, engine, number) for number in range(options.redraws)]
        for place, length in enumerate(options.lengths):
            low, high, held_out, true = (
                np.array([getattr(each, name)[place] for each in drawn]) for name in ("low", "high", "held_out", "true")
            )
            covered = np.mean((low <= true) & (true <= high))
            print(
                f"{engine:7} {length:6}  {covered:8.1%}  {held_out.mean():12.4f}  {true.mean():8.4f}  "
                f"{(high - low).mean():10.4f}",
                flush=True,
            )
        print(f"{engine}: {options.redraws} redraws, {time.process_time() - started:.0f} CPU seconds", flush=True)


if __name__ == "__main__":
    main()
