"""The device that a model runs on."""

from __future__ import annotations

import torch

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
