"""The network of `compexact demo vision`: a small CNN that names the scene, and units whose formula is known.

Its layer `features` has 24 trained units, `0` to `23`, and the planted units of `PLANTED`, `24` and up.
A planted unit is not trained.  It takes each pixel's material by the nearest colour of the legend, and is
active where more than half of a cell belongs to materials that its formula holds for.  The classes give it
weight 0, so it changes no answer.

Probe it with `PREPROCESSING` and the threshold rule `positive`: a planted unit is above 0 exactly where it
should be active, however much of the pictures that is.  A quantile would cut all units to one share of the
pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..solver.errors import UsageError
from ..solver.parsing import parse
from .datasets.annotated_images import AnnotatedImages
from .demo_epochs import train_epochs
from .demo_palette import HELD_OUT_EVERY, MATERIALS, RGB, SCENE_NAMES
from .preprocess import Preprocessing
from .reproducible import reproducible

PREPROCESSING = Preprocessing(image_size=112, channels="rgb", mean=(0, 0, 0), std=(1, 1, 1), scale=1.0)
"""What the network sees of a picture: pixel / 255, at 112 x 112."""

TRAINED_UNITS = 24

PLANTED = {
    "24": "(water OR sky) AND NOT grey-c",
    "25": "car OR boat",
    "26": "(house OR tree) AND NOT red-c",
    "27": "(boat AND red-c) OR car",
    "28": "(water AND green-c) OR grass",
}
"""Unit of the layer `features` -> the formula that it was built from.

The last two are traps for a beam.  What they are built from (`boat AND red-c`, `water AND green-c`) is so poor
an explanation by itself that no beam of 5, 10 or 20 keeps it.
"""

BATCH_SIZE = 16
LEARNING_RATE = 0.02


class PlantedUnits(nn.Module):
    """The units of `PLANTED`, computed from the picture by the legend.

    A unit's value in a cell is the share of the cell's pixels for which its formula holds, minus 1/2; so it
    changes its sign at the border of what it shows, and stays exact when the map is upsampled.  All values of
    a picture are multiplied by 1 + the share of the whole picture, so that pictures can be ranked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.palette: torch.Tensor
        self.members: torch.Tensor
        self.register_buffer("palette", torch.from_numpy(RGB.astype(np.float32) / 255))
        self.register_buffer("members", torch.from_numpy(np.stack([_members(text) for text in PLANTED.values()])))

    def forward(self, images: torch.Tensor, map_size: tuple[int, int]) -> torch.Tensor:
        """float32 (n, 3, height, width) in 0..1 -> (n, n_planted, *map_size)."""
        return torch.stack([self._maps(image, map_size) for image in images])

    def _maps(self, image: torch.Tensor, map_size: tuple[int, int]) -> torch.Tensor:
        """One image at a time: its distances to the whole palette fit in the cache."""
        pixels = image.flatten(1).T
        # Squared distance to each palette entry, without the term that is the same for all.
        distance = self.palette.square().sum(dim=1) - 2 * pixels @ self.palette.T
        holds = self.members[:, distance.argmin(dim=1)].unflatten(1, image.shape[1:])
        share = functional.adaptive_avg_pool2d(holds, map_size)
        return (share - 0.5) * (1 + holds.mean(dim=(1, 2), keepdim=True))


def _members(text: str) -> np.ndarray:
    """float32 (n_materials,): 1 for the materials that the formula holds for."""
    formula = parse(text)
    concepts = {name: np.array([name in material.concepts for material in MATERIALS]) for name in formula.atoms()}
    return formula.mask(concepts).astype(np.float32)


class Features(nn.Module):
    """The probed layer: trained units and, after them, the planted ones."""

    def __init__(self) -> None:
        super().__init__()
        self.trained = nn.Sequential(
            *_block(3, 16, kernel=5, stride=2),
            *_block(16, 24, kernel=3, stride=2),
            *_block(24, 32, kernel=3),
            *_block(32, TRAINED_UNITS, kernel=3),
        )
        # The last units start active on about a sixth of the cells instead of half: rarer, and so more
        # telling, units come out of the training.
        last_norm = self.trained[-2]
        assert isinstance(last_norm, nn.BatchNorm2d)
        nn.init.constant_(last_norm.bias, -1.0)
        self.planted = PlantedUnits()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        trained = self.trained(images)
        return torch.cat([trained, self.planted(images, trained.shape[-2:])], dim=1)


