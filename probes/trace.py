"""Run a model over images once: keep the maps of the probed layers, and what it predicts.

Images that follow each other can be run apart from the others, in batches that a single run makes, too; `join` makes
of all of them what a single run is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import nn

from ..solver.errors import CompexactError, DataError, UsageError
from .activation_file import Spill
from .class_scores import scores_in
from .datasets.annotated_images import AnnotatedImages
from .kept_activations import KeptSize
from .layouts import Layout
from .loader import Picture, PictureReader, batches
from .memory_layout import FORMATS, formats_to_try, keeping_freed_memory, laid_out
from .preprocess import Preprocessing
from .progress import Progress
from .room import Room, is_out_of_memory
from .trial import input_dtype, why_it_fails
from .vision.vision_settings import VisionSettings
from .watching import capture, evaluating


class Maps(Protocol):
    """A layer's maps of images that follow each other, on disk; may be gone through again and again."""

    @property
    def n_images(self) -> int:
        """How many images there are maps of."""

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """(n_units, height, width); None where there is no image."""

    def __iter__(self) -> Iterator[np.ndarray]:
        """float32 (n_units, height, width), for each image."""


@dataclass(frozen=True, eq=False)
class Pass:
    """What a pass of the network over images that follow each other left.

    maps: by layer; whoever has the pass closes their files.  finite: by layer bool (n_units,), which units have finite
    values only.  unit_max: float32 (n_images, n_units), each unit's largest value in each image, the layers' units one
    after the other.  predictions: int64 (n_images,), the class with the highest score, or -1 where the model gives no
    class scores, or NaN.  n_classes: 0 without scores.  memory_format: in which the model ran.  digests: sha256 of each
    image's pixels, one after the other.
    """

    maps: dict[str, Maps]
    finite: dict[str, np.ndarray]
    unit_max: np.ndarray
    predictions: np.ndarray
    n_classes: int
    memory_format: str
    digests: bytes


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """A layer's maps on disk, of the units that were kept.

    parts: of images that follow each other.  units: int64 (n_kept,), ascending: their numbers in the layer.
    n_units: how many the layer has.
    """

    parts: Sequence[Maps]
    units: np.ndarray
    n_units: int

    @property
    def n_images(self) -> int:
        """How many images there are maps of."""
        return sum(part.n_images for part in self.parts)

    @property
    def map_size(self) -> tuple[int, int]:
        """(height, width)."""
        shape = self.parts[0].shape
        assert shape is not None
        return shape[1:]

    def __iter__(self) -> Iterator[np.ndarray]:
        """float32 (n_kept, height, width), for each image."""
        for part in self.parts:
            for maps in part:
                yield maps if len(self.units) == self.n_units else maps[self.units]


@dataclass(frozen=True, eq=False)
class Trace:
    """All passes as one.

    layers: by name.  unit_max: float32 (n_images, n_kept), of the kept units.  predictions: int64 (n_images,).
    images_digest: over all images' pixels.  memory_format: in which the model ran.
    """

    layers: dict[str, LayerMaps]
    unit_max: np.ndarray
    predictions: np.ndarray
    n_classes: int
    images_digest: str
    memory_format: str


def join(passes: Sequence[Pass]) -> Trace:
    """The passes over all images, in their order.

    A unit is kept where its values are finite in all of them.  Raises `DataError` where no unit of a layer is kept, and
    where the maps of two passes have other shapes, or were made in another memory format.
    """
    passes = [each for each in passes if len(each.predictions)]
    finite = {layer: np.logical_and.reduce([each.finite[layer] for each in passes]) for layer in passes[0].maps}
    layers = {layer: _kept([each.maps[layer] for each in passes], finite[layer], layer) for layer in finite}
    kept = np.concatenate(list(finite.values()))
    return Trace(
        layers,
        np.concatenate([each.unit_max[:, kept] for each in passes]),
        np.concatenate([each.predictions for each in passes]),
        passes[-1].n_classes,
        hashlib.sha256(b"".join(each.digests for each in passes)).hexdigest(),
        _memory_format(passes),
    )


def _memory_format(passes: Sequence[Pass]) -> str:
    formats = {each.memory_format for each in passes}
    if len(formats) > 1:
        raise DataError(f"the model ran in {' and '.join(sorted(formats))}; name one of them: --memory-format")
    return formats.pop()


def _kept(parts: Sequence[Maps], finite: np.ndarray, layer: str) -> LayerMaps:
    if len(shapes := {part.shape for part in parts}) > 1:
        raise DataError(f"layer {layer}: its output changes shape: {' and '.join(sorted(map(str, shapes)))}")
    if not finite.any():
        raise DataError(f"layer {layer}: all {len(finite)} units have activations that are NaN or infinite")
    return LayerMaps(parts, np.flatnonzero(finite), len(finite))


