"""The layers of a sentence-pair model that can be probed: those that give one vector per pair."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ...solver.errors import DataError, UsageError
from ..layers import LayerInfo, layers_that_run
from ..layouts import describe
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
    if not isinstance(output, Tensor):
        return f"{describe(output)}, not one tensor"
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
    device = next((weight.device for weight in model.module.parameters()), torch.device("cpu"))
    places = np.arange(len(premises))

    def shape_of(output: object) -> tuple[int, ...]:
        if isinstance(output, Tensor) and not _problem(output, len(places)):
            return tuple(output.shape[1:])
        return ()

    run = partial(run_batches, model, premises, hypotheses, [places], device)
    return layers_that_run(model.module, lambda: list(run()), shape_of)
