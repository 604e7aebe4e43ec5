"""The inputs that benchmarks run on, seeded or real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from compexact.probes.opening import open_probe
from compexact.probes.store import Probe
from compexact.solver import Cells, from_arrays

ROOT = Path(__file__).resolve().parents[1]
REAL = Path(os.environ.get("COMPEXACT_DATA", ROOT / "../shared/data"))
"""Where the real inputs lie."""


def sentence_pairs(rows: int = 10_000, concepts: int = 4_088, per_row: int = 31, units: int = 20) -> Cells:
    """Like sentence pairs: rare words and frequent tags (Zipf), 31 concepts a point, noisy planted units."""
    matrix, neurons = sentence_pair_points(rows, concepts, per_row, units)
    return from_arrays(matrix, neurons)


def sentence_pair_points(
    rows: int = 10_000, concepts: int = 4_088, per_row: int = 31, units: int = 20
) -> tuple[np.ndarray, np.ndarray]:
    """The same as bool (rows, concepts) and (rows, units)."""
    rng = np.random.default_rng(0)
    frequency = 1 / np.arange(1, concepts + 1)
    # The `per_row` smallest of exponential waiting times: a draw without replacement, by frequency.
    waiting = rng.exponential(size=(rows, concepts)) / frequency
    matrix = np.zeros((rows, concepts), dtype=bool)
    np.put_along_axis(matrix, np.argpartition(waiting, per_row, axis=1)[:, :per_row], True, axis=1)
    neurons = np.empty((rows, units), dtype=bool)
    for unit in range(units):
        a, b, c, d = rng.choice(min(60, concepts), 4, replace=False)
        planted = (matrix[:, a] | matrix[:, b] | matrix[:, d]) & ~matrix[:, c]
        neurons[:, unit] = np.where(rng.random(rows) < 0.2, rng.random(rows) < 0.1, planted)
    return matrix, neurons


def squeezenet_probe() -> Probe | None:
    """SqueezeNet on the real images beside the project, probed once; None where they are not there."""
    folder = ROOT / "build/bench/probe"
    if not folder.exists():
        if not REAL.exists():
            return None
        command = [
            sys.executable, "-m", "compexact.experiments", "probe", "vision",
            "--dataset", f"broden:{REAL}/broden_mini", "--model", "torchvision:squeezenet1_0",
            "--weights", f"{REAL}/squeezenet/squeezenet1_0_dc.pth", "--layer", "features.12",
            "--image-size", "227", "--channels", "bgr", "--mean", "104,117,123", "--scale", "255",
            "-o", str(folder),
        ]  # fmt: skip
        subprocess.run(command, check=True)
    return open_probe(folder)


def sentence_pair_probe() -> Probe | None:
    """The real sentence pairs beside the project, under a model trained on such, probed once; None where they are not.

    To train it takes some minutes.
    """
    model, folder = ROOT / "build/bench/nli-model", ROOT / "build/bench/nli-probe"
    if not folder.exists():
        if not REAL.exists():
            return None
        call, dev = [sys.executable, "-m", "compexact.experiments"], f"{REAL}/snli/snli_dev_tagged.tsv.gz"
        train = [
            *call, "train", "nli", "--dev", dev, "--vectors", f"{REAL}/glove/glove.6B.50d.10k.txt.gz", "-o", str(model),
            "--train", f"{REAL}/snli/snli_train20k.tsv.gz", "--train", f"{REAL}/sick/sick.tsv.gz",
        ]  # fmt: skip
        if not model.exists():
            subprocess.run(train, check=True)
        subprocess.run([*call, "probe", "nli", "--model", str(model), "--pairs", dev, "-o", str(folder)], check=True)
    return open_probe(folder)


def paper_probe() -> Probe | None:
    """What `paper_scale.py` has probed, the largest; None where it was not run."""
    found = sorted(ROOT.glob("build/paper_scale/*/probe"), key=lambda folder: int(folder.parent.name))
    return open_probe(found[-1]) if found else None


def image_points(n_images: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """bool (n_points, n_concepts), bool (n_points,), names: some images, and a noisy unit with a planted formula."""
    from compexact.probes import open_dataset
    from compexact.probes.masks import label_points

    images = open_dataset(f"broden:{REAL}/broden_mini")
    names = tuple(concept.name for concept in images.concepts)
    rows = []
    for index in np.linspace(0, len(images.keys) - 1, n_images).astype(int):
        points = label_points(images.annotation(index))
        dense = np.zeros((len(points.rows), len(names)), dtype=bool)
        for row, columns in enumerate(points.rows):
            dense[row, list(columns)] = True
        rows.append(dense[points.row_of])
    matrix = np.concatenate(rows)
    rng = np.random.default_rng(0)
    planted = matrix[:, names.index("person")] & ~matrix[:, names.index("skin")] | matrix[:, names.index("car")]
    return matrix, planted & (rng.random(len(matrix)) < 0.3), names
