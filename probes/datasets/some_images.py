"""Some of a dataset's images: the first ones, or those that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL.Image import Image

from .annotated_images import AnnotatedImages, Annotation, Described


@dataclass(frozen=True, eq=False, repr=False)
class SomeImages(Described):
    """Some images of a dataset, in its order, with all its concepts.  indices: their places there."""

    dataset: AnnotatedImages
    indices: tuple[int, ...]

    @classmethod
    def of(cls, dataset: AnnotatedImages, indices: Sequence[int]) -> SomeImages:
        """The images at these places of `dataset`."""
        return cls(
            dataset.name,
            dataset.root,
            dataset.concepts,
            tuple(dataset.keys[index] for index in indices),
            dataset.mask_size,
            dataset.metadata_files,
            dataset,
            tuple(indices),
        )

    def where(self, index: int) -> str:
        return self.dataset.where(self.indices[index]) if isinstance(self.dataset, Described) else ""

    def lacks_labels(self) -> Sequence[str]:
        # Only of all: which of them these are is known when they are opened.
        whole = len(self.indices) == len(self.dataset.keys)
        return self.dataset.lacks_labels() if whole and isinstance(self.dataset, Described) else ()

    def image(self, index: int) -> Image:
        return self.dataset.image(self.indices[index])

    def annotation(self, index: int) -> Annotation:
        return self.dataset.annotation(self.indices[index])

    def target(self, index: int) -> str | None:
        return self.dataset.target(self.indices[index])
