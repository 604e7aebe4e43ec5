"""A folder for each class, with its pictures anywhere below it, as torchvision's ImageFolder has them.

A picture's class is its target, and a concept of all its points.  No point is labelled otherwise, but what colour it
has is seen: each has one of the eleven basic colours (`colours.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL.Image import Image

from ...solver.errors import DataError
from .annotated_images import Annotation, Concept, Described, check_concepts, choose_categories
from .colours import NAMES, colour_names
from .files import PICTURES, check_relative, list_files, nearest, open_image, picture_size, safe_path, shown

CLASS, COLOR = "class", "color"
LARGEST = (112, 112)


@dataclass(frozen=True, eq=False)
class ImageFolder(Described):
    """Pictures by class; see `AnnotatedImages`."""

    classes: tuple[str, ...]
    first_color: int | None
    """The place of the first colour among the concepts, which have them in the order of `NAMES`; None without."""
    first_class: int | None

    def image(self, index: int) -> Image:
        """The picture."""
        return open_image(safe_path(self.root, self.keys[index]))

    def annotation(self, index: int) -> Annotation:
        """A plane of colours, each that of the pixel nearest to the point; and the class."""
        planes = np.full((0, *self.mask_size), -1, np.int32)
        if self.first_color is not None:
            pixels = nearest(np.asarray(self.image(index)), self.mask_size)
            planes = self.first_color + colour_names(pixels)[None]
        whole = () if self.first_class is None else (self.first_class + self.classes.index(self.target(index)),)
        return Annotation(planes, whole)

    def target(self, index: int) -> str:
        """The name of its class's folder."""
        return self.keys[index].partition("/")[0]


def read(
    path: Path, *, categories: Sequence[str] | None = None, mask_size: tuple[int, int] | None = None
) -> ImageFolder:
    """The pictures below a folder, class by class in alphabetic order.

    categories: among `class` and `color` (default: both).
    mask_size: (height, width) of the points (default: those of the first picture, at most 112 x 112).
    """
    if not path.is_dir():
        raise DataError(
            f"{shown(path)}: is a file; a folder is needed, with one for each class (unpack an archive first)"
        )
    keys = list_files(path, PICTURES)
    classes = sorted(each.name for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not classes:
        raise DataError(f"{shown(path)}: no folder at all; a folder for each class is needed, with its pictures")
    if loose := [key for key in keys if "/" not in key]:
        raise DataError(
            f"{shown(path / loose[0])}: is in no class's folder ({len(loose)} such pictures; the classes are "
            f"{', '.join(map(repr, classes[:5]))}{' ...' if len(classes) > 5 else ''})"
        )
    filled = {key.partition("/")[0] for key in keys}
    if empty := [name for name in classes if name not in filled]:
        raise DataError(
            f"{shown(path / empty[0])}: the folder of a class has no picture ({len(empty)} such folders); known are "
            f"{', '.join(PICTURES)}"
        )
    chosen = choose_categories(categories, (CLASS, COLOR), shown(path))
    colors = [Concept(f"{name}-c", COLOR) for name in NAMES] if COLOR in chosen else []
    named = [Concept(check_relative(name, shown(path)), CLASS) for name in classes] if CLASS in chosen else []
    return ImageFolder(
        name=path.name,
        root=path,
        concepts=check_concepts([*colors, *named], shown(path)),
        keys=tuple(keys),
        mask_size=mask_size or _mask_size(path, keys[0]),
        metadata_files=(),
        classes=tuple(classes),
        first_color=0 if colors else None,
        first_class=len(colors) if named else None,
    )


def _mask_size(root: Path, key: str) -> tuple[int, int]:
    height, width = picture_size(safe_path(root, key))
    return min(height, LARGEST[0]), min(width, LARGEST[1])
