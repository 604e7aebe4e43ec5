"""Run a sentence-pair model over pairs, in batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...solver.errors import CompexactError, DataError, UsageError
from ..devices import choose_device
from ..factories import brief
from ..progress import Progress, silent
from ..room import Room, is_out_of_memory
from ..watching import evaluating
from .loading import LoadedPairModel

Sentences = Sequence[Sequence[str]]


def predict(
    model: LoadedPairModel,
    premises: Sentences,
    hypotheses: Sentences,
    *,
    device: str = "cpu",
    batch_size: int = 64,
    on_progress: Progress = silent,
) -> np.ndarray:
    """float32 (n, n_classes): the scores of every pair, in the order given; without dropout.

    Raises `UsageError` where the model fails or gives no matrix of scores, `DataError` where a score is no number.
    """
    if len(premises) != len(hypotheses):
        raise UsageError(f"{len(premises)} premises and {len(hypotheses)} hypotheses; a pair has one of each")
    if batch_size < 1:
        raise UsageError(f"batch_size must be at least 1, not {batch_size}")
    logits = np.zeros((len(premises), len(model.class_names)), dtype=np.float32)
    done = 0
    with evaluating(model.module):
        batches = by_length(premises, hypotheses, batch_size)
        for batch, scores in run_batches(model, premises, hypotheses, batches, choose_device(device)):
            logits[batch] = scores
            done += len(batch)
            on_progress("running the network", done, len(logits))
    return logits


def by_length(premises: Sentences, hypotheses: Sentences, batch_size: int) -> list[np.ndarray]:
    """Every index once, shortest pairs first, in batches."""
    lengths = np.array([2 * len(p) + len(h) for p, h in zip(premises, hypotheses)], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def run_batches(
    model: LoadedPairModel,
    premises: Sentences,
    hypotheses: Sentences,
    batches: Sequence[np.ndarray],
    device: torch.device,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each batch of indices with its scores, float32 (n, n_classes), in whatever mode the model is.

    Where there is no room for a batch it comes in parts; not while the model learns, where a batch is one by itself.
    """
    module = model.module.to(device)
    room = Room(max(map(len, batches), default=1), "pairs")

    def run(batch: Sequence[int]) -> object:
        return _scores(module, [premises[i] for i in batch], [hypotheses[i] for i in batch], device)

    for whole in batches:
        indices: Any = whole
        for batch, scores in [(whole, run(indices))] if module.training else room.parts(indices, run):
            yield np.asarray(batch), _checked(scores, model, np.asarray(batch))


def _scores(module: torch.nn.Module, premises: Sentences, hypotheses: Sentences, device: torch.device) -> object:
    try:
        encoded = module.encode(premises, hypotheses)  # type: ignore[operator]
        return module(*(tensor.to(device) for tensor in encoded))
    except CompexactError:
        raise
    except Exception as error:  # whatever a user's model does
        if is_out_of_memory(error):
            raise
        raise UsageError(f"the model fails on {len(premises)} pairs: {brief(error)[:300]}") from error


def _checked(scores: object, model: LoadedPairModel, batch: np.ndarray) -> np.ndarray:
    wanted = (len(batch), len(model.class_names))
    if not isinstance(scores, Tensor) or tuple(scores.shape) != wanted:
        seen = f"a tensor of shape {tuple(scores.shape)}" if isinstance(scores, Tensor) else type(scores).__name__
        raise UsageError(f"model {model.name!r} gives {seen}; scores of shape {wanted} (pairs, classes) are needed")
    values = scores.detach().to("cpu", torch.float32).numpy()
    if not np.isfinite(values).all():
        pair = int(batch[np.argmin(np.isfinite(values).all(axis=1))])
        raise DataError(f"model {model.name!r}: a score of pair {pair} (from 0) is NaN or infinite")
    return values
