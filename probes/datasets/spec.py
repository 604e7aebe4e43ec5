"""Which dataset a text names: `KIND:PATH`, or a factory of one's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ...solver.errors import DataError, UsageError, did_you_mean
from ..factories import call_factory, find_attribute, is_factory_spec
from . import DATASETS

if TYPE_CHECKING:  # Pillow is loaded with the first dataset, not with this module
    from .annotated_images import AnnotatedImages


OF_MODELS = ("hf", "timm", "torchvision")
"""What stands before the names of models; no dataset is named so."""


def open_dataset(
    spec: str | AnnotatedImages,
    *,
    categories: Sequence[str] | None = None,
    limit: int | None = None,
    mask_size: tuple[int, int] | None = None,
    ignore_labels: Sequence[int] = (),
    may_lack_labels: bool = False,
) -> AnnotatedImages:
    """The dataset that `spec` names.

    spec: `KIND:PATH` with a kind of `DATASETS`, or `package.module:factory`, called without arguments.
        The module is looked for on `sys.path` and in the current folder.  Or a dataset itself.
    categories: the categories whose labels become concepts (default: all).
    limit: only the first images, at most this many; the concepts stay those of the whole dataset.
    mask_size: (height, width) of the label planes, instead of the dataset's own.
    ignore_labels: ids in its label maps that are no label.
    may_lack_labels: whether images without labels are for the caller to leave out; else they are refused.

    Raises UsageError for a wrong spec or option and a path that does not exist, DataError for files
    that are missing in the dataset or damaged.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit {limit}: at least 1 image is needed")
    if mask_size is not None and not (len(mask_size) == 2 and min(mask_size) >= 1):
        raise UsageError(f"mask size {mask_size}: two numbers from 1 up (height, width) are needed")
    kind, _, rest = spec.partition(":") if isinstance(spec, str) else ("", "", "")
    if not isinstance(spec, str):
        if categories is not None or mask_size is not None or ignore_labels:
            raise UsageError("a dataset object takes no categories, mask size or labels to ignore; set them in it")
        dataset = spec
    elif kind in DATASETS:
        read: Callable[..., AnnotatedImages] = import_module(f".{kind}", __package__).read
        ignored = {"ignore_labels": tuple(ignore_labels)} if ignore_labels else {}
        if ignored and "ignore_labels" not in signature(read).parameters:
            raise UsageError(f"dataset {spec!r}: --ignore-label goes with label maps of ids, not with {kind}")
        dataset = read(_existing(spec, rest), categories=categories, mask_size=mask_size, **ignored)
    elif is_factory_spec(spec) and kind not in OF_MODELS and not did_you_mean(kind, DATASETS):
        if categories is not None or mask_size is not None or ignore_labels:
            raise UsageError(
                f"dataset {spec!r}: a factory takes no categories, mask size or labels to ignore; set them in it"
            )
        dataset = cast("AnnotatedImages", call_factory(find_attribute(spec, "dataset"), f"dataset {spec!r}"))
    else:
        raise UsageError(_unknown(spec, kind))
    _check(dataset, spec if isinstance(spec, str) else type(spec).__name__)
    if limit is not None:
        from .some_images import SomeImages

        dataset = SomeImages.of(dataset, range(min(limit, len(dataset.keys))))
    if not may_lack_labels:
        _check_labels(dataset)
    return dataset


def _check_labels(dataset: AnnotatedImages) -> None:
    """That every image has labels, as far as that is known without opening it."""
    lacks_labels: Callable[[], Sequence[str]] = getattr(dataset, "lacks_labels", tuple)
    lacking = lacks_labels()
    if lacking:
        raise DataError(f"{lacking[0]} ({len(lacking)} such images; --skip-bad leaves them out)")


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
    from .annotated_images import MEMBERS, check_concepts, check_keys

    missing = [member for member in MEMBERS if not hasattr(dataset, member)]
    if missing:
        raise UsageError(f"dataset {spec!r}: {type(dataset).__name__} lacks {', '.join(missing)} (see AnnotatedImages)")
    source = f"dataset {spec!r}"
    if not len(dataset.keys):
        raise DataError(f"{source}: no image at all; at least one is needed")
    check_keys(dataset.keys, source)
    check_concepts(dataset.concepts, source)
