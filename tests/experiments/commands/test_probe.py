import json

import numpy as np
import pytest
from PIL import Image


def probe_command(broden, nets, output, *more):
    return (
        "probe", "vision", "--dataset", f"broden:{broden}", "--model", f"{nets}:net", "--layer", "1",
        "--image-size", 12, "--quantile", 0.1, "--workers", 0, "-o", output, *more,
    )  # fmt: skip


def test_from_images_to_formulas(compexact, broden, nets, tmp_path):
    ended = compexact(*probe_command(broden, nets, tmp_path / "probe"))
    assert ended.code == 0
    assert "144 points" in ended.out
    record = json.loads(compexact("ls", tmp_path / "probe").out)
    assert (record["points"], record["concepts"], record["units"]) == (4 * 36, 3, 4)
    assert (record["model"], record["layer"], record["dataset"]) == (f"{nets}:net", "1", "broden")
    assert record["settings"]["quantile"] == 0.1
    explained = compexact("explain", tmp_path / "probe")
    assert explained.code == 0
    assert len(explained.out.splitlines()) == 4


def test_the_same_command_gives_the_same_bytes(compexact, broden, nets, tmp_path):
    for name in ("one", "two"):
        assert compexact(*probe_command(broden, nets, tmp_path / name)).code == 0
    for file in (tmp_path / "one").rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes()


def test_progress_goes_to_stderr_only(compexact, broden, nets, tmp_path):
    ended = compexact(*probe_command(broden, nets, tmp_path / "probe"))
    assert "running the network: 4 to do" in ended.err
    assert len(ended.out.splitlines()) == 1


def test_layers_are_listed_with_their_shapes(compexact, nets):
    rows = [
        json.loads(line)
        for line in compexact("ls", "layers", "--model", f"{nets}:net", "--image-size", 12).out.splitlines()
    ]
    conv = {"layer": "0", "kind": "Conv2d", "shape": "4x10x10", "units": 4, "layout": "nchw", "calls": 1}
    assert rows[0] == conv


TURNED = """
import torch
from torch import nn
class Turned(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix, self.relu, self.head = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)
    def forward(self, images):
        return {"out": self.head(self.relu(self.relu(self.mix(images.permute(0, 2, 3, 1)))).mean(dim=(1, 2)))}
"""


def test_what_was_decided_about_a_layer_is_said_and_kept_and_used_again(compexact, broden, nets, tmp_path):
    (tmp_path / f"{nets}_turned.py").write_text(TURNED)
    command = list(probe_command(broden, nets, tmp_path / "probe", "--call", 1))
    command[command.index("--model") + 1] = model = f"{nets}_turned:Turned"
    command[command.index("--layer") + 1] = "relu"
    ended = compexact(*command)
    assert ended.code == 0, ended.err
    assert (
        "Layer relu is nhwc, 4 units on maps of 12 x 12, since Linear has its 4 features on the last axis." in ended.err
    )
    assert "Layer relu ran 2 times in one call of the model; the output of call 1 is taken" in ended.err
    settings = json.loads(compexact("ls", tmp_path / "probe").out)["settings"]
    assert settings["layouts"]["relu"]["form"] == "nhwc"
    assert settings["layouts"]["relu"]["call"] == 1
    assert compexact("explain", tmp_path / "probe", "--length", 1, "-o", tmp_path / "run").code == 0
    asked = ("experiment", "ablate", tmp_path / "run", "--model", model, "--dataset", f"broden:{broden}")
    ended = compexact(*asked, "-o", tmp_path / "answer")
    assert ended.code == 0, ended.err


def test_random_weights_are_told_on_stderr(compexact, broden, nets, tmp_path):
    command = list(probe_command(broden, nets, tmp_path / "probe"))
    command[command.index("--model") + 1] = "torchvision:squeezenet1_1"
    command[command.index("--layer") + 1] = "features.3"
    command[command.index("--image-size") + 1] = 64
    assert "The weights are random (seed 0): no file was given." in compexact(*command).err


def test_labels_may_be_ignored_and_pictures_without_labels_left_out(compexact, nets, tmp_path):
    rng = np.random.default_rng(0)
    for folder in ("images", "annotations"):
        (tmp_path / "maps" / folder).mkdir(parents=True)
    for name in "abc":
        Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8)).save(tmp_path / f"maps/images/{name}.png")
    for name in "ab":
        ids = rng.choice(np.array([0, 1, 2, 255], np.uint8), (12, 12))
        Image.fromarray(ids).save(tmp_path / f"maps/annotations/{name}.png")
    (tmp_path / "maps/names.txt").write_text("wall\nsky\n")
    command = [
        "probe", "vision", "--dataset", f"labelmaps:{tmp_path / 'maps'}", "--model", f"{nets}:net", "--layer", "1",
        "--image-size", 12, "--quantile", 0.1, "--workers", 0, "-o", tmp_path / "probe",
    ]  # fmt: skip
    assert "c.png: no label map" in compexact(*command).err
    assert "--ignore-label 255" in compexact(*command, "--skip-bad", 0.5).err
    ended = compexact(*command, "--skip-bad", 0.5, "--ignore-label", 255)
    assert ended.code == 0, ended.err
    record = json.loads(compexact("ls", tmp_path / "probe").out)
    assert (record["concepts"], record["settings"]["skipped_images"]) == (2, ["images/c.png"])


@pytest.mark.parametrize(
    "command", [(), ("probe",), ("explain",), ("score",), ("ls",), ("report",), ("probe", "vision")]
)
def test_every_command_has_help_with_an_example(compexact, command):
    ended = compexact(*command, "--help")
    assert ended.code == 0
    if command not in ((), ("probe",)):
        assert f"  compexact {' '.join(command)}" in ended.out
