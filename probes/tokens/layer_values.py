"""Run a transformer over windows: the values of its layers on the points that are read off them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...solver.errors import CompexactError, DataError, UsageError
from ..devices import choose_device
from ..factories import brief
from ..layouts import describe
from ..room import Room, is_out_of_memory
from ..shard import Shard
from ..watching import capture, evaluating, resolve_layer
from .loading import LoadedTokenModel
from .token_settings import TokenSettings
from .windows import Window

ALL = Shard()


def batches_of(windows: Sequence[Window], batch_size: int, shard: Shard = ALL) -> list[list[Window]]:
    """What the model reads at once, shortest windows first.

    shard: some of the batches, each as all have it: every n-th, so that all shards have short and long windows.
    """
    order = np.argsort([window.n_tokens for window in windows], kind="stable")
    starts = range(0, len(order), batch_size)[shard.number - 1 :: shard.of]
    return [[windows[i] for i in order[start : start + batch_size]] for start in starts]


def point_values(
    model: LoadedTokenModel, windows: Sequence[Window], settings: TokenSettings, shard: Shard = ALL
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Batch by batch, shortest windows first: the points int64 (n,), and by layer float32 (n, width), finite.

    shard: which of the batches.
    Raises `UsageError` where the model fails, or a layer does not give a vector for each token; `DataError` for values
    that are no numbers.
    """
    device = choose_device(settings.device)
    module = model.module.to(device)
    with evaluating(module), capture(module, settings.layers) as outputs, _stopping(module, settings.layers):
        room = Room(settings.batch_size, "texts")

        def run(batch: Sequence[Window]) -> tuple[int, ...]:
            inputs = {name: values.to(device) for name, values in _padded(batch, model.tokenizer).items()}
            _run(module, inputs, len(batch))
            return tuple(next(iter(inputs.values())).shape)

        whole_batches = batches_of(windows, settings.batch_size, shard)
        for batch, shape in (part for whole in whole_batches for part in room.parts(whole, run)):
            points = np.concatenate([window.points for window in batch])
            found = {}
            for layer in settings.layers:
                values = token_values(outputs[layer], (shape[0], shape[1]), f"layer {layer}")
                found[layer] = _aligned(values.to("cpu", torch.float32).numpy(), batch, settings.align)
                _check_finite(found[layer], points, layer)
            yield points, found


def _padded(batch: Sequence[Window], tokenizer: Any) -> dict[str, Tensor]:
    """int64 (n, longest) by name; behind a window's end stands padding, which the attention mask hides."""
    longest = max(window.n_tokens for window in batch)
    filler = getattr(tokenizer, "pad_token_id", None) or 0
    padded = {}
    for name in batch[0].inputs:
        values = np.full((len(batch), longest), filler if name == "input_ids" else 0, dtype=np.int64)
        for row, window in zip(values, batch):
            row[: window.n_tokens] = window.inputs[name]
        padded[name] = torch.from_numpy(values)
    return padded


class _Enough(Exception):
    """All layers have run; what comes after them is not needed."""


@contextmanager
def _stopping(module: nn.Module, layers: Sequence[str]) -> Iterator[None]:
    """Within this, calls of the model after the first end with `_Enough` once the layers have run.

    The first shows which of them is the last to run.  Where one of them runs several times, all calls are whole.
    """
    ran: list[str] = []
    whole_calls = [0]

    def note(layer: str, *_: object) -> None:
        if not whole_calls[0]:
            ran.append(layer)
        elif layer == ran[-1] and len(ran) == len(layers):
            raise _Enough

    handles = [resolve_layer(module, layer).register_forward_hook(partial(note, layer)) for layer in layers]
    handles.append(module.register_forward_hook(lambda *_: whole_calls.append(whole_calls.pop() + 1)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _run(module: nn.Module, inputs: Mapping[str, Tensor], n: int) -> None:
    try:
        module(**inputs)
    except _Enough:
        return
    except CompexactError:
        raise
    except Exception as error:  # whatever a user's model does
        if is_out_of_memory(error):
            raise
        raise UsageError(f"the model fails on {n} texts: {brief(error)[:300]}") from error


def token_values(output: object, shape: tuple[int, int], layer: str) -> Tensor:
    """(n_texts, n_tokens, width): what a layer gave, in whatever it is wrapped.

    Of several tensors of that form in a tuple, list, dict or object the first is taken, which in transformers is the
    hidden states.  Raises `UsageError`, with what there is instead.
    """
    found = next((part for part in _tensors(output) if part.ndim == 3 and tuple(part.shape[:2]) == shape), None)
    if found is None or not found.shape[2] or not found.is_floating_point():
        seen = f"a tensor of shape {tuple(output.shape)}" if isinstance(output, Tensor) else describe(output)
        hint = " (one vector per text?)" if isinstance(output, Tensor) and output.ndim == 2 else ""
        hint = " (attention, by head?)" if isinstance(output, Tensor) and output.ndim == 4 else hint
        raise UsageError(
            f"{layer} gives {seen}{hint} for {shape[0]} texts of {shape[1]} tokens; a vector for each token, "
            f"({shape[0]}, {shape[1]}, units), is needed"
        )
    return found


def _tensors(output: object) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, Mapping):
        for part in output.values():
            yield from _tensors(part)
    elif isinstance(output, tuple | list):
        for part in output:
            yield from _tensors(part)
    elif hasattr(output, "__dict__"):
        yield from (part for part in vars(output).values() if isinstance(part, Tensor))


def _aligned(values: np.ndarray, batch: Sequence[Window], align: str) -> np.ndarray:
    """float32 (n_points, width), of float32 (n_windows, n_tokens, width)."""
    row = np.repeat(np.arange(len(batch)), [len(window.points) for window in batch])
    first = np.concatenate([window.first for window in batch])
    last = np.concatenate([window.last for window in batch])
    if align in ("first", "last"):
        return np.asarray(values[row, first if align == "first" else last - 1])
    found = np.empty((len(row), values.shape[2]), dtype=np.float32)
    for size in np.unique(last - first):
        some = np.flatnonzero(last - first == size)
        pieces = values[row[some, None], first[some, None] + np.arange(size)]
        found[some] = pieces.mean(axis=1) if align == "mean" else pieces.max(axis=1)
    return found


def _check_finite(values: np.ndarray, points: np.ndarray, layer: str) -> None:
    if np.isfinite(values).all():
        return
    row, unit = np.argwhere(~np.isfinite(values))[0]
    nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    hint = "; values above float16's range overflow: try --dtype float32" if infinite else ""
    raise DataError(
        f"layer {layer}, unit {unit}, point {points[row]} (from 0): {nan} activations of the batch are NaN and "
        f"{infinite} infinite{hint}"
    )
