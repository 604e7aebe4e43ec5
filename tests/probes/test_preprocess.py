"""Preprocessing is the written formula, point for point, whatever the order of channels."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from compexact.probes.preprocess import PRESETS, Preprocessing, resolve
from compexact.probes.torchvision_ops import import_torchvision
from compexact.solver.errors import UsageError


def picture(height: int, width: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_the_imagenet_preset_is_what_torchvision_does() -> None:
    transforms = import_torchvision().transforms
    theirs = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    )
    image = picture(224, 224)
    ours = PRESETS["imagenet"](image)
    assert ours.dtype == torch.float32
    assert ours.shape == (3, 224, 224)
    torch.testing.assert_close(ours, theirs(image), rtol=0, atol=1e-6)


def test_the_broden_preset_is_what_the_papers_code_does() -> None:
    image = picture(224, 224)
    bgr = np.asarray(image)[:, :, ::-1].astype(float) - (109.5388, 118.6897, 124.6901)
    expected = np.moveaxis(bgr[:, :, ::-1] / (255 * 0.224), -1, 0)
    np.testing.assert_allclose(PRESETS["broden"](image).numpy(), expected, rtol=0, atol=1e-6)


def test_the_caffe_preset_puts_blue_first_and_keeps_255() -> None:
    image = Image.new("RGB", (227, 227), (10, 20, 255))
    assert PRESETS["caffe"](image)[:, 5, 5].tolist() == [255 - 104, 20 - 117, 10 - 123]


def test_each_part_of_the_formula_is_applied() -> None:
    made = Preprocessing(1, "bgr", (1.0, 2.0, 3.0), (1.0, 2.0, 4.0), 51.0)
    assert made(Image.new("RGB", (1, 1), (255, 5, 0))).flatten().tolist() == [-1.0, -0.5, 12.0]


def test_a_picture_of_the_right_size_is_not_resampled() -> None:
    image = picture(9, 9)
    exact = Preprocessing(9, "rgb", (0, 0, 0), (1, 1, 1), 255)(image)
    np.testing.assert_array_equal(exact.numpy(), np.moveaxis(np.asarray(image), -1, 0))


def test_the_whole_picture_stays_in_view_and_nothing_is_cropped() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:20, :40] = 255  # the upper left quarter
    seen = Preprocessing(10, "rgb", (0, 0, 0), (1, 1, 1), 1)(Image.fromarray(pixels))
    expected = np.zeros((3, 10, 10))
    expected[:, :5, :5] = 1
    assert np.abs(seen.numpy() - expected)[:, [0, 1, 8, 9]][:, :, [0, 1, 8, 9]].max() == 0
    assert abs(seen.mean().item() - 0.25) < 0.01


def test_shrinking_averages_over_the_pixels_it_leaves_out() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    seen = Preprocessing(8, "rgb", (0, 0, 0), (1, 1, 1), 1)(Image.fromarray(stripes))
    assert (seen - 0.5).abs().max() < 0.05


def test_enlarging_is_linear_between_the_centres_of_pixels() -> None:
    step = Image.fromarray(np.array([[[0] * 3, [200] * 3]] * 2, np.uint8))
    seen = Preprocessing(4, "rgb", (0, 0, 0), (1, 1, 1), 255)(step)
    assert seen[0, 0].tolist() == [0, 50, 150, 200]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_pictures_of_other_modes_are_made_rgb(mode: str) -> None:
    assert PRESETS["imagenet"](picture(8, 8).convert(mode)).shape == (3, 224, 224)


def test_it_can_be_sent_to_another_process() -> None:
    for preset in PRESETS.values():
        assert pickle.loads(pickle.dumps(preset)) == preset


def test_presets_are_there_without_torch() -> None:
    code = "import sys; from compexact.probes.preprocess import resolve; resolve(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_explicit_values_replace_those_of_the_preset() -> None:
    assert resolve("caffe") == PRESETS["caffe"]
    changed = resolve("imagenet", 113, mean=[0, 0.5, 1], scale=2)
    assert changed == Preprocessing(113, "rgb", (0, 0.5, 1), (0.229, 0.224, 0.225), 2)


def test_with_other_channels_the_presets_mean_follows_its_colour() -> None:
    image = Image.new("RGB", (224, 224), (10, 100, 200))
    straight, turned = resolve("imagenet")(image), resolve("imagenet", channels="bgr")(image)
    assert torch.equal(turned, straight.flip(0))
    assert resolve("imagenet", channels="bgr", mean=(1, 2, 3)).mean == (1, 2, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"preset": "imagnet"}, "did you mean 'imagenet'"),
        ({"image_size": 0}, "image size 0"),
        ({"image_size": -3}, "image size -3"),
        ({"image_size": 2.5}, "image size 2.5"),
        ({"image_size": True}, "image size True"),
        ({"image_size": 10**9}, "1 to 8192"),
        ({"channels": "RGB"}, "did you mean 'rgb'"),
        ({"mean": (0.1, 0.2)}, "mean .*three numbers"),
        ({"mean": "123"}, "mean '123'"),
        ({"mean": (0.1, float("nan"), 0.2)}, "mean nan"),
        ({"mean": (0.1, float("inf"), 0.2)}, "mean inf"),
        ({"mean": (0.1, "0.2", 0.2)}, "mean '0.2'"),
        ({"std": (1, 0, 1)}, "std .*above 0"),
        ({"std": (1, -1, 1)}, "std .*above 0"),
        ({"std": (1, 1, 1, 1)}, "std .*three numbers"),
        ({"scale": 0}, "scale 0"),
        ({"scale": float("nan")}, "scale nan"),
    ],
    ids=str,
)
def test_wrong_values_are_named(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        resolve(**options)
    assert "\n" not in str(caught.value)


def test_numbers_without_a_preset_start_from_nothing_and_not_from_imagenet():
    assert resolve() == PRESETS["imagenet"]
    assert resolve(image_size=112, channels="rgb").std == PRESETS["imagenet"].std
    assert resolve(None, 227, "bgr", (104, 117, 123), None, 255) == PRESETS["caffe"]
    assert resolve(mean=(1, 2, 3)).std == (1, 1, 1)
    assert resolve("imagenet", mean=(1, 2, 3)).std == PRESETS["imagenet"].std
