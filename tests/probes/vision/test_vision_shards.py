"""The probe of an image model from shards is byte for byte that of one run."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from compexact.probes.datasets.annotated_images import Annotation
from compexact.probes.merging import merge_probes
from compexact.probes.opening import open_probe
from compexact.probes.shard import Shard
from compexact.probes.shard_folder import read_shard
from compexact.probes.store import save_probe
from compexact.probes.vision.probe import VisionSettings, probe_vision
from compexact.probes.vision.shard import save_vision_shard
from compexact.solver.errors import DataError, UsageError

COUNTS = [1, 2, 7, pytest.param(40, marks=pytest.mark.slow)]
SETTINGS = VisionSettings(("0", "2"), quantile=0.1, batch_size=2, workers=0, top_images=3)


class Spoilt(nn.Module):
    """Unit 1 of the first layer is NaN in images that are bright at the corner, and no other unit ever is."""

    def __init__(self, within):
        super().__init__()
        self.layers = nn.ModuleList([within[:1], within[1:3], within[3:]])

    def forward(self, images):
        maps = self.layers[0](images)
        spoilt = images[:, 0, 0, 0] > 0.9
        maps = torch.where(spoilt[:, None, None, None] & (torch.arange(6) == 1)[None, :, None, None], torch.nan, maps)
        return self.layers[2](self.layers[1](maps))


@pytest.fixture
def in_shards(tiny_images, tiny_model, plain_pixels, tmp_path):
    """in_shards(n, settings): folders of the n shards, in a shuffled order."""

    def make(n, settings, model=tiny_model, images=tiny_images):
        folders = [tmp_path / f"{n}-{i}" for i in range(1, n + 1)]
        for number, folder in enumerate(folders, start=1):
            save_vision_shard(model, images, plain_pixels, settings, Shard(number, n), folder)
        random.Random(n).shuffle(folders)
        return folders

    return make


def content(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def assert_same_bytes(folder, other):
    assert content(folder) == content(other)


@pytest.mark.parametrize("n", COUNTS)
def test_shards_of_several_layers_are_the_probe_of_one_run(
    n, in_shards, tiny_images, tiny_model, plain_pixels, tmp_path
):
    save_probe(probe_vision(tiny_model, tiny_images, plain_pixels, SETTINGS), tmp_path / "whole")
    save_probe(merge_probes(in_shards(n, SETTINGS)), tmp_path / "merged")
    assert_same_bytes(tmp_path / "merged", tmp_path / "whole")


CASES = {
    "ranges": replace(SETTINGS, ranges=3, quantile=0.3),
    "ranges by kmeans on pixels": replace(SETTINGS, ranges=2, ranges_by="kmeans", threshold_on="pixels", quantile=0.3),
    "pixels": replace(SETTINGS, threshold_on="pixels"),
    "positive": replace(SETTINGS, threshold="positive", folds=3),
    "no pictures": replace(SETTINGS, top_images=0),
    "masks kept": replace(SETTINGS, keep_masks=True, ranges=2),
    "activations kept": replace(SETTINGS, keep_activations=True, layers=("0",), folds=3),
}


@pytest.mark.parametrize("n", [2, pytest.param(7, marks=pytest.mark.slow), pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES)
def test_every_setting_gives_the_probe_of_one_run(n, case, in_shards, tiny_images, tiny_model, plain_pixels, tmp_path):
    save_probe(probe_vision(tiny_model, tiny_images, plain_pixels, CASES[case]), tmp_path / "whole")
    save_probe(merge_probes(in_shards(n, CASES[case])), tmp_path / "merged")
    assert_same_bytes(tmp_path / "merged", tmp_path / "whole")


@pytest.mark.parametrize("n", [4, 7])
def test_a_unit_that_is_nan_in_one_shard_is_dropped_of_all(
    n, in_shards, tiny_images, tiny_model, plain_pixels, tmp_path
):
    model = replace(tiny_model, module=Spoilt(tiny_model.module))
    settings = replace(SETTINGS, layers=("layers.1",), nan="drop", ranges=2, quantile=0.3)
    whole = save_probe(probe_vision(model, tiny_images, plain_pixels, settings), tmp_path / "whole")
    assert whole.about["settings"]["dropped_units"] == ["1"]
    folders = in_shards(n, settings, model)
    finite = [shard.array("finite_0", "|b1", 6).all() for shard in map(read_shard, folders) if shard.inputs]
    assert True in finite
    assert False in finite, "some shards have the unit, and some have not"
    save_probe(merge_probes(folders), tmp_path / "merged")
    assert_same_bytes(tmp_path / "merged", tmp_path / "whole")


def test_images_that_cannot_be_read_shift_the_batches_of_all_shards_alike(
    in_shards, tiny_images, tiny_model, plain_pixels, tmp_path
):
    class Torn(type(tiny_images)):
        def annotation(self, index):
            return Annotation(np.zeros((1, 2, 2), int)) if index == 1 else super().annotation(index)

    settings = replace(SETTINGS, skip_bad=0.5)
    whole = save_probe(probe_vision(tiny_model, Torn(), plain_pixels, settings), tmp_path / "whole")
    assert whole.about["settings"]["skipped_images"] == ["image1"]
    save_probe(merge_probes(in_shards(2, settings, images=Torn())), tmp_path / "merged")
    assert_same_bytes(tmp_path / "merged", tmp_path / "whole")


def test_thresholds_are_those_of_all_images_and_of_no_shard(in_shards, tiny_images, tiny_model, plain_pixels):
    class Dark(type(tiny_images)):
        """The second half of the images is dark."""

        def image(self, index):
            picture = super().image(index)
            return picture if index < 4 else picture.point(lambda value: value // 8)

    settings = replace(SETTINGS, layers=("0",))
    whole = probe_vision(tiny_model, Dark(), plain_pixels, settings)
    merged = merge_probes(in_shards(2, settings, images=Dark()))
    assert merged.arrays["thresholds"].tolist() == whole.arrays["thresholds"].tolist()
    assert merged.digest == whole.digest


def test_the_number_of_reading_processes_may_differ(in_shards, tiny_images, tiny_model, plain_pixels, tmp_path):
    one, two = sorted(in_shards(2, SETTINGS))
    other = tmp_path / "other"
    save_vision_shard(tiny_model, tiny_images, plain_pixels, replace(SETTINGS, workers=1), Shard(2, 2), other)
    assert merge_probes([one, other]).digest == merge_probes([two, one]).digest


@pytest.mark.parametrize(
    ("change", "message"),
    [({"quantile": 0.2}, "settings.quantile is 0.2, in .*2-1 0.1"), ({"batch_size": 3}, "settings.batch_size is 3")],
)
def test_a_shard_of_other_settings_is_refused_with_the_difference(
    in_shards, tiny_images, tiny_model, plain_pixels, tmp_path, change, message
):
    one, _ = sorted(in_shards(2, SETTINGS))
    save_vision_shard(
        tiny_model, tiny_images, plain_pixels, replace(SETTINGS, **change), Shard(2, 2), tmp_path / "other"
    )
    with pytest.raises(UsageError, match=message):
        merge_probes([one, tmp_path / "other"])


def test_a_shard_of_another_model_is_refused(in_shards, tiny_images, tiny_model, plain_pixels, tmp_path):
    one, _ = sorted(in_shards(2, SETTINGS))
    model = replace(tiny_model, digest="1" * 64)
    save_vision_shard(model, tiny_images, plain_pixels, SETTINGS, Shard(2, 2), tmp_path / "other")
    with pytest.raises(UsageError, match="another probe: weights_digest is"):
        merge_probes([one, tmp_path / "other"])


def test_missing_and_doubled_shards_are_named(in_shards):
    folders = sorted(in_shards(7, SETTINGS))
    with pytest.raises(UsageError, match=r"5 of 7 shards are there; .*: 3/7, 5/7$"):
        merge_probes([folder for folder in folders if folder.name not in ("7-3", "7-5")])
    with pytest.raises(UsageError, match=r"shard 2/7 is there twice: .*7-2 and .*7-2"):
        merge_probes([*folders, folders[1]])
    with pytest.raises(UsageError, match=r"7-1 is shard 1/7, .*2-2 is 2/2; merge those of one number"):
        merge_probes([*folders[:1], *sorted(in_shards(2, SETTINGS))[1:]])


@pytest.mark.parametrize("file", ["whole.json", "own.json", "manifest.json", "arrays/maps_0.npy", "arrays/row_of.npy"])
def test_a_damaged_file_of_a_shard_is_refused_by_name(in_shards, file):
    folders = in_shards(2, SETTINGS)
    place = folders[1] / file
    damaged = bytearray(place.read_bytes())
    damaged[-9] ^= 1
    place.write_bytes(damaged)
    with pytest.raises(DataError, match=rf"{place.name} .*make the shard again"):
        merge_probes(folders)


def test_a_shard_is_no_probe_and_says_what_to_do(in_shards):
    with pytest.raises(UsageError, match="is a shard of a probe; compexact merge makes a probe of it and the others"):
        open_probe(in_shards(2, SETTINGS)[0])
