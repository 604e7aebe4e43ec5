"""The vision probe against a slow, literal count over points."""

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from compexact.probes.datasets.annotated_images import Annotation
from compexact.probes.masks import active_counts, label_points
from compexact.probes.opening import open_probe
from compexact.probes.store import save_probe
from compexact.probes.vision.probe import VisionSettings, probe_vision
from compexact.solver.errors import DataError, UsageError
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem

FORMULAS = ["a", "s", "(a OR b) AND NOT c", "NOT d", "(a AND b) OR s"]


def literal_masks(model, images, preprocessing, layer, threshold="quantile", on="cells", share=0.1):
    """bool (n_units, n_images, height, width), and the layer's maps, by the definition."""
    with torch.no_grad():
        model.eval()
        inputs = torch.stack([preprocessing(images.image(i)) for i in range(len(images.keys))])
        maps = model[: layer + 1](inputs)
        full = nn.functional.interpolate(maps, size=images.mask_size, mode="bilinear", align_corners=False)
    values = maps if on == "cells" else full
    per_unit = values.transpose(0, 1).flatten(1).double().numpy()
    above = np.zeros(len(per_unit)) if threshold == "positive" else np.quantile(per_unit, 1 - share, axis=1)
    masks = full.double().numpy() > above[None, :, None, None]
    fires = maps.amax(dim=(2, 3)).double().numpy() > above
    return (masks & fires[:, :, None, None]).transpose(1, 0, 2, 3), maps.numpy()


def literal_concepts(images):
    """name -> bool (n_images, height, width)."""
    found = {concept.name: np.zeros((len(images.keys), *images.mask_size), bool) for concept in images.concepts}
    for i in range(len(images.keys)):
        annotation = images.annotation(i)
        for number, concept in enumerate(images.concepts):
            found[concept.name][i] = (annotation.planes == number).any(axis=0) | (number in annotation.image_concepts)
    return found


@pytest.mark.parametrize(
    ("threshold", "on", "workers"), [("quantile", "cells", 0), ("quantile", "pixels", 0), ("positive", "cells", 2)]
)
def test_every_count_equals_the_literal_count(tiny_images, tiny_model, plain_pixels, threshold, on, workers):
    layer = 2
    settings = VisionSettings(
        (str(layer),),
        threshold=threshold,
        threshold_on=on,
        quantile=0.1,
        batch_size=3,
        workers=workers,
        memory_format="contiguous",
    )
    probe = probe_vision(tiny_model, tiny_images, plain_pixels, settings)
    masks, maps = literal_masks(tiny_model.module, tiny_images, plain_pixels, layer, threshold, on)
    concepts = literal_concepts(tiny_images)
    assert probe.cells.n_points == 7 * 9 * 11
    for unit in range(6):
        for text in FORMULAS:
            formula = parse(text)
            on_points = formula.mask(concepts)
            found = Problem.of(probe.cells, unit).explain(formula)
            assert found.intersection == (on_points & masks[unit]).sum()
            assert found.union == (on_points | masks[unit]).sum()
    np.testing.assert_allclose(probe.arrays["unit_max"], maps.max(axis=(2, 3)), rtol=1e-6)


@pytest.mark.parametrize("ranges", [None, 3])
def test_a_histogram_counts_every_value_of_the_layers_own_maps(tiny_images, tiny_model, plain_pixels, ranges):
    settings = VisionSettings(("0", "2"), quantile=0.3, workers=0, ranges=ranges, memory_format="contiguous")
    kept = probe_vision(tiny_model, tiny_images, plain_pixels, settings).inputs.histogram
    rows = []
    for layer in (0, 2):
        maps = literal_masks(tiny_model.module, tiny_images, plain_pixels, layer)[1].transpose(1, 0, 2, 3)
        for values in maps.reshape(len(maps), -1):
            scale = np.float32(40 / (float(values.max()) - float(values.min())))
            bins = np.minimum(np.floor((values - values.min()) * scale), 39).astype(int)
            rows += [(values.min(), values.max(), np.bincount(bins, minlength=40).tolist())] * (ranges or 1)
    np.testing.assert_allclose(kept.lowest, [row[0] for row in rows], rtol=1e-6)
    np.testing.assert_allclose(kept.highest, [row[1] for row in rows], rtol=1e-6)
    assert kept.counts.tolist() == [row[2] for row in rows]


