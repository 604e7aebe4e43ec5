"""Probe a vision model: which points activate each unit, counted by the concepts that the points have.

Two passes over the dataset.  The first runs the network and keeps the layer's maps on disk and each unit's
top values; that gives the thresholds.  The second reads the labels, upsamples the maps to the label
size, compares, and adds the counts to the cells.  (Mu and Andreas 2020, sections 2 and 4; Bau et al. 2017.)

Beside the cells, the probe keeps these arrays for later questions:

| array | type, shape | |
|---|---|---|
| `thresholds` | float64 (n_units,) | active means strictly above |
| `unit_max` | float32 (n_images, n_units) | largest value in each image |
| `image_active` | uint8 (n_images, ceil(n_units / 8)) | packed bits: any value of the image above the threshold |
| `predictions` | int64 (n_images,) | the class with the highest score, -1 where there are no classes |
| `class_weights` | float32 (n_classes, n_features) | of the last linear layer, where there is one |
| `top_images` | int32 (n_units, k) | the images with the highest `unit_max`, best first |
| `top_masks` | uint8 (n_units, k, ceil(n_points / 8)) | packed bits: where the unit is active in them |
| `pictured` | int32 (n_pictures,) | the images that occur in `top_images`, ascending |
| `point_cells` | int32 (n_pictures, height, width) | the cell of each point of these |
| `picture_bytes`, `picture_offsets` | uint8, int64 (n_pictures + 1,) | these as JPEG files, one after the other |
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..solver.cells import CellBuilder, Cells
from ..solver.errors import UsageError
from .datasets.base import AnnotatedImages
from .devices import choose_device
from .layers import final_linear
from .masks import active_counts, upsample
from .models import LoadedModel
from .preprocess import Preprocessing
from .reading import LabelReader, batches
from .spill import Spill
from .store import Probe, file_digest
from .thresholds import TopQuantile, as_float32_below
from .trace import Progress, Trace, trace
from .versions import versions

RULES = ("quantile", "positive")
THRESHOLD_ON = ("cells", "pixels")
PICTURE_SIZE = 256
MAX_WORKERS = 256
MAX_DIGESTS_LISTED = 20
PIXEL_THRESHOLD_BYTES = 2**29


@dataclass(frozen=True)
class VisionSettings:
    """How a vision model is probed.

    layers: dotted names.  threshold: `quantile`, or `positive` (above 0, for units after a ReLU).
    quantile: the share of a unit's values above its threshold.  threshold_on: `cells` takes the values of the
    layer's own maps (Bau et al. 2017, and the paper's code), `pixels` the upsampled ones (the paper's text).
    top_images: how many images are kept to show per unit.
    """

    layers: tuple[str, ...]
    threshold: str = "quantile"
    quantile: float = 0.005
    threshold_on: str = "cells"
    top_images: int = 5
    batch_size: int = 32
    workers: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, known in (("threshold", RULES), ("threshold_on", THRESHOLD_ON)):
            if (value := getattr(self, name)) not in known:
                raise UsageError(f"{name} is {' or '.join(known)}, not {value!r}")
        if not 0 < self.quantile < 1:
            raise UsageError(f"the quantile is a share between 0 and 1, such as 0.005, not {self.quantile}")
        for name, least in (("batch_size", 1), ("workers", 0), ("top_images", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if self.workers > MAX_WORKERS:
            raise UsageError(f"workers must be at most {MAX_WORKERS}, not {self.workers}; about one per core is enough")
        if not self.layers or len(set(self.layers)) < len(self.layers):
            raise UsageError("name at least one layer, and each once")


def probe_vision(
    model: LoadedModel,
    dataset: AnnotatedImages,
    preprocessing: Preprocessing,
    settings: VisionSettings,
    *,
    spill_folder: Path | None = None,
    on_progress: Progress = lambda what, done, total: None,
) -> Probe:
    """Count every unit of the layers against every concept of the dataset.

    spill_folder: where the maps lie between the passes (4 bytes a value; they are gone afterwards).
    The units of one layer are named `0`, `1`, ...; those of several `layer:0`.
    """
    device = choose_device(settings.device)
    with ExitStack() as stack:
        traced = trace(
            model.module,
            dataset,
            settings.layers,
            preprocessing,
            device=device,
            batch_size=settings.batch_size,
            workers=settings.workers,
            spill_folder=spill_folder,
            on_progress=on_progress,
        )
        for spill in traced.spills.values():
            stack.enter_context(spill)
        thresholds = [_thresholds(spill, dataset.mask_size, settings, on_progress) for spill in traced.spills.values()]
        counted = _Counting(dataset, traced, thresholds, settings, on_progress)
        cells, arrays = counted.run()
    arrays |= {"thresholds": np.concatenate(thresholds), "predictions": traced.predictions}
    linear = final_linear(model.module)
    if linear is not None:
        arrays["class_weights"] = linear[1]
    about = _about(model, dataset, preprocessing, replace(settings, device=str(device)), traced, counted.labels_digest)
    about["notes"] = [*model.notes, *_notes(cells)]
    about["final_linear"] = linear[0] if linear else None
    names: dict[str, list[Any]] = {
        "images": list(dataset.keys),
        "targets": [dataset.target(index) for index in range(len(dataset.keys))],
        "classes": list(model.class_names or ()) if len(model.class_names or ()) == traced.n_classes else [],
    }
    return Probe(cells, about, names, arrays)


def _unit_names(traced: Trace) -> list[str]:
    shapes = {layer: spill.shape for layer, spill in traced.spills.items()}
    prefixed = len(shapes) > 1
    return [
        f"{layer}:{unit}" if prefixed else str(unit)
        for layer, shape in shapes.items()
        for unit in range(shape[0] if shape else 0)
    ]


def _thresholds(
    spill: Spill, mask_size: tuple[int, int], settings: VisionSettings, on_progress: Progress
) -> np.ndarray:
    """float64 (n_units,): the layer's thresholds."""
    assert spill.shape is not None
    n_units, *map_size = spill.shape
    if settings.threshold == "positive":
        return np.zeros(n_units)
    size = mask_size if settings.threshold_on == "pixels" else tuple(map_size)
    n_values = spill.n_images * size[0] * size[1]
    # Two buffers' worth of 4-byte values per unit are kept; so many units at a time that they fit.
    at_once = max(1, int(PIXEL_THRESHOLD_BYTES / (8 * settings.quantile * n_values + 8)))
    thresholds = []
    for first in range(0, n_units, at_once):
        chunk = slice(first, first + at_once)
        top = TopQuantile(min(at_once, n_units - first), n_values, settings.quantile)
        for done, maps in enumerate(spill, start=1):
            values = maps[chunk]
            if settings.threshold_on == "pixels":
                values = upsample(torch.from_numpy(values), mask_size).numpy()
            top.add(values.reshape(len(values), -1))
            on_progress("finding thresholds", first * spill.n_images // n_units + done, spill.n_images)
        thresholds.append(top.thresholds())
    return np.concatenate(thresholds)


class _Counting:
    """The second pass: labels against masks."""

    def __init__(
        self,
        dataset: AnnotatedImages,
        traced: Trace,
        thresholds: list[np.ndarray],
        settings: VisionSettings,
        on_progress: Progress,
    ) -> None:
        self.dataset, self.traced, self.settings, self.on_progress = dataset, traced, settings, on_progress
        self.above = [as_float32_below(of_layer) for of_layer in thresholds]
        self.is_active = traced.unit_max > np.concatenate(self.above)
        k = min(settings.top_images, len(dataset.keys))
        self.top_images = np.argsort(-traced.unit_max, axis=0, kind="stable")[:k].T.astype(np.int32)
        self.pictured = np.unique(self.top_images)
        self.top_masks = np.zeros((*self.top_images.shape, -(-int(np.prod(dataset.mask_size)) // 8)), np.uint8)
        self.point_cells = np.zeros((len(self.pictured), *dataset.mask_size), np.int32)
        self.labels_digest = ""

    def run(self) -> tuple[Cells, dict[str, np.ndarray]]:
        concepts = self.dataset.concepts
        builder = CellBuilder(
            [concept.name for concept in concepts], [concept.category for concept in concepts], _unit_names(self.traced)
        )
        digest, n_images = hashlib.sha256(), len(self.dataset.keys)
        labels = batches(LabelReader(self.dataset), n_images, self.settings.batch_size, self.settings.workers)
        each = (item for batch in labels for item in batch)
        for image, ((points, label_digest), masks) in enumerate(zip(each, self._masks())):
            digest.update(label_digest)
            active = np.zeros((len(points.rows), self.is_active.shape[1]), dtype=np.int64)
            active[:, self.is_active[image]] = active_counts(masks, points)
            ids = builder.add(points.rows, points.counts, active)
            self._keep_for_pictures(image, masks, ids[points.row_of])
            self.on_progress("counting", image + 1, n_images)
        cells, place = builder.cells()
        self.labels_digest = digest.hexdigest()
        return cells, self._arrays(place)

    def _masks(self) -> Iterator[np.ndarray]:
        """For each image: bool (n_active, n_points), the masks of the units that are active in it.

        A unit whose map nowhere exceeds the threshold is nowhere active: upsampling averages, it does not exceed
        its largest value (but for rounding, which the paper's code excludes in the same way).
        """
        n_points = int(np.prod(self.dataset.mask_size))
        spills = list(self.traced.spills.values())
        starts = np.cumsum([0] + [spill.shape[0] for spill in spills if spill.shape])
        for image, of_layers in enumerate(zip(*spills)):
            masks = []
            for maps, above, first in zip(of_layers, self.above, starts):
                active = self.is_active[image, first : first + len(maps)]
                full = upsample(torch.from_numpy(maps[active]), self.dataset.mask_size).numpy()
                masks.append((full > above[active][:, None, None]).reshape(len(full), n_points))
            yield np.concatenate(masks)

    def _keep_for_pictures(self, image: int, masks: np.ndarray, cell_ids: np.ndarray) -> None:
        picture = int(np.searchsorted(self.pictured, image))
        if picture == len(self.pictured) or self.pictured[picture] != image:
            return
        self.point_cells[picture] = cell_ids.reshape(self.dataset.mask_size)
        row_of_unit = np.cumsum(self.is_active[image]) - 1
        for unit, rank in np.argwhere(self.top_images == image):
            if self.is_active[image, unit]:
                self.top_masks[unit, rank] = np.packbits(masks[row_of_unit[unit]])

    def _arrays(self, place: np.ndarray) -> dict[str, np.ndarray]:
        arrays = {
            "unit_max": self.traced.unit_max,
            "image_active": np.packbits(self.is_active, axis=1),
            "top_images": self.top_images,
            "top_masks": self.top_masks,
            "pictured": self.pictured,
            "point_cells": place.astype(np.int32)[self.point_cells] if len(place) else self.point_cells,
        }
        files = [_jpeg(self.dataset, int(image)) for image in self.pictured]
        arrays["picture_bytes"] = np.frombuffer(b"".join(files), dtype=np.uint8)
        arrays["picture_offsets"] = np.cumsum([0, *map(len, files)], dtype=np.int64)
        return arrays


def _jpeg(dataset: AnnotatedImages, index: int) -> bytes:
    image = dataset.image(index).convert("RGB")
    image.thumbnail((PICTURE_SIZE, PICTURE_SIZE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _about(
    model: LoadedModel,
    dataset: AnnotatedImages,
    preprocessing: Preprocessing,
    settings: VisionSettings,
    traced: Trace,
    labels_digest: str,
) -> dict[str, Any]:
    return {
        "kind": "vision",
        "model": model.name,
        "layer": ",".join(settings.layers),
        "dataset": dataset.name,
        "images": len(dataset.keys),
        "settings": {**asdict(settings), "layers": list(settings.layers), "preprocessing": asdict(preprocessing)},
        "versions": versions(),
        "inputs": {
            "model weights": model.digest,
            "images": traced.images_digest,
            "labels": labels_digest,
            **_metadata_digests(dataset),
        },
    }


def _metadata_digests(dataset: AnnotatedImages) -> dict[str, str]:
    """The digest of every index file; of all together where there are too many to list."""
    digests = {os.path.relpath(path, dataset.root): file_digest(path) for path in dataset.metadata_files}
    if len(digests) <= MAX_DIGESTS_LISTED:
        return digests
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return {f"{len(digests)} index files": hashlib.sha256(lines.encode()).hexdigest()}


def _notes(cells: Cells) -> list[str]:
    """What a reader of the results should know of the data."""
    notes = []
    occurring = np.bincount(cells.concepts.indices, minlength=len(cells.concepts.names)) > 0
    if absent := int((~occurring).sum()):
        notes.append(f"{absent} of {len(occurring)} concepts occur in no image")
    totals = cells.active.sum(axis=0)
    if dead := int((totals == 0).sum()):
        notes.append(f"{dead} of {len(totals)} units are active nowhere")
    if full := int((totals == cells.n_points).sum()):
        notes.append(f"{full} of {len(totals)} units are active everywhere")
    return notes
