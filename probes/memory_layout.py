"""How the numbers of a running model lie in memory: it decides the speed, and of the results the last bits only.

On a CPU the convolutions of most image models are some 1.3 times as fast where the channels of a point lie side by side
(`channels_last`) as where the points of a channel do (`contiguous`).  The sums are then made in another order, so
activations differ by rounding, about 1e-6 of their size; docs/scale.md has what that moves.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
AUTO = "auto"
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT = 2**30
_USUAL = 2**25
"""What the C library comes to by itself where arrays come and go, which it does no more once it was told anything."""


def formats_to_try(name: str, model: nn.Module, device: torch.device) -> tuple[str, ...]:
    """One format; for `auto`, on a CPU and of a model that convolves, `channels_last` and then `contiguous`.

    The second is for code that looks at a tensor's memory (`view`), which may fail in the first.
    """
    if name != AUTO:
        return (name,)
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return ("channels_last", "contiguous") if device.type == "cpu" and convolves else ("contiguous",)


@contextmanager
def laid_out(model: nn.Module, name: str) -> Iterator[None]:
    """Within this, the model's weights lie in the format; afterwards they lie as before."""
    before = {parameter: parameter.data for parameter in model.parameters()}
    for parameter in before:
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=FORMATS[name])
    try:
        yield
    finally:
        for parameter, data in before.items():
            parameter.data = data


@contextmanager
def keeping_freed_memory() -> Iterator[None]:
    """Within this, the C library keeps what is freed for the next batch, up to 1 GiB, instead of giving it back.

    The system would have to clear the same pages again for every layer of every batch: an eighth of the time.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not (hasattr(library, "mallopt") and hasattr(library, "malloc_trim")):
        yield
        return
    _set_thresholds(library, _KEPT)
    try:
        yield
    finally:
        _set_thresholds(library, _USUAL)
        library.malloc_trim(0)


def _set_thresholds(library: ctypes.CDLL, size: int) -> None:
    """From which size on memory is the system's own, and goes back to it."""
    for threshold in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD):
        library.mallopt(threshold, size)
