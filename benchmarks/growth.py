"""How what is done to cells grows with them: processor seconds at 1,000 to 500,000 cells, and the exponent of each.

    python benchmarks/growth.py                         some three minutes
    python benchmarks/growth.py --cells 1000 10000

The cells are those of label maps with the paper's 1,105 concepts, without the maps: in an image its scene, regions of
objects that its scene likes, their parts and colours.  A unit is active in some images, in places beside each other.
The largest number of cells is made, and of these the others are drawn: so all are alike but for how many they are.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from paper_images import MASK_SIDE, N_SCENES, World

from compexact.probes.opening import open_probe
from compexact.probes.store import Probe, save_probe
from compexact.solver import CellBuilder, Cells, Problem, beam_search, ceiling
from compexact.solver.unit_counts import UnitCounts

UNITS, SEARCHED = 64, 12
IMAGES_AT_ONCE = 500
LINEAR = 1.05


def concepts_of(world: World, rng: np.random.Generator, n_images: int) -> tuple[np.ndarray, np.ndarray]:
    """Which image each row is of, int64 (n_rows,); and int64 (n_rows, 5), ascending: its concepts, -1 for none."""
    scene = rng.choice(N_SCENES, n_images, p=world.frequency["scene"])
    image = np.repeat(np.arange(n_images), rng.integers(6, 21, n_images))
    cumulative = (np.cumsum(world.objects_of_scene, axis=1) + np.arange(N_SCENES)[:, None]).ravel()
    n_objects = len(world.names["object"])
    found = np.searchsorted(cumulative, scene[image] + rng.random(len(image)))
    region_object = np.minimum(found - n_objects * scene[image], n_objects - 1)
    region_object[rng.random(len(image)) < 0.08] = -1
    region = np.repeat(np.arange(len(image)), 1 + rng.poisson(3.5, len(image)))
    image, objects = image[region], region_object[region]
    parts = np.full((len(world.parts_of_object) + 1, 8), -1)
    for number, names in enumerate(world.parts_of_object):
        parts[number, : len(names)] = names
    own = np.sort([parts[objects, rng.integers(0, 8, len(objects))] for _ in range(2)], axis=0)
    own[0][(own[0] == own[1]) | (rng.random(len(objects)) < 0.6)] = -1
    own[1][rng.random(len(objects)) < 0.3] = -1
    scenes = np.where(rng.random(n_images) < 0.11, -1, scene)[image]
    colours = (objects + rng.geometric(0.15, len(objects))) % len(world.names["color"])
    numbers = {"color": [colours], "object": [objects], "part": list(own), "scene": [scenes]}
    columns = [np.where(each < 0, -1, each + world.first[kind] - 1) for kind in numbers for each in numbers[kind]]
    return image, np.column_stack(columns)


def activity_of(rng: np.random.Generator, image: np.ndarray, weights: np.ndarray) -> UnitCounts:
    """An eighth of the units fires in an image, each on three rows in line."""
    n_rows, n_images = len(image), int(image[-1]) + 1
    ends = np.searchsorted(image, np.arange(n_images + 1))
    images, units = np.nonzero(rng.random((n_images, UNITS)) < 0.125)
    first = ends[images] + (rng.random(len(images)) * (ends[images + 1] - ends[images] - 2)).astype(np.int64)
    rows, units = (first[:, None] + np.arange(3)).ravel(), np.repeat(units, 3)
    order = np.argsort(rows, kind="stable")
    rows, units = rows[order], units[order]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n_rows))])
    return UnitCounts.of_rows(indptr, units, np.maximum(1, rng.binomial(weights[rows], 0.7)), UNITS)


def built(world: World, n_cells: int) -> Cells:
    """So many cells or a few more."""
    names = [name for names in world.names.values() for name in names]
    categories = [kind for kind, names in world.names.items() for _ in names]
    builder = CellBuilder(names, categories, [str(unit) for unit in range(UNITS)])
    portion, found = 0, 0
    while found < n_cells:
        rng = np.random.default_rng([0, portion])
        image, concepts = concepts_of(world, rng, IMAGES_AT_ONCE)
        weights = 1 + rng.integers(0, 2 * MASK_SIDE**2 // 58, len(image))
        indptr = np.concatenate([[0], np.cumsum((concepts >= 0).sum(axis=1))])
        ids = builder.add_rows(indptr, concepts[concepts >= 0], weights, activity_of(rng, image, weights))
        portion, found = portion + 1, max(found, int(ids.max()) + 1)
    return builder.cells()[0]


def drawn(cells: Cells, n_cells: int) -> Cells:
    """So many of the cells."""
    chosen = np.sort(np.random.default_rng(0).choice(len(cells), n_cells, replace=False))
    rows, active = cells.concepts, cells.active
    builder = CellBuilder(rows.names, rows.categories, cells.unit_names)
    place = np.full(len(cells), -1)
    place[chosen] = np.arange(n_cells)
    is_kept = place[active.cells] >= 0
    ends = np.concatenate([[0], np.cumsum(is_kept)])[active.indptr]
    counts = UnitCounts(n_cells, ends, place[active.cells[is_kept]], active.counts[is_kept])
    sets = np.split(rows.indices, rows.indptr[1:-1])
    builder.add([tuple(sets[cell].tolist()) for cell in chosen.tolist()], cells.weights[chosen], counts)
    return builder.cells()[0]


def seconds(run: Callable[[], object], repeat: int = 3) -> float:
    """Processor seconds, the least of several runs."""
    spent = []
    for _ in range(repeat):
        began = time.process_time()
        run()
        spent.append(time.process_time() - began)
    return min(spent)


LS = """
import sys
from compexact.experiments.cli import app
app(sys.argv[1:], standalone_mode=False)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1], file=sys.stderr)
"""


def listing(probe: Probe) -> tuple[float, float]:
    """Processor seconds and megabytes of `compexact ls`, with Python's own start."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", LS, "ls", str(probe.path)], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, int(done.stderr.split()[-1]) / 1e3


