"""What an annotated image dataset is, for everything to its right.

To add a dataset, write one file with a class that has the members of `AnnotatedImages` and a
function `read(path, *, categories, mask_size)` that returns one, and name the file in `DATASETS`
(`probes/datasets/__init__.py`).  A class of your own need not live in this package:
`--dataset package.module:factory` calls `factory()` and takes what it returns.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL.Image import Image

from ...solver.errors import DataError, UsageError, did_you_mean
from ...solver.html import html_facts, shortened
from ...solver.names import brief, name_problem


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
    """Images, and for each the concepts of every point.

    The first six members are plain attributes of a frozen dataclass (`Described` has them), or properties.
    Instances are pickled to reader processes: they hold names and small tables, no open files and no pictures.
    """

    @property
    def name(self) -> str:
        """What to call the dataset in reports, e.g. `broden_mini`."""

    @property
    def root(self) -> Path:
        """The folder it is read from."""

    @property
    def concepts(self) -> tuple[Concept, ...]:
        """All concepts; their order gives the indices that annotations hold."""

    @property
    def keys(self) -> tuple[str, ...]:
        """One name per image, unique; for files, the path relative to `root`."""

    @property
    def mask_size(self) -> tuple[int, int]:
        """(height, width) of every image's label planes."""

    @property
    def metadata_files(self) -> tuple[Path, ...]:
        """The index and name files; a probe records their digests."""

    def image(self, index: int) -> Image:
        """The picture in RGB, at its own size."""

    def annotation(self, index: int) -> Annotation:
        """Its labels, at `mask_size`."""

    def target(self, index: int) -> str | None:
        """The class that the image is meant to have (its scene), where the dataset says."""


KINDS_SHOWN = 12
"""Categories in the table that a notebook shows."""


@dataclass(frozen=True, eq=False, repr=False)
class Described:
    """What `AnnotatedImages` says of itself, as the fields that the classes of this package begin with."""

    name: str
    root: Path
    concepts: tuple[Concept, ...]
    keys: tuple[str, ...]
    mask_size: tuple[int, int]
    metadata_files: tuple[Path, ...]

    def __post_init__(self) -> None:
        check_keys(self.keys, self.name, [self.where(index) for index in range(len(self.keys))])

    def __repr__(self) -> str:
        height, width = self.mask_size
        said = f"{len(self.keys):,} images, {len(self.concepts):,} concepts, {height}x{width} points"
        return f"{type(self).__name__}({self.name}: {said})"

    def _repr_html_(self) -> str:
        kinds = {kind: [each.name for each in self.concepts if each.category == kind] for kind in self._categories()}
        return html_facts({kind: shortened(names) for kind, names in kinds.items()}, title=repr(self))

    def _categories(self) -> Sequence[str]:
        return list(dict.fromkeys(concept.category for concept in self.concepts))[:KINDS_SHOWN]

    def where(self, index: int) -> str:
        """Where the dataset says that it has the image; "" where that is its file."""
        return ""

    def lacks_labels(self) -> Sequence[str]:
        """Of each image that has none, why; known before any file is decoded."""
        return ()


MEMBERS = tuple(name for name in vars(AnnotatedImages) if not name.startswith("_"))
"""The members of `AnnotatedImages`, in the order above."""


def look_alike(name: str) -> str:
    """What is left of a name when letter case and the way it is encoded (NFC, NFD) do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def check_keys(keys: Sequence[str], source: str, places: Sequence[str] = ()) -> None:
    """Raises `DataError` where two of a dataset's images have one name: one would be counted twice.

    places: where each stands.
    """
    if len(set(keys)) == len(keys):
        return
    twice = Counter(keys).most_common(1)[0][0]
    first, second = [index for index, key in enumerate(keys) if key == twice][:2]
    lines = f": {places[first]} and {places[second]}" if places and places[first] else ""
    raise DataError(f"{source}: image {twice!r} is there twice{lines}")


def check_concepts(concepts: Sequence[Concept], source: object) -> tuple[Concept, ...]:
    """The concepts, if every name can stand in a formula and means one concept.

    Raises DataError, naming `source`, if there are none, if a name is empty or has a control or
    invisible character, or if two names are the same (letter case and Unicode form do not count).
    """
    if not concepts:
        raise DataError(f"{source}: no concept at all; at least one is needed")
    first: dict[str, str] = {}
    pairs = []
    for concept in concepts:
        name = concept.name
        if problem := name_problem(name):
            raise DataError(f"{source}: concept name {brief(name)} {problem}")
        key = look_alike(name)
        if key in first:
            pairs.append(f"{first[key][:40]!r} and {name[:40]!r}")
        first.setdefault(key, name)
    if pairs:
        more = f" and {len(pairs) - 5} more pairs" if len(pairs) > 5 else ""
        raise DataError(f"{source}: two concepts of one name: {', '.join(pairs[:5])}{more}")
    return tuple(concepts)


def distinct_names(full_names: Sequence[tuple[int, str]]) -> list[str]:
    """Short names for (number, synonyms) pairs: the first synonym, where no other pair has the same.

    Synonyms are joined by `,` or `;`.  Pairs that share the first one keep all of them; if even these
    are the same, the number is added (`bar #131`).
    """
    short = [re.split("[,;]", full, maxsplit=1)[0].strip() for _, full in full_names]
    n_short = Counter(map(look_alike, short))
    n_full = Counter(look_alike(full) for _, full in full_names)
    names = []
    for (number, full), name in zip(full_names, short, strict=True):
        if n_short[look_alike(name)] == 1:
            names.append(name)
        else:
            names.append(full if n_full[look_alike(full)] == 1 else f"{full} #{number}")
    return names


def choose_categories(wanted: Sequence[str] | None, known: Sequence[str], source: object) -> tuple[str, ...]:
    """The wanted categories (None: all known ones), in the order of `known`, each once.

    Raises UsageError if one is unknown or none is wanted.
    """
    if wanted is None:
        return tuple(known)
    for category in wanted:
        if category not in known:
            raise UsageError(
                f"{source} has no category {category!r}; it has {', '.join(known)}" + did_you_mean(category, known)
            )
    if not wanted:
        raise UsageError(f"no category chosen; {source} has {', '.join(known)}")
    return tuple(category for category in known if category in wanted)
