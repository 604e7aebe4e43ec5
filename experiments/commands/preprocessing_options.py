"""Options that say what a vision model is shown of a picture.  Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ...probes.models import LoadedModel
    from ...probes.preprocess import Preprocessing

PresetOption = Annotated[
    str | None,
    typer.Option(
        help="imagenet, broden (the paper's code) or caffe.  Default: as the model's source says; else imagenet, if no "
        "numbers are given."
    ),
]
ImageSizeOption = Annotated[int | None, typer.Option(help="Height and width that the model is shown.")]
ChannelsOption = Annotated[str | None, typer.Option(help="rgb or bgr.")]
MeanOption = Annotated[Sequence[float] | None, typer.Option(help="Three numbers in the order of the channels.")]
StdOption = Annotated[Sequence[float] | None, typer.Option(help="Three numbers.")]
ScaleOption = Annotated[float | None, typer.Option(help="What a white pixel is worth: 1 or 255.")]


Shown = Callable[["LoadedModel"], "Preprocessing"]
"""Of a model: what it is shown of a picture."""


def preprocessing(
    preset: PresetOption = None,
    image_size: ImageSizeOption = None,
    channels: ChannelsOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    scale: ScaleOption = None,
) -> Shown:
    """What is asked, in the place of what the model's own source says."""
    from ...probes.preprocess import resolve

    resolve(preset, image_size, channels, mean, std, scale)  # a wrong option is told before a model is loaded
    return lambda model: resolve(preset, image_size, channels, mean, std, scale, own=model.preprocessing)
