"""Ranges of a vision model's activations, against a literal split of every point."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from compexact.experiments.questions.ranges import explained_ranges
from compexact.experiments.questions.search_options import SearchAtLength
from compexact.experiments.report.site import write_report
from compexact.experiments.run.folder import SearchSettings, run_units
from compexact.probes.datasets.annotated_images import Annotation, Concept
from compexact.probes.opening import open_probe
from compexact.probes.ranges import split_into_ranges
from compexact.probes.store import save_probe
from compexact.probes.vision.notes import about_steps
from compexact.probes.vision.probe import VisionSettings, probe_vision
from compexact.probes.vision.range_edges import UnitValues, quantile_thresholds, range_edges
from compexact.solver.errors import UsageError
from compexact.solver.parsing import parse

LAYER, UNITS = 0, 6


def upsampled(model, images, preprocessing):
    """The layer's maps, float64 (n_images, n_units, h, w), and the same at the size of the label maps."""
    with torch.no_grad():
        model.eval()
        maps = model[: LAYER + 1](torch.stack([preprocessing(images.image(i)) for i in range(len(images.keys))]))
        full = nn.functional.interpolate(maps, size=images.mask_size, mode="bilinear", align_corners=False)
    # Upsampling averages; rounding must not lift a point above the largest value.
    full = torch.minimum(full, maps.amax(dim=(2, 3), keepdim=True))
    return maps.double().numpy(), full.double().numpy()


def literal_ranges(maps, full, on, k, how, threshold, share=0.3):
    """bool (n_units, k, n_images, height, width), by the definition, and the lower edges (n_units, k)."""
    masks, lower = [], []
    for unit in range(maps.shape[1]):
        values = (maps if on == "cells" else full)[:, unit].ravel()
        above = 0.0 if threshold == "positive" else np.quantile(values, 1 - share)
        inside = values[values > above]
        if how == "quantiles":
            edges = [above, *(np.quantile(inside, i / k) for i in range(1, k))]
        else:
            edges = split_into_ranges(inside, k, how, above)[:-1].tolist()
        fires = maps[:, unit].max(axis=(1, 2)) > above
        found = []
        for low, high in zip(edges, [*edges[1:], np.inf]):
            found.append((full[:, unit] > low) & (full[:, unit] <= high) & fires[:, None, None])
        masks.append(found)
        lower.append(edges)
    return np.array(masks), np.array(lower)


CASES = [
    ("cells", "quantiles", 3, "quantile"),
    ("cells", "kmeans", 2, "quantile"),
    ("pixels", "quantiles", 4, "quantile"),
    ("pixels", "kmeans", 3, "positive"),
    ("cells", "quantiles", 5, "positive"),
]


@pytest.mark.parametrize(("on", "how", "k", "threshold"), CASES)
def test_every_count_of_a_range_equals_the_literal_count(tiny_images, tiny_model, plain_pixels, on, how, k, threshold):
    settings = VisionSettings(
        (str(LAYER),),
        threshold=threshold,
        threshold_on=on,
        quantile=0.3,
        workers=0,
        ranges=k,
        ranges_by=how,
        memory_format="contiguous",
    )
    probe = probe_vision(tiny_model, tiny_images, plain_pixels, settings)
    maps, full = upsampled(tiny_model.module, tiny_images, plain_pixels)
    masks, lower = literal_ranges(maps, full, on, k, how, threshold)
    assert probe.cells.unit_names == tuple(f"{u}@{i}" for u in range(UNITS) for i in range(1, k + 1))
    np.testing.assert_allclose(probe.arrays["thresholds"].reshape(UNITS, k), lower, rtol=1e-12)
    per_range = masks.reshape(UNITS * k, len(tiny_images.keys), -1)
    assert probe.cells.active.sum(axis=0).tolist() == per_range.sum(axis=(1, 2)).tolist()
    concepts = {name: np.zeros((7, 9, 11), bool) for name in "abcds"}
    for i in range(7):
        annotation = tiny_images.annotation(i)
        for number, name in enumerate("abcds"):
            concepts[name][i] = (annotation.planes == number).any(axis=0) | (number in annotation.image_concepts)
    for text in ("a", "(a OR b) AND NOT c", "NOT s"):
        cells = probe.cells.concepts.mask(parse(text))
        holds = parse(text).mask(concepts).reshape(7, -1)
        assert probe.cells.active[cells].sum(axis=0).tolist() == (per_range & holds).sum(axis=(1, 2)).tolist()


