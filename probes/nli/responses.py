"""What a sentence-pair model and the units of one layer say of any pairs, such as edited ones."""

from __future__ import annotations

import numpy as np

from ...solver.errors import UsageError
from ..devices import choose_device
from ..layers import capture, evaluating
from ..thresholds import as_float32_below
from .loading import LoadedPairModel
from .pair_layers import check_pair_layer
from .predicting import Sentences, by_length, run_batches


def respond(
    model: LoadedPairModel,
    premises: Sentences,
    hypotheses: Sentences,
    *,
    layer: str,
    thresholds: np.ndarray,
    device: str = "cpu",
    batch_size: int = 64,
) -> tuple[np.ndarray, np.ndarray]:
    """(logits, active): float32 (n, n_classes) and bool (n, n_units), in evaluation mode, in the order given.

    layer, thresholds: a probe's; float64 (n_units,), a unit is active strictly above its own.
    Raises as `predict`, and `UsageError` where the layer has another number of units than there are thresholds.
    """
    logits = np.zeros((len(premises), len(model.class_names)), dtype=np.float32)
    active = np.zeros((len(premises), len(thresholds)), dtype=bool)
    above = as_float32_below(thresholds)
    with evaluating(model.module), capture(model.module, [layer]) as outputs:
        batches = by_length(premises, hypotheses, batch_size)
        for batch, scores in run_batches(model, premises, hypotheses, batches, choose_device(device)):
            values = check_pair_layer(outputs[layer], batch, layer)
            if values.shape[1] != len(thresholds):
                raise UsageError(f"layer {layer} has {values.shape[1]} units, the probe {len(thresholds)}")
            logits[batch], active[batch] = scores, values > above
    return logits, active
