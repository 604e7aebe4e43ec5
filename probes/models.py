"""From what the user types to a model: an architecture, its weights, and the names of its classes."""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..solver.errors import UsageError, did_you_mean
from .checkpoints import load_into, read_state_dict
from .entry_names import StateDict, fit_names
from .factories import brief, call_factory, find_attribute, is_factory_spec
from .image_sources import TIMM, hugging_face_classifier, timm_model
from .layers import final_layer
from .preprocess import Preprocessing
from .torchvision_ops import import_torchvision
from .transformers_folder import HUGGING_FACE

TORCHVISION = "torchvision:"

_TRANSFORMS_INPUT = ("googlenet", "inception_v3")
_MODE_MATTERS = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model on the CPU, and what is known of it."""

    module: nn.Module
    name: str
    """The specification that it was loaded by."""
    digest: str
    """Of its weights (`weights_digest`)."""
    class_names: tuple[str, ...] | None
    """One per output, or None where they are not known."""
    notes: tuple[str, ...]
    """What the user should know about how it was made; whole sentences."""
    preprocessing: Preprocessing | None = None
    """What it is to be shown of a picture, where its source says."""

    @property
    def n_classes(self) -> int | None:
        """How many classes there are, by their names or by the last linear layer."""
        if self.class_names:
            return len(self.class_names)
        final = final_layer(self.module)
        return None if final is None else len(final[1].weight)


def load_model(
    spec: str,
    *,
    weights: Path | None = None,
    strict: bool = True,
    num_classes: int | None = None,
    seed: int = 0,
) -> LoadedModel:
    """Build the model that `spec` names.  Nothing is ever downloaded.

    spec: `torchvision:NAME` with a name of `torchvision.models.list_models()`; `timm:NAME` with one of
        `timm.list_models()`; `hf:FOLDER`, an image classifier of Hugging Face's transformers; or
        `package.module:factory`, looked for on `sys.path` and in the current folder, and called without
        arguments.  It returns an `nn.Module`, which may have the names of its classes as `class_names`.
    weights: a state dict in a local file (see `checkpoints`).  Without it, a torchvision or timm model has
        random weights, and a note says so.  A folder has its own.
    strict: whether file and model must have the same entries.
    num_classes: of a torchvision or timm model; default: as the file has it, else the library's own.
    seed: of the random weights.  The global random state is left alone.

    Raises UsageError for a wrong specification and weights that do not fit, DataError for a file that is
    damaged or holds more than weights.
    """
    if spec.startswith(TORCHVISION):
        return _load_torchvision(spec, weights, strict, num_classes, seed)
    if spec.startswith(TIMM):
        return _load_timm(spec, weights, strict, num_classes, seed)
    if spec.startswith(HUGGING_FACE):
        return _load_hugging_face(spec, weights)
    if not is_factory_spec(spec):
        hint = did_you_mean(f"{TORCHVISION}{spec}", _torchvision_specs())
        raise UsageError(
            f"unknown model {spec!r}; write torchvision:NAME, timm:NAME, hf:FOLDER or package.module:factory{hint}"
        )
    if num_classes is not None:
        raise UsageError(f"model {spec!r}: num_classes goes with torchvision:NAME; set it in the factory")
    return _load_factory(spec, weights, strict, seed)


def is_module(value: object) -> TypeGuard[nn.Module]:
    """Whether it is a model that is there already, and not the name of one."""
    return isinstance(value, nn.Module)


def weights_digest(module: nn.Module) -> str:
    """SHA-256 (hex) over the state dict: names in order of the alphabet, dtypes, shapes and bytes.

    Strides, padding and the like are no part of it: two architectures can share their weights.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if isinstance(tensor, torch.Tensor):
            digest.update(f"{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
            flat = tensor.detach().to("cpu").reshape(-1).contiguous()
            digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _load_torchvision(spec: str, weights: Path | None, strict: bool, num_classes: int | None, seed: int) -> LoadedModel:
    name = spec.removeprefix(TORCHVISION)
    if spec not in _torchvision_specs():
        hint = did_you_mean(spec, _torchvision_specs())
        raise UsageError(f"unknown model {spec!r}; torchvision.models.list_models() names them all{hint}")
    if num_classes is not None and num_classes < 1:
        raise UsageError(f"model {spec!r}: num_classes {num_classes}; at least 1 is needed")
    module, notes = _with_weights(spec, lambda classes: _build(name, classes, seed), weights, strict, num_classes, seed)
    if weights is not None and name.removeprefix("quantized_") in _TRANSFORMS_INPUT:
        notes += (f"{name} is built with transform_input=False; torchvision's own weights need True.",)
    return LoadedModel(module.eval(), spec, weights_digest(module), _categories(name, module), notes)


def _with_weights(
    spec: str,
    build: Callable[[int | None], nn.Module],
    weights: Path | None,
    strict: bool,
    num_classes: int | None,
    seed: int,
) -> tuple[nn.Module, tuple[str, ...]]:
    """An architecture with a file's weights and number of classes, or with random ones."""
    state = None if weights is None else read_state_dict(weights)
    module = build(num_classes)
    if state is None:
        return module, (f"The weights are random (seed {seed}): no file was given.",)
    in_file = _classes_in(state, module, str(weights)) if num_classes is None else None
    module = module if in_file is None else build(in_file)
    return module, load_into(module, state, strict=strict, source=f"{weights} for {spec}")


def _load_timm(spec: str, weights: Path | None, strict: bool, num_classes: int | None, seed: int) -> LoadedModel:
    shown: list[Preprocessing | None] = []

    def build(classes: int | None) -> nn.Module:
        module, preprocessing = timm_model(spec.removeprefix(TIMM), classes, seed)
        shown.append(preprocessing)
        return module

    module, notes = _with_weights(spec, build, weights, strict, num_classes, seed)
    return LoadedModel(module.eval(), spec, weights_digest(module), None, notes, shown[-1])


def _load_hugging_face(spec: str, weights: Path | None) -> LoadedModel:
    if weights is not None:
        raise UsageError(f"model {spec!r} has its own weights; --weights goes with the other kinds of model")
    module, names, shown = hugging_face_classifier(Path(spec.removeprefix(HUGGING_FACE)))
    return LoadedModel(module.eval(), spec, weights_digest(module), names, (), shown)


def _torchvision_specs() -> list[str]:
    return [TORCHVISION + name for name in import_torchvision().models.list_models()]


def _build(name: str, num_classes: int | None, seed: int) -> nn.Module:
    """The architecture with weights from its own random initialisation."""
    models = import_torchvision().models
    options: dict[str, object] = {"weights": None}
    if "weights_backbone" in inspect.signature(models.get_model_builder(name)).parameters:
        options["weights_backbone"] = None  # the default is to download some
    if num_classes is not None:
        options["num_classes"] = num_classes
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # plans of torchvision for its initialisations
        torch.default_generator.manual_seed(seed)
        try:
            module: nn.Module = models.get_model(name, **options)
        except (TypeError, ValueError) as error:
            raise UsageError(f"model {TORCHVISION}{name}, {num_classes} classes: {brief(error)}") from error
    return module


def _classes_in(state: StateDict, module: nn.Module, source: str) -> int | None:
    """How many classes the file has, if not as many as the module and the layer is the same otherwise."""
    final = final_layer(module)
    if final is None:
        return None
    name, layer = final
    tensor = fit_names(state, module.state_dict(), source).get(f"{name}.weight")
    if tensor is None or not tensor.numel() or tensor.shape[1:] != layer.weight.shape[1:]:
        return None
    return None if len(tensor) == len(layer.weight) else len(tensor)


def _categories(name: str, module: nn.Module) -> tuple[str, ...] | None:
    """torchvision's names for the outputs, if it has as many as there are outputs."""
    final = final_layer(module)
    best = getattr(import_torchvision().models.get_model_weights(name), "DEFAULT", None)
    categories = () if best is None else best.meta.get("categories", ())
    if final is None or len(categories) != len(final[1].weight):
        return None
    return tuple(categories)


def _load_factory(spec: str, weights: Path | None, strict: bool, seed: int) -> LoadedModel:
    state = None if weights is None else read_state_dict(weights)
    found = find_attribute(spec, "model")
    if not isinstance(found, nn.Module):
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            found = call_factory(found, f"model {spec!r}")
    if not isinstance(found, nn.Module):
        raise UsageError(f"model {spec!r} gives {type(found).__name__}; a torch.nn.Module is needed")
    _check_not_lazy(found, spec)
    notes = () if state is None else load_into(found, state, strict=strict, source=f"{weights} for {spec}")
    return made_model(found, spec, notes)


def made_model(
    module: nn.Module, name: str, notes: tuple[str, ...] = (), class_names: Sequence[str] | None = None
) -> LoadedModel:
    """A module of the user's, as it is.

    name: what it is called in results.  class_names: one per output; default: the module's own, where it has some.
    Raises `UsageError` for parameters without shapes, and for names that are none.
    """
    _check_not_lazy(module, name)
    digest, found = weights_digest(module), _unwrapped(module)
    if any(module.training and isinstance(module, _MODE_MATTERS) for module in found.modules()):
        notes += ("The model came in training mode; it is probed in evaluation mode.",)
    names = _own_names(name, getattr(found, "class_names", None) if class_names is None else class_names)
    return LoadedModel(found, name, digest, names, notes)


def _check_not_lazy(module: nn.Module, name: str) -> None:
    if any(is_lazy(parameter) for parameter in module.parameters()):
        raise UsageError(f"model {name!r} has lazy parameters; run it once to give them shapes")


def _unwrapped(module: nn.Module) -> nn.Module:
    """What `torch.compile`, `DataParallel` and the like were put around; it gives the same."""
    inner = getattr(module, "_orig_mod", None)
    if inner is None and isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        inner = module.module
    return _unwrapped(inner) if isinstance(inner, nn.Module) else module


def _own_names(spec: str, names: object) -> tuple[str, ...] | None:
    if names is None:
        return None
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"model {spec!r}: class_names must be a list of strings, one per output")
    return tuple(names)
