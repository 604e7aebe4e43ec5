"""A tiny dataset and model whose probe can be counted by hand."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from compexact.probes.datasets.annotated_images import Annotation, Concept
from compexact.probes.models import LoadedModel
from compexact.probes.preprocess import Preprocessing


@dataclass(frozen=True)
class TinyImages:
    """Random pictures with two overlapping label planes and a scene."""

    n_images: int = 7
    mask_size: tuple[int, int] = (9, 11)
    name: str = "tiny"
    root: Path = Path(".")
    concepts: tuple[Concept, ...] = (*(Concept(name, "object") for name in "abcd"), Concept("s", "scene"))
    metadata_files: tuple[Path, ...] = ()
    keys: tuple[str, ...] = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "keys", tuple(f"image{i}" for i in range(self.n_images)))

    def image(self, index):
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        return Image.fromarray(pixels)

    def annotation(self, index):
        rng = np.random.default_rng(100 + index)
        planes = rng.integers(-1, 4, (2, *self.mask_size)).astype(np.int32)
        return Annotation(planes, (4,) if index % 2 else ())

    def target(self, index):
        return "s" if index % 2 else None


def tiny_net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 4),
    )


@pytest.fixture
def tiny_images():
    return TinyImages()


@pytest.fixture
def tiny_model():
    return LoadedModel(tiny_net(), "tiny_net", "0" * 64, ("p", "q", "r", "s"), ())


@pytest.fixture
def plain_pixels():
    return Preprocessing(16, "rgb", (0, 0, 0), (1, 1, 1), 1)
