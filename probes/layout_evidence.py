"""Which axis of a layer's output is the units', told from what the layer does, never from a guess.

Evidence, the strongest first:

1. the module: a linear layer and LayerNorm have their units last, a convolution and BatchNorm on axis 1;
2. where its tensor came from: a container gives what its last module gave, a ReLU has the axes of its input;
3. its own width (`num_features`, ...), where one axis alone is as long;
4. a second picture size: the axis that stays is the units', those that change are the map's;
5. a square picture gives square maps, so where two axes alone are equal, they are the map's.

What they say must be a map of the picture: square, and growing with the picture.  Heads and windows of attention are
not, and are refused by name.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property

from torch import nn

from ..solver.errors import CompexactError, UsageError
from .layouts import Layout, checked_output
from .token_grid import extra_tokens, is_square, upwards
from .trial import Call, Place, Trial, run_trial

AUTO = "auto"
NAME_IT = "name it with --layout nchw, nhwc or tokens"
_CHANNELS_FIRST = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._NormBase,
    nn.GroupNorm,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
    nn.Upsample,
    nn.PixelShuffle,
)
_UNITS_LAST = (nn.Linear, nn.LayerNorm)
_WIDTHS = ("out_features", "normalized_shape", "out_channels", "num_features", "num_channels")
_ATTENTION = re.compile("attention|attn", re.IGNORECASE)
_HEADS = ("num_heads", "n_heads", "num_attention_heads", "n_head", "nhead", "heads")


class Evidence:
    """What is known of a model's layers from running it on black pictures of one size, and if need be of another."""

    def __init__(self, model: nn.Module, image_size: int) -> None:
        self.model, self.trial = model, run_trial(model, image_size)
        self.modules = dict(model.named_modules())
        self.first_name = {id(module): name for name, module in self.modules.items()}

    @cached_property
    def other(self) -> Trial | None:
        """The same of another picture size and number of pictures; None where the model takes no other."""
        return _at_another_size(self.model, self.trial.image_size)

    def calls(self, module: nn.Module) -> list[Call]:
        """The calls of one of the model's modules; none where it did not run."""
        return self.trial.calls.get(self.first_name[id(module)], [])

    def layout(
        self,
        module: nn.Module,
        layer: str,
        *,
        asked: str = AUTO,
        skip_tokens: int | None = None,
        call: int | None = None,
    ) -> Layout:
        """Of a layer's output in one of its calls (default: the last).

        Raises `UsageError` in one line where it cannot be told, or is no map of the picture.
        """
        name, of_module = self.first_name[id(module)], self.calls(module)
        if not of_module:
            raise UsageError(f"{layer} does not run when the model is called; choose another")
        if call is not None and not 1 <= call <= len(of_module):
            raise UsageError(
                f"{layer} runs {_times(len(of_module))} in one call of the model, so --call is 1"
                + f" to {len(of_module)}" * (len(of_module) > 1)
            )
        number = (call or len(of_module)) - 1
        shape = tuple(checked_output(of_module[number].output, self.trial.n_images, layer).shape)
        reader = _Reader(self, (name, number), shape, layer, skip_tokens)
        form, because = reader.asked_form(asked) if asked != AUTO else reader.form()
        grid, skip = reader.grid(form, known=asked != AUTO)
        units = shape[1] if form in ("nchw", "vector") else shape[-1]
        return Layout(form, units, grid, skip, number + 1, len(of_module), because)


def _at_another_size(model: nn.Module, size: int) -> Trial | None:
    """Sizes that most strides divide; three pictures, so that what is two of anything is not taken for the images."""
    for other in (size + 64, size + 32, 2 * size):
        try:
            return run_trial(model, other, n_images=3)
        except CompexactError:
            continue
    return None


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


