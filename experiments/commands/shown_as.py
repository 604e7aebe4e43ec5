"""Options that say what a vision model is shown of a picture.  Nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .options import NUMBER, WHOLE

PresetOption = Annotated[
    str | None,
    typer.Option(help="imagenet, broden (the paper's code) or caffe.  Default: imagenet, if no numbers are given."),
]
ImageSizeOption = Annotated[int | None, typer.Option(**WHOLE, help="Height and width that the model is shown.")]
ChannelsOption = Annotated[str | None, typer.Option(help="rgb or bgr.")]
MeanOption = Annotated[str | None, typer.Option(help="Three numbers a,b,c in the order of the channels.")]
StdOption = Annotated[str | None, typer.Option(help="Three numbers a,b,c.")]
ScaleOption = Annotated[float | None, typer.Option(**NUMBER, help="What a white pixel is worth: 1 or 255.")]


def shown_as(
    preset: str | None,
    image_size: int | None,
    channels: str | None,
    mean: str | None,
    std: str | None,
    scale: float | None,
) -> dict[str, Any]:
    """The arguments of `probes.preprocess.resolve`."""
    return {
        "preset": preset,
        "image_size": image_size,
        "channels": channels,
        "mean": numbers("--mean", mean),
        "std": numbers("--std", std),
        "scale": scale,
    }


def numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """`1,2.5,3` as numbers."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        from ...solver.errors import UsageError

        raise UsageError(f"{option} takes numbers and commas, such as 104,117,123; not {text!r}") from None
