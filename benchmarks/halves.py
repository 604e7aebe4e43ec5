"""Two halves of the real images, every second one in each: one to explain on, the other to score on."""

from __future__ import annotations

from inputs import REAL

from compexact.probes import open_dataset
from compexact.probes.datasets.annotated_images import AnnotatedImages
from compexact.probes.datasets.some_images import SomeImages


def even() -> AnnotatedImages:
    """For `--dataset halves:even`, with this folder on PYTHONPATH."""
    return _every_second(0)


def odd() -> AnnotatedImages:
    """For `--dataset halves:odd`."""
    return _every_second(1)


def _every_second(first: int) -> AnnotatedImages:
    images = open_dataset(f"broden:{REAL / 'broden_mini'}")
    return SomeImages.of(images, range(first, len(images.keys), 2))