@pytest.mark.parametrize(("on", "how", "k", "threshold"), CASES)
def test_the_ranges_of_a_unit_are_disjoint_and_make_up_its_mask(
    tiny_images, tiny_model, plain_pixels, on, how, k, threshold
):
    plain = VisionSettings(
        (str(LAYER),), threshold=threshold, threshold_on=on, quantile=0.3, workers=0, top_images=len(tiny_images.keys)
    )
    whole = probe_vision(tiny_model, tiny_images, plain_pixels, plain)
    ranged = probe_vision(tiny_model, tiny_images, plain_pixels, replace(plain, ranges=k, ranges_by=how))
    assert np.array_equal(whole.cells.weights, ranged.cells.weights)
    per_unit = np.asarray(ranged.cells.active).reshape(len(whole.cells), UNITS, k)
    assert np.array_equal(per_unit.sum(axis=2), whole.cells.active)
    assert (per_unit.sum(axis=0) > 0).all() or threshold == "positive"
    for unit in range(UNITS):
        for image, packed in zip(whole.arrays["top_images"][unit], whole.arrays["top_masks"][unit]):
            masks = []
            for column in range(unit * k, unit * k + k):
                rank = ranged.arrays["top_images"][column].tolist().index(image)
                masks.append(np.unpackbits(ranged.arrays["top_masks"][column, rank]).astype(int))
            assert np.array_equal(sum(masks), np.unpackbits(packed))


def test_quantile_ranges_on_pixels_have_equally_many_points(tiny_images, tiny_model, plain_pixels):
    settings = VisionSettings((str(LAYER),), threshold_on="pixels", quantile=0.3, workers=0, ranges=3)
    totals = probe_vision(tiny_model, tiny_images, plain_pixels, settings).cells.active.sum(axis=0).reshape(UNITS, 3)
    # 693 points, 0.3 of them above: 208.
    assert totals.sum(axis=1).tolist() == [208] * UNITS
    assert (np.ptp(totals, axis=1) <= 1).all()


