"""Shuffles keep what they say, and on masks that have nothing to do with the labels p-values are uniform."""

import numpy as np
import pytest
import scipy

from compexact.experiments.questions.controls import against_chance
from compexact.experiments.questions.permutation_test import DrawNull
from compexact.experiments.questions.shuffles import Documents, Images, Points, shuffle_of
from compexact.probes.image_masks import ImageMasks, MaskTally
from compexact.probes.inputs import Activity
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.cells import CellBuilder
from compexact.solver.errors import DataError, UsageError
from compexact.solver.problem import Problem

SIZE = (8, 8)


def blobs(rng, n_images, n_units):
    """bool (n_images, n_units, 8, 8): a square of 3 to 5 in half of the images, around the edges."""
    masks = np.zeros((n_images, n_units, *SIZE), dtype=bool)
    for image in range(n_images):
        for unit in range(n_units):
            if rng.random() < 0.5:
                side = int(rng.integers(3, 6))
                masks[image, unit, :side, :side] = True
                masks[image, unit] = np.roll(masks[image, unit], rng.integers(8, size=2), axis=(0, 1))
    return masks


def probed(labels, masks):
    """A probe of images, as the second pass makes it.  labels, masks: bool (n_images, n, 8, 8)."""
    n_concepts, n_units = labels.shape[1], masks.shape[1]
    builder = CellBuilder([f"c{i}" for i in range(n_concepts)], [""] * n_concepts, [str(i) for i in range(n_units)])
    tally = MaskTally(is_asked=True, n_units=n_units, mask_size=SIZE)
    for label, mask in zip(labels.reshape(len(labels), n_concepts, -1), masks.reshape(len(masks), n_units, -1)):
        rows, row_of = np.unique(label.T, axis=0, return_inverse=True)
        counts = np.stack([np.bincount(row_of, weights=each, minlength=len(rows)) for each in mask], axis=1)
        ids = builder.add(
            [tuple(np.flatnonzero(row).tolist()) for row in rows], np.bincount(row_of), counts.astype(np.int64)
        )
        tally.add(np.arange(n_units), mask, ids[row_of])
    cells, place = builder.cells()
    return Probe(cells, {"kind": "vision"}, arrays=tally.arrays(place))


@pytest.fixture(scope="module")
def null():
    """120 units whose blobs have nothing to do with those of the four concepts."""
    rng = np.random.default_rng(0)
    return probed(blobs(rng, 24, 4), blobs(rng, 24, 120))


def test_the_kept_masks_are_the_masks():
    rng = np.random.default_rng(1)
    masks = blobs(rng, 9, 5)
    probe = probed(blobs(rng, 9, 3), masks)
    for unit in range(5):
        images, points = probe.inputs.masks.points(unit)
        found = np.zeros((9, 64), dtype=bool)
        found[images, points] = True
        assert np.array_equal(found, masks[:, unit].reshape(9, -1))
        assert np.array_equal(probe.inputs.masks.counts(images, points), probe.cells.active.of(unit))


def test_a_shuffle_of_images_keeps_blobs_in_one_piece():
    """Of one image with two halves the shuffled blob is a moved blob: its counts are those of one of 64 places."""
    label = np.zeros((1, 1, *SIZE), dtype=bool)
    label[0, 0, :, :4] = True
    mask = np.zeros((1, 1, *SIZE), dtype=bool)
    mask[0, 0, :3, :3] = True
    probe = probed(label, mask)
    problem, rng = Problem.of(probe.cells, 0), np.random.default_rng(0)
    column = [label[0, 0, 0, place % 8] for place in range(8)]
    possible = {3 * sum(column[(right + i) % 8] for i in range(3)) for right in range(8)}
    inside = probe.cells.concepts.column(0)
    drawn = {int(Images(probe.inputs.masks).shuffled(problem, 0, rng).active[inside].sum()) for _ in range(300)}
    assert drawn == possible == {0, 3, 6, 9}
    assert len({int(Points().shuffled(problem, 0, rng).active[inside].sum()) for _ in range(300)}) > 4


