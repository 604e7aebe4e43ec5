"""What a vision probe is made of and how: all that it says that is not counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..datasets.annotated_images import AnnotatedImages, Concept
from ..digests import file_digests
from ..layers import final_linear
from ..models import LoadedModel
from ..preprocess import Preprocessing
from ..unreadable_images import Skipped
from ..versions import versions
from .examining import Examined
from .vision_settings import VisionSettings


@dataclass(frozen=True, eq=False)
class Subject:
    """A model, a dataset, and the settings.

    model, dataset: their names.  n_images: in all.  weights_digest, metadata_digests: of the model's weights, and of
    the dataset's index files by name.  notes: the model's, and what was found out about it.
    layouts: of each layer, as `Layout` has it.  linear: of the last linear layer its name, and float32
    (n_classes, n_features); only of whole units.
    """

    model: str
    weights_digest: str
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    linear: tuple[str, np.ndarray] | None
    dataset: str
    n_images: int
    metadata_digests: dict[str, str]
    concepts: tuple[Concept, ...]
    mask_size: tuple[int, int]
    skipped: tuple[Skipped, ...]
    preprocessing: dict[str, Any]
    settings: VisionSettings
    layouts: dict[str, dict[str, Any]]
    versions: dict[str, str]


def subject_of(
    model: LoadedModel,
    dataset: AnnotatedImages,
    preprocessing: Preprocessing,
    settings: VisionSettings,
    examined: Examined,
    skipped: Sequence[Skipped],
) -> Subject:
    """Of what is to be probed.  dataset: without the images that are skipped."""
    return Subject(
        model.name,
        model.digest,
        tuple(model.class_names or ()),
        (*model.notes, *examined.notes),
        final_linear(model.module) if settings.ranges is None else None,
        dataset.name,
        len(dataset.keys),
        file_digests(dataset.root, dataset.metadata_files, "index files"),
        tuple(dataset.concepts),
        dataset.mask_size,
        tuple(skipped),
        asdict(preprocessing),
        settings,
        {layer: layout.for_manifest() for layer, layout in examined.layouts.items()},
        versions(),
    )
