"""The second pass of a vision probe: labels against masks, and what is kept for pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ...solver.cells import CellBuilder, Cells
from ...solver.unit_counts import UnitCounts
from ..folding import FoldTally
from ..image_masks import MaskTally
from ..kept_activations import CELLS, fold_array
from ..masks import active_counts
from ..point_cells import packed
from ..progress import Progress
from .seen import SeenImages
from .subject import Subject
from .unit_masks import ActivationStream, Activity, ImageActivations


class CellCounter:
    """Counts every column of the units that fire against every concept of the images.

    sampled: int64 (n,), points of each image whose cells are kept for activations; None for none.
    """

    def __init__(
        self,
        subject: Subject,
        seen: Sequence[SeenImages],
        unit_names: Sequence[str],
        firing: ActivationStream,
        activity: Activity,
        on_progress: Progress,
        sampled: np.ndarray | None = None,
    ) -> None:
        self.sampled, self.sampled_cells = sampled, list[np.ndarray]()
        self.subject, self.seen, self.unit_names, self.on_progress = subject, seen, tuple(unit_names), on_progress
        self.firing, self.activity = firing, activity
        self.pictured = np.unique(activity.top_images)
        n_points = int(np.prod(subject.mask_size))
        self.top_masks = np.zeros((*activity.top_images.shape, -(-n_points // 8)), np.uint8)
        self.point_cells = np.zeros((len(self.pictured), *subject.mask_size), np.int32)
        self.labels_digest = ""

    def run(self) -> tuple[Cells, dict[str, np.ndarray]]:
        """The cells, and the arrays that reports need."""
        concepts, n_images = self.subject.concepts, len(self.activity.unit_max)
        builder = CellBuilder(
            [concept.name for concept in concepts], [concept.category for concept in concepts], self.unit_names
        )
        keys = [key for images in self.seen for key in images.keys]
        folds = FoldTally(self.subject.settings, keys, len(self.unit_names))
        masks = MaskTally(
            is_asked=self.subject.settings.keep_masks,
            n_units=len(self.unit_names),
            mask_size=self.subject.mask_size,
        )
        digest = hashlib.sha256()
        each = (item for images in self.seen for item in images.labels)
        for image, ((points, label_digest), fired) in enumerate(zip(each, self.firing, strict=True)):
            digest.update(label_digest)
            active = UnitCounts.of_matrix(active_counts(fired.values, fired.lower, points))
            ids = builder.add(points.rows, points.counts, active, fired.columns)
            folds.add(np.full(len(ids), image), ids, points.counts, active, fired.columns)
            if masks.is_asked:
                masks.add(fired.columns, fired.masks, ids[points.row_of])
            if self.sampled is not None:
                self.sampled_cells.append(ids[points.row_of[self.sampled]])
            self._keep_for_pictures(image, fired, ids[points.row_of])
            self.on_progress("counting", image + 1, n_images)
        cells, place = builder.cells()
        self.labels_digest = digest.hexdigest()
        arrays = self._arrays(place) | folds.arrays(cells, place) | masks.arrays(place)
        if self.sampled is not None:
            arrays |= fold_array(folds.of_points(np.repeat(np.arange(n_images), len(self.sampled))))
        return cells, arrays

    def _keep_for_pictures(self, image: int, fired: ImageActivations, cell_ids: np.ndarray) -> None:
        picture = int(np.searchsorted(self.pictured, image))
        if picture == len(self.pictured) or self.pictured[picture] != image:
            return
        self.point_cells[picture] = cell_ids.reshape(self.subject.mask_size)
        row_of = {column: row for row, column in enumerate(fired.columns.tolist())}
        for column, rank in np.argwhere(self.activity.top_images == image).tolist():
            if column in row_of:
                self.top_masks[column, rank] = np.packbits(fired.mask(row_of[column]))

    def _arrays(self, place: np.ndarray) -> dict[str, np.ndarray]:
        files = self._pictures()
        sampled = {CELLS: place[np.concatenate(self.sampled_cells)].astype(np.int32)} if self.sampled_cells else {}
        return {
            **sampled,
            "unit_max": self.activity.unit_max,
            "image_active": self.activity.image_active,
            "top_images": self.activity.top_images,
            "top_masks": self.top_masks,
            "pictured": self.pictured,
            **packed(place[self.point_cells] if len(place) else self.point_cells),
            "picture_bytes": np.frombuffer(b"".join(files), dtype=np.uint8),
            "picture_offsets": np.cumsum([0, *map(len, files)], dtype=np.int64),
        }

    def _pictures(self) -> list[bytes]:
        """The pictured images as JPEG files."""
        files: list[bytes] = []
        first = 0
        for images in self.seen:
            stop = first + len(images.keys)
            wanted = self.pictured[(self.pictured >= first) & (self.pictured < stop)]
            files += images.pictures((wanted - first).tolist())
            first = stop
        return files