def test_a_mask_of_words_is_moved_along_its_document():
    """Two words of four that follow each other, and one of three; each word is a cell of its own."""
    active = np.array([1, 1, 0, 0, 0, 0, 1], dtype=bool)[:, None]
    cells = from_arrays(np.eye(7, dtype=bool), active)
    cell_of = cells.concepts.dense().argmax(axis=0)
    documents = Documents(cell_of, np.array([0, 0, 0, 0, 1, 1, 1]), Activity(np.packbits(active, axis=1), 1))
    rng, problem = np.random.default_rng(0), Problem.of(cells, 0)
    seen = {tuple(documents.shuffled(problem, 0, rng).active[cell_of].tolist()) for _ in range(200)}
    assert len(seen) == 4 * 3
    assert all(sum(each[:4]) == 2 and sum(each[4:]) == 1 for each in seen)
    assert all(each[(_first(each[:4]) + 1) % 4] for each in seen)


def _first(of_document):
    """Where a run of two begins, around the end."""
    return next(i for i in range(4) if of_document[i] and not of_document[i - 1])


def p_values(probe, shuffle, lengths=(2,), n_shuffles=9):
    work = DrawNull(lengths, n_shuffles, 5, 0, shuffle)
    return np.array(
        [work(probe.cells, unit, lambda: False).p_values[-1] for unit in range(len(probe.cells.unit_names))]
    )


def test_p_is_uniform_where_masks_have_nothing_to_do_with_labels(null):
    found = p_values(null, Images(null.inputs.masks))
    counts = np.bincount(np.rint(10 * found).astype(int), minlength=11)[1:]
    assert counts.sum() == 120
    assert scipy.stats.chisquare(counts).pvalue > 0.01
    assert (scipy.stats.false_discovery_control(found) <= 0.05).sum() == 0


def test_shuffled_points_find_meaning_in_blobs_that_have_none(null):
    """Why masks are kept in one piece: by shuffles of points, four in ten of these units are better than chance."""
    assert (p_values(null, Points()) <= 0.1).mean() > 0.3


def test_a_unit_that_follows_a_concept_is_better_than_chance_of_every_kind():
    rng = np.random.default_rng(2)
    labels = blobs(rng, 24, 4)
    masks = np.concatenate([labels[:, :1] | labels[:, 1:2], blobs(rng, 24, 3)], axis=1)
    answer = against_chance(probed(labels, masks), ["0", "1", "2", "3"], lengths=(1, 2), shuffles=19)
    assert answer.settings["null"] == "images"
    rows = {row["unit"]: row for row in answer.more["units"] if row["max_length"] == 2}
    assert (rows["0"]["iou"], rows["0"]["p_value"]) == (1, pytest.approx(1 / 20))
    assert all(row["q_value"] >= row["p_value"] for row in rows.values())
    assert all((row["iou"] > row["chance_iou"]) == (row["p_value"] <= 0.05) for row in rows.values())
    assert "masks are exchanged between images" in answer.summary[-1]


def test_the_shuffle_is_the_one_that_keeps_most_or_the_one_asked_for(null):
    assert isinstance(shuffle_of(null, None), Images)
    assert isinstance(shuffle_of(null, "points"), Points)
    assert isinstance(shuffle_of(Probe(null.cells, {}), None), Points)
    with pytest.raises(UsageError, match="--null is points, images, documents, not 'blobs'"):
        shuffle_of(null, "blobs")
    with pytest.raises(UsageError, match="--keep-masks"):
        shuffle_of(Probe(null.cells, {}), "images")


@pytest.mark.parametrize("name", ["mask_ends", "mask_run_ends", "mask_starts", "mask_image_cells", "mask_images"])
def test_masks_that_do_not_fit_are_refused(null, name):
    arrays = dict(null.arrays)
    arrays[name] = arrays[name][:-1] if name != "mask_images" else arrays[name] + 24
    with pytest.raises(DataError, match="masks of images do not fit"):
        ImageMasks(arrays, 120, len(null.cells))
