"""EfficientNet-Lite0 with ImageNet's class names: a second network for the images that SqueezeNet is explained on."""

from __future__ import annotations

from inputs import REAL
from squeezenet import class_names
from torch import nn

WEIGHTS = REAL / "efficientnet_lite0/efficientnet-lite0-57934424.pth"


def model() -> nn.Module:
    """For `--model efficientnet:model`, with this folder on PYTHONPATH."""
    from efficientnet_lite_pytorch import EfficientNet

    module: nn.Module = EfficientNet.from_name("efficientnet-lite0")
    module.class_names = class_names()
    return module
