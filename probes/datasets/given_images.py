"""Images and label maps that are in memory, or come one by one from an object of the user's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...solver.errors import DataError, UsageError
from ..factories import brief
from .annotated_images import Annotation, Concept, Described, check_concepts
from .files import opaque

EXPECTED = (
    "a dataset is a text such as 'broden:FOLDER', an object as AnnotatedImages has it, or a sequence of "
    "(picture, labels)"
)


@dataclass(frozen=True, eq=False, repr=False)
class GivenImages(Described):
    """items: gives (picture, labels) for each place.  places: of each label that means something, its concept's."""

    items: Any
    places: Mapping[int, int]

    def image(self, index: int) -> Image.Image:
        return _picture(self.items[index][0], index)

    def annotation(self, index: int) -> Annotation:
        planes = _planes(self.items[index][1], index)
        planes = np.stack([_resized(plane, self.mask_size) for plane in planes])
        found = np.full(planes.shape, -1, dtype=np.int32)
        for label in np.unique(planes).tolist():
            if label in self.places:
                found[planes == label] = self.places[label]
        return Annotation(found)

    def target(self, index: int) -> str | None:
        return None


def given_images(
    items: Any, concepts: Any, mask_size: tuple[int, int] | None = None, ignore_labels: Iterable[int] = ()
) -> GivenImages:
    """The dataset of a sequence of (picture, labels).

    concepts: the name of each label, a list by number or a dict.  mask_size: (height, width) of the label maps;
    default: as the first is.  ignore_labels: that mean nothing, as all that have no name do.
    Raises `UsageError` for what is no such sequence, and without names.
    """
    if isinstance(items, bytes) or not (hasattr(items, "__len__") and hasattr(items, "__getitem__")):
        raise UsageError(f"{EXPECTED}, not a {type(items).__name__}")
    named = dict(concepts) if isinstance(concepts, Mapping) else None
    if named is None:
        if concepts is None or isinstance(concepts, str) or not isinstance(concepts, Iterable):
            raise UsageError("concepts are needed: the name of each label, such as ['sky', 'sea'] or {1: 'sky'}")
        named = dict(enumerate(concepts))
    if not all(type(label) is int and isinstance(name, str) for label, name in named.items()):
        raise UsageError("concepts are the names of labels, such as ['sky', 'sea'] or {1: 'sky'}")
    if not len(items):
        raise DataError("the dataset holds no image; at least one is needed")
    ignored = set(ignore_labels)
    kept = [label for label in named if label not in ignored]
    rows = check_concepts([Concept(named[label], "") for label in kept], "concepts")
    first = _planes(_first(items)[1], 0)
    keys = tuple(str(index) for index in range(len(items)))
    size = mask_size or (first.shape[1], first.shape[2])
    name, places = type(items).__name__, {label: place for place, label in enumerate(kept)}
    return GivenImages(name, Path(), rows, keys, size, (), items, places)


def _first(items: Any) -> Sequence[Any]:
    try:
        item = items[0]
    except Exception as error:  # whatever a dataset of the user's own does
        raise DataError(f"item 0 of the dataset cannot be read: {brief(error)}") from error
    if not isinstance(item, tuple | list) or len(item) < 2:
        raise UsageError(f"item 0 of the dataset is a {type(item).__name__}; (picture, labels) is needed")
    return item


def _array(value: Any) -> np.ndarray:
    """A tensor, an array or a picture, as an array of numpy."""
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)


def _picture(value: Any, index: int) -> Image.Image:
    if isinstance(value, Image.Image):
        return opaque(value, f"picture {index}")
    pixels = _array(value)
    if pixels.dtype.kind == "f" and pixels.ndim == 3 and len(pixels) == 3:
        if not (np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1):
            raise DataError(f"picture {index} goes beyond 0 and 1; give it as it was before it was normalised")
        pixels = np.round(pixels.transpose(1, 2, 0) * 255).astype(np.uint8)
    elif pixels.dtype == np.uint8 and pixels.ndim == 3 and len(pixels) == 3 and pixels.shape[2] != 3:
        pixels = pixels.transpose(1, 2, 0)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise DataError(
            f"picture {index} is {pixels.dtype} of shape {pixels.shape}; one of Pillow's, uint8 (height, width, 3), or "
            "float (3, height, width) from 0 to 1 is needed"
        )
    return Image.fromarray(np.ascontiguousarray(pixels))


def _planes(value: Any, index: int) -> np.ndarray:
    """(n_planes, height, width) of integers."""
    labels = _array(value)
    if labels.dtype.kind not in "iub" or labels.ndim not in (2, 3) or not labels.size:
        raise DataError(
            f"the labels of image {index} are {labels.dtype} of shape {labels.shape}; integers (height, width), or "
            "several such planes, are needed"
        )
    return labels.reshape(-1, *labels.shape[-2:])


def _resized(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The nearest label for each point; labels are never mixed."""
    rows = (np.arange(size[0]) * 2 + 1) * plane.shape[0] // (2 * size[0])
    columns = (np.arange(size[1]) * 2 + 1) * plane.shape[1] // (2 * size[1])
    return plane[rows[:, None], columns]
