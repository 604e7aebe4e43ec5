"""What a vision probe leaves out where that is asked for: images that cannot be read, units that are no numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_broden import write_broden
from torch import nn

from compexact.probes.datasets.annotated_images import Annotation
from compexact.probes.opening import open_probe
from compexact.probes.progress import silent
from compexact.probes.store import save_probe
from compexact.probes.unreadable_images import readable_images
from compexact.probes.vision.probe import VisionSettings, probe_vision
from compexact.solver.errors import DataError, UsageError


def tear(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.fixture
def broden(tmp_path):
    """Ten images; picture 2 is torn, and the label map of 5."""
    root = write_broden(tmp_path / "broden", 10)
    tear(root / "images/2.png")
    tear(root / "images/5_object.png")
    return root


@pytest.fixture
def probed(tmp_path, monkeypatch, compexact):
    """probed(dataset, output, ...): exit code and what stands on stderr."""
    (tmp_path / "left_out_nets.py").write_text(
        "import torch\n"
        "def net():\n"
        "    torch.manual_seed(0)\n"
        "    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def run(root, output, *more):
        ended = compexact(
            "probe", "vision", "--dataset", f"broden:{root}", "--model", "left_out_nets:net", "--layer", "1",
            "--image-size", 12, "--quantile", 0.1, "--workers", 0, "-o", output, *more,
        )  # fmt: skip
        return ended.code, ended.err

    return run


def test_without_the_option_a_torn_file_ends_the_probe(probed, broden, tmp_path):
    code, message = probed(broden, tmp_path / "probe")
    assert code == 3
    assert "images/2.png" in message
    assert not (tmp_path / "probe").exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_torn_images_are_left_out_and_the_rest_is_as_if_they_had_never_been_there(probed, broden, tmp_path, workers):
    assert probed(broden, tmp_path / "skipped", "--skip-bad", 0.2, "--workers", workers)[0] == 0
    kept = [0, 1, 3, 4, 6, 7, 8, 9]
    rows = (broden / "index.csv").read_text().splitlines()
    (broden / "index.csv").write_text("\n".join([rows[0], *(rows[1 + i] for i in kept)]) + "\n")
    assert probed(broden, tmp_path / "expected")[0] == 0
    skipped, expected = open_probe(tmp_path / "skipped"), open_probe(tmp_path / "expected")
    assert skipped.digest == expected.digest
    assert skipped.names == expected.names
    assert skipped.names["images"] == [f"images/{i}.png" for i in kept]
    assert skipped.about["images"] == 8
    for name, array in expected.arrays.items():
        assert np.array_equal(skipped.arrays[name], array), name


def test_what_was_left_out_stands_in_the_probe(probed, broden, tmp_path):
    assert probed(broden, tmp_path / "probe", "--skip-bad", 0.2)[0] == 0
    about = json.loads((tmp_path / "probe/manifest.json").read_text())
    assert about["settings"]["skip_bad"] == 0.2
    assert about["settings"]["skipped_images"] == ["images/2.png", "images/5.png"]
    [note] = [note for note in about["notes"] if "left out" in note]
    assert note.startswith("2 of 10 images cannot be read and are left out: ")
    assert "images/2.png" in note
    assert "images/5_object.png" in note
    assert probed(broden, tmp_path / "few", "--skip-bad", 0.1, "--limit", 2)[0] == 0
    about = json.loads((tmp_path / "few/manifest.json").read_text())
    assert about["settings"]["skipped_images"] == []
    assert not any("left out" in note for note in about["notes"])


@pytest.mark.parametrize("share", [0, 0.1, 0.19])
def test_more_than_the_share_ends_the_probe_in_one_line(probed, broden, tmp_path, share):
    code, message = probed(broden, tmp_path / "probe", "--skip-bad", share)
    [line] = [line for line in message.splitlines() if line.startswith("compexact:")]
    assert code == 3
    assert f"2 of 10 images cannot be read, more than the share of {share:g}" in line
    assert "images/2.png" in line
    assert not (tmp_path / "probe").exists()


@pytest.mark.parametrize("share", [-0.1, 1, 1.5])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(UsageError, match="skip_bad is a share of the images"):
        VisionSettings(("0",), skip_bad=share)


def test_whatever_a_users_dataset_raises_counts_as_unreadable_but_not_a_wrong_argument(tiny_images):
    class Odd(type(tiny_images)):
        error = ZeroDivisionError("by zero")

        def image(self, index):
            if index == 1:
                raise self.error
            return super().image(index)

        def annotation(self, index):
            return Annotation(np.full((1, 9, 11), 7)) if index == 3 else super().annotation(index)

    reading = {"batch_size": 2, "workers": 0, "on_progress": silent}
    images, skipped = readable_images(Odd(), 0.5, **reading)
    assert [(each.key, each.reason[:34]) for each in skipped] == [
        ("image1", "image1: ZeroDivisionError: by zero"),
        ("image3", "image3: a concept number is outside -1 to 4: 7"[:34]),
    ]
    assert images.keys == ("image0", "image2", "image4", "image5", "image6")
    assert [images.target(i) for i in range(5)] == [None, None, None, "s", None]
    assert np.array_equal(images.annotation(3).planes, tiny_images.annotation(5).planes)
    assert images.image(1).tobytes() == tiny_images.image(2).tobytes()
    Odd.error = UsageError("wrong")
    with pytest.raises(UsageError, match=r"^wrong$"):
        readable_images(Odd(), 0.5, **reading)


class Spoilt(nn.Sequential):
    """A network of four units and three classes that spoils values of units 1 and 3 in some images."""

    def __init__(self, bad=((1, float("nan")), (3, float("inf")))):
        torch.manual_seed(0)
        super().__init__(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
        self.bad, self.calls = bad, 0
        self[0].register_forward_hook(self.spoil)

    def spoil(self, module, inputs, output):
        self.calls += bool(inputs[0].any())  # black pictures are trials
        if self.calls == 2:
            output = output.clone()
            for unit, value in self.bad:
                output[0, unit, 0, 0] = value
        return output


def of(tiny_model, module):
    return tiny_model.__class__(module, "spoilt", "", ("p", "q", "r"), ())


def test_units_that_are_no_numbers_are_left_out_by_name(tiny_images, tiny_model, plain_pixels, tmp_path):
    settings = VisionSettings(("0",), quantile=0.1, batch_size=2, workers=0, nan="drop")
    whole = probe_vision(of(tiny_model, Spoilt(())), tiny_images, plain_pixels, settings)
    probe = probe_vision(of(tiny_model, Spoilt()), tiny_images, plain_pixels, settings)
    assert probe.cells.unit_names == ("0", "2")
    assert np.array_equal(probe.cells.active, whole.cells.active[:, [0, 2]])
    for name in ("thresholds", "top_images", "top_masks"):
        assert np.array_equal(probe.arrays[name], whole.arrays[name][[0, 2]]), name
    for name in ("unit_max", "class_weights"):
        assert np.array_equal(probe.arrays[name], whole.arrays[name][:, [0, 2]]), name
    assert probe.about["settings"]["dropped_units"] == ["1", "3"]
    assert "2 of 4 units have activations that are NaN or infinite and are left out: 1, 3" in probe.about["notes"]
    assert whole.about["settings"]["dropped_units"] == []
    assert not any("left out" in note for note in whole.about["notes"])
    assert open_probe(save_probe(probe, tmp_path / "probe").path).cells.unit_names == ("0", "2")


def test_an_image_whose_scores_are_no_numbers_has_no_prediction(tiny_images, tiny_model, plain_pixels):
    settings = VisionSettings(("0",), quantile=0.1, batch_size=2, workers=0, nan="drop")
    whole = probe_vision(of(tiny_model, Spoilt(())), tiny_images, plain_pixels, settings).arrays["predictions"]
    probe = probe_vision(of(tiny_model, Spoilt(((1, float("nan")),))), tiny_images, plain_pixels, settings)
    assert probe.arrays["predictions"].tolist() == [*whole[:2], -1, *whole[3:]]
    assert "1 of 7 images have no prediction: a class score is NaN" in probe.about["notes"]


def test_ranges_and_several_layers_keep_the_names_of_the_other_units(tiny_images, tiny_model, plain_pixels):
    settings = VisionSettings(("0", "1"), quantile=0.3, batch_size=2, workers=0, nan="drop", ranges=2)
    probe = probe_vision(of(tiny_model, Spoilt()), tiny_images, plain_pixels, settings)
    # The pooled values of the spoilt units are no numbers, either.
    expected = tuple(f"{layer}:{unit}@{i}" for layer in "01" for unit in "02" for i in (1, 2))
    assert probe.cells.unit_names == expected
    assert probe.about["settings"]["dropped_units"] == ["0:1", "0:3", "1:1", "1:3"]
    clean = probe_vision(of(tiny_model, Spoilt(())), tiny_images, plain_pixels, settings)
    columns = [clean.cells.unit(name) for name in expected]
    assert np.array_equal(probe.cells.active, clean.cells.active[:, columns])
    assert np.array_equal(probe.arrays["upper_edges"], clean.arrays["upper_edges"][columns])


def test_a_layer_without_any_number_is_an_error_still(tiny_images, tiny_model, plain_pixels):
    settings = VisionSettings(("0",), batch_size=2, workers=0, nan="drop")
    model = of(tiny_model, Spoilt([(unit, float("nan")) for unit in range(4)]))
    with pytest.raises(DataError, match="layer 0: all 4 units have activations that are NaN or infinite"):
        probe_vision(model, tiny_images, plain_pixels, settings)
    with pytest.raises(DataError, match=r"layer 0, unit 0: 4 activations are NaN .*--nan drop"):
        probe_vision(
            of(tiny_model, Spoilt(model.module.bad)), tiny_images, plain_pixels, replace(settings, nan="error")
        )
    with pytest.raises(UsageError, match="nan is error or drop, not 'skip'"):
        VisionSettings(("0",), nan="skip")
