"""A shard of a vision probe: the first pass over a portion of the images, kept for the second.

| array | type, shape | |
|---|---|---|
| `maps_0`, `maps_1`, ... | float32 (n_images, n_units, height, width) | of each layer |
| `finite_0`, ... | bool (n_units,) | whose values are all finite |
| `unit_max`, `predictions` | float32 (n_images, n_units), int64 (n_images,) | as in `trace.py`'s `Pass` |
| `image_digests`, `label_digests` | uint8 (n_images, 32) | of pixels, and of label planes |
| `row_of` | int32 (n_images, n_points) | the row of each point among those of its image |
| `image_rows` | int64 (n_images + 1,) | image i has the rows from `image_rows[i]` to below `image_rows[i + 1]` |
| `rows_indptr`, `rows_indices` | int64 (n_rows + 1,), int32 | the concepts of each row |
| `pictured`, `picture_bytes`, `picture_offsets` | int32, uint8, int64 | as JPEG those images that the probe may keep |

Without images there are no maps.  Where the model has a last linear layer there are its `class_weights`, too.
`stored_images.py` reads all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ..datasets.annotated_images import AnnotatedImages
from ..models import LoadedModel
from ..preprocess import Preprocessing
from ..progress import Progress, silent
from ..schema import Count, Strict
from ..shard import Shard
from ..shard_folder import ShardWriter, new_shard
from ..trace import Pass
from .examining import Examined
from .seen import SeenImages, see
from .subject import Subject
from .vision_settings import VisionSettings

KIND = "vision"
Two = Annotated[list[str], Field(min_length=2, max_length=2)]
MapShape = Annotated[list[Count], Field(min_length=3, max_length=3)]


class Whole(Strict):
    """whole.json of a vision probe's shards: a `Subject`, and how many images there are in all."""

    model: str
    weights_digest: str
    class_names: list[str]
    notes: list[str]
    linear: str | None
    dataset: str
    metadata_digests: dict[str, str]
    concepts: list[Two]
    mask_size: Annotated[list[Count], Field(min_length=2, max_length=2)]
    skipped: list[Two]
    preprocessing: dict[str, Any]
    settings: dict[str, Any]
    layouts: dict[str, Any]
    versions: dict[str, str]
    inputs: Count


class Own(Strict):
    """own.json of a vision probe's shard.  map_shapes: of each layer (n_units, height, width); none without images."""

    keys: list[str]
    targets: list[str | None]
    n_classes: Count
    memory_format: str
    map_shapes: list[MapShape]


def save_vision_shard(
    model: LoadedModel,
    dataset: AnnotatedImages,
    preprocessing: Preprocessing,
    settings: VisionSettings,
    shard: Shard,
    path: Path,
    *,
    examined: Examined | None = None,
    force: bool = False,
    on_progress: Progress = silent,
) -> int:
    """Show the shard's images to the network, and keep what `merge` needs of them; give how many they are."""
    with see(
        model,
        dataset,
        preprocessing,
        settings,
        shard=shard,
        examined=examined,
        spill_folder=path.parent,
        on_progress=on_progress,
    ) as (subject, seen):
        own = {"keys": seen.keys, "targets": seen.targets, "n_classes": seen.through.n_classes}
        own["memory_format"] = seen.through.memory_format
        own["map_shapes"] = [list(maps.shape or ()) for maps in seen.through.maps.values() if maps.n_images]
        with new_shard(path, KIND, shard, len(seen.keys), _whole(subject), own, force=force) as writer:
            _write_pass(writer, seen.through)
            _write_labels(writer, seen, int(np.prod(subject.mask_size)), on_progress)
            _write_pictures(writer, seen, subject.settings)
            if subject.linear is not None:
                writer.array("class_weights", subject.linear[1])
        return len(seen.keys)


def _whole(subject: Subject) -> dict[str, Any]:
    return {
        **{field.name: getattr(subject, field.name) for field in fields(subject) if field.name != "n_images"},
        "linear": subject.linear[0] if subject.linear else None,
        "concepts": [[concept.name, concept.category] for concept in subject.concepts],
        "skipped": [[image.key, image.reason] for image in subject.skipped],
        "settings": asdict(subject.settings),
        "inputs": subject.n_images,
    }


def _write_pass(writer: ShardWriter, through: Pass) -> None:
    n_images = len(through.predictions)
    for number, (layer, maps) in enumerate(through.maps.items()):
        if maps.shape is not None:
            writer.rows(f"maps_{number}", "<f4", (n_images, *maps.shape), maps)
            writer.array(f"finite_{number}", through.finite[layer])
    writer.array("unit_max", through.unit_max)
    writer.array("predictions", through.predictions)
    writer.array("image_digests", _as_rows(through.digests))


def _write_labels(writer: ShardWriter, seen: SeenImages, n_points: int, on_progress: Progress) -> None:
    rows: list[tuple[int, ...]] = []
    ends, digests = [0], []

    def row_of() -> Iterator[np.ndarray]:
        for points, digest in seen.labels:
            rows.extend(points.rows)
            ends.append(len(rows))
            digests.append(digest)
            on_progress("reading labels", len(digests), len(seen.keys))
            yield points.row_of

    writer.rows("row_of", "<i4", (len(seen.keys), n_points), row_of())
    writer.array("image_rows", np.array(ends, dtype=np.int64))
    writer.sets("rows", rows)
    writer.array("label_digests", _as_rows(b"".join(digests)))


def _as_rows(digests: bytes) -> np.ndarray:
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, 32)


def _write_pictures(writer: ShardWriter, seen: SeenImages, settings: VisionSettings) -> None:
    """Of all images that the probe may show.

    Of whole units these are among the shard's own top images, as the probe's are: those before an image in the shard
    are before it among all, too.  Which images have the most points in a range is known only with its edges.
    """
    order = np.argsort(-seen.through.unit_max, axis=0, kind="stable")[: settings.top_images]
    pictured = np.unique(order) if settings.ranges is None else np.arange(len(seen.keys))
    files = seen.pictures(pictured.tolist())
    writer.array("pictured", pictured.astype(np.int32))
    writer.array("picture_bytes", np.frombuffer(b"".join(files), dtype=np.uint8))
    writer.array("picture_offsets", np.cumsum([0, *map(len, files)], dtype=np.int64))