@dataclass(frozen=True)
class _Reader:
    """One call of a module, and what tells its units.  shape: of its output, with the images."""

    evidence: Evidence
    place: Place
    shape: tuple[int, ...]
    layer: str
    skip_tokens: int | None

    @property
    def module(self) -> nn.Module:
        return self.evidence.modules[self.place[0]]

    def asked_form(self, asked: str) -> tuple[str, str]:
        axes = {"nchw": 4, "nhwc": 4, "tokens": 3}[asked]
        if len(self.shape) == 2:
            return "vector", "it has one value of each unit"
        if len(self.shape) != axes:
            raise UsageError(
                f"{self.layer} gives a tensor of shape {self.shape}, with {len(self.shape)} axes; --layout "
                f"{asked} is of {axes}"
            )
        return asked, f"--layout {asked} says so"

    def form(self) -> tuple[str, str]:
        """The form, and how it is known."""
        if len(self.shape) == 2:
            return "vector", "it has one value of each unit"
        axis, because = self._units_axis()
        if len(self.shape) == 3:
            if axis == 1:
                raise UsageError(
                    f"{self.layer} gives a tensor of shape {self.shape} with its units on axis 1, since {because}; "
                    "such sequences are not read"
                )
            return "tokens", because
        return ("nchw" if axis == 1 else "nhwc"), because

    def _units_axis(self) -> tuple[int, str]:
        """1 or the last, and how it is known."""
        last = len(self.shape) - 1
        known = self._by_module() or self._by_source()
        if known is not None and known[0] == 1:
            return known
        if known is None and last == 3:
            self._refuse_heads()
        for evidence in (self._by_width, self._by_size, self._by_squares, self._by_parts):
            known = known or evidence()
        if known is None:
            raise UsageError(
                f"{self.layer} gives a tensor of shape {self.shape}, with {len(self.shape)} axes, and nothing tells "
                f"which is the units'; {NAME_IT if last == 3 else 'if it is the last, name it with --layout tokens'}"
            )
        axis, because = known
        if last == 3:
            self._check_is_map(axis)
        return axis, because

    def _by_module(self) -> tuple[int, str] | None:
        kind = type(self.module)
        if isinstance(self.module, _CHANNELS_FIRST):
            return 1, f"{kind.__name__} has its channels on axis 1"
        for base in _UNITS_LAST:
            if isinstance(self.module, base) and kind.forward is base.forward:
                return len(self.shape) - 1, f"{kind.__name__} has its {self.shape[-1]} features on the last axis"
        return None

    def _by_source(self) -> tuple[int, str] | None:
        """What is known of the tensor that this one is, or was before each number was changed by itself."""
        name, number = self.place
        source = self.evidence.trial.calls[name][number].source
        if source is None or self.evidence.trial.calls[source[0]][source[1]].shape != self.shape:
            return None
        reader = _Reader(self.evidence, source, self.shape, self.layer, self.skip_tokens)
        return reader._by_module() or reader._by_source()

    def _by_width(self) -> tuple[int, str] | None:
        found = (getattr(self.module, name, None) for name in _WIDTHS)
        widths = {value[-1] if isinstance(value, tuple) and value else value for value in found} - {None}
        fits = [axis for axis in (1, len(self.shape) - 1) if self.shape[axis] in widths]
        if len(fits) != 1 or (len(self.shape) == 4 and self.shape[2] in widths):
            return None
        return fits[0], f"{type(self.module).__name__} has {self.shape[fits[0]]} features"

    def _by_size(self) -> tuple[int, str] | None:
        other = self._other_shape()
        if other is None:
            return None
        stays = [axis for axis in range(1, len(self.shape)) if self.shape[axis] == other[axis]]
        if len(stays) == 1 and stays[0] in (1, len(self.shape) - 1):
            assert self.evidence.other is not None
            return stays[0], f"axis {stays[0]} stays with pictures of {self.evidence.other.image_size}"
        if len(self.shape) == 4 and len(stays) < 3:
            raise self._no_map("heads, tokens, width) or (images, windows, tokens, width")
        return None

    def _by_squares(self) -> tuple[int, str] | None:
        if len(self.shape) == 3:
            as_tokens, turned = (any(is_square(self.shape[axis] - n) for n in (0, 1)) for axis in (1, 2))
            return (2, f"only {self.shape[1]} tokens make a grid") if as_tokens and not turned else None
        _, first, second, last = self.shape
        if second == last != first:
            return 1, "a square picture gives square maps"
        if first == second != last:
            return 3, "a square picture gives square maps"
        return None

    def _by_parts(self) -> tuple[int, str] | None:
        """By the widths of the linear layers and LayerNorms within it, or else beside it."""
        for name in upwards(self.place[0]):
            modules = self.evidence.modules[name].modules()
            widths = {_last_width(module) for module in modules if isinstance(module, _UNITS_LAST)}
            if widths:
                fits = [axis for axis in range(1, len(self.shape)) if self.shape[axis] in widths]
                last = len(self.shape) - 1
                return (last, f"its modules have {self.shape[last]} features") if fits == [last] else None
        return None

    def _refuse_heads(self) -> None:
        for name in upwards(self.place[0]):
            above = self.evidence.modules[name]
            if name == self.place[0] or not _ATTENTION.search(type(above).__name__):
                continue
            if self.shape[1] in [getattr(above, heads, None) for heads in _HEADS]:
                raise self._no_map("heads, tokens, width")

    def _check_is_map(self, axis: int) -> None:
        """That the other axes are a map of a square picture, and grow as its sides do."""
        sides = self.shape[2:] if axis == 1 else self.shape[1:3]
        if sides[0] != sides[1]:
            raise self._no_map("heads, tokens, width) or (images, windows, tokens, width")
        other = self._other_shape()
        if other is None:
            if self._within_attention() and self._by_module() is None:
                raise self._no_map("heads, tokens, width")
            return
        after = other[2:] if axis == 1 else other[1:3]
        assert self.evidence.other is not None
        scale = self.evidence.other.image_size / self.evidence.trial.image_size
        if after[0] != after[1]:
            raise self._no_map("windows, tokens, width")
        if after[0] != sides[0] and abs(after[0] - scale * sides[0]) > max(2, 0.25 * sides[0] * (scale - 1)):
            raise self._no_map("heads, tokens, tokens")

    def _within_attention(self) -> bool:
        above = (name for name in upwards(self.place[0]) if name != self.place[0])
        return any(_ATTENTION.search(type(self.evidence.modules[name]).__name__) for name in above)

    def _other_shape(self) -> tuple[int, ...] | None:
        """Of the same call with pictures of another size; None where that is no such output."""
        other, (name, number) = self.evidence.other, self.place
        if other is None or len(other.calls.get(name, ())) != len(self.evidence.trial.calls[name]):
            return None
        shape = other.calls[name][number].shape
        if shape and shape[0] != other.n_images:
            raise self._no_map("windows, tokens, width")
        return shape if len(shape) == len(self.shape) else None

    def _no_map(self, axes: str) -> UsageError:
        return UsageError(
            f"{self.layer} gives a tensor of shape {self.shape}, which is no map of the picture; it looks like "
            f"(images, {axes}) within attention: choose a module before or after it, or {NAME_IT}"
        )

    def grid(self, form: str, *, known: bool) -> tuple[tuple[int, int], int]:
        """(height, width) of the maps, and how many tokens stand before them."""
        if form == "vector":
            return (1, 1), 0
        if form != "tokens":
            height, width = self.shape[2:] if form == "nchw" else self.shape[1:3]
            return (height, width), 0
        tokens, modules = self.shape[1], self.evidence.modules
        skip = self.skip_tokens
        if skip is None:
            above = [modules[name] for name in upwards(self.place[0])]
            skip = extra_tokens(tokens, self.evidence.trial, modules, above)
        if skip is None:
            raise UsageError(
                f"{self.layer} gives {tokens} tokens, no square grid of patches with or without a class token; say how "
                "many stand before the patches: --skip-tokens N"
            )
        side = math.isqrt(max(0, tokens - skip))
        if side == 0 or side * side != tokens - skip:
            raise UsageError(
                f"{self.layer} gives {tokens} tokens; without the first {skip} these are no square grid of patches: "
                "--skip-tokens N says how many stand before the patches"
            )
        return (side, side), skip


def _last_width(module: nn.Linear | nn.LayerNorm) -> int:
    return module.out_features if isinstance(module, nn.Linear) else module.normalized_shape[-1]
