"""A small world in files, to run the command line on."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from small_broden import write_broden
from torch import nn

from compexact.experiments.run.schema import digest_of


@pytest.fixture
def npz(tmp_path) -> Path:
    """Arrays of 200 points, 6 concepts and 4 units; unit `u0` is `(c0 OR c1) AND NOT c2`, `u3` is dead."""
    rng = np.random.default_rng(0)
    concepts = rng.random((200, 6)) < 0.3
    neurons = rng.random((200, 4)) < 0.3
    neurons[:, 0] = (concepts[:, 0] | concepts[:, 1]) & ~concepts[:, 2]
    neurons[:, 3] = False
    np.savez(tmp_path / "arrays.npz", concepts=concepts, neurons=neurons, unit_names=["u0", "u1", "u2", "u3"])
    return tmp_path / "arrays.npz"


@pytest.fixture
def edited():
    """edited(units.jsonl, unit, change, seal=True): change(record) of a line, with the digest made to fit it or not."""

    def edit(file: Path, unit: str, change: Callable[[dict], None], *, seal: bool = True) -> None:
        records = [json.loads(line) for line in file.read_text().splitlines()]
        (record,) = (each for each in records if each["unit"] == unit)
        change(record)
        if seal:
            record["digest"] = digest_of(record)
        file.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records))

    return edit


@pytest.fixture
def broden(tmp_path) -> Path:
    return write_broden(tmp_path / "broden")


NETS = """
import torch
from torch import nn


class Spoilt(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.layer, self.value = nn.Conv2d(3, 2, 3), value

    def forward(self, images):
        return self.layer(images) + self.value


class Turning(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.calls = nn.Conv2d(3, 2, 3), 0

    def forward(self, images):
        self.calls += 1
        return self.layer(images[..., :: self.calls])


class Pair(nn.Module):
    def forward(self, images):
        return images, images


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


def nan():
    return nn.Sequential(Spoilt(float("nan")), nn.ReLU())


def inf():
    return nn.Sequential(Spoilt(float("inf")), nn.ReLU())


def turning():
    return nn.Sequential(Turning())


def pair():
    return nn.Sequential(Pair())


def flat():
    return nn.Sequential(nn.Flatten(), nn.Unflatten(1, (3, 144)), nn.Linear(144, 5))
"""


@pytest.fixture
def nets(tmp_path, monkeypatch) -> str:
    """The name of a module of networks, in the folder that commands run in."""
    name = f"nets_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    return name


@pytest.fixture
def weights(tmp_path, nets):
    """weights(what): a file of that kind."""

    class Canary:
        def __reduce__(self):
            return (Path(tmp_path / "canary").touch, ())

    def make(what: str) -> Path:
        file = tmp_path / f"{what}.pt"
        if what == "good":
            torch.save(sys.modules[nets].net().state_dict() if nets in sys.modules else _net().state_dict(), file)
        elif what == "pickle":
            torch.save({"0.weight": Canary()}, file)
        elif what == "module":
            torch.save(nn.Linear(2, 2), file)
        elif what == "huge":
            torch.save({"0.weight": torch.zeros(1).as_strided((10**11,), (0,))}, file)
        elif what == "other":
            torch.save({"5.weight": torch.zeros(2), "0.weight": torch.zeros(4, 3, 3, 3)}, file)
        elif what == "empty":
            file.write_bytes(b"")
        return file

    return make


def _net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
