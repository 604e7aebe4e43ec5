"""The activations of a vision probe are those of the layer's own map, each with the concepts at its middle."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from compexact.probes.folding import Dealing
from compexact.probes.graded import GradedUnits
from compexact.probes.loader import PictureReader
from compexact.probes.store import save_probe
from compexact.probes.vision.probe import VisionSettings, probe_vision
from compexact.solver.errors import UsageError

SETTINGS = {"quantile": 0.2, "batch_size": 2, "workers": 0, "keep_activations": True}


def test_the_points_of_an_image_are_in_its_fold(tiny_images, tiny_model, plain_pixels):
    settings = VisionSettings(("0",), **SETTINGS, folds=3)
    probe = probe_vision(tiny_model, tiny_images, plain_pixels, settings)
    dealt = Dealing(3).folds(probe.inputs.images)
    fold_of = probe.inputs.activations.fold_of
    assert np.array_equal(fold_of.reshape(7, -1), np.repeat(dealt[:, None], len(fold_of) // 7, axis=1))


def test_each_value_of_a_map_has_the_labels_at_its_middle(tiny_images, tiny_model, plain_pixels, tmp_path):
    settings = VisionSettings(("0", "2"), **SETTINGS)
    probe = save_probe(probe_vision(tiny_model, tiny_images, plain_pixels, settings), tmp_path / "probe")
    kept, names = probe.inputs.activations, probe.cells.concepts.names
    reader, network = PictureReader(tiny_images, plain_pixels), tiny_model.module.eval()
    values = {f"{layer}:{unit}": kept.of(probe.cells.unit(f"{layer}:{unit}")) for layer in (0, 2) for unit in range(6)}
    for image in range(7):
        with torch.inference_mode():
            first = network[0](torch.from_numpy(reader(image).values)[None])
            layers = {0: first[0].numpy(), 2: network[1:3](first)[0].numpy()}
        annotation = tiny_images.annotation(image)
        for row in range(5):
            for column in range(5):
                point = 25 * image + 5 * row + column
                at = annotation.planes[:, int((row + 0.5) * 9 / 5), int((column + 0.5) * 11 / 5)]
                wanted = {names[i] for i in {*at.tolist(), *annotation.image_concepts} - {-1}}
                cell = kept.cell_of[point]
                rows = probe.cells.concepts
                assert {names[i] for i in rows.indices[rows.indptr[cell] : rows.indptr[cell + 1]]} == wanted
                for layer, maps in layers.items():
                    for unit in range(6):
                        assert values[f"{layer}:{unit}"][point] == pytest.approx(maps[unit, row, column], abs=1e-6)


def test_cells_without_a_point_of_the_map_are_left_out(tiny_images, tiny_model, plain_pixels):
    one = replace(tiny_images, n_images=1)
    probe = probe_vision(tiny_model, one, plain_pixels, VisionSettings(("0",), **SETTINGS))
    unit = GradedUnits(probe).unit(1)
    assert len(unit.concepts) < len(probe.cells)
    assert unit.weights.min() > 0
    assert unit.n_points == 25
    cell_of = probe.inputs.activations.cell_of
    assert np.array_equal(unit.concepts.dense()[unit.cell_of], probe.cells.concepts.dense()[cell_of])


def test_layers_without_points_in_common_are_refused(tiny_images, tiny_model, plain_pixels):
    with pytest.raises(UsageError, match="maps of 0 are 5x5 and those of 3 1x1; probe such layers one by one"):
        probe_vision(tiny_model, tiny_images, plain_pixels, VisionSettings(("0", "3"), **SETTINGS))
    with pytest.raises(UsageError, match="3 gives a unit one value for an image"):
        probe_vision(tiny_model, tiny_images, plain_pixels, VisionSettings(("3",), **SETTINGS))
    with pytest.raises(UsageError, match="--keep-activations is of whole units"):
        VisionSettings(("0",), **SETTINGS, ranges=2)
