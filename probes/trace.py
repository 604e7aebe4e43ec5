"""Run a model over a dataset once: keep the maps of the probed layers, and what it predicts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..solver.errors import CompexactError, DataError, UsageError
from .activation_file import Spill
from .datasets.annotated_images import AnnotatedImages
from .factories import brief
from .layers import capture, check_layer_output, evaluating
from .loader import PictureReader, batches
from .memory_layout import FORMATS, formats_to_try, keep_freed_memory, laid_out
from .preprocess import Preprocessing
from .progress import Progress
from .vision.vision_settings import VisionSettings


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """A layer's maps on disk, of the units that were kept.

    units: int64 (n_kept,), ascending: their numbers in the layer.  n_units: how many the layer has.
    """

    spill: Spill
    units: np.ndarray
    n_units: int

    @property
    def n_images(self) -> int:
        """How many images there are maps of."""
        return self.spill.n_images

    @property
    def map_size(self) -> tuple[int, int]:
        """(height, width)."""
        assert self.spill.shape is not None
        return self.spill.shape[1:]

    def __iter__(self) -> Iterator[np.ndarray]:
        """float32 (n_kept, height, width), for each image."""
        for maps in self.spill:
            yield maps if len(self.units) == self.n_units else maps[self.units]


@dataclass(frozen=True, eq=False)
class Trace:
    """What one run over the dataset left.

    layers: by name; whoever has the trace closes their files.  unit_max: float32 (n_images, n_kept), each kept
    unit's largest value in each image, the layers' units one after the other.  predictions: int64 (n_images,), the
    class with the highest score, or -1 where the model gives no class scores, or NaN.  images_digest: over all
    images' pixels.  memory_format: in which the model ran.
    """

    layers: dict[str, LayerMaps]
    unit_max: np.ndarray
    predictions: np.ndarray
    n_classes: int
    images_digest: str
    memory_format: str


def trace(
    model: nn.Module,
    dataset: AnnotatedImages,
    preprocessing: Preprocessing,
    settings: VisionSettings,
    *,
    spill_folder: Path | None,
    on_progress: Progress,
) -> Trace:
    """Run the model in evaluation mode over all images, in order.

    Raises `DataError` for values that are not finite, where their units are not to be left out (`settings.nan`),
    and where no unit of a layer is left; for maps that change shape; `UsageError` for layers that cannot be probed.
    """
    finite: dict[str, np.ndarray] = {}
    unit_max: list[np.ndarray] = []
    predictions: list[np.ndarray] = []
    n_classes, done, digest, memory_format = 0, 0, hashlib.sha256(), ""
    model, layers = model.to(settings.device), settings.layers
    keep_freed_memory()
    with ExitStack() as files, ExitStack() as stack, evaluating(model), capture(model, layers) as outputs:
        spills = {layer: files.enter_context(Spill(spill_folder)) for layer in layers}
        reader = PictureReader(dataset, preprocessing)
        for batch in batches(reader, len(dataset.keys), settings.batch_size, settings.workers):
            images = torch.from_numpy(np.stack([picture.values for picture in batch])).to(settings.device)
            if not done:
                scores, memory_format = _run_first(model, images, settings, stack)
            else:
                scores = _run(model, images.to(memory_format=FORMATS[memory_format]), settings.batch_size)
            largest = []
            for layer in layers:
                maps, is_finite = _maps(outputs, layer, len(batch), done, settings.nan == "drop")
                spills[layer].append(maps)
                finite[layer] = finite.get(layer, True) & is_finite
                largest.append(maps.max(axis=(2, 3)))
            unit_max.append(np.concatenate(largest, axis=1))
            predicted, n_classes = _predicted(scores, len(batch))
            predictions.append(predicted)
            for picture in batch:
                digest.update(picture.digest)
            done += len(batch)
            on_progress("running the network", done, len(dataset.keys))
        kept = {layer: _kept(spills[layer], finite[layer], layer) for layer in layers}
        files.pop_all()  # the caller closes them
    of_kept = np.concatenate(unit_max)[:, np.concatenate([finite[layer] for layer in layers])]
    return Trace(kept, of_kept, np.concatenate(predictions), n_classes, digest.hexdigest(), memory_format)


def _kept(spill: Spill, finite: np.ndarray, layer: str) -> LayerMaps:
    if not finite.any():
        raise DataError(f"layer {layer}: all {len(finite)} units have activations that are NaN or infinite")
    return LayerMaps(spill, np.flatnonzero(finite), len(finite))


def _run_first(
    model: nn.Module, images: torch.Tensor, settings: VisionSettings, stack: ExitStack
) -> tuple[object, str]:
    """What the model gives, and the memory format in which it ran; it stays in it until the stack is left."""
    *others, last = formats_to_try(settings.memory_format, model, images.device)
    for name in (*others, last):
        with ExitStack() as attempt:
            attempt.enter_context(laid_out(model, name))
            try:
                scores = _run(model, images.to(memory_format=FORMATS[name]), settings.batch_size)
            except UsageError:
                if name == last:
                    raise
                continue
            stack.enter_context(attempt.pop_all())
            return scores, name
    raise AssertionError("the last format either runs or raises")


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


def _maps(
    outputs: dict[str, object], layer: str, n_images: int, first: int, drop_nan: bool
) -> tuple[np.ndarray, np.ndarray]:
    """float32 (n_images, n_units, height, width), and bool (n_units,): which units have finite values only."""
    values = check_layer_output(outputs[layer], n_images, f"layer {layer}").detach()
    maps = values.to("cpu", torch.float32).numpy()
    is_finite = np.isfinite(maps).all(axis=(0, 2, 3))
    if drop_nan or is_finite.all():
        return maps, is_finite
    nan, infinite = int(np.isnan(maps).sum()), int(np.isinf(maps).sum())
    hint = "; values above float16's range overflow: run the model in float32" if infinite else ""
    raise DataError(
        f"layer {layer}, unit {int(np.argmin(is_finite))}: {nan} activations are NaN and {infinite} infinite in images "
        f"{first} to {first + n_images - 1}{hint}; --nan drop leaves such units out"
    )


def _predicted(scores: object, n_images: int) -> tuple[np.ndarray, int]:
    """int64 (n_images,), -1 where a score is NaN, and the number of classes.

    -1 and 0 where the output is no matrix of class scores.
    """
    if isinstance(scores, torch.Tensor) and scores.ndim == 2 and len(scores) == n_images:
        predicted = scores.argmax(dim=1).masked_fill(scores.isnan().any(dim=1), -1)
        return predicted.to("cpu", torch.int64).numpy(), scores.shape[1]
    return np.full(n_images, -1, dtype=np.int64), 0
