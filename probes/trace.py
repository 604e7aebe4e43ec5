"""Run a model over a dataset once: keep the maps of the probed layers, and what it predicts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..solver.errors import CompexactError, DataError, UsageError
from .datasets.base import AnnotatedImages
from .factories import brief
from .layers import capture, check_layer_output, evaluating
from .preprocess import Preprocessing
from .reading import PictureReader, batches
from .spill import Spill

Progress = Callable[[str, int, int], None]
"""(what is being done, how many are done, of how many)."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What one run over the dataset left.

    spills: one per layer.  unit_max: float32 (n_images, n_units), each unit's largest value in each image, the
    layers' units one after the other.  predictions: int64 (n_images,), the class with the highest score, or -1
    where the model gives no class scores.  images_digest: over all images' pixels.
    """

    spills: dict[str, Spill]
    unit_max: np.ndarray
    predictions: np.ndarray
    n_classes: int
    images_digest: str


def trace(
    model: nn.Module,
    dataset: AnnotatedImages,
    layers: tuple[str, ...],
    preprocessing: Preprocessing,
    *,
    device: torch.device,
    batch_size: int,
    workers: int,
    spill_folder: Path | None,
    on_progress: Progress,
) -> Trace:
    """Run the model in evaluation mode over all images, in order.

    Raises `DataError` for values that are not finite and for maps that change shape; `UsageError` for layers
    that cannot be probed.
    """
    spills = {layer: Spill(spill_folder) for layer in layers}
    unit_max: list[np.ndarray] = []
    predictions: list[np.ndarray] = []
    n_classes, done, digest = 0, 0, hashlib.sha256()
    model = model.to(device)
    with evaluating(model), capture(model, layers) as outputs:
        for batch in batches(PictureReader(dataset, preprocessing), len(dataset.keys), batch_size, workers):
            images = torch.from_numpy(np.stack([picture.values for picture in batch])).to(device)
            scores = _run(model, images, batch_size)
            of_layers = [_maps(outputs, layer, len(batch), done) for layer in layers]
            for layer, maps in zip(layers, of_layers):
                spills[layer].append(maps)
            unit_max.append(np.concatenate([maps.max(axis=(2, 3)) for maps in of_layers], axis=1))
            predicted, n_classes = _predicted(scores, len(batch))
            predictions.append(predicted)
            for picture in batch:
                digest.update(picture.digest)
            done += len(batch)
            on_progress("running the network", done, len(dataset.keys))
    return Trace(spills, np.concatenate(unit_max), np.concatenate(predictions), n_classes, digest.hexdigest())


def _run(model: nn.Module, images: torch.Tensor, batch_size: int) -> object:
    try:
        return model(images)
    except torch.cuda.OutOfMemoryError:
        less = max(1, batch_size // 2)
        raise UsageError(f"the GPU has no room for {batch_size} images at once; try --batch-size {less}") from None
    except CompexactError:
        raise
    except Exception as error:  # whatever a model does with images that it was not made for
        shape = "x".join(map(str, images.shape[1:]))
        raise UsageError(f"the model fails on images of {shape}: {brief(error)}; try another --image-size") from error


def _maps(outputs: dict[str, object], layer: str, n_images: int, first: int) -> np.ndarray:
    """float32 (n_images, n_units, height, width), finite."""
    values = check_layer_output(outputs[layer], n_images, f"layer {layer}").detach()
    maps = values.to("cpu", torch.float32).numpy()
    if not np.isfinite(maps).all():
        unit = int(np.argwhere(~np.isfinite(maps).all(axis=(0, 2, 3)))[0, 0])
        nan, infinite = int(np.isnan(maps).sum()), int(np.isinf(maps).sum())
        hint = "; values above float16's range overflow: run the model in float32" if infinite else ""
        raise DataError(
            f"layer {layer}, unit {unit}: {nan} activations are NaN and {infinite} infinite in images "
            f"{first} to {first + n_images - 1}{hint}"
        )
    return maps


def _predicted(scores: object, n_images: int) -> tuple[np.ndarray, int]:
    """int64 (n_images,) and the number of classes; -1 and 0 where the output is no matrix of class scores."""
    if isinstance(scores, torch.Tensor) and scores.ndim == 2 and len(scores) == n_images:
        return scores.argmax(dim=1).to("cpu", torch.int64).numpy(), scores.shape[1]
    return np.full(n_images, -1, dtype=np.int64), 0
