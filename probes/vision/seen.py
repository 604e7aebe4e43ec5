"""The first pass of a vision probe: the network, and all that the counts need of the images it is shown.

What comes after needs neither the model nor the dataset.  Images that follow each other can be seen by themselves, as a
shard: in whole batches of a single run, so that the network computes the same numbers.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..activation_file import Spill
from ..datasets.annotated_images import AnnotatedImages
from ..devices import choose_device
from ..loader import LabelReader, batches
from ..masks import LabelledPoints
from ..models import LoadedModel
from ..preprocess import Preprocessing
from ..progress import Progress
from ..shard import Shard
from ..trace import Pass, run_network
from ..unreadable_images import Skipped, readable_images
from .examining import Examined, examine
from .map_points import check_grids
from .subject import Subject, subject_of
from .vision_settings import VisionSettings

PICTURE_SIZE = 256


@dataclass(frozen=True, eq=False)
class SeenImages:
    """Images that follow each other in the dataset.

    labels: of each image its points by concepts, and the digest of its label planes; may be gone through again.
    pictures: (places among these images) -> JPEG files.
    """

    keys: list[str]
    targets: list[str | None]
    through: Pass
    labels: Iterable[tuple[LabelledPoints, bytes]]
    pictures: Callable[[Sequence[int]], list[bytes]]


@dataclass(frozen=True, eq=False)
class DatasetLabels:
    """The labels of some images, read from the dataset."""

    dataset: AnnotatedImages
    images: range
    settings: VisionSettings

    def __iter__(self) -> Iterator[tuple[LabelledPoints, bytes]]:
        read = batches(LabelReader(self.dataset), self.images, self.settings.batch_size, self.settings.workers)
        return (item for batch in read for item in batch)


@contextmanager
def see(
    model: LoadedModel,
    dataset: AnnotatedImages,
    preprocessing: Preprocessing,
    settings: VisionSettings,
    *,
    shard: Shard,
    examined: Examined | None = None,
    spill_folder: Path | None,
    on_progress: Progress,
) -> Iterator[tuple[Subject, SeenImages]]:
    """The images of a shard, shown to the network; within this their maps are on disk.

    examined: what `examine` found, where it was asked before.
    """
    settings = replace(settings, device=str(choose_device(settings.device)))
    examined = examined or examine(model, preprocessing, settings)
    if settings.keep_activations:
        check_grids(examined.layouts)
    skipped: list[Skipped] = []
    if settings.skip_bad is not None:
        # The batches depend on which images are left out, so every shard tries all of them.
        dataset, skipped = readable_images(
            dataset,
            settings.skip_bad,
            batch_size=settings.batch_size,
            workers=settings.workers,
            on_progress=on_progress,
        )
    images = images_of(shard, len(dataset.keys), settings.batch_size)
    with ExitStack() as stack:
        through = run_network(
            model.module,
            dataset,
            images,
            preprocessing,
            settings,
            examined.layouts,
            n_classes=model.n_classes,
            spill_folder=spill_folder,
            on_progress=on_progress,
        )
        for maps in through.maps.values():
            assert isinstance(maps, Spill)
            stack.enter_context(maps)
        subject = subject_of(model, dataset, preprocessing, settings, examined, skipped)
        yield (
            subject,
            SeenImages(
                list(dataset.keys[images.start : images.stop]),
                [dataset.target(image) for image in images],
                through,
                DatasetLabels(dataset, images, settings),
                lambda places: [_jpeg(dataset, images[place]) for place in places],
            ),
        )


def images_of(shard: Shard, n_images: int, batch_size: int) -> range:
    """The shard's images: whole batches of those that a single run makes.

    >>> [list(images_of(Shard(number, 2), 7, 3)) for number in (1, 2)]
    [[0, 1, 2], [3, 4, 5, 6]]
    """
    of_batches = shard.portion(-(-n_images // batch_size))
    return range(min(of_batches.start * batch_size, n_images), min(of_batches.stop * batch_size, n_images))


def _jpeg(dataset: AnnotatedImages, index: int) -> bytes:
    image = dataset.image(index).convert("RGB")
    image.thumbnail((PICTURE_SIZE, PICTURE_SIZE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
