"""SqueezeNet as its authors trained it, for predictions: the last convolution pads, and the classes have names."""

from __future__ import annotations

from inputs import REAL
from torch import nn

from compexact.probes.torchvision_ops import import_torchvision


def class_names() -> list[str]:
    """ImageNet's classes in order, the first name of each."""
    lines = (REAL / "squeezenet/synset_words.txt").read_text().splitlines()
    return [line.split(" ", 1)[1].split(",")[0].strip() for line in lines]


def model() -> nn.Module:
    """For `--model squeezenet:model`, with this folder on PYTHONPATH."""
    module: nn.Module = import_torchvision().models.squeezenet1_0(weights=None)
    module.classifier[1].padding = (1, 1)
    module.class_names = class_names()
    return module
