"""Weights as safetensors keeps them: a header of names, types and places, then the numbers.  No pickle is involved."""

from __future__ import annotations

from pathlib import Path

import torch

from ..solver.errors import DataError, UsageError
from .factories import brief


def is_safetensors(path: Path) -> bool:
    """Whether the file begins as such files do: with the header's length, and a JSON object of that length."""
    with path.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") <= path.stat().st_size - 8


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU.  Raises `UsageError` without the package, `DataError` for a damaged file."""
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise UsageError(f"{path}: safetensors files need the package: pip install 'compexact[hf]'") from None
    try:
        return dict(load_file(path))
    except Exception as error:  # a damaged file can end in any of them
        raise DataError(f"{path}: damaged safetensors file ({brief(error)[:160]})") from None
