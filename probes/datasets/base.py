"""What an annotated image dataset is, for everything to its right.

To add a dataset, write one file with a class that has the members of `AnnotatedImages`, and name
its `open` function in `DATASETS` (`probes/datasets/__init__.py`).  A class of your own need not
live in this package: `--dataset package.module:factory` calls `factory()` and takes what it returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL.Image import Image


@dataclass(frozen=True)
class Concept:
    """An annotated concept: its name (unique in the dataset) and its category (`object`, `color`, ...)."""

    name: str
    category: str


@dataclass(frozen=True, eq=False)
class Annotation:
    """The labels of one image.

    planes: int32 (n_planes, height, width).  Each plane gives every point at most one concept, as an
        index into the dataset's `concepts`; -1 where the point has none in this plane.  A point has
        the concepts of all its planes.
    image_concepts: concepts (indices, too) that hold at every point of the image, such as its scene.
    """

    planes: np.ndarray
    image_concepts: tuple[int, ...] = ()


class AnnotatedImages(Protocol):
    """Images, and for each the concepts of every point.  Instances are pickled to reader processes."""

    name: str
    """What to call the dataset in reports, e.g. `broden_mini`."""
    root: Path
    """The folder it is read from."""
    concepts: tuple[Concept, ...]
    keys: tuple[str, ...]
    """One name per image, unique; for files, the path relative to `root`."""
    mask_size: tuple[int, int]
    """(height, width) of every image's label planes."""
    metadata_files: tuple[Path, ...]
    """The index and name files; a probe records their digests."""

    def image(self, index: int) -> Image:
        """The picture in RGB, at its own size."""
        ...

    def annotation(self, index: int) -> Annotation:
        """Its labels, at `mask_size`."""
        ...

    def target(self, index: int) -> str | None:
        """The class that the image is meant to have (its scene), where the dataset says."""
        ...
