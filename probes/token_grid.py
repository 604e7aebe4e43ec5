"""How the tokens of a vision transformer lie on the grid of its patches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from torch import nn

from .trial import Trial

MOST_EXTRA_TOKENS = 32


def extra_tokens(tokens: int, trial: Trial, modules: Mapping[str, nn.Module], above: Sequence[nn.Module]) -> int | None:
    """How many of a layer's tokens stand before the patches; None where it cannot be told.

    As many as there are more than patches; else as a module above says (`num_prefix_tokens`), or one or none, where
    that leaves a square grid.  modules: of the model, by name.  above: the layer, and the modules that it is in.
    """
    extra = [tokens - count for count in _patch_counts(trial, modules) if 0 <= tokens - count <= MOST_EXTRA_TOKENS]
    if extra:
        return min(extra)
    said = (getattr(module, "num_prefix_tokens", None) for module in above)
    candidates = [0, *(number for number in said if isinstance(number, int)), 1]
    return next((number for number in candidates if tokens > number and is_square(tokens - number)), None)


def _patch_counts(trial: Trial, modules: Mapping[str, nn.Module]) -> Iterator[int]:
    """How many patches the picture is cut into, by a convolution that looks at each of its points once."""
    for name, calls in trial.calls.items():
        module = modules[name]
        if not isinstance(module, nn.Conv2d) or module.in_channels != 3:
            continue
        if module.kernel_size == module.stride and max(module.stride) > 1:
            for call in calls:
                if len(call.shape) == 4 and call.shape[2] == call.shape[3]:
                    yield call.shape[2] * call.shape[3]


def upwards(name: str) -> Iterator[str]:
    """The name, and those of what the module is in, up to the model's own, "".

    >>> list(upwards("a.b.c"))
    ['a.b.c', 'a.b', 'a', '']
    """
    while name:
        yield name
        name = name.rpartition(".")[0]
    yield ""


def is_square(number: int) -> bool:
    """Whether it is the square of a whole number above 0."""
    return number > 0 and math.isqrt(number) ** 2 == number
