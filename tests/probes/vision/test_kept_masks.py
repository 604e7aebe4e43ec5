"""The masks that a vision probe keeps are those that it counted."""

import numpy as np
import pytest

from compexact.probes.store import save_probe
from compexact.probes.vision.probe import VisionSettings, probe_vision

SETTINGS = {"layers": ("0", "2"), "quantile": 0.2, "batch_size": 2, "workers": 0, "keep_masks": True}


@pytest.mark.parametrize("ranges", [None, 3])
def test_kept_masks_have_the_counts_of_the_cells_and_the_points_of_the_pictures(
    ranges, tiny_images, tiny_model, plain_pixels, tmp_path
):
    settings = VisionSettings(**SETTINGS, ranges=ranges)
    probe = save_probe(probe_vision(tiny_model, tiny_images, plain_pixels, settings), tmp_path / "probe")
    masks, pictures = probe.inputs.masks, probe.inputs.pictures
    assert masks.shape == (7, 9, 11)
    for unit in range(len(probe.cells.unit_names)):
        images, points = masks.points(unit)
        assert np.array_equal(masks.counts(images, points), probe.cells.active.of(unit))
        for rank, image in enumerate(pictures.top_images[unit]):
            shown = np.unpackbits(pictures.top_masks[unit, rank], count=99)
            assert np.array_equal(np.flatnonzero(shown), points[images == image])


def test_masks_are_kept_only_where_they_are_asked_for(tiny_images, tiny_model, plain_pixels):
    settings = VisionSettings(**SETTINGS | {"keep_masks": False})
    assert not probe_vision(tiny_model, tiny_images, plain_pixels, settings).inputs.has("masks")
