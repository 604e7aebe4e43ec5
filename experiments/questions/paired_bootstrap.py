"""Which formulas the data cannot tell from the first: a paired bootstrap (Efron and Tibshirani 1993, chapter 16).

Inputs are drawn again with replacement, and every formula is scored on the same draw.  A formula is *told apart* where
the IoU of the first is above its own in at least 97.5 % of the draws, ties counting half.  The first is the best of
all on these very data, so its lead is overstated: what cannot be told apart here could not be with fewer scruples, but
some of what is told apart would not be on other data.

What is drawn: where inputs have several points, whole inputs, from the counts of each formula on each; folds of whole
inputs where a probe keeps only these.  Where points are inputs themselves, points: those of equal cells are alike, so
it is enough to draw how many there are of each kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...probes.store import Probe
from ...solver.explanation import Explanation
from ...solver.problem import Problem

DRAWS = 1000
TOLD_APART = 0.975
DRAWS_AT_ONCE = 50
HOW = {
    "documents": "whole documents are drawn again",
    "sentences": "whole sentences are drawn again, as the words are of one document",
    "images": "whole images are drawn again",
    "folds": "whole folds are drawn again, as the probe does not keep which input each point is of",
    "points": "points are drawn again, each an input of its own",
    "dependent points": (
        "points are drawn again, as the probe does not keep which image each is from; those of one are alike, so more "
        "formulas than these may be as good as the first: probe with --keep-masks or --folds 10 to draw whole images"
    ),
}

Drawn = Literal["documents", "sentences", "images", "folds", "points", "dependent points"]


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """Counts of formulas by kind of what is drawn.

    hits, either: int64 (n_formulas, n_groups): the points that are the formula's and the unit's, and those that are
    of one of them.  sizes: int64 (n_groups,): of how many things alike, which are drawn one by one, a group consists;
    then the counts are those of one.
    """

    hits: np.ndarray
    either: np.ndarray
    sizes: np.ndarray


def shares_beaten(counts: GroupCounts, seed: int, draws: int = DRAWS) -> np.ndarray:
    """float64 (n_formulas,): in which share of the draws the IoU of the first is above each formula's; ties half."""
    rng, n = np.random.default_rng(seed), int(counts.sizes.sum())
    beaten = np.zeros(len(counts.hits))
    hits, either = counts.hits.T.astype(np.float64), counts.either.T.astype(np.float64)
    for first in range(0, draws, DRAWS_AT_ONCE):
        drawn = rng.multinomial(n, counts.sizes / n, size=min(DRAWS_AT_ONCE, draws - first)).astype(np.float64)
        ious = drawn @ hits / np.maximum(drawn @ either, 1)
        beaten += (ious[:, :1] > ious).sum(axis=0) + (ious[:, :1] == ious).sum(axis=0) / 2
    return beaten / draws


def counts_of(probe: Probe, unit: str, formulas: Sequence[Explanation]) -> tuple[GroupCounts, Drawn]:
    """The counts of the formulas, and what a draw is of."""
    problem = Problem.of(probe.cells, unit)
    masks = np.array([problem.concepts.mask(each.formula) for each in formulas])
    inputs = probe.inputs
    if inputs.has("sentences"):
        return _by_documents(probe, unit, masks)
    if inputs.are_pairs:
        return by_points(problem, masks), "points"
    if inputs.has("masks"):
        return _by_images(probe, unit, masks), "images"
    if inputs.has("folds"):
        return _by_folds(probe, unit, masks), "folds"
    return by_points(problem, masks), "dependent points" if probe.about.get("kind") == "vision" else "points"


def by_points(problem: Problem, masks: np.ndarray) -> GroupCounts:
    """Points on which no formula differs from another, and the unit is active alike, are a group.

    masks: bool (n_formulas, n_cells).
    """
    patterns, of = np.unique(np.packbits(masks, axis=0), axis=1, return_inverse=True)
    n = patterns.shape[1]
    active = np.bincount(of.reshape(-1), problem.active, minlength=n).astype(np.int64)
    others = np.bincount(of.reshape(-1), problem.weights - problem.active, minlength=n).astype(np.int64)
    held = np.unpackbits(patterns, axis=0, count=len(masks)).astype(np.int64)
    sizes = np.concatenate([active, others])
    hits = np.hstack([held, np.zeros_like(held)])
    either = np.hstack([np.ones_like(held), held])
    return GroupCounts(hits[:, sizes > 0], either[:, sizes > 0], sizes[sizes > 0])


def _by_documents(probe: Probe, unit: str, masks: np.ndarray) -> tuple[GroupCounts, Drawn]:
    stored = probe.inputs.sentences
    documents = stored.sentence_documents[stored.point_sentences]
    how: Drawn = "documents" if len(np.unique(documents)) > 1 else "sentences"
    _, group = np.unique(documents if how == "documents" else stored.point_sentences, return_inverse=True)
    active = probe.inputs.activity.of(probe.cells.unit(unit))
    return by_groups(masks[:, probe.inputs.point_cells], active, group), how


def _by_images(probe: Probe, unit: str, masks: np.ndarray) -> GroupCounts:
    image, cell, points, active = probe.inputs.masks.by_image(probe.cells.unit(unit))
    held = masks[:, cell]
    starts = np.flatnonzero(np.diff(image, prepend=-1))
    hits, either = (np.add.reduceat(each, starts, axis=1) for each in (held * active, np.where(held, points, active)))
    return GroupCounts(hits, either, np.ones(len(starts), dtype=np.int64))


def _by_folds(probe: Probe, unit: str, masks: np.ndarray) -> GroupCounts:
    folds = probe.inputs.folds
    used = list(folds.used)
    active = folds.of_unit(probe.cells.unit(unit))[used]
    others = np.array([folds.weights(fold) for fold in used]) - active
    hits = masks.astype(np.int64) @ active.T
    return GroupCounts(hits, masks @ others.T + active.sum(axis=1), np.ones(len(used), dtype=np.int64))


def by_groups(held: np.ndarray, active: np.ndarray, group: np.ndarray) -> GroupCounts:
    """Points by the input that they are of.

    held: bool (n_formulas, n_points).  active: bool (n_points,).  group: int (n_points,), from 0 without gaps.
    """
    n = int(group.max()) + 1
    hits = np.array([np.bincount(group[each & active], minlength=n) for each in held])
    either = np.array([np.bincount(group[each | active], minlength=n) for each in held])
    return GroupCounts(hits, either, np.ones(n, dtype=np.int64))
