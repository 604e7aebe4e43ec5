"""`probe_vision`: a model of images, live or named, on images with labelled points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .experiments.commands.hypernym_options import HypernymOptions, added
from .experiments.commands.preprocessing_options import preprocessing
from .experiments.commands.probe import LabelledImages, VisionModel
from .experiments.commands.probe import probe_vision as command
from .experiments.progress import progress
from .options import Asked, takes
from .probes.datasets.annotated_images import MEMBERS, AnnotatedImages
from .probes.datasets.given_images import given_images
from .probes.datasets.spec import open_dataset
from .probes.devices import back_on_its_device, choose_device
from .probes.loader import default_workers
from .probes.models import LoadedModel, is_module, made_model
from .probes.store import Probe
from .probes.vision.examining import examine
from .probes.vision.probe import probe_vision as probe_images
from .probes.vision.vision_settings import VisionSettings
from .solver.errors import UsageError
from .values import shown

NOT_IN_PYTHON = ("dataset", "model", "output", "shard", "force")


@takes(command, without=NOT_IN_PYTHON, defaults={"device": "auto"})
def probe_vision(
    model: Any,
    dataset: Any,
    *,
    concepts: Sequence[str] | Mapping[int, str] | None = None,
    classes: Sequence[str] | None = None,
    asked: Asked,
) -> Probe:
    """What the units of a model's layers do on images with labelled points, counted.

    model: an `nn.Module`, which is left as it was; or a text, as `compexact probe vision` takes it.
    dataset: a text as there; an object with the members of `AnnotatedImages`; or a sequence of (picture, labels), such
    as a `torch.utils.data.Dataset`: the picture one of Pillow's, uint8 (height, width, 3), or float (3, height, width)
    from 0 to 1; labels integers (height, width), or several such planes.  concepts: of such a sequence, what the
    integers mean, a list by number or a dict; others mean nothing.
    classes: the name of each output of the model.

    Raises `UsageError` for what cannot be probed, `DataError` for bad data.
    """
    settings: VisionSettings = asked.of(VisionSettings)
    choose_device(settings.device)
    images, is_named = _images(dataset, concepts, asked, may_lack_labels=settings.skip_bad is not None)
    above = asked.of(HypernymOptions).of({each.name: each.category for each in images.concepts})
    workers = asked.values["workers"]
    settings = replace(settings, workers=workers if workers is not None else default_workers() if is_named else 0)
    loaded = _loaded(model, classes, asked)
    preprocessed = asked.of(preprocessing)(loaded)
    with back_on_its_device(loaded.module), progress() as report:
        examined = examine(loaded, preprocessed, settings)
        probe = probe_images(loaded, images, preprocessed, settings, examined=examined, on_progress=report)
    return added(probe, above)


def _loaded(model: Any, classes: Sequence[str] | None, asked: Asked) -> LoadedModel:
    if isinstance(model, str):
        loaded = asked.of(VisionModel, model=model).load()
    elif is_module(model):
        if asked.values["weights"] is not None:
            raise UsageError("weights go with a model that is named by a text; load them into this one yourself")
        loaded = made_model(model, type(model).__name__)
    else:
        raise UsageError(f"model is an nn.Module, or a text such as 'torchvision:resnet18', not {shown(model)}")
    if classes is None:
        return loaded
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not all(isinstance(c, str) for c in classes):
        raise UsageError(f"classes is a list of texts, one for each output, not {shown(classes)}")
    if loaded.class_names is None and loaded.n_classes not in (None, len(classes)):
        raise UsageError(f"classes has {len(classes)} names; the model has {loaded.n_classes} outputs")
    return replace(loaded, class_names=tuple(classes))


def _images(dataset: Any, concepts: Any, asked: Asked, *, may_lack_labels: bool) -> tuple[AnnotatedImages, bool]:
    """The dataset, and whether it was named by a text: one that is there already is read by this process alone."""
    if isinstance(dataset, str):
        if concepts is not None:
            raise UsageError("concepts go with a sequence of images and labels; this dataset names its own")
        return asked.of(LabelledImages, dataset=dataset).open(may_lack_labels=may_lack_labels), True
    values = asked.values
    if not all(hasattr(dataset, member) for member in MEMBERS):
        dataset = given_images(dataset, concepts, values["mask_size"], values["ignore_label"])
    elif concepts is not None or values["mask_size"] is not None or values["ignore_label"]:
        raise UsageError("this dataset has concepts, a mask size and labels of its own; set them in it")
    opened = open_dataset(
        dataset, categories=values["categories"], limit=values["limit"], may_lack_labels=may_lack_labels
    )
    return opened, False
