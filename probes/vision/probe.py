"""Probe a vision model: which points activate each unit, counted by the concepts that the points have.

Two passes over the dataset.  The first (`seen.py`) runs the network and keeps the layer's maps on disk and each unit's
top values; that gives the thresholds.  The second reads the labels, upsamples the maps to the label
size, compares, and adds the counts to the cells.  (Mu and Andreas 2020, sections 2 and 4; Bau et al. 2017.)
The first can be done for a portion of the images at a time, on other machines (`shard.py`).

Beside the cells, the probe keeps these arrays for later questions:

| array | type, shape | |
|---|---|---|
| `thresholds` | float64 (n_units,) | active means strictly above |
| `unit_max` | float32 (n_images, n_units) | largest value in each image |
| `lowest`, `highest` | float32 (n_units,) | of all values of the layer's own maps |
| `histogram` | int64 (n_units, 40) | how many of these are in each fortieth from the lowest to the highest |
| `image_active` | uint8 (n_images, ceil(n_units / 8)) | packed bits: any value of the image above the threshold |
| `predictions` | int64 (n_images,) | the class with the highest score, -1 where there are no classes |
| `class_weights` | float32 (n_classes, n_features) | of the last linear layer, where there is one |
| `top_images` | int32 (n_units, k) | the images with the highest `unit_max`, best first |
| `top_masks` | uint8 (n_units, k, ceil(n_points / 8)) | packed bits: where the unit is active in them |
| `pictured` | int32 (n_pictures,) | the images that occur in `top_images`, ascending |
| `point_rows`, `picture_cells`, `picture_cell_ends` | see `probes/point_cells.py` | the cell of each point of these |
| `picture_bytes`, `picture_offsets` | uint8, int64 (n_pictures + 1,) | these as JPEG files, one after the other |
| `activation_...` | see `probes/kept_activations.py`, `map_points.py` | with `keep_activations` |

Where units are split into ranges, every array has a column or row for each range, and there are no `class_weights`:
the model's weights are of whole units.  Of a range,

| array | type, shape | |
|---|---|---|
| `thresholds` | float64 (n_units,) | its lower edge: active means strictly above |
| `upper_edges` | float64 (n_units,) | only of ranges: active means at or below, too |
| `unit_max` | float32 (n_images, n_units) | the largest upsampled value in it; its lower edge where none is |
| `image_active` | uint8 (n_images, ceil(n_units / 8)) | packed bits: any point of the image in it |
| `top_images` | int32 (n_units, k) | the images with the most points in it, best first |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ...solver.cells import Cells
from ..datasets.annotated_images import AnnotatedImages
from ..kept_activations import activation_arrays
from ..models import LoadedModel
from ..preprocess import Preprocessing
from ..progress import Progress, silent
from ..ranges import MARK
from ..shard import Shard
from ..store import Probe
from ..thresholds import as_float32_below
from ..trace import LayerMaps, Trace, join
from ..unreadable_images import Skipped
from .counting import CellCounter
from .examining import Examined
from .histograms import histograms
from .map_points import map_values, middles
from .notes import about_cells, about_dropped, about_predictions, about_skipped, about_steps
from .range_edges import Edges, UnitValues, quantile_thresholds, range_edges
from .seen import SeenImages, see
from .subject import Subject
from .unit_masks import ActivationStream, Activity, range_activity, unit_activity
from .vision_settings import VisionSettings


def probe_vision(
    model: LoadedModel,
    dataset: AnnotatedImages,
    preprocessing: Preprocessing,
    settings: VisionSettings,
    *,
    examined: Examined | None = None,
    spill_folder: Path | None = None,
    on_progress: Progress = silent,
) -> Probe:
    """Count every unit of the layers against every concept of the dataset.

    examined: what `examine` found, where it was asked before.
    spill_folder: where the maps lie between the passes (4 bytes a value; they are gone afterwards).
    The units of one layer are named `0`, `1`, ...; those of several `layer:0`.
    """
    with see(
        model,
        dataset,
        preprocessing,
        settings,
        shard=Shard(),
        examined=examined,
        spill_folder=spill_folder,
        on_progress=on_progress,
    ) as (subject, seen):
        return count_images(subject, [seen], spill_folder, on_progress)


def count_images(
    subject: Subject, seen: Sequence[SeenImages], folder: Path | None = None, on_progress: Progress = silent
) -> Probe:
    """The probe of images that were shown to the network.

    seen: all of them, in their order.  folder: where activations that are kept lie until they are saved.
    """
    settings, traced = subject.settings, join([images.through for images in seen])
    edges = [_edges(maps, subject.mask_size, settings, on_progress) for maps in traced.layers.values()]
    lower = [as_float32_below(of_layer.lower) for of_layer in edges]
    firing = ActivationStream(list(traced.layers.values()), lower, traced.unit_max, subject.mask_size)
    activity = _activity(firing, settings, len(traced.predictions), on_progress)
    layers = list(traced.layers.values())
    points = middles(layers[0].map_size, subject.mask_size) if settings.keep_activations else None
    counting = CellCounter(subject, seen, _unit_names(traced, settings), firing, activity, on_progress, points)
    cells, arrays = counting.run()
    if points is not None:
        n_points = len(points) * len(traced.predictions)
        arrays |= activation_arrays(lambda: map_values(layers), n_points, len(cells.unit_names), folder)
    arrays |= histograms(layers, edges[0].lower.shape[1], on_progress)
    arrays |= _edge_arrays(edges, settings, traced.unit_max) | {"predictions": traced.predictions}
    if subject.linear is not None:
        arrays["class_weights"] = _weights_of_kept(subject.linear[1], traced)
    about = _about(subject, traced, counting.labels_digest)
    about["notes"] = [*subject.notes, *_notes(cells, subject.skipped, traced, edges)]
    about["final_linear"] = subject.linear[0] if subject.linear else None
    return Probe(cells, about, _names(subject, seen, traced), arrays)


def _names(subject: Subject, seen: Sequence[SeenImages], traced: Trace) -> dict[str, list[Any]]:
    return {
        "images": [key for images in seen for key in images.keys],
        "targets": [target for images in seen for target in images.targets],
        "classes": list(subject.class_names) if len(subject.class_names) == traced.n_classes else [],
    }


def _units(traced: Trace, *, kept: bool) -> list[str]:
    """Names of the layers' units: of those that were kept, or of those that were not."""
    names = []
    for layer, maps in traced.layers.items():
        prefix = f"{layer}:" if len(traced.layers) > 1 else ""
        left_out = np.setdiff1d(np.arange(maps.n_units), maps.units)
        names += [f"{prefix}{unit}" for unit in (maps.units if kept else left_out)]
    return names


