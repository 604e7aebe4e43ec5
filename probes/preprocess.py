"""From a picture to what a model was trained to see.

The numbers are the same for every image, so a preset is a value; torch is imported only when a
picture is converted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..solver.errors import UsageError, did_you_mean

if TYPE_CHECKING:  # command-line options are checked without loading torch
    import torch

MAX_IMAGE_SIZE = 8192
_AXES = {"rgb": (0, 1, 2), "bgr": (2, 1, 0)}


@dataclass(frozen=True)
class Preprocessing:
    """`x = (pixel / 255 * scale - mean) / std`, channel by channel, in the order of `channels`.

    image_size: height and width in pixels.
    channels: `rgb` or `bgr`; the order is made first, and `mean` and `std` are in that order.
    mean, std: three numbers each, in the units of `scale` (0..scale).
    scale: the value of a white pixel, usually 1 or 255.

    Raises UsageError where a value is out of range.
    """

    image_size: int
    channels: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    scale: float

    def __post_init__(self) -> None:
        _check_image_size(self.image_size)
        if self.channels not in _AXES:
            hint = did_you_mean(str(self.channels).lower(), _AXES)
            raise UsageError(f"channels {self.channels!r}; known are rgb and bgr{hint}")
        object.__setattr__(self, "mean", _three("mean", self.mean))
        object.__setattr__(self, "std", _three("std", self.std))
        object.__setattr__(self, "scale", _number("scale", self.scale))
        if min(self.std) <= 0:
            raise UsageError(f"std {self.std}: every value must be above 0 (1 leaves a channel as it is)")
        if self.scale <= 0:
            raise UsageError(f"scale {self.scale}: must be above 0; 1 and 255 are usual")

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """The picture as float32 (3, image_size, image_size).

        A picture of another size is squeezed or stretched to the square, bilinearly, with the average
        over all pixels that fall on one (antialias).  Nothing is cut off: a point of the picture must
        stay at its place, in proportion, because the label map is compared point by point.
        """
        import torch

        if image.mode != "RGB":
            image = image.convert("RGB")
        # Pillow's filters average when they shrink, and leave a picture of the right size as it is.
        image = image.resize((self.image_size, self.image_size), Image.Resampling.BILINEAR)
        pixels = np.asarray(image)  # uint8 (height, width, rgb)
        values = self._values()
        planes = [values[i][pixels[:, :, axis]] for i, axis in enumerate(_AXES[self.channels])]
        return torch.from_numpy(np.stack(planes))

    def _values(self) -> np.ndarray:
        """float32 (3, 256): x for each value of a pixel, by channel.  In double until the last step."""
        pixel = np.arange(256) / 255 * self.scale
        mean, std = np.array(self.mean)[:, None], np.array(self.std)[:, None]
        return np.asarray((pixel - mean) / std, dtype=np.float32)


def _check_image_size(size: object) -> None:
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_IMAGE_SIZE:
        raise UsageError(f"image size {size!r}: a whole number of pixels, 1 to {MAX_IMAGE_SIZE}, is needed")


def _three(field: str, values: object) -> tuple[float, float, float]:
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) != 3:
        raise UsageError(f"{field} {values!r}: three numbers are needed, one per channel")
    first, second, third = (_number(field, value) for value in values)
    return first, second, third


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise UsageError(f"{field} {value!r}: a finite number is needed")
    return float(value)


PRESETS = {
    "imagenet": Preprocessing(224, "rgb", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 1.0),
    "broden": Preprocessing(224, "rgb", (124.6901, 118.6897, 109.5388), (57.12, 57.12, 57.12), 255.0),
    "caffe": Preprocessing(227, "bgr", (104.0, 117.0, 123.0), (1.0, 1.0, 1.0), 255.0),
}
"""`imagenet`: torchvision's classifiers.  `broden`: the code of Mu and Andreas (2020), which divides
every channel by 57.12 = 255 * 0.224.  `caffe`: models converted from Caffe, such as SqueezeNet and AlexNet."""


NEUTRAL = Preprocessing(224, "rgb", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 1.0)
"""Pixels from 0 to 1 as they are."""


def resolve(
    preset: str | None = None,
    image_size: int | None = None,
    channels: str | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    scale: float | None = None,
    *,
    own: Preprocessing | None = None,
) -> Preprocessing:
    """The preset, with what is given explicitly in its place.

    own: what the model's source says of it, which is the default.
    Without either it is `imagenet`, unless the mean, std or scale is given: then what is not given is
    neutral (rgb, mean 0, std 1, scale 1), because one set of numbers says nothing about another.
    With other `channels`, the preset's mean and std follow their colours: the mean for red stays the
    mean for red.  A mean or std that is given is in the order of the resulting channels.
    """
    if preset is None and own is not None:
        base = own
    elif preset is None:
        base = NEUTRAL if (mean, std, scale) != (None, None, None) else PRESETS["imagenet"]
    elif preset in PRESETS:
        base = PRESETS[preset]
    else:
        hint = did_you_mean(preset, PRESETS)
        raise UsageError(f"unknown preset {preset!r}; known are {', '.join(PRESETS)}{hint}")
    if channels is not None and channels in _AXES and channels != base.channels:
        base = replace(base, channels=channels, mean=base.mean[::-1], std=base.std[::-1])
    return Preprocessing(
        image_size=base.image_size if image_size is None else image_size,
        channels=base.channels if channels is None else channels,
        mean=base.mean if mean is None else _three("mean", mean),
        std=base.std if std is None else _three("std", std),
        scale=base.scale if scale is None else scale,
    )
