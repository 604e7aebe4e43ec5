"""Options that say what a vision model is shown of a picture.  Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

PresetOption = Annotated[
    str | None,
    typer.Option(help="imagenet, broden (the paper's code) or caffe.  Default: imagenet, if no numbers are given."),
]
ImageSizeOption = Annotated[int | None, typer.Option(help="Height and width that the model is shown.")]
ChannelsOption = Annotated[str | None, typer.Option(help="rgb or bgr.")]
MeanOption = Annotated[Sequence[float] | None, typer.Option(help="Three numbers in the order of the channels.")]
StdOption = Annotated[Sequence[float] | None, typer.Option(help="Three numbers.")]
ScaleOption = Annotated[float | None, typer.Option(help="What a white pixel is worth: 1 or 255.")]


def preprocessing(
    preset: PresetOption = None,
    image_size: ImageSizeOption = None,
    channels: ChannelsOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    scale: ScaleOption = None,
) -> Any:
    """The `Preprocessing`."""
    from ...probes.preprocess import resolve

    return resolve(preset, image_size, channels, mean, std, scale)
