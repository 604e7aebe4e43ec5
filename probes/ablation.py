"""What a model says when units of a layer are set to zero, and how active the units are on average.

Where the scores are linear in the units (averaged over an image's places), as in most networks whose probed layer
feeds the last linear one, one run of the model is enough for any number of ablations: that is tested on the scores
themselves, and where it does not hold, the model runs again for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor, nn

from ..solver.errors import UsageError
from .classifier import class_scores
from .layers import final_linear
from .layouts import Layout, only_tensor
from .models import LoadedModel
from .nli.loading import LoadedPairModel
from .nli.predicting import Sentences, by_length, predict
from .preprocess import Preprocessing
from .watching import resolve_layer

Scores = Callable[[np.ndarray], np.ndarray]
"""Units (integers) that are set to zero -> float32 (n_inputs, n_classes), the model's scores without them."""

NO_UNITS = np.zeros(0, dtype=np.int64)
TOLERANCE = 1e-3


@contextmanager
def watched(
    module: nn.Module, layer: str, zeroed: np.ndarray, layout: Layout | None = None
) -> Iterator[list[np.ndarray]]:
    """Within this, the units are zero in the layer's output, and each call adds float32 (n, n_units) to the list.

    These are the units' values, averaged over an image's places where there are several.
    layout: where the output has its units, and which of the layer's calls in a run of the model is meant; without it
    they are on axis 1, and all calls are.
    """
    kept: list[np.ndarray] = []
    calls = 0

    def begin(*_: object) -> None:
        nonlocal calls
        calls = 0

    def hook(_: nn.Module, __: object, output: object) -> object:
        nonlocal calls
        calls += 1
        if layout is not None and calls != layout.call:
            return output
        changed = _on_first_axis(output, zeroed, layer) if layout is None else layout.without(output, zeroed)
        tensor = only_tensor(changed)
        assert tensor is not None
        values = tensor if layout is None else layout.maps(changed, len(tensor), f"layer {layer}")
        kept.append((values.flatten(2).mean(dim=2) if values.ndim > 2 else values).to("cpu", torch.float32).numpy())
        return changed

    handles = [module.register_forward_pre_hook(begin), resolve_layer(module, layer).register_forward_hook(hook)]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def _on_first_axis(output: object, zeroed: np.ndarray, layer: str) -> Tensor:
    if not isinstance(output, Tensor) or output.ndim < 2:
        raise UsageError(f"layer {layer} gives no tensor (inputs, units, ...), so its units cannot be set to zero")
    changed = output.clone()
    changed[:, zeroed] = 0
    return changed


def run_pairs(
    model: LoadedPairModel,
    premises: Sentences,
    hypotheses: Sentences,
    layer: str,
    zeroed: np.ndarray = NO_UNITS,
    *,
    batch_size: int = 64,
    device: str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """float32 (n, n_classes), the scores, and (n, n_units), the units' values; pairs in the order given."""
    with watched(model.module, layer, zeroed) as kept:
        scores = predict(model, premises, hypotheses, device=device, batch_size=batch_size)
    order = np.concatenate(by_length(premises, hypotheses, batch_size))
    values = _joined(kept, len(scores), layer)
    in_order = np.empty_like(values)
    in_order[order] = values
    return scores, in_order


def run_images(
    model: LoadedModel,
    images: Sequence[Image] | Callable[[int], Image],
    count: int,
    preprocessing: Preprocessing,
    layer: str,
    zeroed: np.ndarray = NO_UNITS,
    *,
    layout: Layout | None = None,
    batch_size: int = 32,
    device: str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """The same for `count` images: a sequence, or a function that gives image 0, 1, ..."""
    give = images if callable(images) else images.__getitem__
    with watched(model.module, layer, zeroed, layout) as kept:
        scores = class_scores(model, map(give, range(count)), preprocessing, device=device, batch_size=batch_size)
    return scores, _joined(kept, count, layer)


def _joined(kept: list[np.ndarray], count: int, layer: str) -> np.ndarray:
    values = np.concatenate(kept) if kept else np.zeros((0, 0), dtype=np.float32)
    if len(values) != count:
        raise UsageError(f"layer {layer} does not run once for each input of the model; choose another")
    return values


def ablated(module: nn.Module, run: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Scores:
    """Scores without units.  run: (units set to zero) -> (scores, values), such as `run_pairs` with all but that given.

    The model runs once for the test of linearity, and where that fails, once for each set of units.
    """
    scores, values = run(NO_UNITS)
    linear = final_linear(module)
    if linear is None or linear[1].shape != (scores.shape[1], values.shape[1]):
        return lambda units: run(units)[0]
    weights = linear[1]
    rest = scores - values @ weights.T
    bias = rest.mean(axis=0)
    if np.abs(rest - bias).max() > TOLERANCE * (1 + np.abs(scores).max()):
        return lambda units: run(units)[0]

    def without(units: np.ndarray) -> np.ndarray:
        kept = np.setdiff1d(np.arange(values.shape[1]), units)
        return np.asarray(values[:, kept] @ weights[:, kept].T + bias, dtype=np.float32)

    return without
