"""What is found out about a vision model before it is shown any picture of the dataset."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..class_scores import scores_in, why_no_scores
from ..devices import choose_device
from ..layout_evidence import Evidence
from ..layouts import Layout
from ..models import LoadedModel
from ..preprocess import Preprocessing
from ..trial import input_dtype
from ..watching import resolve_layer
from .vision_settings import VisionSettings


@dataclass(frozen=True, eq=False)
class Examined:
    """layouts: of each layer.  notes: whole sentences that a user should know."""

    layouts: dict[str, Layout]
    notes: tuple[str, ...]


def examine(model: LoadedModel, preprocessing: Preprocessing, settings: VisionSettings) -> Examined:
    """Run the model on black pictures, and tell where its layers have their units.

    Raises `UsageError` where the model cannot run, for layers that cannot be probed, and where it cannot be told.
    """
    modules = {layer: resolve_layer(model.module, layer) for layer in settings.layers}
    module = model.module.to(choose_device(settings.device))
    evidence = Evidence(module, preprocessing.image_size)
    layouts = {
        layer: evidence.layout(
            of_layer,
            f"layer {layer}",
            asked=settings.layout,
            skip_tokens=settings.skip_tokens,
            call=settings.call,
        )
        for layer, of_layer in modules.items()
    }
    return Examined(layouts, (*_about_numbers(module), *_about_layouts(layouts), *_about_scores(model, evidence)))


def _about_numbers(module: nn.Module) -> list[str]:
    dtype = str(input_dtype(module)).removeprefix("torch.")
    return [] if dtype == "float32" else [f"The model's weights are {dtype}, so pictures are given to it in {dtype}."]


def _about_layouts(layouts: dict[str, Layout]) -> list[str]:
    notes = []
    for layer, layout in layouts.items():
        if layout.form not in ("nchw", "vector") or layout.because.startswith("--layout"):
            notes.append(f"Layer {layer} is {layout}, since {layout.because}.")
        if layout.calls > 1:
            taken = "the last output" if layout.call == layout.calls else f"the output of call {layout.call}"
            notes.append(
                f"Layer {layer} ran {layout.calls} times in one call of the model; {taken} is taken (--call N takes "
                "another)."
            )
    return notes


def _about_scores(model: LoadedModel, evidence: Evidence) -> list[str]:
    output = evidence.trial.output
    found = scores_in(output, evidence.trial.n_images, model.n_classes)
    return [] if found is not None else [why_no_scores(output)]
