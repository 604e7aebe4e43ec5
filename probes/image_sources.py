"""Image classifiers of other libraries: folders of Hugging Face's transformers, and timm's architectures by name.

Nothing is ever downloaded, and no code of a folder is run.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..solver.errors import DataError, UsageError, did_you_mean
from .factories import brief
from .preprocess import Preprocessing
from .torchvision_ops import import_torchvision
from .transformers_folder import load_network

TIMM = "timm:"


def hugging_face_classifier(folder: Path) -> tuple[nn.Module, tuple[str, ...] | None, Preprocessing | None]:
    """The model of a folder, the names of its classes, and what it is to be shown of a picture, where the folder says.

    Raises `UsageError` without transformers or without such a folder, `DataError` where its files do not fit.
    """
    module, _ = load_network(folder, "AutoModelForImageClassification")
    names = tuple(str(module.config.id2label[number]) for number in range(len(module.config.id2label)))
    unnamed = all(name == f"LABEL_{number}" for number, name in enumerate(names))
    return module, None if unnamed else names, _of_processor(folder / "preprocessor_config.json")


def _of_processor(file: Path) -> Preprocessing | None:
    """What `preprocessor_config.json` says, without its crops: the whole picture is shown, as a square."""
    if not file.is_file():
        return None
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        scale = 255.0 * (said.get("rescale_factor", 1 / 255) if said.get("do_rescale", True) else 1.0)
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        if said.get("do_normalize", True):
            mean, std = tuple(said["image_mean"]), tuple(said["image_std"])
        crop = said.get("crop_size") if said.get("do_center_crop") else None
        return Preprocessing(_side(crop or said["size"]), "rgb", mean, std, scale)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise DataError(
            f"{file} says nothing of a picture's size, mean and std that is known: {brief(error)}"
        ) from None


def _side(size: object) -> int:
    if isinstance(size, Mapping):
        size = next(size[name] for name in ("height", "shortest_edge", "longest_edge") if name in size)
    return int(size)  # type: ignore[call-overload]


def import_timm() -> Any:
    """The package.  Raises `UsageError` where it is missing."""
    import_torchvision()
    try:
        import timm
    except ImportError:
        raise UsageError("timm: models need the package timm: pip install 'compexact[timm]'") from None
    return timm


def timm_model(name: str, num_classes: int | None, seed: int) -> tuple[nn.Module, Preprocessing | None]:
    """The architecture with random weights, and what it is to be shown of a picture: its data config."""
    timm = import_timm()
    if name.partition(".")[0] not in timm.list_models():
        hint = did_you_mean(name, timm.list_models())
        raise UsageError(f"unknown model '{TIMM}{name}'; timm.list_models() names them all{hint}")
    options = {} if num_classes is None else {"num_classes": num_classes}
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(seed)
        try:
            module: nn.Module = timm.create_model(name, pretrained=False, **options)
        except Exception as error:  # whatever an architecture does with a number of classes
            raise UsageError(f"model {TIMM}{name}, {num_classes} classes: {brief(error)}") from error
    return module, _of_data_config(timm.data.resolve_model_data_config(module))


def _of_data_config(config: Mapping[str, Any]) -> Preprocessing | None:
    try:
        channels, height, width = config["input_size"]
        if channels != 3 or height != width:
            return None
        return Preprocessing(height, "rgb", tuple(config["mean"]), tuple(config["std"]), 1.0)
    except (KeyError, TypeError, ValueError, UsageError):
        return None
