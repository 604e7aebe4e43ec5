"""The probe of a vision model from the shards of its images, which `shard.py` writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...solver.errors import DataError, UsageError
from ..datasets.annotated_images import Concept
from ..masks import LabelledPoints
from ..progress import Progress, silent
from ..shard_folder import AGAIN, StoredShard
from ..store import Probe
from ..trace import Maps, Pass
from ..unreadable_images import Skipped
from .probe import count_images
from .seen import SeenImages
from .shard import Own, Whole
from .subject import Subject
from .vision_settings import VisionSettings


def merged_images(shards: Sequence[StoredShard], folder: Path | None = None, on_progress: Progress = silent) -> Probe:
    """The probe of all shards, in their order.  folder: as `count_images` takes it."""
    subject = _subject(shards[0])
    return count_images(subject, [_seen(shard, subject) for shard in shards], folder, on_progress)


def _subject(shard: StoredShard) -> Subject:
    said = shard.whole_as(Whole)
    try:
        settings = VisionSettings(**{**said.settings, "layers": tuple(said.settings["layers"])})
    except (TypeError, KeyError, UsageError) as error:
        raise DataError(f"{shard.path} has settings that are none: {str(error)[:200]}; {AGAIN}") from None
    height, width = said.mask_size
    return Subject(
        said.model,
        said.weights_digest,
        tuple(said.class_names),
        tuple(said.notes),
        None if said.linear is None else (said.linear, np.array(shard.array("class_weights", "<f4", None, None))),
        said.dataset,
        said.inputs,
        said.metadata_digests,
        tuple(Concept(name, category) for name, category in said.concepts),
        (height, width),
        tuple(Skipped(key, reason) for key, reason in said.skipped),
        said.preprocessing,
        settings,
        said.layouts,
        said.versions,
    )


def _seen(shard: StoredShard, subject: Subject) -> SeenImages:
    own = shard.own_as(Own)
    if not len(own.keys) == len(own.targets) == shard.inputs:
        raise DataError(f"{shard.path} names {len(own.keys)} images and {len(own.targets)} targets; {AGAIN}")
    maps: dict[str, Maps] = {}
    finite = {}
    for number, (layer, shape) in enumerate(zip(subject.settings.layers, own.map_shapes)):
        maps[layer] = StoredMaps(shard, f"maps_{number}", (shape[0], shape[1], shape[2]))
        finite[layer] = shard.array(f"finite_{number}", "|b1", shape[0])
    through = Pass(
        maps,
        finite,
        shard.array("unit_max", "<f4", shard.inputs, None),
        shard.array("predictions", "<i8", shard.inputs),
        own.n_classes,
        own.memory_format,
        shard.array("image_digests", "|u1", shard.inputs, 32).tobytes(),
    )
    labels = StoredLabels(shard, int(np.prod(subject.mask_size)))
    return SeenImages(own.keys, own.targets, through, labels, lambda places: _pictures(shard, places))


@dataclass(frozen=True, eq=False)
class StoredMaps:
    """A layer's maps in a shard; the file is open, and checked, each time they are gone through."""

    stored: StoredShard
    name: str
    shape: tuple[int, int, int]

    @property
    def n_images(self) -> int:
        """How many images there are maps of."""
        return self.stored.inputs

    def __iter__(self) -> Iterator[np.ndarray]:
        """float32 (n_units, height, width), for each image."""
        for maps in self.stored.array(self.name, "<f4", self.n_images, *self.shape):
            yield np.array(maps)


@dataclass(frozen=True, eq=False)
class StoredLabels:
    """The labels of a shard's images."""

    stored: StoredShard
    n_points: int

    def __iter__(self) -> Iterator[tuple[LabelledPoints, bytes]]:
        n_images = self.stored.inputs
        row_of = self.stored.array("row_of", "<i4", n_images, self.n_points)
        digests = self.stored.array("label_digests", "|u1", n_images, 32)
        ends = self.stored.array("image_rows", "<i8", n_images + 1).tolist()
        all_rows = self.stored.sets("rows", ends[-1])
        for image in range(n_images):
            rows = all_rows[ends[image] : ends[image + 1]]
            of_points = np.array(row_of[image])
            counts = np.bincount(of_points, minlength=len(rows))
            yield LabelledPoints(rows, of_points, counts), digests[image].tobytes()


def _pictures(shard: StoredShard, places: Sequence[int]) -> list[bytes]:
    """JPEG files; `DataError` where the shard has not kept one."""
    pictured = shard.array("pictured", "<i4", None).tolist()
    offsets = shard.array("picture_offsets", "<i8", len(pictured) + 1)
    content = shard.array("picture_bytes", "|u1", int(offsets[-1]))
    number = {place: i for i, place in enumerate(pictured)}
    if missing := [place for place in places if place not in number]:
        raise DataError(f"{shard.path} has no picture of its image {missing[0]} (from 0); {AGAIN}")
    return [content[offsets[number[place]] : offsets[number[place] + 1]].tobytes() for place in places]
