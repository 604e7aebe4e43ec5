"""SqueezeNet as its authors trained it, for predictions: the last convolution pads, and the classes have names."""

from __future__ import annotations

from inputs import REAL
from torch import nn

from compexact.probes.torchvision_ops import import_torchvision


def model() -> nn.Module:
    """For `--model squeezenet:model`, with this folder on PYTHONPATH."""
    module: nn.Module = import_torchvision().models.squeezenet1_0(weights=None)
    module.classifier[1].padding = (1, 1)
    lines = (REAL / "squeezenet/synset_words.txt").read_text().splitlines()
    module.class_names = [line.split(" ", 1)[1].split(",")[0].strip() for line in lines]
    return module
