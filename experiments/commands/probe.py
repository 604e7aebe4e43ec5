"""`compexact probe vision` and `arrays`.  Nothing heavy is imported before a command runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ...probes.datasets import DATASETS
from .options import DeviceOption, FolderOption, ForceOption, size, words
from .preprocessing_options import preprocessing
from .signature import Depends, from_signature

KINDS = ", ".join(f"{kind}:PATH" for kind in DATASETS)
probe_app = typer.Typer(
    help="Run a model over a dataset; keep what searches need.", no_args_is_help=True, rich_markup_mode=None
)


@dataclass
class _Settings:
    """The options of `VisionSettings`."""

    threshold: Annotated[str, typer.Option(help="quantile, or positive (> 0, for units after a ReLU).")] = "quantile"
    quantile: Annotated[float, typer.Option(help="Share of a unit's values above its threshold.")] = 0.005
    threshold_on: Annotated[
        str, typer.Option(help="cells (the layer's own maps, as in the paper's code) or pixels (its text).")
    ] = "cells"
    ranges: Annotated[
        int | None,
        typer.Option(help="Split each unit's values above the threshold into so many units: u@1 (lowest), ..."),
    ] = None
    ranges_by: Annotated[str, typer.Option(help="quantiles (equally many values) or kmeans.")] = "quantiles"
    skip_bad: Annotated[
        float | None,
        typer.Option(help="Leave out images that cannot be read, up to this share.  Default: refuse them."),
    ] = None
    nan: Annotated[
        str, typer.Option(help="Units with NaN or infinite activations: error, or drop (leave them out).")
    ] = "error"
    top_images: Annotated[int, typer.Option(help="Images kept per unit for reports.")] = 5
    batch_size: Annotated[int, typer.Option(help="Images at once.")] = 32
    workers: Annotated[int | None, typer.Option(help="Processes that read images.")] = None
    device: DeviceOption = "cpu"


@probe_app.command("vision")
@from_signature
def probe_vision(
    dataset: Annotated[str, typer.Option(help=f"{KINDS} or package.module:factory.")],
    model: Annotated[str, typer.Option(help="torchvision:NAME or package.module:factory.")],
    layer: Annotated[list[str], typer.Option(help="Dotted name (see: compexact ls layers); repeatable.")],
    output: FolderOption,
    shown: Annotated[Any, Depends(preprocessing)],
    settings: Annotated[_Settings, Depends(_Settings)],
    weights: Annotated[Path | None, typer.Option(help="A local state dict.")] = None,
    allow_partial_weights: Annotated[
        bool, typer.Option("--allow-partial-weights", help="Load weights that miss entries or have others.")
    ] = False,
    categories: Annotated[
        list[str] | None,
        typer.Option(parser=words, metavar="NAME,...", help="Concept categories.  Default: all."),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first so many images.")] = None,
    mask_size: Annotated[
        tuple[int, int] | None, typer.Option(parser=size, metavar="HEIGHTxWIDTH", help="Of the label maps.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Probe a vision model on images with labelled points.

    compexact probe vision --dataset broden:broden1_224 --model torchvision:resnet18 \\
        --weights resnet18_places365.pth.tar --layer layer4 --preset broden -o probe
    """
    from ...probes import open_dataset
    from ...probes.atomic_folder import check_output
    from ...probes.devices import choose_device
    from ...probes.layers import resolve_layer
    from ...probes.models import load_model
    from ...probes.store import is_probe, save_probe
    from ...probes.vision.probe import VisionSettings, probe_vision
    from ..progress import progress

    check_output(output, force=force, is_ours=is_probe)
    workers = min(4, max(1, (os.cpu_count() or 1) // 2)) if settings.workers is None else settings.workers
    chosen = VisionSettings(layers=tuple(layer), **vars(settings) | {"workers": workers})
    choose_device(chosen.device)
    images = open_dataset(dataset, categories=categories, limit=limit, mask_size=mask_size)
    loaded = load_model(model, weights=weights, strict=not allow_partial_weights)
    for name in layer:
        resolve_layer(loaded.module, name)
    with progress() as report:
        probe = probe_vision(loaded, images, shown, chosen, spill_folder=output.parent, on_progress=report)
    print(f"{save_probe(probe, output, force=force)!r} in {output}")


@probe_app.command("arrays")
@from_signature
def probe_arrays(
    arrays: Annotated[Path, typer.Argument(help="An .npz file: concepts, neurons, names (see docs/contracts.md).")],
    output: FolderOption,
    force: ForceOption = False,
) -> None:
    """Make a probe of plain arrays.  Every command also takes the .npz file as it is.

    compexact probe arrays mine.npz -o probe
    """
    from ...probes.atomic_folder import check_output
    from ...probes.opening import open_probe
    from ...probes.store import is_probe, save_probe

    check_output(output, force=force, is_ours=is_probe)
    print(f"{save_probe(open_probe(arrays), output, force=force)!r} in {output}")
