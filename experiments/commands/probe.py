"""`compexact probe vision` and `arrays`.  Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...probes.datasets import DATASETS
from ...probes.fold_settings import Folds, FoldSeed
from ...probes.keep_settings import KeepActivations
from ...probes.vision.vision_settings import VisionSettings
from .hypernym_options import HypernymOptions, added
from .options import MODEL_HELP, LimitOption, WeightsOption, size, words
from .preprocessing_options import Shown, preprocessing
from .probe_output import ProbeOutput
from .signature import Depends

KINDS = ", ".join(f"{kind}:PATH" for kind in DATASETS)

if TYPE_CHECKING:
    from ...probes.array_groups import RowFolds
    from ...probes.datasets.annotated_images import AnnotatedImages
    from ...probes.models import LoadedModel


@dataclass(frozen=True)
class LabelledImages:
    """The images of a dataset."""

    dataset: Annotated[str, typer.Option(help=f"{KINDS} or package.module:factory.")]
    categories: Annotated[
        list[str] | None, typer.Option(parser=words, metavar="NAME,...", help="Concept categories.  Default: all.")
    ] = None
    limit: LimitOption = None
    mask_size: Annotated[
        tuple[int, int] | None, typer.Option(parser=size, metavar="HEIGHTxWIDTH", help="Of the label maps.")
    ] = None

    ignore_label: Annotated[
        Sequence[int], typer.Option(help="Ids in label maps that are no label, such as 255 for void.")
    ] = ()

    def open(self, *, may_lack_labels: bool) -> AnnotatedImages:
        """Reads what there is of them.  may_lack_labels: whether images without labels are left out later."""
        from ...probes.datasets.spec import open_dataset

        return open_dataset(
            self.dataset,
            categories=self.categories,
            limit=self.limit,
            mask_size=self.mask_size,
            ignore_labels=self.ignore_label,
            may_lack_labels=may_lack_labels,
        )


@dataclass(frozen=True)
class VisionModel:
    """A model of images."""

    model: Annotated[str, typer.Option(help=MODEL_HELP)]
    weights: WeightsOption = None
    allow_partial_weights: Annotated[
        bool, typer.Option("--allow-partial-weights", help="Load weights that miss entries or have others.")
    ] = False

    def load(self) -> LoadedModel:
        """Reads it."""
        from ...probes.models import load_model

        return load_model(self.model, weights=self.weights, strict=not self.allow_partial_weights)


def probe_vision(
    images: Annotated[LabelledImages, Depends(LabelledImages, "Images")],
    model: Annotated[VisionModel, Depends(VisionModel, "Model")],
    place: Annotated[ProbeOutput, Depends(ProbeOutput)],
    shown: Annotated[Shown, Depends(preprocessing, "What the model is shown")],
    settings: Annotated[VisionSettings, Depends(VisionSettings, "Units and thresholds")],
    hypernyms: Annotated[HypernymOptions, Depends(HypernymOptions, "Images")],
    workers: Annotated[int | None, typer.Option(help="Processes that read images.")] = None,
) -> None:
    """Probe a vision model on images with labelled points.

    compexact probe vision --dataset broden:broden1_224 --model torchvision:resnet18 \\
        --weights resnet18_places365.pth.tar --layer layer4 --preset broden -o probe
    compexact probe vision --dataset broden:broden1_224 --model torchvision:resnet18 \\
        --weights resnet18_places365.pth.tar --layer layer4 --preset broden --shard 3/40 -o shards/3
    compexact probe vision --dataset imagefolder:photos --model torchvision:resnet18 \\
        --weights resnet18.pth --layer layer4 --hypernyms wordnet -o probe
    """
    from ...probes.devices import choose_device
    from ...probes.loader import default_workers
    from ...probes.store import save_probe
    from ...probes.vision.examining import examine
    from ...probes.vision.probe import probe_vision
    from ...probes.vision.shard import save_vision_shard
    from ..progress import progress

    place.check()
    output, shard, force = place.output, place.shard, place.force
    settings = replace(settings, workers=default_workers() if workers is None else workers)
    choose_device(settings.device)
    dataset = images.open(may_lack_labels=settings.skip_bad is not None)
    above = hypernyms.of({concept.name: concept.category for concept in dataset.concepts}, shard)
    loaded = model.load()
    preprocessing = shown(loaded)
    examined = examine(loaded, preprocessing, settings)
    for note in (*(note for note in loaded.notes if "random" in note), *examined.notes):
        print(note, file=sys.stderr)
    if shard is not None:
        with progress() as report:
            n = save_vision_shard(
                loaded,
                dataset,
                preprocessing,
                settings,
                shard,
                output,
                examined=examined,
                force=force,
                on_progress=report,
            )
        print(f"shard {shard}, {n:,} images, in {output}")
        return
    with progress() as report:
        probe = probe_vision(
            loaded,
            dataset,
            preprocessing,
            settings,
            examined=examined,
            spill_folder=output.parent,
            on_progress=report,
        )
    print(f"{save_probe(added(probe, above), output, force=force)!r} in {output}")


@dataclass(frozen=True)
class DealtRows:
    """Rows of arrays, dealt to folds by what they are of."""

    folds: Folds = None
    fold_seed: FoldSeed = 0
    groups: Annotated[
        Path | None,
        typer.Option(
            help="For --folds: which input each row is of, one id a row, in a text or .npy file.  "
            "Default: the array 'groups'."
        ),
    ] = None

    def open(self) -> RowFolds | None:
        """Reads the groups; None where no folds are asked for."""
        from ...probes.array_groups import RowFolds

        return RowFolds.asked(self.folds, self.fold_seed, self.groups)


def probe_arrays(
    arrays: Annotated[
        Path, typer.Argument(help="An .npz file, a folder of such or of .npy files (docs/contracts.md), or a probe.")
    ],
    place: Annotated[ProbeOutput, Depends(ProbeOutput)],
    dealt: Annotated[DealtRows, Depends(DealtRows)],
    hypernyms: Annotated[HypernymOptions, Depends(HypernymOptions)],
    keep_activations: KeepActivations = False,
) -> None:
    """Make a probe of plain arrays.  Every command also takes an .npz file as it is.

    compexact probe arrays mine.npz -o probe
    compexact probe arrays mine.npz --folds 10 --groups image-of-each-row.txt -o probe
    compexact probe arrays mine.npz --shard 3/40 -o shards/3
    compexact probe arrays with-activations.npz --keep-activations -o probe
    compexact probe arrays probe --hypernyms wordnet -o with-hypernyms

    A folder is read portion by portion, and may be larger than memory.  A probe, of any kind, is copied with what
    --hypernyms adds to it.
    """
    from ...probes.array_activations import kept_of_file
    from ...probes.array_folder import read_array_folder
    from ...probes.array_shard import save_array_shard
    from ...probes.opening import open_probe
    from ...probes.store import is_probe, save_probe
    from ..progress import progress

    place.check()
    output, shard, force, folds = place.output, place.shard, place.force, dealt.open()
    if shard is not None:
        hypernyms.of({}, shard)
        n = save_array_shard(arrays, shard, output, folds=folds, keep_activations=keep_activations, force=force)
        print(f"shard {shard}, {n:,} rows, in {output}")
        return
    with progress() as report:
        if keep_activations:
            probe = kept_of_file(arrays, output.parent, folds)
        elif arrays.is_dir() and not is_probe(arrays):
            probe = read_array_folder(arrays, report, folds)
        else:
            probe = open_probe(arrays, folds)
    rows = probe.cells.concepts
    probe = added(probe, hypernyms.of(dict(zip(rows.names, rows.categories))))
    print(f"{save_probe(probe, output, force=force)!r} in {output}")
