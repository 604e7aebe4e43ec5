"""The device that a model runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ..solver.errors import UsageError, did_you_mean

DEVICES = ("cpu", "cuda", "mps", "auto")


def choose_device(name: str) -> torch.device:
    """The device called `name`; `auto` is the first that this machine has of cuda, mps and cpu.

    Raises UsageError for another name, and for a device that this machine (or build of torch) lacks.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in present.items() if there))
    if name not in present:
        raise UsageError(f"unknown device {name!r}; known are {', '.join(DEVICES)}{did_you_mean(name, DEVICES)}")
    if not present[name]:
        here = ", ".join(device for device, there in present.items() if there)
        raise UsageError(f"device {name!r} asked for, but torch {torch.__version__} finds only: {here}")
    return torch.device(name)


@contextmanager
def back_on_its_device(module: nn.Module) -> Iterator[None]:
    """Afterwards the module is where its first parameter or buffer was, wherever it was moved within."""
    first = next((each.device for each in (*module.parameters(), *module.buffers())), None)
    try:
        yield
    finally:
        if first is not None:
            module.to(first)
