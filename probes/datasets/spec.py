"""Which dataset a text names: `KIND:PATH`, or a factory of one's own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ...solver.errors import DataError, UsageError, did_you_mean
from ..factories import call_factory, find_attribute, is_factory_spec
from . import DATASETS

if TYPE_CHECKING:  # Pillow is loaded with the first dataset, not with this module
    from .annotated_images import AnnotatedImages


def open_dataset(
    spec: str,
    *,
    categories: Sequence[str] | None = None,
    limit: int | None = None,
    mask_size: tuple[int, int] | None = None,
) -> AnnotatedImages:
    """The dataset that `spec` names.

    spec: `KIND:PATH` with a kind of `DATASETS`, or `package.module:factory`, called without arguments.
        The module is looked for on `sys.path` and in the current folder.
    categories: the categories whose labels become concepts (default: all).
    limit: only the first images, at most this many; the concepts stay those of the whole dataset.
    mask_size: (height, width) of the label planes, instead of the dataset's own.

    Raises UsageError for a wrong spec or option and a path that does not exist, DataError for files
    that are missing in the dataset or damaged.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit {limit}: at least 1 image is needed")
    if mask_size is not None and not (len(mask_size) == 2 and min(mask_size) >= 1):
        raise UsageError(f"mask size {mask_size}: two numbers from 1 up (height, width) are needed")
    kind, _, rest = spec.partition(":")
    if kind in DATASETS:
        read: Callable[..., AnnotatedImages] = import_module(f".{kind}", __package__).read
        dataset = read(_existing(spec, rest), categories=categories, mask_size=mask_size)
    elif is_factory_spec(spec) and not did_you_mean(kind, DATASETS):
        if categories is not None or mask_size is not None:
            raise UsageError(f"dataset {spec!r}: a factory takes no categories or mask size; set them in it")
        dataset = cast("AnnotatedImages", call_factory(find_attribute(spec, "dataset"), f"dataset {spec!r}"))
    else:
        raise UsageError(_unknown(spec, kind))
    _check(dataset, spec)
    if limit is None:
        return dataset
    from .some_images import SomeImages

    return SomeImages.of(dataset, range(min(limit, len(dataset.keys))))


def _unknown(spec: str, kind: str) -> str:
    known = ", ".join(f"{name}:PATH" for name in DATASETS)
    hint = did_you_mean(kind, DATASETS)
    return f"unknown dataset {spec!r}; known are {known} and package.module:factory{hint}"


def _existing(spec: str, text: str) -> Path:
    if not text:
        raise UsageError(f"dataset {spec!r}: the path is missing; write {spec.partition(':')[0]}:PATH")
    path = Path(os.path.abspath(os.path.expanduser(text.partition("\0")[0])))
    if "\0" in text or not os.path.exists(path):
        listable = os.path.isdir(path.parent) and os.access(path.parent, os.R_OK)
        near = did_you_mean(path.name, os.listdir(path.parent) if listable else ())
        raise UsageError(f"dataset {spec!r}: there is no such file or folder{near}")
    return path


def _check(dataset: AnnotatedImages, spec: str) -> None:
    """That the dataset has every member, at least one image, and names that mean one thing each."""
    from .annotated_images import MEMBERS, check_concepts

    missing = [member for member in MEMBERS if not hasattr(dataset, member)]
    if missing:
        raise UsageError(f"dataset {spec!r}: {type(dataset).__name__} lacks {', '.join(missing)} (see AnnotatedImages)")
    source = f"dataset {spec!r}"
    if not len(dataset.keys):
        raise DataError(f"{source}: no image at all; at least one is needed")
    if len(set(dataset.keys)) != len(dataset.keys):
        twice = Counter(dataset.keys).most_common(1)[0][0]
        raise DataError(f"{source}: image {twice!r} is there twice")
    check_concepts(dataset.concepts, source)
