"""The model that was probed, for questions that run it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ...probes import open_dataset
from ...probes.preprocess import Preprocessing
from ...probes.store import Probe
from ...solver.errors import UsageError
from ..commands.options import DeviceOption
from ..commands.pair_options import LabelsOption
from .inputs import RunProbeInput

if TYPE_CHECKING:  # torch is imported by whoever loads a model
    from PIL.Image import Image

    from ...probes.layouts import Layout
    from ...probes.models import LoadedModel

Scores = Callable[[np.ndarray], np.ndarray]
"""The columns of the units that are zero -> float32 (n_inputs, n_classes), for the probe's first `n_inputs` inputs."""

Respond = Callable[["list[Image]"], np.ndarray]
"""Pictures -> float32 (n, n_units): each unit's value, averaged over the picture."""

ModelOption = Annotated[str, typer.Option(help="The model that was probed.")]
StateDictOption = Annotated[Path | None, typer.Option(help="Its state dict, where it was probed with one.")]


def probed_layer(probe: Probe) -> str:
    """The one layer of a probe of a model; `UsageError` where there is none or there are several."""
    if probe.inputs.are_words:
        raise UsageError(
            "the probe is of words, for which no prediction can change; one of compexact probe vision or nli is needed"
        )
    if probe.about.get("kind") not in ("vision", "nli"):
        raise UsageError("the probe was not made from a model; one of compexact probe vision or nli is needed")
    if (probe.about.get("settings") or {}).get("ranges"):
        raise UsageError("the probe's units are ranges of a unit's values; probe without --ranges")
    if (probe.about.get("settings") or {}).get("dropped_units"):
        raise UsageError(
            "the probe leaves units out (--nan drop), so its columns are not the layer's; probe another layer"
        )
    layer = str(probe.about["layer"])
    if "," in layer:
        raise UsageError(f"the probe has several layers ({layer}); probe one of them alone")
    return layer


def layout_of(probe: Probe, layer: str) -> Layout | None:
    """Where a layer of a vision probe has its units; None in probes that do not say: on axis 1."""
    from ...probes.layouts import Layout

    said = (probe.about.get("settings") or {}).get("layouts") or {}
    return Layout.from_manifest(said[layer]) if layer in said else None


def image_model(probe: Probe, spec: str, weights: Path | None) -> tuple[LoadedModel, Preprocessing]:
    """The vision model that was probed, and what it is shown of a picture; `UsageError` where it is another."""
    from ...probes.models import load_model

    if probe.about.get("kind") != "vision":
        raise UsageError(f"a vision probe is needed, not one of kind {probe.about.get('kind')!r}")
    loaded = load_model(spec, weights=weights)
    _check_digest(loaded.digest, probe, spec)
    return loaded, Preprocessing(**probe.about["settings"]["preprocessing"])


def ablation_scores(
    probe: RunProbeInput,
    model: ModelOption,
    weights: StateDictOption = None,
    dataset: Annotated[str | None, typer.Option(help="vision: the dataset that was probed, KIND:PATH.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first inputs, at most this many.")] = None,
    labels: LabelsOption = None,
    device: DeviceOption = "auto",
) -> Scores:
    """The model's scores on the probe's inputs without units."""
    from ...probes.ablation import ablated, run_images, run_pairs

    layer = probed_layer(probe)
    if probe.about["kind"] == "nli":
        from ...probes.nli.loading import load_pair_model

        pair_model = load_pair_model(model, weights=weights, labels=labels)
        _check_digest(pair_model.digest, probe, model)
        premises, hypotheses = (
            [text.split(" ") for text in sentences[:limit]]
            for sentences in (probe.inputs.tokenised("premise"), probe.inputs.tokenised("hypothesis"))
        )
        return ablated(
            pair_model.module, lambda units: run_pairs(pair_model, premises, hypotheses, layer, units, device=device)
        )
    if labels is not None:
        raise UsageError("--labels goes with models of sentence pairs; this probe is of images")
    loaded, preprocessing = image_model(probe, model, weights)
    if dataset is None:
        raise UsageError("name the images that were probed with --dataset")
    images = open_dataset(dataset, limit=limit, may_lack_labels=True)
    if list(images.keys) != list(probe.inputs.images[: len(images.keys)]):
        raise UsageError(f"{dataset} is not the dataset that was probed: its images have other names")

    layout = layout_of(probe, layer)

    def run(units: np.ndarray) -> Any:
        count = len(images.keys)
        return run_images(loaded, images.image, count, preprocessing, layer, units, layout=layout, device=device)

    return ablated(loaded.module, run)


def _check_digest(digest: str, probe: Probe, spec: str) -> None:
    if digest != probe.about["inputs"]["model weights"]:
        raise UsageError(f"{spec} is not the model that was probed: the digests of their weights differ")


def picture_response(
    probe: RunProbeInput, model: ModelOption, weights: StateDictOption = None, device: DeviceOption = "auto"
) -> Respond:
    """What the units of a vision probe say of any pictures."""
    from ...probes.ablation import run_images

    layer = probed_layer(probe)
    loaded, preprocessing = image_model(probe, model, weights)

    layout = layout_of(probe, layer)

    def respond(pictures: list[Any]) -> np.ndarray:
        return run_images(loaded, pictures, len(pictures), preprocessing, layer, layout=layout, device=device)[1]

    return respond
