"""`compexact probe vision` and `arrays`.  Nothing heavy is imported before a command runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .options import NUMBER, WHOLE, ForceOption
from .shown_as import (
    ChannelsOption,
    ImageSizeOption,
    MeanOption,
    PresetOption,
    ScaleOption,
    StdOption,
    shown_as,
)

probe_app = typer.Typer(
    help="Run a model over a dataset; keep what searches need.", no_args_is_help=True, rich_markup_mode=None
)


@probe_app.command("vision")
def probe_vision(
    dataset: Annotated[
        str, typer.Option(help="broden:PATH, ade20k:PATH, labelmaps:PATH, coco:PATH or package.module:factory.")
    ],
    model: Annotated[str, typer.Option(help="torchvision:NAME or package.module:factory.")],
    layer: Annotated[list[str], typer.Option(help="Dotted name (see: compexact ls layers); repeatable.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to make.")],
    weights: Annotated[Path | None, typer.Option(help="A local state dict.")] = None,
    allow_partial_weights: Annotated[
        bool, typer.Option("--allow-partial-weights", help="Load weights that miss entries or have others.")
    ] = False,
    preset: PresetOption = None,
    image_size: ImageSizeOption = None,
    channels: ChannelsOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    scale: ScaleOption = None,
    categories: Annotated[str | None, typer.Option(help="Concept categories, comma-separated.  Default: all.")] = None,
    limit: Annotated[int | None, typer.Option(**WHOLE, help="Only the first so many images.")] = None,
    mask_size: Annotated[str | None, typer.Option(help="HEIGHTxWIDTH of the label maps.")] = None,
    threshold: Annotated[str, typer.Option(help="quantile, or positive (> 0, for units after a ReLU).")] = "quantile",
    quantile: Annotated[float, typer.Option(**NUMBER, help="Share of a unit's values above its threshold.")] = 0.005,
    threshold_on: Annotated[
        str, typer.Option(help="cells (the layer's own maps, as in the paper's code) or pixels (its text).")
    ] = "cells",
    ranges: Annotated[
        int | None,
        typer.Option(
            **WHOLE, help="Split each unit's values above the threshold into so many units: u@1 (lowest), ..."
        ),
    ] = None,
    ranges_by: Annotated[str, typer.Option(help="quantiles (equally many values) or kmeans.")] = "quantiles",
    skip_bad: Annotated[
        float | None,
        typer.Option(**NUMBER, help="Leave out images that cannot be read, up to this share.  Default: refuse them."),
    ] = None,
    nan: Annotated[
        str, typer.Option(help="Units with NaN or infinite activations: error, or drop (leave them out).")
    ] = "error",
    top_images: Annotated[int, typer.Option(**WHOLE, help="Images kept per unit for reports.")] = 5,
    batch_size: Annotated[int, typer.Option(**WHOLE, help="Images at once.")] = 32,
    workers: Annotated[int | None, typer.Option(**WHOLE, help="Processes that read images.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "cpu",
    force: ForceOption = False,
) -> None:
    """Probe a vision model on images with labelled points.

    \b
    compexact probe vision --dataset broden:broden1_224 --model torchvision:resnet18 \\
        --weights resnet18_places365.pth.tar --layer layer4 --preset broden -o probe
    """
    from . import probing

    probing.vision(
        dataset=dataset,
        model=model,
        layers=tuple(layer),
        output=output,
        weights=weights,
        strict=not allow_partial_weights,
        preprocessing=shown_as(preset, image_size, channels, mean, std, scale),
        categories=probing.words(categories),
        limit=limit,
        mask_size=probing.size("--mask-size", mask_size),
        settings={
            "threshold": threshold,
            "quantile": quantile,
            "threshold_on": threshold_on,
            "ranges": ranges,
            "ranges_by": ranges_by,
            "skip_bad": skip_bad,
            "nan": nan,
            "top_images": top_images,
            "batch_size": batch_size,
            "workers": min(4, max(1, (os.cpu_count() or 1) // 2)) if workers is None else workers,
            "device": device,
        },
        force=force,
    )


@probe_app.command("arrays")
def probe_arrays(
    arrays: Annotated[Path, typer.Argument(help="An .npz file: concepts, neurons, names (see docs/contracts.md).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to make.")],
    force: ForceOption = False,
) -> None:
    """Make a probe of plain arrays.  Every command also takes the .npz file as it is.

    \b
    compexact probe arrays mine.npz -o probe
    """
    from . import probing

    probing.arrays(arrays, output, force=force)