def test_what_is_kept_for_pictures_is_of_the_range(tiny_images, tiny_model, plain_pixels):
    k = 3
    settings = VisionSettings(
        (str(LAYER),), quantile=0.3, workers=0, ranges=k, top_images=2, memory_format="contiguous"
    )
    probe = probe_vision(tiny_model, tiny_images, plain_pixels, settings)
    maps, full = upsampled(tiny_model.module, tiny_images, plain_pixels)
    masks, lower = literal_ranges(maps, full, "cells", k, "quantiles", "quantile")
    masks, lower = masks.reshape(UNITS * k, 7, -1), lower.ravel()
    arrays = probe.arrays
    assert "class_weights" not in arrays
    assert arrays["upper_edges"].reshape(UNITS, k)[:, :-1].tolist() == lower.reshape(UNITS, k)[:, 1:].tolist()
    assert arrays["upper_edges"][k - 1 :: k].tolist() == maps.max(axis=(0, 2, 3)).tolist()
    active = np.unpackbits(arrays["image_active"], axis=1, count=UNITS * k).astype(bool)
    assert np.array_equal(active, masks.any(axis=2).T)
    assert np.array_equal(active, arrays["unit_max"] > arrays["thresholds"])
    for column in range(UNITS * k):
        points = masks[column].sum(axis=1)
        top = arrays["top_images"][column].tolist()
        assert top == np.argsort(-points, kind="stable")[:2].tolist()
        for rank, image in enumerate(top):
            kept = np.unpackbits(arrays["top_masks"][column, rank], count=99).astype(bool)
            assert np.array_equal(kept, masks[column, image])
        for image in np.flatnonzero(points):
            largest = full[image, column // k].ravel()[masks[column, image]].max()
            assert arrays["unit_max"][image, column] == np.float32(largest)
    assert arrays["pictured"].tolist() == sorted(set(arrays["top_images"].ravel().tolist()))


def test_several_layers_have_ranges_each(tiny_images, tiny_model, plain_pixels):
    settings = VisionSettings(("0", "2"), quantile=0.3, workers=0, ranges=2)
    both = probe_vision(tiny_model, tiny_images, plain_pixels, settings)
    alone = probe_vision(tiny_model, tiny_images, plain_pixels, replace(settings, layers=("2",)))
    assert both.cells.unit_names[:3] + both.cells.unit_names[-1:] == ("0:0@1", "0:0@2", "0:1@1", "2:5@2")
    assert np.array_equal(both.cells.active[:, 12:], alone.cells.active)
    for name in ("top_images", "top_masks", "thresholds"):
        assert np.array_equal(both.arrays[name][12:], alone.arrays[name])
    assert np.array_equal(both.arrays["unit_max"][:, 12:], alone.arrays["unit_max"])


@dataclass(frozen=True)
class Maps:
    """A layer's maps, float32 (n_images, n_units, height, width), in memory instead of on disk."""

    values: np.ndarray

    @property
    def units(self):
        return np.arange(self.values.shape[1])

    n_images = property(lambda self: len(self.values))
    map_size = property(lambda self: self.values.shape[2:])

    def __iter__(self):
        return iter(self.values)


@pytest.fixture
def maps():
    return Maps(np.random.default_rng(0).normal(size=(7, UNITS, 5, 5)).astype(np.float32))


def silent(what, done, total):
    pass


@pytest.mark.parametrize("size", [None, (9, 11)])
def test_how_many_units_fit_in_memory_changes_nothing(maps, size):
    values = UnitValues(maps, size)
    thresholds = quantile_thresholds(values, 0.3, silent)
    roomy = range_edges(values, thresholds, 3, "quantiles", silent)
    for room in (1, 400, 2000):
        assert np.array_equal(quantile_thresholds(values, 0.3, silent, room), thresholds)
        tight = range_edges(values, thresholds, 3, "quantiles", silent, room=room)
        assert np.array_equal(tight.lower, roomy.lower)


def test_no_more_units_are_read_at_once_than_the_room_holds(maps):
    """Of 175 values of four bytes two times 0.3 are kept, so 428 bytes hold a unit: two units, in three passes."""
    done = []
    quantile_thresholds(UnitValues(maps), 0.3, lambda what, images, total: done.append(images), room=2 * 428)
    assert len(done) == UNITS / 2 * maps.n_images
    assert done == sorted(done)


def test_a_unit_with_too_many_values_is_split_by_a_part_of_them(maps):
    """175 values a unit, 53 of them above the threshold: every third one makes 18 of at most 20."""
    values = UnitValues(maps)
    thresholds = quantile_thresholds(values, 0.3, silent)
    edges = range_edges(values, thresholds, 3, "quantiles", silent, most_values=20)
    assert edges.steps.tolist() == [3] * UNITS
    for unit in range(UNITS):
        of_unit = maps.values[:, unit].ravel()
        inside = of_unit[of_unit > thresholds[unit]]
        assert len(inside) == 53
        expected = [thresholds[unit], *np.quantile(inside[::3], [1 / 3, 2 / 3])]
        np.testing.assert_allclose(edges.lower[unit], expected)


def test_a_probe_says_which_units_were_split_by_a_part_of_their_values():
    assert about_steps(np.array([1, 3, 7])) == [
        "the ranges of 2 of 3 units are made from a part of their values, to save memory: from 1 in 7 at least"
    ]


def test_a_unit_that_is_never_active_has_empty_ranges(tiny_images, tiny_model, plain_pixels):
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())
    nn.init.zeros_(net[0].weight)
    with torch.no_grad():
        net[0].bias.copy_(torch.tensor([0.0, 5.0]))
    model = tiny_model.__class__(net, "dead", "", None, ())
    settings = VisionSettings(("1",), threshold="positive", workers=0, ranges=3)
    probe = probe_vision(model, tiny_images, plain_pixels, settings)
    # Of the constant unit all points are in one range: there is one value.
    assert sorted(probe.cells.active.sum(axis=0).tolist()) == [0] * 5 + [693]


