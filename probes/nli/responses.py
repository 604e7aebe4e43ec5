"""What a sentence-pair model and the units of one layer say of any pairs, such as edited ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...solver.errors import DataError, UsageError
from ..devices import choose_device
from ..progress import Progress, silent
from ..thresholds import as_float32_below
from ..watching import capture, evaluating
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
    batches = by_length(premises, hypotheses, batch_size)
    with evaluating(model.module):
        values, logits = layer_values(model, premises, hypotheses, batches, layer, device)
    if values.shape[1] != len(thresholds):
        raise UsageError(f"layer {layer} has {values.shape[1]} units, the probe {len(thresholds)}")
    return logits, values > as_float32_below(thresholds)


def layer_values(
    model: LoadedPairModel,
    premises: Sentences,
    hypotheses: Sentences,
    batches: Sequence[np.ndarray],
    layer: str,
    device: str,
    on_progress: Progress = silent,
) -> tuple[np.ndarray, np.ndarray]:
    """(values, logits): float32 (n, n_units) of the layer and (n, n_classes), in whatever mode the model is.

    batches: every index once, and at least one.
    """
    values: np.ndarray | None = None
    logits = np.zeros((len(premises), len(model.class_names)), dtype=np.float32)
    done = 0
    with capture(model.module, [layer]) as outputs:
        for batch, scores in run_batches(model, premises, hypotheses, batches, choose_device(device)):
            of_batch = check_pair_layer(outputs[layer], batch, layer)
            if values is None:
                values = np.zeros((len(premises), of_batch.shape[1]), dtype=np.float32)
            if of_batch.shape[1] != values.shape[1]:
                raise DataError(
                    f"layer {layer} gives {values.shape[1]} units for the first pairs and "
                    f"{of_batch.shape[1]} for a later batch; units must not depend on the sentences' length"
                )
            values[batch], logits[batch] = of_batch, scores
            done += len(batch)
            on_progress("running the network", done, len(premises))
    assert values is not None
    return values, logits