def test_what_is_kept_for_pictures_agrees_with_the_masks(tiny_images, tiny_model, plain_pixels):
    settings = VisionSettings(("2",), quantile=0.1, top_images=3, workers=0)
    probe = probe_vision(tiny_model, tiny_images, plain_pixels, settings)
    masks, maps = literal_masks(tiny_model.module, tiny_images, plain_pixels, 2)
    concepts = literal_concepts(tiny_images)
    points = int(np.prod(tiny_images.mask_size))
    pictured = probe.arrays["pictured"].tolist()
    for unit in range(6):
        top = probe.arrays["top_images"][unit]
        assert top.tolist() == np.argsort(-maps[:, unit].max(axis=(1, 2)), kind="stable")[:3].tolist()
        for rank, image in enumerate(top):
            kept = np.unpackbits(probe.arrays["top_masks"][unit, rank], count=points).astype(bool)
            assert np.array_equal(kept.reshape(tiny_images.mask_size), masks[unit, image])
    for text in FORMULAS:
        on_cells = probe.cells.concepts.mask(parse(text))
        for place, image in enumerate(pictured):
            shown = on_cells[probe.inputs.point_cells[place]]
            assert np.array_equal(shown, parse(text).mask(concepts)[image])
    offsets = probe.arrays["picture_offsets"]
    content = probe.arrays["picture_bytes"].tobytes()
    assert [Image.open(io.BytesIO(content[i:j])).size for i, j in pairwise(offsets)] == [(16, 16)] * len(pictured)


def test_batches_and_workers_change_nothing(tiny_images, tiny_model, plain_pixels):
    digests = set()
    for size, workers in ((1, 0), (3, 1), (7, 2), (32, 0)):
        settings = VisionSettings(("0",), quantile=0.1, batch_size=size, workers=workers)
        digests.add(probe_vision(tiny_model, tiny_images, plain_pixels, settings).digest)
    assert len(digests) == 1


def test_several_layers_name_their_units_by_layer(tiny_images, tiny_model, plain_pixels):
    both = probe_vision(tiny_model, tiny_images, plain_pixels, VisionSettings(("0", "2"), quantile=0.1, workers=0))
    alone = probe_vision(tiny_model, tiny_images, plain_pixels, VisionSettings(("2",), quantile=0.1, workers=0))
    assert both.cells.unit_names[:2] + both.cells.unit_names[-1:] == ("0:0", "0:1", "2:5")
    assert np.array_equal(both.cells.active[:, 6:], alone.cells.active)
    assert np.array_equal(both.arrays["top_masks"][6:], alone.arrays["top_masks"])


def test_the_probe_says_what_made_it_and_leaves_the_model_as_it_was(tiny_images, tiny_model, plain_pixels, tmp_path):
    tiny_model.module.train()
    before = {name: value.clone() for name, value in tiny_model.module.state_dict().items()}
    probe = probe_vision(tiny_model, tiny_images, plain_pixels, VisionSettings(("2",), quantile=0.1, workers=0))
    assert tiny_model.module.training
    assert all(torch.equal(value, before[name]) for name, value in tiny_model.module.state_dict().items())
    stored = open_probe(save_probe(probe, tmp_path / "probe").path)
    assert stored.summary() | {"settings": None} == {
        "points": 693,
        "cells": len(probe.cells),
        "concepts": 5,
        "units": 6,
        "model": "tiny_net",
        "layer": "2",
        "dataset": "tiny",
        "settings": None,
    }
    assert stored.names["targets"] == [None, "s", None, "s", None, "s", None]
    assert stored.names["classes"] == ["p", "q", "r", "s"]
    assert stored.arrays["class_weights"].shape == (4, 6)
    assert set(stored.arrays["predictions"]) <= set(range(4))
    active = np.unpackbits(stored.arrays["image_active"], axis=1, count=6).astype(bool)
    assert np.array_equal(active, stored.arrays["unit_max"] > stored.arrays["thresholds"])