def run_network(
    model: nn.Module,
    dataset: AnnotatedImages,
    images: range,
    preprocessing: Preprocessing,
    settings: VisionSettings,
    layouts: Mapping[str, Layout],
    *,
    n_classes: int | None = None,
    spill_folder: Path | None,
    on_progress: Progress,
) -> Pass:
    """Run the model in evaluation mode over these images of the dataset, in order.

    layouts: of the layers.  n_classes: where it is known.
    Raises `DataError` for values that are not finite, where their units are not to be left out (`settings.nan`), and
    for maps that change shape; `UsageError` for layers that cannot be probed.
    """
    finite: dict[str, np.ndarray] = {}
    unit_max: list[np.ndarray] = []
    predictions: list[np.ndarray] = [np.zeros(0, dtype=np.int64)]
    digests: list[bytes] = []
    n_scores, memory_format, kept = 0, "", KeptSize(is_asked=settings.keep_activations)
    model, layers = model.to(settings.device), settings.layers
    calls = {layer: layout.call for layer, layout in layouts.items()}
    with ExitStack() as files, ExitStack() as stack, evaluating(model), capture(model, layers, calls) as outputs:
        stack.enter_context(keeping_freed_memory())
        spills = {layer: files.enter_context(Spill(spill_folder)) for layer in layers}
        reader = PictureReader(dataset, preprocessing)
        room = Room(settings.batch_size, "images")

        def run(batch: Sequence[Picture]) -> object:
            nonlocal memory_format
            inputs = torch.from_numpy(np.stack([picture.values for picture in batch]))
            inputs = inputs.to(settings.device, input_dtype(model))
            if memory_format:
                return _run(model, inputs.to(memory_format=FORMATS[memory_format]))
            scores, memory_format = _run_first(model, inputs, settings, stack)
            return scores

        read = batches(reader, images, settings.batch_size, settings.workers)
        for batch, scores in (part for whole in read for part in room.parts(whole, run)):
            largest = []
            for layer in layers:
                first = images.start + len(digests)
                maps = _maps(outputs[layer], layer, layouts[layer], len(batch))
                is_finite = _finite(maps, layer, first, settings.nan == "drop")
                spills[layer].append(maps)
                kept.add(maps)
                finite[layer] = finite.get(layer, True) & is_finite
                largest.append(maps.max(axis=(2, 3)))
            unit_max.append(np.concatenate(largest, axis=1))
            predicted, n_scores = _predicted(scores_in(scores, len(batch), n_classes), len(batch))
            predictions.append(predicted)
            digests += [picture.digest for picture in batch]
            on_progress("running the network", len(digests), len(images))
        files.pop_all()  # the caller closes them
    of_units = np.concatenate(unit_max) if unit_max else np.zeros((0, 0), dtype=np.float32)
    of_images = np.concatenate(predictions)
    return Pass(dict(spills), finite, of_units, of_images, n_scores, memory_format, b"".join(digests))


def _run_first(
    model: nn.Module, images: torch.Tensor, settings: VisionSettings, stack: ExitStack
) -> tuple[object, str]:
    """What the model gives, and the memory format in which it ran; it stays in it until the stack is left."""
    *others, last = formats_to_try(settings.memory_format, model, images.device)
    for name in (*others, last):
        with ExitStack() as attempt:
            attempt.enter_context(laid_out(model, name))
            try:
                scores = _run(model, images.to(memory_format=FORMATS[name]))
            except UsageError:
                if name == last:
                    raise
                continue
            stack.enter_context(attempt.pop_all())
            return scores, name
    raise AssertionError("the last format either runs or raises")


def _run(model: nn.Module, images: torch.Tensor) -> object:
    try:
        return model(images)
    except CompexactError:
        raise
    except Exception as error:  # whatever a model does with images that it was not made for
        if is_out_of_memory(error):
            raise
        raise UsageError(why_it_fails(model, images, error)) from error


def _maps(output: object, layer: str, layout: Layout, n_images: int) -> np.ndarray:
    """float32 (n_images, n_units, height, width)."""
    maps = layout.maps(output, n_images, f"layer {layer}").detach()
    return maps.to("cpu", torch.float32).contiguous().numpy()


def _finite(maps: np.ndarray, layer: str, first: int, drop_nan: bool) -> np.ndarray:
    """bool (n_units,): which units have finite values only.  first: the number of the first image."""
    is_finite = np.isfinite(maps).all(axis=(0, 2, 3))
    if drop_nan or is_finite.all():
        return np.asarray(is_finite)
    nan, infinite = int(np.isnan(maps).sum()), int(np.isinf(maps).sum())
    hint = "; values above float16's range overflow: run the model in float32" if infinite else ""
    raise DataError(
        f"layer {layer}, unit {int(np.argmin(is_finite))}: {nan} activations are NaN and {infinite} infinite in images "
        f"{first} to {first + len(maps) - 1}{hint}; --nan drop leaves such units out"
    )


def _predicted(scores: torch.Tensor | None, n_images: int) -> tuple[np.ndarray, int]:
    """int64 (n_images,), -1 where a score is NaN, and the number of classes; -1 and 0 without scores."""
    if scores is not None:
        predicted = scores.argmax(dim=1).masked_fill(scores.isnan().any(dim=1), -1)
        return predicted.to("cpu", torch.int64).numpy(), scores.shape[1]
    return np.full(n_images, -1, dtype=np.int64), 0
