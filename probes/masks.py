"""From activation maps to counts: upsample, compare, and count by what the points are annotated with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate

from ..solver.compiled import compiled
from ..solver.errors import DataError
from .datasets.annotated_images import Annotation

TABLE_SIZE = 2**18
"""Up to so many numbers are told apart by a table, which takes a tenth of the time of sorting them."""


def upsample(maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """float32 (n, h, w) -> (n, *size): bilinear, half-pixel centres, clamped edges, as in the paper's code."""
    if not len(maps):
        return maps.new_empty((0, *size))
    return interpolate(maps[None], size=size, mode="bilinear", align_corners=False)[0]


@dataclass(frozen=True, eq=False)
class LabelledPoints:
    """The points of one image, grouped by their concepts.

    rows: the distinct concept sets, ascending indices.  row_of: int32 (n_points,): each point's row.
    counts: int64 (n_rows,): points per row.
    """

    rows: list[tuple[int, ...]]
    row_of: np.ndarray
    counts: np.ndarray


def check_annotation(annotation: Annotation, n_concepts: int, mask_size: tuple[int, int], key: str) -> None:
    """Refuse an annotation that is not what `AnnotatedImages` promises; `DataError` with the image's key."""
    planes = annotation.planes
    if planes.ndim != 3 or planes.shape[1:] != mask_size or planes.dtype.kind != "i":
        raise DataError(
            f"{key}: label planes must be signed integers of shape (planes, {mask_size[0]}, {mask_size[1]}), "
            f"not {planes.dtype} of shape {planes.shape}"
        )
    numbers = [*annotation.image_concepts, int(planes.max(initial=-1)), int(planes.min(initial=-1))]
    least = min(annotation.image_concepts, default=0)
    if least < 0 or not -1 <= min(numbers) <= max(numbers) < n_concepts:
        raise DataError(f"{key}: a concept number is outside -1 to {n_concepts - 1}: {min(numbers)} or {max(numbers)}")


def label_points(annotation: Annotation) -> LabelledPoints:
    """Group an image's points by their concepts."""
    planes = annotation.planes.reshape(len(annotation.planes), -1)
    base = int(planes.max(initial=-1)) + 2
    code = np.zeros(planes.shape[1], dtype=np.int64)
    values: list[np.ndarray] = []
    for plane in planes:
        # Renumbering after each plane keeps the codes small, however many planes there are.
        distinct, code = _numbered(code * base + plane + 1)
        values = [column[distinct // base] for column in values] + [distinct % base - 1]
    everywhere = set(annotation.image_concepts)
    combinations = zip(*(column.tolist() for column in values)) if values else [()]
    rows = [tuple(sorted(everywhere.union(combination) - {-1})) for combination in combinations]
    return LabelledPoints(rows, code.astype(np.int32), np.bincount(code, minlength=len(rows)))


def _numbered(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct numbers, ascending, and the place of each among them.  codes: int64 (n,), not negative."""
    end = int(codes.max(initial=0)) + 1
    if end > TABLE_SIZE:
        return np.unique(codes, return_inverse=True)
    occurs = np.zeros(end, dtype=bool)
    occurs[codes] = True
    distinct = np.flatnonzero(occurs)
    place = np.empty(end, dtype=np.int64)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[codes]


def active_counts(values: np.ndarray, lower: np.ndarray, points: LabelledPoints) -> np.ndarray:
    """int64 (n_rows, n * k): on how many points of each row the units are active, or each of k ranges is met.

    values: float32 (n, n_points).  lower: float32 (n, k), ascending: a value belongs to the last that it exceeds.
    """
    counts = np.zeros((len(points.rows), lower.size), dtype=np.int64)
    count_ranges(np.ascontiguousarray(values), np.ascontiguousarray(lower), points.row_of, counts)
    return counts


@compiled
def count_ranges(values: np.ndarray, lower: np.ndarray, row_of: np.ndarray, counts: np.ndarray) -> None:
    """Add to `counts` as `active_counts` has it."""
    k = lower.shape[1]
    for unit in range(len(values)):
        least = lower[unit, 0]
        for point in range(values.shape[1]):
            value = values[unit, point]
            if value > least:
                i = 0
                while i + 1 < k and value > lower[unit, i + 1]:
                    i += 1
                counts[row_of[point], unit * k + i] += 1