def measured(cells: Cells) -> dict[str, float]:
    """The processor seconds of each step."""
    with tempfile.TemporaryDirectory() as place:
        probe = save_probe(Probe(cells, {"kind": "arrays"}), Path(place) / "probe")
        opening = seconds(lambda: open_probe(Path(place) / "probe"))
        ls, peak = min(listing(probe) for _ in range(3))
    problems = [Problem.of(cells, unit) for unit in range(SEARCHED)]

    def search(length: int) -> Callable[[], object]:
        return lambda: [beam_search(problem, max_length=length) for problem in problems]

    found = {"opening": opening, "compexact ls": ls}
    found["ceilings"] = seconds(lambda: [ceiling(problem) for problem in problems])
    found |= {f"beam, length {length}": seconds(search(length)) for length in (3, 10)}
    spent = ", ".join(f"{step} {second:.3f} s" for step, second in found.items())
    print(f"{len(cells):,} cells of {cells.n_points:,} points: {spent}; ls takes {peak:.0f} MB", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cells", type=int, nargs="+", default=[1_000, 10_000, 100_000, 500_000])
    sizes = sorted(parser.parse_args().cells)
    cells = built(World.of_broden(), sizes[-1])
    beam_search(Problem.of(drawn(cells, 100), 0))  # compiles
    found = [measured(drawn(cells, size)) for size in sizes]
    for step in found[0]:
        spent = [each[step] for each in found]
        exponent = np.polyfit(np.log(sizes), np.log(spent), 1)[0]
        last = np.log(spent[-1] / spent[-2]) / np.log(sizes[-1] / sizes[-2])
        each = ", ".join(f"{1e6 * second / size:.2f}" for second, size in zip(spent, sizes))
        says = "at most linear" if max(exponent, last) <= LINEAR else "more than linear"
        print(f"{step:20s} µs a cell: {each}; exponent {exponent:.2f}, of the last two {last:.2f}: {says}")


if __name__ == "__main__":
    main()
