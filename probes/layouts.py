"""Where a layer's output has its units, and the output as maps.

| form | the output | |
|---|---|---|
| `nchw` | (images, units, height, width) | convolutional networks |
| `nhwc` | (images, height, width, units) | Swin, the blocks of ConvNeXt |
| `tokens` | (images, tokens, units) | ViT: some tokens of their own, then the patches, row by row |
| `vector` | (images, units) | after pooling; a map of one point |

`layout_evidence.py` finds out which it is.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from ..solver.errors import DataError, UsageError

FORMS = ("nchw", "nhwc", "tokens", "vector")
WANTED = (
    "a tensor (images, units), (images, units, height, width), (images, height, width, units) or (images, tokens, "
    "units) is needed"
)
_AXES = {"nchw": 4, "nhwc": 4, "tokens": 3, "vector": 2}


@dataclass(frozen=True)
class Layout:
    """A layer's units, the grid of its maps (height, width), and how the output holds them.

    skip_tokens: how many tokens stand before those of the grid.  call: which of the module's `calls` calls in one run
    of the model, from 1; 0 for all of them, in probes that do not say.  because: how it is known, after "since".
    """

    form: str
    n_units: int
    grid: tuple[int, int]
    skip_tokens: int = 0
    call: int = 1
    calls: int = 1
    because: str = ""

    @classmethod
    def from_manifest(cls, said: Mapping[str, Any]) -> Layout:
        """As a probe keeps it."""
        height, width = said["grid"]
        return cls(**{**said, "grid": (height, width)})

    def for_manifest(self) -> dict[str, Any]:
        """As a probe keeps it."""
        return asdict(self) | {"grid": list(self.grid)}

    @property
    def shape(self) -> tuple[int, ...]:
        """(units, height, width) of the maps, or (units,)."""
        return (self.n_units,) if self.form == "vector" else (self.n_units, *self.grid)

    def __str__(self) -> str:
        tokens = f", after {self.skip_tokens} token{'s' * (self.skip_tokens != 1)}" * bool(self.skip_tokens)
        return f"{self.form}, {self.n_units:,} units on maps of {self.grid[0]} x {self.grid[1]}{tokens}"

    def maps(self, output: object, n_images: int, layer: str) -> torch.Tensor:
        """(n_images, units, height, width) of what the layer gave.

        Raises `UsageError` for what is no such output, `DataError` where it is another than in the trial.
        """
        values = checked_output(output, n_images, layer)
        if values.ndim != _AXES[self.form]:
            raise UsageError(
                f"{layer} gives a tensor of shape {tuple(values.shape)}, which is not {self.form}; {WANTED}"
            )
        if self.form == "nchw":
            return values
        if self.form == "nhwc":
            return values.movedim(-1, 1)
        if self.form == "vector":
            return values[:, :, None, None]
        height, width = self.grid
        if values.shape[1] != self.skip_tokens + height * width:
            raise DataError(
                f"{layer}: its output changes shape: {values.shape[1]} tokens, after {self.skip_tokens} and a grid of "
                f"{height} x {width}"
            )
        patches = values[:, self.skip_tokens :].movedim(-1, 1)
        return patches.reshape(n_images, -1, height, width)

    def without(self, output: object, units: np.ndarray) -> object:
        """The output, copied, with these units zero wherever they stand."""
        tensor = only_tensor(output)
        assert tensor is not None
        changed = tensor.clone()
        if self.form in ("nhwc", "tokens"):
            changed[..., units] = 0
        else:
            changed[:, units] = 0
        return with_tensor(output, changed)


def only_tensor(output: object) -> torch.Tensor | None:
    """The output, or the only tensor in a tuple, a list or a dict; None where there is none, or several."""
    if isinstance(output, torch.Tensor):
        return output
    if isinstance(output, Mapping):
        parts = list(output.values())
    elif isinstance(output, (tuple, list)):
        parts = list(output)
    else:
        return None
    tensors = [part for part in parts if part is not None]
    return tensors[0] if len(tensors) == 1 and isinstance(tensors[0], torch.Tensor) else None


def with_tensor(output: object, tensor: torch.Tensor) -> object:
    """The output with another tensor in the place of its only one."""
    if isinstance(output, torch.Tensor):
        return tensor
    if isinstance(output, Mapping):
        changed: Any = copy.copy(output)
        changed[next(key for key, part in output.items() if part is not None)] = tensor
        return changed
    assert isinstance(output, (tuple, list))
    parts = [tensor if part is not None else None for part in output]
    kind: Any = type(output)
    return kind(*parts) if hasattr(output, "_fields") else kind(parts)


def checked_output(output: object, n_images: int, layer: str) -> torch.Tensor:
    """What a layer gave for `n_images` images, as one tensor of real numbers, images first.

    Raises `UsageError`, with what was seen, for anything else.
    """
    values = only_tensor(output)
    if values is None:
        raise UsageError(f"{layer} gives {describe(output)}, not one tensor; {WANTED}")
    shape = tuple(values.shape)
    if values.ndim not in _AXES.values():
        raise UsageError(f"{layer} gives a tensor of shape {shape}, with {values.ndim} axes; {WANTED}")
    if shape[0] != n_images:
        raise UsageError(
            f"{layer} gives shape {shape} for {n_images} images, which are not the first axis (windows of a picture, "
            "or tokens first); choose another"
        )
    if 0 in shape:
        raise UsageError(f"{layer} gives an empty tensor of shape {shape}; try larger images")
    if not values.is_floating_point():
        raise UsageError(f"{layer} gives {values.dtype} values of shape {shape}; real numbers are needed")
    return values


def describe(output: object) -> str:
    """The type of what is no tensor, and of a sequence or a dict its shapes."""
    if isinstance(output, torch.Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    if isinstance(output, Mapping):
        named = (f"{name}: {_shape(part)}" for name, part in output.items())
        return f"{type(output).__name__} of {', '.join(named) or 'nothing'}"
    if isinstance(output, (tuple, list)):
        return f"{type(output).__name__} of {', '.join(map(_shape, output)) or 'nothing'}"
    return type(output).__name__


def _shape(part: object) -> str:
    return str(tuple(part.shape)) if isinstance(part, torch.Tensor) else type(part).__name__