@dataclass(frozen=True)
class WeakAndStrong:
    """Pictures of 16 x 16: red 100 where there is `a`, 200 where there is `b`; each on a quarter of the points."""

    name: str = "weak-and-strong"
    root: Path = Path(".")
    concepts: tuple[Concept, ...] = (Concept("a", "object"), Concept("b", "object"), Concept("c", "object"))
    keys: tuple[str, ...] = ("0", "1", "2", "3")
    mask_size: tuple[int, int] = (16, 16)
    metadata_files: tuple[Path, ...] = ()

    def kinds(self, index):
        kinds = np.repeat([0, 1, -1, 2], 64)
        np.random.default_rng(index).shuffle(kinds)
        return kinds.reshape(16, 16)

    def image(self, index):
        red = np.array([100, 200, 0, 0])[self.kinds(index)].astype(np.uint8)
        return Image.fromarray(np.dstack([red, red * 0, red * 0]))

    def annotation(self, index):
        return Annotation(self.kinds(index)[None].astype(np.int32))

    def target(self, index):
        return None


@pytest.fixture
def red_unit(tiny_model):
    net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, 0, 0], [0, 0, 0]])[..., None, None])
        net[0].bias.zero_()
    return tiny_model.__class__(net, "red", "", None, ())


@pytest.mark.parametrize("how", ["quantiles", "kmeans"])
@pytest.mark.parametrize("on", ["cells", "pixels"])
@pytest.mark.parametrize(("threshold", "quantile"), [("positive", 0.5), ("quantile", 0.6)])
def test_a_unit_with_two_meanings_has_one_in_each_range(red_unit, plain_pixels, tmp_path, how, on, threshold, quantile):
    settings = VisionSettings(
        ("1",), threshold=threshold, quantile=quantile, threshold_on=on, ranges=2, ranges_by=how, workers=0
    )
    probe = probe_vision(red_unit, WeakAndStrong(), plain_pixels, settings)
    assert probe.cells.active.sum(axis=0).tolist() == [256, 256, 0, 0]
    stored = open_probe(save_probe(probe, tmp_path / "probe").path)
    answer = explained_ranges(stored, ["0@1", "0@2"], search=SearchAtLength(length=2))
    assert [(row["unit"], row["range"], row["formula"], row["iou"]) for row in answer.rows] == [
        ("0", 1, "a", 1.0),
        ("0", 2, "b", 1.0),
    ]
    assert (answer.settings["ranges"], answer.settings["ranges_by"]) == (2, how)
    assert "different formulas in 1 of 1 units" in " ".join(answer.summary)


def test_a_report_shows_a_range_where_it_is(red_unit, plain_pixels, tmp_path):
    settings = VisionSettings(("1",), threshold="positive", ranges=2, workers=0)
    stored = save_probe(probe_vision(red_unit, WeakAndStrong(), plain_pixels, settings), tmp_path / "probe")
    run = run_units(stored, ["0@1", "0@2"], SearchSettings(max_length=1), tmp_path / "run")
    write_report(run, stored, tmp_path / "site")
    pages = [path.read_text() for path in (tmp_path / "site").rglob("*.html")]
    assert any("0@1" in page for page in pages)
    assert any("peak <b>0.392" in page.replace(" ", " ") for page in pages), "100 / 255, the largest of the range"


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"ranges": 1}, "at least 2, not 1"), ({"ranges": 2, "ranges_by": "mean"}, "quantiles or kmeans, not 'mean'")],
)
def test_ranges_out_of_range_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        VisionSettings(("0",), **setting)
