"""The inputs of a probe in two parts: one to explain on, one to score on.

The stored cells merge all inputs.  Five ways lead back:

- by folds: a probe that was made with `--folds` has the counts of each; every fold is once the part to score on.
- by documents: a probe of words keeps the cell of every word, and its sentence and document.  No document is in both
  halves; where there is only one, no sentence is.
- by pairs: a probe of sentence pairs keeps the cell of every pair (`point_cells`) and which units are active on it
  (`unit_active`), so its pairs are split exactly.
- by halves of the folds: where a probe of other inputs has folds, whole inputs stay in one half.
- by points: the points of every cell are dealt to the two halves at random.  That needs the cells alone, but
  neighbouring pixels of one image fall into both halves, so it is an optimistic check of images.

Or the halves are two probes, of disjoint sets of images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...probes.store import Probe
from ...solver.cell_parts import part_of, rows_of
from ...solver.cells import Cells
from ...solver.errors import UsageError
from ...solver.folds import FoldCounts
from ...solver.unit_counts import UnitCounts

MAX_POINTS = 10**9
"""numpy draws from fewer points than this."""


@dataclass(frozen=True, eq=False)
class TrainTestSplit:
    """Cells of the same concepts and units: to explain on, and to score on.  by: a key of `HOW` in `heldout.py`."""

    explain: Cells
    score: Cells
    by: str


def halves_of(probe: Probe, seed: int) -> TrainTestSplit:
    """Half of the inputs, drawn at random, and the rest: documents, pairs or folds where there are any, else points.

    Raises `UsageError` where all inputs are of one document or in one fold.
    """
    rng = np.random.default_rng(seed)
    if probe.inputs.has("sentences"):
        return by_documents(probe, rng)
    if probe.inputs.are_pairs:
        return by_pairs(probe, rng)
    return by_half_the_folds(probe, rng) if probe.inputs.has("folds") else by_points(probe.cells, rng)


def by_folds(probe: Probe) -> list[TrainTestSplit]:
    """Each fold once to score on, all others to explain on.

    Raises `UsageError` where the probe keeps no folds, or all its inputs are in one.
    """
    folds = _several_folds(probe)
    return [TrainTestSplit(*folds.split(fold), "folds") for fold in folds.used]


def by_half_the_folds(probe: Probe, rng: np.random.Generator) -> TrainTestSplit:
    """Half of the folds that have inputs to explain on, the others to score on.  Errors as above."""
    folds = _several_folds(probe)
    scored = rng.permutation(folds.used)[: len(folds.used) // 2]
    return TrainTestSplit(*folds.split(*scored.tolist()), "half the folds")


def _several_folds(probe: Probe) -> FoldCounts:
    folds = probe.inputs.folds
    if len(folds.used) < 2:
        raise UsageError(
            "all inputs of the probe are in one fold; probe more of them, or with another --fold-seed or more --folds"
        )
    return folds


def by_documents(probe: Probe, rng: np.random.Generator) -> TrainTestSplit:
    """Split the documents of a probe of words, in random order, where half of the words are nearest.

    The sentences in place of them where there is one document.  Raises `UsageError` where there is one sentence.
    """
    stored = probe.inputs.sentences
    documents = stored.sentence_documents[stored.point_sentences]
    by, groups = ("documents", documents) if len(np.unique(documents)) > 1 else ("sentences", stored.point_sentences)
    numbers, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(numbers) < 2:
        raise UsageError("all words of the probe are of one sentence; nothing can be held out of it")
    order = rng.permutation(len(numbers))
    distances = np.abs(2 * np.cumsum(sizes[order])[:-1] - len(groups))
    explained = np.zeros(len(numbers), dtype=bool)
    explained[order[: 1 + int(distances.argmin())]] = True
    is_explained = explained[group_of]
    return _split(probe, np.flatnonzero(is_explained), np.flatnonzero(~is_explained), by)


def by_pairs(probe: Probe, rng: np.random.Generator) -> TrainTestSplit:
    """Split the pairs of a probe of sentence pairs."""
    order = rng.permutation(len(probe.inputs.point_cells))
    return _split(probe, order[: len(order) // 2], order[len(order) // 2 :], "pairs")


def _split(probe: Probe, explain: np.ndarray, score: np.ndarray, by: str) -> TrainTestSplit:
    """The two sides' points, by their numbers, of a probe whose inputs are points."""
    cell_of, active = probe.inputs.point_cells, probe.inputs.activity.of_all()
    here, there = (_cells_of_points(probe.cells, cell_of[chosen], active[chosen]) for chosen in (explain, score))
    return TrainTestSplit(here, there, by)


def _cells_of_points(cells: Cells, cell_of: np.ndarray, active: np.ndarray) -> Cells:
    """The cells of these points alone.  cell_of: int (n,).  active: bool (n, n_units)."""
    order = np.argsort(cell_of, kind="stable")
    used, starts, counts = np.unique(cell_of[order], return_index=True, return_counts=True)
    sums = np.add.reduceat(active[order].astype(np.int64), starts, axis=0)
    counted = UnitCounts.of_matrix(sums)
    return Cells(rows_of(cells.concepts, used), counts.astype(np.int64), counted, cells.unit_names)


def by_points(cells: Cells, rng: np.random.Generator) -> TrainTestSplit:
    """Deal half of all points to each side, without regard to the image that they are from.

    Each unit's counts have the distribution of a split of the points; the units are drawn independently of each
    other, which no formula of one unit can see.  Raises `UsageError` for 10**9 points and more.
    """
    if cells.n_points >= MAX_POINTS:
        raise UsageError(f"{cells.n_points:,} points; a split by points takes fewer than {MAX_POINTS:,}")
    weights = rng.multivariate_hypergeometric(cells.weights, cells.n_points // 2, method="marginals")
    dealt = [
        rng.hypergeometric(counts, cells.weights[on] - counts, weights[on])
        for on, counts in map(cells.active.entries, range(len(cells.unit_names)))
    ]
    active = np.concatenate([np.zeros(0, np.int64), *dealt])
    explain = part_of(cells, weights, active)
    return TrainTestSplit(explain, part_of(cells, cells.weights - weights, cells.active.counts - active), "points")


def by_probes(explain: Probe, score: Probe) -> TrainTestSplit:
    """Two probes of one model on disjoint sets of images.  Units are matched by name, concepts, too.

    Raises `UsageError` where the second has another model or layer, misses a concept or unit, or was made of the
    same inputs: then nothing would be held out.
    """
    for what in ("model weights", "layer"):
        sides = [provenance(probe, what) for probe in (explain, score)]
        if None not in sides and sides[0] != sides[1]:
            raise UsageError(f"the held-out probe has another {what.removesuffix(' weights')}; probe the same one")
    shared = set(explain.inputs.images) & set(score.inputs.images)  # pairs are named by number and tell nothing
    if shared or explain.digest == score.digest:
        example = f", such as {min(shared)}" if shared else ""
        raise UsageError(f"{len(shared) or 'all'} inputs are in both probes{example}; nothing would be held out")
    for what, here, there in (
        ("concept", explain.cells.concepts.names, score.cells.concepts.names),
        ("unit", explain.cells.unit_names, score.cells.unit_names),
    ):
        missing = sorted(set(here) - set(there))
        if missing:
            raise UsageError(f"the held-out probe has no {what} {missing[0]!r} ({len(missing)} are missing)")
    return TrainTestSplit(explain.cells, score.cells, "probes")


def provenance(probe: Probe, what: str) -> object:
    """What a probe says of the model or data that it was made of; None where it says nothing."""
    return probe.about.get(what) or (probe.about.get("inputs") or {}).get(what)
