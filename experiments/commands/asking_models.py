"""From the options typed to the model that was probed, for questions that run it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...probes.store import Probe
from ...solver.errors import UsageError

if TYPE_CHECKING:  # torch is imported by whoever loads a model
    import numpy as np

    from ...probes.models import LoadedModel
    from ...probes.preprocess import Preprocessing
    from ..questions.ablate import Scores
    from ..questions.simulate import Examples, Respond


def probed_layer(probe: Probe) -> str:
    """The one layer of a probe of a model; `UsageError` where there is none or there are several."""
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


def image_model(probe: Probe, spec: str, weights: Path | None) -> tuple[LoadedModel, Preprocessing]:
    """The vision model that was probed, and what it is shown of a picture; `UsageError` where it is another."""
    from ...probes.models import load_model
    from ...probes.preprocess import Preprocessing

    if probe.about.get("kind") != "vision":
        raise UsageError(f"a vision probe is needed, not one of kind {probe.about.get('kind')!r}")
    loaded = load_model(spec, weights=weights)
    _check_digest(loaded.digest, probe, spec)
    return loaded, Preprocessing(**probe.about["settings"]["preprocessing"])


def ablation_scores(
    probe: Probe, spec: str, weights: Path | None, dataset: str | None, limit: int | None, device: str
) -> Scores:
    """The model's scores on the probe's inputs without units: (columns) -> float32 (n_inputs, n_classes)."""
    from ...probes.ablation import ablated, run_images, run_pairs

    layer = probed_layer(probe)
    if probe.about["kind"] == "nli":
        from ...probes.nli.loading import load_pair_model

        model = load_pair_model(spec, weights=weights)
        _check_digest(model.digest, probe, spec)
        premises, hypotheses = (
            [text.split(" ") for text in sentences[:limit]]
            for sentences in (probe.inputs.tokenised("premise"), probe.inputs.tokenised("hypothesis"))
        )
        return ablated(model.module, lambda units: run_pairs(model, premises, hypotheses, layer, units, device=device))
    loaded, preprocessing = image_model(probe, spec, weights)
    if dataset is None:
        raise UsageError("name the images that were probed with --dataset")
    from ...probes.datasets import open_dataset

    images = open_dataset(dataset, limit=limit)
    if list(images.keys) != list(probe.inputs.images[: len(images.keys)]):
        raise UsageError(f"{dataset} is not the dataset that was probed: its images have other names")

    def run(units: np.ndarray) -> Any:
        return run_images(loaded, images.image, len(images.keys), preprocessing, layer, units, device=device)

    return ablated(loaded.module, run)


def _check_digest(digest: str, probe: Probe, spec: str) -> None:
    if digest != probe.about["inputs"]["model weights"]:
        raise UsageError(f"{spec} is not the model that was probed: the digests of their weights differ")


def picture_response(probe: Probe, spec: str, weights: Path | None, device: str) -> Respond:
    """What the units of a vision probe say of any pictures: float32 (n, n_units), averaged over each picture."""
    from ...probes.ablation import run_images

    layer = probed_layer(probe)
    model, preprocessing = image_model(probe, spec, weights)

    def respond(pictures: list[Any]) -> np.ndarray:
        return run_images(model, pictures, len(pictures), preprocessing, layer, device=device)[1]

    return respond


def example_pictures(generator: str | None) -> Examples:
    """A generator of pictures: `package.module:factory`, called without arguments; None for the demo world's."""
    from ...probes.factories import call_factory, find_attribute

    if generator is None:
        from ..world.examples import DemoExamples

        return DemoExamples()
    made = call_factory(find_attribute(generator, "generator"), f"generator {generator!r}")
    if not callable(made):
        raise UsageError(f"generator {generator!r} gives {type(made).__name__}; a function (formula, n) is needed")
    return made
