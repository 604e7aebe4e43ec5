"""Leave images out that cannot be read, up to a share of all."""

from __future__ import annotations

from dataclasses import dataclass

from ..solver.errors import CompexactError, DataError
from .datasets.annotated_images import AnnotatedImages
from .datasets.files import opaque
from .datasets.some_images import SomeImages
from .factories import brief
from .loader import LabelReader, batches
from .progress import Progress


@dataclass(frozen=True)
class Skipped:
    """An image that is left out, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class _Trial:
    """Reads an image and its labels; gives what is wrong with them, or None."""

    dataset: AnnotatedImages

    def __call__(self, index: int) -> str | None:
        try:
            opaque(self.dataset.image(index), self.dataset.keys[index])
            LabelReader(self.dataset)(index)
        except DataError as error:
            return str(error)
        except (CompexactError, MemoryError):
            raise
        except Exception as error:  # whatever a dataset of the user's own does
            return f"{self.dataset.keys[index]}: {brief(error)}"
        return None


def readable_images(
    dataset: AnnotatedImages, share: float, *, batch_size: int, workers: int, on_progress: Progress
) -> tuple[AnnotatedImages, list[Skipped]]:
    """The dataset without the images whose picture or labels cannot be read, and those.

    Every file is read once for it.  Raises `DataError` where they are more than `share` of all images.
    """
    n_images = len(dataset.keys)
    skipped, readable = [], []
    trials = (reason for batch in batches(_Trial(dataset), range(n_images), batch_size, workers) for reason in batch)
    for index, reason in enumerate(trials):
        if reason is None:
            readable.append(index)
        else:
            skipped.append(Skipped(dataset.keys[index], reason))
        on_progress("trying to read", index + 1, n_images)
    if len(skipped) > share * n_images:
        raise DataError(
            f"{len(skipped)} of {n_images} images cannot be read, more than the share of {share:g} that may be "
            f"left out (--skip-bad); the first: {skipped[0].reason}"
        )
    return (SomeImages.of(dataset, readable) if skipped else dataset), skipped
