"""Beam search: seconds per unit on real and sparse inputs, beside the paper's loop in plain numpy.

    make bench

Our figures leave out start-up and compilation; the peer gets its masks ready-made.  Each comparison
is on one input in one run: read the ratios, not the seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import inputs
import numpy as np
import paper_loop

from compexact.solver import Cells, Problem, beam_search, from_arrays
from compexact.solver.compiled import add_rows


def seconds(run: Callable[[], object], repeat: int = 1) -> float:
    """The least of several runs."""
    best = float("inf")
    for _ in range(repeat):
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
    return best


def all_units(cells: Cells, length: int) -> float:
    """Seconds for beam search over every unit."""
    problems = [Problem.of(cells, unit) for unit in range(len(cells.unit_names))]
    return seconds(lambda: [beam_search(problem, max_length=length) for problem in problems])


def passes(name: str, cells: Cells, length: int = 3, units: int = 24) -> None:
    """How many passes over all sets of concepts a step takes: reading them once is what a step cannot do without."""
    columns = np.linspace(0, len(cells.unit_names) - 1, min(units, len(cells.unit_names))).astype(int)
    problems = [Problem.of(cells, column) for column in columns.tolist()]
    first, rows = problems[0], cells.concepts
    sums = np.zeros((len(rows.names), 2), dtype=np.int64)
    every = np.arange(len(cells))
    once = seconds(lambda: add_rows(every, rows.indptr, rows.indices, first.weights, first.active, sums), repeat=5)
    read = sum(array.nbytes for array in (rows.indptr, rows.indices, first.weights, first.active))
    [beam_search(problem, max_length=length) for problem in problems[:2]]
    each = seconds(lambda: [beam_search(problem, max_length=length) for problem in problems], 3) / len(problems)
    print(
        f"{name}: {len(cells):,} cells; one pass {1000 * once:.2f} ms ({read / once / 1e9:.1f} GB/s); a unit at length "
        f"{length} {1000 * each:.2f} ms: {each / length / once:.1f} passes a step (asked: 4)"
    )


def beside(name: str, matrix: np.ndarray, neuron: np.ndarray, length: int) -> None:
    """Both searches on the same points; ours is given the points, too, and merges them."""
    columns = np.ascontiguousarray(matrix.T)
    merging = seconds(lambda: from_arrays(matrix, neuron[:, None]))
    cells = from_arrays(matrix, neuron[:, None])
    problem = Problem.of(cells, 0)
    ours = seconds(lambda: beam_search(problem, max_length=length), repeat=3)
    found: list[float] = []
    theirs = seconds(lambda: found.append(paper_loop.beam_search(columns, neuron, length)))
    best = beam_search(problem, max_length=length).best
    assert best is not None
    print(
        f"{name}, length {length}: {len(matrix):,} points, {len(cells):,} cells; "
        f"ours {ours:.4f} s (IoU {float(best.iou):.4f}), merging once {merging:.2f} s; "
        f"numpy loop {theirs:.1f} s (IoU {found[0]:.4f}); ratio {theirs / ours:,.0f}"
    )


def main() -> None:
    beam_search(Problem.of(inputs.sentence_pairs(50, 20, 3, 1), 0))
    probe = inputs.squeezenet_probe()
    if probe is None:
        print("the real images are not beside the project; their figures are left out")
    else:
        for length in (3, 10):
            print(f"SqueezeNet on real images, all 512 units, length {length}: {all_units(probe.cells, length):.2f} s")
        beside("real images (40 of them)", *inputs.image_points(40)[:2], 3)
        passes("SqueezeNet on real images", probe.cells)
    large = inputs.paper_probe()
    if large is not None:
        passes("images of paper_scale.py", large.cells)
    matrix, neurons = inputs.sentence_pair_points()
    cells = from_arrays(matrix, neurons)
    print(f"sentence-pair-like input, length 5: {1000 * all_units(cells, 5) / neurons.shape[1]:.1f} ms per unit")
    beside("sentence-pair-like input", matrix, neurons[:, 0], 5)


if __name__ == "__main__":
    main()
