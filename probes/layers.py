"""The layers of a model: their names, how to read their outputs, and the weights to the classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from ..solver.errors import UsageError
from .layout_evidence import Evidence
from .watching import capture, check_watchable, evaluating, resolve_layer

__all__ = [
    "LayerInfo",
    "Listed",
    "capture",
    "evaluating",
    "final_layer",
    "final_linear",
    "layers_that_run",
    "list_layers",
    "listed_layers",
    "resolve_layer",
]


@dataclass(frozen=True)
class LayerInfo:
    """A layer that can be probed."""

    name: str
    """Dotted, as in the state dict: `layer4.1.conv2`."""
    kind: str
    """The class of the module: `Conv2d`."""
    shape: tuple[int, ...]
    """Of its maps of one image: (units, height, width), or (units,)."""
    n_units: int
    layout: str = "vector"
    """Where its output has the units; `tokens+1` has one token before the patches."""
    calls: int = 1
    """How often it runs in one call of the model."""


@dataclass(frozen=True)
class Listed:
    """The layers that can be probed, in the order of `named_modules`, and those that cannot, with the reason."""

    layers: list[LayerInfo]
    refused: list[tuple[str, str]]


def listed_layers(model: nn.Module, image_size: int) -> Listed:
    """Found by running the model on black images of (3, image_size, image_size), and of another size.

    Modules that do not run, and containers of modules alone, are in neither list.
    Raises UsageError if the model cannot run on such images.
    """
    check_watchable("layer", dict(model.named_modules()))
    evidence = Evidence(model, image_size)
    layers, refused = [], []
    for name, module in model.named_modules():
        if not name or not evidence.calls(module):
            continue
        try:
            layout = evidence.layout(module, name)
        except UsageError as error:
            refused.append((name, str(error)))
        else:
            form = layout.form if layout.form != "tokens" else f"tokens+{layout.skip_tokens}"
            layers.append(LayerInfo(name, type(module).__name__, layout.shape, layout.n_units, form, layout.calls))
    return Listed(layers, refused)


def list_layers(model: nn.Module, image_size: int) -> list[LayerInfo]:
    """The layers that can be probed, as `listed_layers` finds them."""
    return listed_layers(model, image_size).layers


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
