"""Points within an input that are copies of each other tell nothing new: no draw or interval may gain by them."""

import numpy as np
import pytest

import compexact as cx
from compexact.experiments.questions.alternatives import equally_good
from compexact.experiments.questions.heldout import held_out_iou
from compexact.experiments.questions.paired_bootstrap import by_groups, counts_of
from compexact.probes.image_masks import MaskTally
from compexact.probes.store import Probe
from compexact.solver import Atom
from compexact.solver.cells import CellBuilder
from compexact.solver.problem import Problem

N = 40
COPIES = 25


def world():
    """bool (N, 2), (N, 1): of 40 inputs the unit is on in 20, `c0` in 18 of these, and `c1` in 16, two others."""
    number = np.arange(N)[:, None]
    return np.hstack([(number >= 1) & (number < 19), (number >= 4) & (number < 20)]), number < 20


def arrays(copies, **folds):
    concepts, unit = (np.repeat(each, copies, axis=0) for each in world())
    groups = {"groups": np.repeat(np.arange(N), copies)} if folds else {}
    return cx.probe_arrays(concepts, unit, **folds, **groups)


def images(side):
    """Pictures of one label and one mask each, as the second pass makes their probe."""
    concepts, unit = world()
    builder, tally = (
        CellBuilder(["c0", "c1"], [""] * 2, ["0"]),
        MaskTally(is_asked=True, n_units=1, mask_size=(side,) * 2),
    )
    for held, active in zip(concepts, unit):
        n = side * side
        ids = builder.add([tuple(np.flatnonzero(held).tolist())], np.array([n]), np.array([[n * int(active[0])]]))
        tally.add(np.arange(1), np.full((1, n), active[0]), np.repeat(ids, n))
    cells, place = builder.cells()
    return Probe(cells, {"kind": "vision"}, arrays=tally.arrays(place))


def told(probe):
    """In which share of the draws the best is better than the second, and what was drawn."""
    answer = equally_good(probe, ["0"], length=1, within="0.5")
    return answer.more["listed"][1]["best_is_better"], answer.summary[1]


@pytest.mark.parametrize(
    ("once", "copied", "drawn"),
    [
        (lambda: images(1), lambda: images(5), "whole images are drawn again"),
        (lambda: arrays(1, folds=8), lambda: arrays(COPIES, folds=8), "whole folds are drawn again"),
    ],
)
def test_copies_tell_no_alternatives_apart(once, copied, drawn):
    (alone, said), (with_copies, also_said) = told(once()), told(copied())
    assert drawn in said
    assert drawn in also_said
    assert alone == with_copies < 0.95


def test_points_that_nobody_says_are_copies_are_taken_for_inputs():
    """So the test above could fail."""
    assert told(arrays(1))[0] < 0.95 < told(arrays(COPIES))[0]


def test_images_are_counted_point_by_point():
    """Masks and labels that differ within images, against the points themselves."""
    rng = np.random.default_rng(0)
    held, active = rng.random((6, 12)) < 0.4, rng.random((6, 12)) < 0.5
    active[2] = False
    builder, tally = CellBuilder(["c0"], [""], ["0"]), MaskTally(is_asked=True, n_units=1, mask_size=(3, 4))
    for label, mask in zip(held, active):
        rows, row_of = np.unique(label, return_inverse=True)
        counts = np.bincount(row_of, weights=mask, minlength=len(rows))[:, None].astype(np.int64)
        ids = builder.add([(0,) if row else () for row in rows], np.bincount(row_of), counts)
        tally.add(np.arange(1), mask[None], ids[row_of])
    cells, place = builder.cells()
    probe = Probe(cells, {"kind": "vision"}, arrays=tally.arrays(place))
    found, drawn = counts_of(probe, "0", [Problem.of(cells, 0).explain(Atom("c0"))])
    wanted = by_groups(held.reshape(1, -1), active.ravel(), np.repeat(np.arange(6), 12))
    assert drawn == "images"
    assert np.array_equal(found.hits, wanted.hits)
    assert np.array_equal(found.either, wanted.either)


def test_copies_make_no_held_out_interval_shorter():
    once, copied = (
        held_out_iou(arrays(copies, folds=8), ["0"], lengths=(1, 2), proven=(1,)).more["units"]
        for copies in (1, COPIES)
    )
    for end in ("low", "high"):
        assert [row[end] for row in once] == pytest.approx([row[end] for row in copied])
    assert 0.1 < once[0]["high"] - once[0]["low"] < 1


def test_halves_of_folds_have_whole_inputs():
    """With folds, drawn halves are of folds: a concept that only names the input explains nothing of the other half."""
    rng = np.random.default_rng(0)
    of_input = np.repeat(np.arange(N), COPIES)
    concepts = of_input[:, None] == np.arange(N)
    unit = np.isin(of_input, rng.permutation(N)[: N // 2])[:, None]
    probe = cx.probe_arrays(concepts, unit, folds=8, groups=of_input)
    answer = held_out_iou(probe, ["0"], lengths=(10,), proven=(), splits=3)
    assert answer.settings["split_by"] == "half the folds"
    assert answer.rows[0]["mean_iou"] > 0.3
    assert answer.rows[0]["mean_held_out_iou"] == 0
    points = held_out_iou(cx.probe_arrays(concepts, unit), ["0"], lengths=(10,), proven=(), splits=3)
    assert points.rows[0]["mean_held_out_iou"] > 0.3