class Broken(nn.Sequential):
    """A network with one value spoilt in one batch."""

    def __init__(self, value, when=2):
        super().__init__(nn.Conv2d(3, 2, 3), nn.ReLU())
        self.value, self.calls, self.when = value, 0, when
        self[0].register_forward_hook(self.spoil)

    def spoil(self, module, inputs, output):
        self.calls += bool(inputs[0].any())  # black pictures are trials
        if self.calls == self.when:
            output = output.clone()
            output[0, 1, 0, 0] = self.value
        return output


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "layer 0, unit 1: 1 activations are NaN and 0 infinite in images 2 to 3"),
        (float("inf"), "0 activations are NaN and 1 infinite in images 2 to 3; .*float32"),
    ],
)
def test_activations_that_are_no_numbers_are_refused(tiny_images, tiny_model, plain_pixels, value, message):
    model = tiny_model.__class__(Broken(value), "broken", "", None, ())
    with pytest.raises(DataError, match=message):
        probe_vision(model, tiny_images, plain_pixels, VisionSettings(("0",), batch_size=2, workers=0))


class Viewing(nn.Module):
    """Looks at the memory of what a convolution gives."""

    def __init__(self):
        super().__init__()
        self.layer, self.last = nn.Conv2d(3, 6, 3), nn.Linear(6 * 14 * 14, 2)

    def forward(self, images):
        return self.last(self.layer(images).view(len(images), -1))


def test_a_model_runs_with_channels_last_where_it_can_and_differs_by_rounding_alone(
    tiny_images, tiny_model, plain_pixels
):
    found = {
        name: probe_vision(
            tiny_model, tiny_images, plain_pixels, VisionSettings(("2",), quantile=0.1, workers=0, memory_format=name)
        )
        for name in ("auto", "channels_last", "contiguous")
    }
    used = {name: probe.about["settings"]["memory_format"] for name, probe in found.items()}
    assert used == {"auto": "channels_last", "channels_last": "channels_last", "contiguous": "contiguous"}
    assert found["auto"].digest == found["channels_last"].digest
    np.testing.assert_allclose(
        found["auto"].arrays["unit_max"], found["contiguous"].arrays["unit_max"], rtol=1e-5, atol=1e-6
    )
    assert all(parameter.is_contiguous() for parameter in tiny_model.module.parameters())


def test_a_model_that_looks_at_memory_runs_as_it_is(tiny_images, tiny_model, plain_pixels):
    model = tiny_model.__class__(Viewing(), "viewing", "", None, ())
    settings = VisionSettings(("layer",), quantile=0.1, workers=0)
    probe = probe_vision(model, tiny_images, plain_pixels, settings)
    assert probe.about["settings"]["memory_format"] == "contiguous"
    with pytest.raises(UsageError, match="view"):
        probe_vision(model, tiny_images, plain_pixels, replace(settings, memory_format="channels_last"))


class Growing(nn.Module):
    """Gives smaller maps from the second batch on."""

    def __init__(self):
        super().__init__()
        self.layer, self.calls = nn.Identity(), 0

    def forward(self, images):
        self.calls += bool(images.any())  # black pictures are trials
        return self.layer(images if self.calls <= 1 else images[:, :, ::2])


def test_maps_that_change_shape_are_refused_with_the_batch(tiny_images, tiny_model, plain_pixels):
    model = tiny_model.__class__(Growing(), "growing", "", None, ())
    with pytest.raises(DataError, match=r"\(3, 16, 16\) for the first images, \(3, 8, 16\) for images 2 to 3"):
        probe_vision(model, tiny_images, plain_pixels, VisionSettings(("layer",), batch_size=2, workers=0))


def test_dead_and_constant_units_are_noted_and_no_error(tiny_images, plain_pixels, tiny_model):
    net = nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU())
    nn.init.zeros_(net[0].weight)
    with torch.no_grad():
        net[0].bias.copy_(torch.tensor([0.0, 5.0, -1.0]))
    model = tiny_model.__class__(net, "dead", "", None, ())
    quantile = probe_vision(model, tiny_images, plain_pixels, VisionSettings(("1",), workers=0))
    assert quantile.about["notes"][1:] == ["3 of 3 units are active nowhere"]
    positive = probe_vision(model, tiny_images, plain_pixels, VisionSettings(("1",), threshold="positive", workers=0))
    assert positive.about["notes"][1:] == ["2 of 3 units are active nowhere", "1 of 3 units are active everywhere"]


