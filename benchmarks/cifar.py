"""The ResNets of CIFAR-10, of 20 and of 56 layers, and its test set, which names the classes that they know.

He et al., Deep Residual Learning for Image Recognition (CVPR 2016), section 4.2: shortcuts without weights, which take
every second point and pad the new channels by zeros.

    python benchmarks/cifar.py --unpack cifar10_test.zip -o build/cifar10
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, pad, relu

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class Block(nn.Module):
    """Two convolutions, and what came in beside them."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride, self.more = stride, width - before

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        found = self.bn2(self.conv2(relu(self.bn1(self.conv1(maps)))))
        beside = maps[:, :, :: self.stride, :: self.stride]
        return relu(found + pad(beside, (0, 0, 0, 0, self.more // 2, self.more // 2)))


class ResNet(nn.Module):
    """blocks: in each of the three stages, of 16, 32 and 64 units."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = stage(16, 16, 1, blocks)
        self.layer2 = stage(16, 32, 2, blocks)
        self.layer3 = stage(32, 64, 2, blocks)
        self.linear = nn.Linear(64, len(CLASSES))
        self.class_names = list(CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.layer3(self.layer2(self.layer1(relu(self.bn1(self.conv1(images))))))
        return self.linear(avg_pool2d(maps, maps.shape[-1]).flatten(1))


def stage(before: int, width: int, stride: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(Block(before, width, stride), *(Block(width, width, 1) for _ in range(blocks - 1)))


def resnet20() -> nn.Module:
    """For `--model cifar:resnet20`, with this folder on PYTHONPATH."""
    return ResNet(3)


def resnet56() -> nn.Module:
    return ResNet(9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unpack", type=Path, required=True, help="cifar10_test.zip, with test/CLASS/0000.jpg in it")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    with zipfile.ZipFile(options.unpack) as archive:
        archive.extractall(options.output)


if __name__ == "__main__":
    main()
