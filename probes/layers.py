"""The layers of a model: their names, how to read their outputs, and the weights to the classes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from ..solver.errors import UsageError
from .factories import brief


@dataclass(frozen=True)
class LayerInfo:
    """A layer that can be probed."""

    name: str
    """Dotted, as in the state dict: `layer4.1.conv2`."""
    kind: str
    """The class of the module: `Conv2d`."""
    shape: tuple[int, ...]
    """Of its output for one image: (units, height, width), or (units,)."""
    n_units: int


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within this, every submodule is in evaluation mode and no gradients are kept.

    Dropout is off, and BatchNorm uses its stored statistics and does not change them.  Afterwards each
    submodule has its own mode back.  The modes are set one by one, not by `model.eval()`: that is free
    to do something else (frozen backbones override it), and a partly frozen model has no single mode.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in modes:
            module.training = False
        with torch.inference_mode():
            yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def capture(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, object]]:
    """Within this, each call of the model leaves the outputs of the named layers in the dict.

    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True))
    >>> with evaluating(model), capture(model, ["0"]) as outputs:
    ...     predictions = model(torch.zeros(2, 3, 5, 5))
    ...     outputs["0"].shape
    torch.Size([2, 8, 3, 3])

    The dict is emptied when the next call begins.  A module that runs several times in one call (a ReLU
    that a block uses twice) leaves its last output.  Raises UsageError for an unknown name, and in the
    model's call when a layer did not run in it.
    """
    outputs: dict[str, object] = {}
    modules = {name: resolve_layer(model, name) for name in layers}
    handles = [model.register_forward_pre_hook(lambda *_: outputs.clear())]
    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(partial(_keep, outputs, name)))
        handles.append(model.register_forward_hook(partial(_check_all_ran, outputs, tuple(layers))))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def _keep(outputs: dict[str, object], name: str, module: nn.Module, inputs: object, output: object) -> None:
    # What follows may work in place (`ReLU(inplace=True)`, `x += identity`) and would change the
    # tensor that the layer returned before anybody has read it: hence a copy.
    outputs[name] = _copied(output)


def _copied(output: object) -> object:
    """The output with copies of the tensors in it, where it is one, or a sequence or a dict of some."""
    if isinstance(output, torch.Tensor):
        return output.clone()
    if type(output) is tuple or type(output) is list:
        return type(output)(map(_copied, output))
    return {key: _copied(part) for key, part in output.items()} if isinstance(output, dict) else output


def _check_all_ran(outputs: dict[str, object], layers: tuple[str, ...], *_: object) -> None:
    for name in layers:
        if name not in outputs:
            raise UsageError(f"layer {name!r} does not run when the model is called; choose another")


def resolve_layer(model: nn.Module, dotted: str) -> nn.Module:
    """The submodule with this dotted name; UsageError with the five nearest names if there is none."""
    modules: dict[str, nn.Module] = dict(model.named_modules(remove_duplicate=False))
    del modules[""]  # the model itself
    if dotted in modules:
        return modules[dotted]
    if not modules:
        raise UsageError(f"no layer {dotted!r}: {type(model).__name__} has no submodules")
    nearest = difflib.get_close_matches(dotted, modules, n=5, cutoff=0.0)
    raise UsageError(f"no layer {dotted!r} in {type(model).__name__}; nearest names: {', '.join(nearest)}")


def check_layer_output(output: object, n_images: int, layer: str = "the layer") -> torch.Tensor:
    """The output of a layer for `n_images` images, as a tensor (n_images, units, height, width).

    Two forms are taken: (images, units, height, width), and (images, units), which gets height and
    width 1.  The second axis is taken as the units: a module that puts them last (`features.0` of
    torchvision's swin models) cannot be told from one that does not.
    Raises UsageError, with the shape seen, for anything else.
    """
    wanted = "a tensor (images, units) or (images, units, height, width) is needed"
    if not isinstance(output, torch.Tensor):
        raise UsageError(f"{layer} gives {describe(output)}, not one tensor; {wanted}")
    shape = tuple(output.shape)
    if output.ndim not in (2, 4):
        raise UsageError(f"{layer} gives a tensor of shape {shape}, with {output.ndim} axes; {wanted}")
    if shape[0] != n_images:
        raise UsageError(f"{layer} gives shape {shape} for {n_images} images, which are not the first axis")
    if 0 in shape:
        raise UsageError(f"{layer} gives an empty tensor of shape {shape}; try larger images")
    if not output.is_floating_point():
        raise UsageError(f"{layer} gives {output.dtype} values of shape {shape}; real numbers are needed")
    return output if output.ndim == 4 else output[:, :, None, None]


def describe(output: object) -> str:
    """The type of what is no tensor, and of a sequence its shapes."""
    if isinstance(output, (tuple, list)):
        parts = ", ".join(
            str(tuple(part.shape)) if isinstance(part, torch.Tensor) else type(part).__name__ for part in output
        )
        return f"{type(output).__name__} of {parts}"
    return type(output).__name__


def list_layers(model: nn.Module, image_size: int) -> list[LayerInfo]:
    """The layers that can be probed, in the order of `named_modules`.

    Found by running the model on black images of (3, image_size, image_size).  Modules that do not run,
    or whose output `check_layer_output` refuses, are left out.
    Raises UsageError if the model cannot run on such images.
    """
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    images = torch.zeros(2, 3, image_size, image_size, device=device)  # 2: shows the images' axis

    def shape_of(output: object) -> tuple[int, ...]:
        try:
            check_layer_output(output, len(images))
        except UsageError:
            return ()
        assert isinstance(output, torch.Tensor)
        return tuple(output.shape[1:])

    try:
        return layers_that_run(model, lambda: model(images), shape_of)
    except Exception as error:  # whatever the model does with an image of the wrong size
        size = f"3 x {image_size} x {image_size}"
        raise UsageError(
            f"{type(model).__name__} cannot run on {size} images: {brief(error)}; try another image size"
        ) from error


def layers_that_run(
    model: nn.Module, run: Callable[[], object], shape_of: Callable[[object], tuple[int, ...]]
) -> list[LayerInfo]:
    """The submodules that run, in evaluation mode, and whose last output has a shape; in the order of `named_modules`.

    run: calls the model.  shape_of: of an output for one input; () where it cannot be probed.
    """
    seen: dict[str, tuple[int, ...]] = {}

    def note(name: str, module: nn.Module, inputs: object, output: object) -> None:
        seen[name] = shape_of(output)

    named = [(name, module) for name, module in model.named_modules() if name]
    handles = [module.register_forward_hook(partial(note, name)) for name, module in named]
    try:
        with evaluating(model):
            run()
    finally:
        for handle in handles:
            handle.remove()
    return [
        LayerInfo(name, type(module).__name__, seen[name], seen[name][0]) for name, module in named if seen.get(name)
    ]


def final_linear(model: nn.Module) -> tuple[str, np.ndarray] | None:
    """The name and weights, float32 (n_classes, in_features), of the layer that makes the class scores.

    That is a 1x1 convolution (as in SqueezeNet) if no later module has parameters, else the last linear
    layer; None if there is neither.  "Last" is by `named_modules`, which is the order of construction.
    """
    found = final_layer(model)
    if found is None:
        return None
    name, layer = found
    weight = layer.weight.detach().to("cpu", torch.float32)
    return name, weight.reshape(weight.shape[0], -1).numpy().copy()


def final_layer(model: nn.Module) -> tuple[str, nn.Linear | nn.Conv2d] | None:
    """The module whose weights `final_linear` gives, with its name."""
    named = list(model.named_modules())
    owners = [(name, module) for name, module in named if next(module.parameters(recurse=False), None) is not None]
    if owners:
        name, last = owners[-1]
        if isinstance(last, nn.Conv2d) and last.kernel_size == (1, 1) and last.groups == 1:
            return name, last
    linear = [(name, module) for name, module in named if isinstance(module, nn.Linear)]
    return linear[-1] if linear else None