def test_an_error_of_the_dataset_reaches_the_caller_as_it_is(tiny_images, tiny_model, plain_pixels):
    class Torn(type(tiny_images)):
        def image(self, index):
            if index == 4:
                raise DataError("image4 is torn")
            return super().image(index)

    for workers in (0, 2):
        with pytest.raises(DataError, match=r"^image4 is torn$"):
            probe_vision(tiny_model, Torn(), plain_pixels, VisionSettings(("0",), workers=workers))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"quantile": 0}, "share between 0 and 1"),
        ({"quantile": 1.5}, "share between 0 and 1"),
        ({"threshold": "top"}, "quantile or positive"),
        ({"threshold_on": "images"}, "cells or pixels"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"workers": -3}, "workers must be at least 0"),
        ({"layers": ()}, "at least one layer"),
        ({"layers": ("a", "a")}, "each once"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        VisionSettings(**({"layers": ("0",)} | setting))


def test_points_are_grouped_by_all_their_planes(tiny_images):
    annotation = tiny_images.annotation(3)
    points = label_points(annotation)
    assert points.counts.sum() == 99
    for point in range(99):
        expected = set(annotation.planes.reshape(2, -1)[:, point].tolist()) - {-1} | {4}
        assert points.rows[points.row_of[point]] == tuple(sorted(expected))
    values = np.random.default_rng(0).integers(0, 9, (5, 99)).astype(np.float32)
    lower = np.array([[2, 5, 5, 6]] * 4 + [[8, 9, 9, 9]], dtype=np.float32)
    counts = active_counts(values, lower, points)
    for row in range(len(points.rows)):
        own = values[:, points.row_of == row]
        ranges = [(own > lower[:, [i]]) & (own <= (lower[:, [i + 1]] if i < 3 else 9)) for i in range(4)]
        assert counts[row].tolist() == np.stack(ranges).sum(axis=2).T.ravel().tolist()


def test_points_are_grouped_alike_however_large_the_numbers_of_their_concepts_are():
    planes = np.random.default_rng(1).integers(-1, 20, (3, 9, 11))
    far = np.where(planes < 0, planes, 1_000_000 * planes)
    near, grouped = label_points(Annotation(planes)), label_points(Annotation(far))
    assert (grouped.row_of == near.row_of).all()
    assert grouped.rows == [tuple(1_000_000 * concept for concept in row) for row in near.rows]


@pytest.mark.parametrize(
    ("planes", "image_concepts", "message"),
    [
        (np.full((1, 9, 11), 5), (), "outside -1 to 4: 5 or 5|outside -1 to 4"),
        (np.full((1, 9, 11), -7), (), "outside -1 to 4"),
        (np.zeros((1, 9, 11), int), (5,), "outside -1 to 4"),
        (np.zeros((1, 9, 11), int), (-1,), "outside -1 to 4"),
        (np.zeros((1, 11, 9), int), (), r"shape \(planes, 9, 11\)"),
        (np.zeros((1, 9, 11), np.uint8), (), "signed integers"),
    ],
)
def test_an_annotation_out_of_range_is_refused_with_its_image(
    tiny_images, tiny_model, plain_pixels, planes, image_concepts, message
):
    class Wrong(type(tiny_images)):
        def annotation(self, index):
            return Annotation(planes, image_concepts) if index == 3 else super().annotation(index)

    with pytest.raises(DataError, match=f"image3: .*({message})"):
        probe_vision(tiny_model, Wrong(), plain_pixels, VisionSettings(("0",), workers=0))


def test_what_a_users_dataset_or_model_raises_is_one_line(tiny_images, tiny_model, plain_pixels):
    class Raising(type(tiny_images)):
        def image(self, index):
            raise ZeroDivisionError("by zero")

    with pytest.raises(DataError, match=r"image 0 \(from 0\) cannot be read: ZeroDivisionError: by zero"):
        probe_vision(tiny_model, Raising(), plain_pixels, VisionSettings(("0",), workers=0))
    small = plain_pixels.__class__(2, "rgb", (0, 0, 0), (1, 1, 1), 1)
    with pytest.raises(UsageError, match="the model fails on images of 3x2x2"):
        probe_vision(tiny_model, tiny_images, small, VisionSettings(("0",), workers=0))
