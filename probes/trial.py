"""Run a model on black pictures, to see what each of its modules gives."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import nn

from ..solver.errors import CompexactError, UsageError
from .factories import brief
from .layouts import only_tensor
from .watching import evaluating

_ELEMENTWISE = ("torch.nn.modules.activation", "torch.nn.modules.dropout")
"""Modules whose output has the axes of their input."""

Place = tuple[str, int]
"""A module's name and the number of its call, from 0."""


@dataclass(frozen=True, eq=False)
class Call:
    """What a module gave in one call.

    output: without its numbers.  source: where this tensor came from, as it is or with each number changed by itself.
    """

    output: object
    source: Place | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its only tensor; () where there is none."""
        tensor = only_tensor(self.output)
        return () if tensor is None else tuple(tensor.shape)


@dataclass(frozen=True, eq=False)
class Trial:
    """One run.  calls: of each module that ran, by its name, in the order of `named_modules`; "" is the model."""

    n_images: int
    image_size: int
    calls: dict[str, list[Call]]

    @property
    def output(self) -> object:
        """What the model gave, without its numbers."""
        return self.calls[""][-1].output


@dataclass
class _Watch:
    """Takes down every call, and knows each tensor again as long as it lives."""

    calls: dict[str, list[Call]]
    seen: dict[int, tuple[weakref.ref[torch.Tensor], Place]] = field(default_factory=dict)

    def source(self, tensor: object) -> Place | None:
        if not isinstance(tensor, torch.Tensor) or id(tensor) not in self.seen:
            return None
        alive, place = self.seen[id(tensor)]
        return place if alive() is tensor else None

    def note(self, name: str, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        of_name, tensor = self.calls[name], only_tensor(output)
        source = self.source(tensor)
        if source is None and len(inputs) == 1 and _is_elementwise(module):
            source = self.source(inputs[0])
        of_name.append(Call(_without_numbers(output), source))
        if tensor is not None:
            self.seen[id(tensor)] = (weakref.ref(tensor), (name, len(of_name) - 1))


def _is_elementwise(module: nn.Module) -> bool:
    return type(module).__module__ in _ELEMENTWISE or type(module) is nn.Identity


def _without_numbers(output: object) -> object:
    """Tensors as shapes and types that take no memory; containers as they are."""
    if isinstance(output, torch.Tensor):
        return output.to("meta") if output.layout == torch.strided else output
    if isinstance(output, dict):
        return {name: _without_numbers(part) for name, part in output.items()}
    if isinstance(output, (tuple, list)):
        return tuple(map(_without_numbers, output))
    return output


def watch_calls(model: nn.Module, run: Callable[[], object]) -> dict[str, list[Call]]:
    """Every module that ran, in evaluation mode, with its calls.  run: calls the model."""
    named = list(model.named_modules())
    calls: dict[str, list[Call]] = {name: [] for name, _ in named}
    watch = _Watch(calls)
    handles = [module.register_forward_hook(partial(watch.note, name)) for name, module in named]
    try:
        with evaluating(model):
            run()
    finally:
        for handle in handles:
            handle.remove()
    return {name: of_name for name, of_name in calls.items() if of_name}


def run_trial(model: nn.Module, image_size: int, n_images: int = 2) -> Trial:
    """Run the model on black pictures.  Raises `UsageError` where it cannot take them."""
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    images = torch.zeros(n_images, 3, image_size, image_size, device=device, dtype=input_dtype(model))
    try:
        return Trial(n_images, image_size, watch_calls(model, lambda: model(images)))
    except CompexactError:
        raise
    except Exception as error:  # whatever a model does with pictures that it was not made for
        raise UsageError(why_it_fails(model, images, error)) from error


def input_dtype(model: nn.Module) -> torch.dtype:
    """In which type of numbers the model is given pictures: that of its first weights."""
    weights = (weight.dtype for weight in model.parameters() if weight.is_floating_point())
    return next(weights, torch.float32)


def why_it_fails(model: nn.Module, images: torch.Tensor, error: Exception) -> str:
    """What a user can do about a model that fails on pictures of this shape, in one line."""
    shape = "x".join(map(str, images.shape[1:]))
    first = next(((name, module) for name, module in model.named_modules() if isinstance(module, nn.Conv2d)), None)
    if first is not None and first[1].in_channels != images.shape[1]:
        name, wanted = first[0] or "the model itself", first[1].in_channels
        return (
            f"the model takes pictures of {wanted} channel{'s' * (wanted != 1)} (its first convolution, {name}); they "
            f"are shown in {images.shape[1]}, red, green and blue: name a factory whose model turns {images.shape[1]} "
            f"into {wanted}"
        )
    given = "" if images.dtype == torch.float32 else f" of {str(images.dtype).removeprefix('torch.')}"
    if "dtype" in str(error) or "should be the same" in str(error):
        advice = "its weights are of several types of numbers; name a factory that gives it in float32: model.float()"
    else:
        advice = "try another --image-size"
    return f"the model fails on images of {shape}{given}: {brief(error)}; {advice}"
