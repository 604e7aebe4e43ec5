"""`compexact ls`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import MODEL_HELP, FormatOption
from .preprocessing_options import ImageSizeOption


def ls(
    what: Annotated[
        str, typer.Argument(help="A probe, a run, an audit, a shard, an answer, an .npz file, or `layers`.")
    ],
    model: Annotated[str | None, typer.Option(help=f"For `layers`: {MODEL_HELP}")] = None,
    image_size: ImageSizeOption = None,
    concepts: Annotated[bool, typer.Option("--concepts", help="List the concepts, with their points.")] = False,
    units: Annotated[bool, typer.Option("--units", help="List the units, with their active points.")] = False,
    format: FormatOption = None,
) -> None:
    """Show a probe, a run, an answer, or the layers of a model.

    compexact ls probe
    compexact ls probe --concepts
    compexact ls run
    compexact ls layers --model torchvision:resnet18
    """
    from .ls_probe import list_folder, list_layers

    if what == "layers":
        list_layers(model, image_size, format)
    else:
        list_folder(Path(what), concepts=concepts, units=units, format_name=format)