def _unit_names(traced: Trace, settings: VisionSettings) -> list[str]:
    names = _units(traced, kept=True)
    if settings.ranges is None:
        return names
    return [f"{name}{MARK}{i}" for name in names for i in range(1, settings.ranges + 1)]


def _edges(maps: LayerMaps, mask_size: tuple[int, int], settings: VisionSettings, on_progress: Progress) -> Edges:
    values = UnitValues(maps, mask_size if settings.threshold_on == "pixels" else None)
    if settings.threshold == "positive":
        thresholds = np.zeros(len(maps.units))
    else:
        thresholds = quantile_thresholds(values, settings.quantile, on_progress)
    if settings.ranges is None:
        return Edges(thresholds[:, None], np.ones(len(thresholds), dtype=np.int64))
    return range_edges(values, thresholds, settings.ranges, settings.ranges_by, on_progress)


def _activity(firing: ActivationStream, settings: VisionSettings, n_images: int, on_progress: Progress) -> Activity:
    n_top = min(settings.top_images, n_images)
    return unit_activity(firing, n_top) if settings.ranges is None else range_activity(firing, n_top, on_progress)


def _edge_arrays(edges: Sequence[Edges], settings: VisionSettings, unit_max: np.ndarray) -> dict[str, np.ndarray]:
    lower = np.concatenate([of_layer.lower for of_layer in edges])
    if settings.ranges is None:
        return {"thresholds": lower.ravel()}
    highest = np.maximum(unit_max.max(axis=0), lower[:, -1])
    return {"thresholds": lower.ravel(), "upper_edges": np.column_stack([lower[:, 1:], highest]).ravel()}


def _weights_of_kept(weights: np.ndarray, traced: Trace) -> np.ndarray:
    """The columns of the units that were kept, where the last linear layer takes one value of each unit."""
    layers = list(traced.layers.values())
    fits = len(layers) == 1 and weights.shape[1] == layers[0].n_units
    return weights[:, layers[0].units] if fits else weights


def _about(subject: Subject, traced: Trace, labels_digest: str) -> dict[str, Any]:
    settings = subject.settings
    return {
        "kind": "vision",
        "model": subject.model,
        "layer": ",".join(settings.layers),
        "dataset": subject.dataset,
        "images": subject.n_images,
        "settings": {
            **asdict(settings),
            "layers": list(settings.layers),
            "layouts": subject.layouts,
            "preprocessing": subject.preprocessing,
            "memory_format": traced.memory_format,
            **_left_out(settings, subject.skipped, traced),
        },
        "versions": subject.versions,
        "inputs": {
            "model weights": subject.weights_digest,
            "images": traced.images_digest,
            "labels": labels_digest,
            **subject.metadata_digests,
        },
    }


def _left_out(settings: VisionSettings, skipped: Sequence[Skipped], traced: Trace) -> dict[str, list[str]]:
    """The names of all that was left out, where that was allowed."""
    images = {"skipped_images": [image.key for image in skipped]} if settings.skip_bad is not None else {}
    units = {"dropped_units": _units(traced, kept=False)} if settings.nan == "drop" else {}
    return images | units


def _notes(cells: Cells, skipped: Sequence[Skipped], traced: Trace, edges: Sequence[Edges]) -> list[str]:
    dropped, n_units = _units(traced, kept=False), sum(maps.n_units for maps in traced.layers.values())
    return [
        *about_cells(cells),
        *about_skipped(skipped, len(traced.predictions)),
        *about_dropped(dropped, n_units),
        *about_steps(np.concatenate([of_layer.steps for of_layer in edges])),
        *about_predictions(traced.predictions, traced.n_classes),
    ]
