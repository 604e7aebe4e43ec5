"""Read a dataset in other processes while the network runs: pictures for it, labels for the counts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset

from ..solver.errors import CompexactError, DataError
from .datasets.annotated_images import AnnotatedImages
from .datasets.files import opaque
from .factories import brief
from .masks import LabelledPoints, check_annotation, label_points
from .preprocess import Preprocessing


@dataclass(frozen=True, eq=False)
class Picture:
    """What the network sees of an image: float32 (3, size, size); and the digest of the image's pixels."""

    values: np.ndarray
    digest: bytes


@dataclass(frozen=True)
class PictureReader:
    """Reads image `index` of the dataset as the network's input."""

    dataset: AnnotatedImages
    preprocessing: Preprocessing

    def __call__(self, index: int) -> Picture:
        image = opaque(self.dataset.image(index), self.dataset.keys[index])
        return Picture(self.preprocessing(image).numpy(), hashlib.sha256(image.tobytes()).digest())


@dataclass(frozen=True)
class LabelReader:
    """Reads the labels of image `index`, grouped by concepts; and the digest of its label planes."""

    dataset: AnnotatedImages

    def __call__(self, index: int) -> tuple[LabelledPoints, bytes]:
        annotation = self.dataset.annotation(index)
        check_annotation(annotation, len(self.dataset.concepts), self.dataset.mask_size, self.dataset.keys[index])
        return label_points(annotation), hashlib.sha256(annotation.planes.tobytes()).digest()


class _Items(Dataset[Any]):
    """Calls `read` for every index; an error is handed over as a value, because a DataLoader would rewrap it."""

    def __init__(self, read: Callable[[int], Any], indices: range) -> None:
        self.read, self.indices = read, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, place: int) -> Any:
        index = self.indices[place]
        try:
            return self.read(index)
        except CompexactError as error:
            return error
        except Exception as error:  # whatever a dataset of the user's own does
            return DataError(f"image {index} (from 0) cannot be read: {brief(error)}")


def batches(read: Callable[[int], Any], indices: range, batch_size: int, workers: int) -> Iterator[list[Any]]:
    """`read` of these indices in lists of `batch_size`, read ahead by `workers` processes (0: by this one)."""
    loader = DataLoader(_Items(read, indices), batch_size=batch_size, num_workers=workers, collate_fn=_as_list)
    for batch in loader:
        for item in batch:
            if isinstance(item, CompexactError):
                raise item
        yield batch


def default_workers() -> int:
    """How many processes read images where nobody says it: half the cores, at most four."""
    return min(4, max(1, (os.cpu_count() or 1) // 2))


def _as_list(items: list[Any]) -> list[Any]:
    return items
