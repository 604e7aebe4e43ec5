"""The second pass of a vision probe: labels against masks, and what is kept for pictures."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import numpy as np

from ...solver.cells import CellBuilder, Cells
from ..datasets.annotated_images import AnnotatedImages
from ..loader import LabelReader, batches
from ..masks import active_counts
from ..progress import Progress
from .unit_masks import ActivationStream, Activity, ImageActivations

PICTURE_SIZE = 256


class CellCounter:
    """Counts every column of the units that fire against every concept of the images."""

    def __init__(
        self,
        dataset: AnnotatedImages,
        unit_names: Sequence[str],
        firing: ActivationStream,
        activity: Activity,
        on_progress: Progress,
    ) -> None:
        self.dataset, self.unit_names, self.on_progress = dataset, tuple(unit_names), on_progress
        self.firing, self.activity = firing, activity
        self.pictured = np.unique(activity.top_images)
        n_points = int(np.prod(dataset.mask_size))
        self.top_masks = np.zeros((*activity.top_images.shape, -(-n_points // 8)), np.uint8)
        self.point_cells = np.zeros((len(self.pictured), *dataset.mask_size), np.int32)
        self.labels_digest = ""

    def run(self, batch_size: int, workers: int) -> tuple[Cells, dict[str, np.ndarray]]:
        """The cells, and the arrays that reports need."""
        concepts, n_images = self.dataset.concepts, len(self.dataset.keys)
        builder = CellBuilder(
            [concept.name for concept in concepts], [concept.category for concept in concepts], self.unit_names
        )
        digest = hashlib.sha256()
        labels = batches(LabelReader(self.dataset), n_images, batch_size, workers)
        each = (item for batch in labels for item in batch)
        for image, ((points, label_digest), fired) in enumerate(zip(each, self.firing)):
            digest.update(label_digest)
            active = active_counts(fired.values, fired.lower, points)
            ids = builder.add(points.rows, points.counts, active, fired.columns)
            self._keep_for_pictures(image, fired, ids[points.row_of])
            self.on_progress("counting", image + 1, n_images)
        cells, place = builder.cells()
        self.labels_digest = digest.hexdigest()
        return cells, self._arrays(place)

    def _keep_for_pictures(self, image: int, fired: ImageActivations, cell_ids: np.ndarray) -> None:
        picture = int(np.searchsorted(self.pictured, image))
        if picture == len(self.pictured) or self.pictured[picture] != image:
            return
        self.point_cells[picture] = cell_ids.reshape(self.dataset.mask_size)
        row_of = {column: row for row, column in enumerate(fired.columns.tolist())}
        for column, rank in np.argwhere(self.activity.top_images == image).tolist():
            if column in row_of:
                self.top_masks[column, rank] = np.packbits(fired.mask(row_of[column]))

    def _arrays(self, place: np.ndarray) -> dict[str, np.ndarray]:
        files = [_jpeg(self.dataset, int(image)) for image in self.pictured]
        return {
            "unit_max": self.activity.unit_max,
            "image_active": self.activity.image_active,
            "top_images": self.activity.top_images,
            "top_masks": self.top_masks,
            "pictured": self.pictured,
            "point_cells": place.astype(np.int32)[self.point_cells] if len(place) else self.point_cells,
            "picture_bytes": np.frombuffer(b"".join(files), dtype=np.uint8),
            "picture_offsets": np.cumsum([0, *map(len, files)], dtype=np.int64),
        }


def _jpeg(dataset: AnnotatedImages, index: int) -> bytes:
    image = dataset.image(index).convert("RGB")
    image.thumbnail((PICTURE_SIZE, PICTURE_SIZE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