def _block(inputs: int, outputs: int, *, kernel: int, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()


class DemoNet(nn.Module):
    """Pictures, float32 (n, 3, 112, 112) as `PREPROCESSING` makes them -> class scores (n, 6).

    The maps of `features` are (n, 29, 28, 28), after the ReLU for the trained units.  A class score is linear
    in the units' means over the picture.
    """

    class_names = SCENE_NAMES

    def __init__(self) -> None:
        super().__init__()
        self.features = Features()
        self.classifier = nn.Linear(TRAINED_UNITS + len(PLANTED), len(SCENE_NAMES))
        nn.init.zeros_(self.classifier.weight[:, TRAINED_UNITS:])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.classifier(self.features(images).mean(dim=(2, 3)))
        return scores

    def trained_scores(self, maps: torch.Tensor) -> torch.Tensor:
        """The same scores from the maps of the trained units (`features.trained`) alone."""
        weight = self.classifier.weight[:, :TRAINED_UNITS]
        return functional.linear(maps.mean(dim=(2, 3)), weight, self.classifier.bias)


def demo_model() -> DemoNet:
    """The architecture, for `--model compexact.probes.demo_model:demo_model --weights FILE`."""
    return DemoNet().eval()


def save_demo_model(model: DemoNet, path: Path) -> None:
    """Write the state dict, tensors only."""
    torch.save(model.state_dict(), path)


def train_demo_model(
    dataset: AnnotatedImages,
    *,
    epochs: int = 12,
    seed: int = 0,
    on_epoch: Callable[[str], None] = lambda line: None,
) -> tuple[DemoNet, float]:
    """Train the network to name the scenes, on the CPU; the network and its accuracy on pictures held out.

    Every fifth picture is held out, as in the `split` of the world's index.  One seed gives one network on one
    machine; torch's global random state is left alone.  on_epoch: gets a line for each.

    Raises UsageError where a picture's scene is none of the network's, and for fewer than five pictures.
    """
    if epochs < 1:
        raise UsageError(f"the epochs must be at least 1, not {epochs}")
    if len(dataset.keys) < HELD_OUT_EVERY:
        raise UsageError(f"{dataset.name} has {len(dataset.keys)} pictures; {HELD_OUT_EVERY} are the least to train on")
    targets = _targets(dataset)
    images = torch.stack([PREPROCESSING(dataset.image(index)) for index in range(len(dataset.keys))])
    held_out = torch.arange(len(images)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    with reproducible(seed):
        model = DemoNet()
        _fit(model, images[~held_out], targets[~held_out], epochs, on_epoch)
        return model, _accuracy(model, images[held_out], targets[held_out])


def _targets(dataset: AnnotatedImages) -> torch.Tensor:
    """int64 (n_images,): each picture's class."""
    targets = []
    for index, key in enumerate(dataset.keys):
        scene = dataset.target(index)
        if scene not in SCENE_NAMES:
            raise UsageError(f"{dataset.name}, {key}: the scene is {scene!r}; known are {', '.join(SCENE_NAMES)}")
        targets.append(SCENE_NAMES.index(scene))
    return torch.tensor(targets)


def _fit(
    model: DemoNet, images: torch.Tensor, targets: torch.Tensor, epochs: int, on_epoch: Callable[[str], None]
) -> None:
    def loss_of(batch: torch.Tensor) -> torch.Tensor:
        maps = model.features.trained(images[batch])
        return functional.cross_entropy(model.trained_scores(maps), targets[batch]) + _likeness(maps)

    train_epochs(
        model,
        len(images),
        loss_of,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        on_epoch=on_epoch,
    )


def _accuracy(model: DemoNet, images: torch.Tensor, targets: torch.Tensor) -> float:
    """The share of pictures that the network, now in evaluation mode, names rightly."""
    model.eval()
    with torch.inference_mode():
        scores = torch.cat([model.trained_scores(model.features.trained(batch)) for batch in images.split(BATCH_SIZE)])
    return float((scores.argmax(dim=1) == targets).double().mean())


def _likeness(maps: torch.Tensor) -> torch.Tensor:
    """The mean squared correlation of two units.  Without a price on it, many units come out as one."""
    values = maps.transpose(0, 1).flatten(1)
    centred = values - values.mean(dim=1, keepdim=True)
    directions = functional.normalize(centred, dim=1)
    correlations = directions @ directions.T
    return (correlations - torch.diag(correlations.diagonal())).square().mean()
