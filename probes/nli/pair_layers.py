"""The layers of a sentence-pair model that can be probed: those that give one vector per pair."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ...solver.errors import DataError, UsageError
from ..layers import LayerInfo, evaluating
from .loading import LoadedPairModel
from .predicting import run_batches


def check_pair_layer(output: object, batch: np.ndarray, layer: str) -> np.ndarray:
    """float32 (n_pairs, n_units), finite: what the layer gave for these pairs.

    Raises `UsageError`, with the shape seen, for anything but one such matrix; `DataError` for values that are no
    numbers.
    """
    problem = _problem(output, len(batch))
    if problem or not isinstance(output, Tensor):
        raise UsageError(f"layer {layer} gives {problem}; a layer with one vector per pair, (pairs, units), is needed")
    values = output.detach().to("cpu", torch.float32).numpy()
    if not np.isfinite(values).all():
        row, unit = np.argwhere(~np.isfinite(values))[0]
        nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        raise DataError(
            f"layer {layer}, unit {unit}, pair {batch[row]} (from 0): {nan} activations of the batch are NaN and "
            f"{infinite} infinite"
        )
    return values


def _problem(output: object, n_pairs: int) -> str:
    """What is wrong with it; "" where nothing is."""
    if isinstance(output, tuple | list):
        shapes = ", ".join(str(tuple(p.shape)) if isinstance(p, Tensor) else type(p).__name__ for p in output)
        return f"{type(output).__name__} of {shapes}, not one tensor"
    if not isinstance(output, Tensor):
        return f"{type(output).__name__}, not one tensor"
    shape = tuple(output.shape)
    if output.ndim != 2:
        per_word = " (a vector per word?)" if output.ndim == 3 else ""
        return f"a tensor of shape {shape}{per_word}"
    if shape[0] != n_pairs:
        return f"shape {shape} for {n_pairs} pairs, which are not the first axis"
    if shape[1] == 0:
        return f"an empty tensor of shape {shape}"
    if not output.is_floating_point():
        return f"{output.dtype} values"
    return ""


def list_pair_layers(
    model: LoadedPairModel, premises: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]
) -> list[LayerInfo]:
    """The layers that can be probed, in the order of `named_modules`, found by running the model on these pairs."""
    seen: dict[str, LayerInfo] = {}
    handles = [
        module.register_forward_hook(partial(_note, seen, name, len(premises)))
        for name, module in model.module.named_modules()
        if name
    ]
    device = next((weight.device for weight in model.module.parameters()), torch.device("cpu"))
    try:
        with evaluating(model.module):
            list(run_batches(model, premises, hypotheses, [np.arange(len(premises))], device))
    finally:
        for handle in handles:
            handle.remove()
    return [seen[name] for name, _ in model.module.named_modules() if name in seen]


def _note(
    seen: dict[str, LayerInfo], name: str, n_pairs: int, module: nn.Module, inputs: object, output: object
) -> None:
    seen.pop(name, None)
    if isinstance(output, Tensor) and not _problem(output, n_pairs):
        n_units = output.shape[1]
        seen[name] = LayerInfo(name, type(module).__name__, (n_units,), n_units)
