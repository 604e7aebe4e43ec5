"""How a vision model is probed.  Nothing heavy is imported: the command line reads its options off the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ..fold_settings import Folds, FoldSeed, check_folds
from ..keep_settings import KeepActivations, check_keeps

CHOICES = {
    "layout": ("auto", "nchw", "nhwc", "tokens"),
    "threshold": ("quantile", "positive"),
    "threshold_on": ("cells", "pixels"),
    "nan": ("error", "drop"),
    "memory_format": ("auto", "channels_last", "contiguous"),
}
MAX_WORKERS = 256


@dataclass(frozen=True)
class VisionSettings:
    """What `compexact probe vision` is asked: the text at a field is its option's help.

    threshold_on: `cells` as Bau et al. (2017) and the paper's code do it, `pixels` as the paper says it.
    ranges: each is a unit of its own.
    """

    layers: Annotated[tuple[str, ...], "--layer", "Dotted name (see: compexact ls layers); repeatable."]
    layout: Annotated[
        str,
        "Where a layer has its units: nchw (axis 1), nhwc (the last), tokens (of a ViT); auto finds out, and says it.",
    ] = "auto"
    skip_tokens: Annotated[
        int | None, "Of tokens: how many stand before the patches.  Default: found out (a class token, registers)."
    ] = None
    call: Annotated[int | None, "Of a module that runs several times: which output, from 1.  Default: the last."] = None
    threshold: Annotated[str, "quantile, or positive (> 0, for units after a ReLU)."] = "quantile"
    quantile: Annotated[float, "Share of a unit's values above its threshold."] = 0.005
    threshold_on: Annotated[str, "cells (the layer's own maps, as in the paper's code) or pixels (its text)."] = "cells"
    top_images: Annotated[int, "Images kept per unit for reports."] = 5
    batch_size: Annotated[int, "Inputs at once."] = 32
    workers: int = 1
    device: Annotated[str, "cpu, cuda, mps or auto."] = "auto"
    memory_format: Annotated[
        str,
        "channels_last (faster on a CPU; equal but for rounding), contiguous, or auto: the first where the model can.",
    ] = "auto"
    ranges: Annotated[
        int | None, "Split each unit's values above the threshold into this many units: u@1 (lowest), ..."
    ] = None
    ranges_by: Annotated[str, "quantiles (equally many values) or kmeans."] = "quantiles"
    skip_bad: Annotated[
        float | None, "Leave out images that cannot be read, up to this share.  Default: refuse them."
    ] = None
    nan: Annotated[str, "Units with NaN or infinite activations: error, or drop (leave them out)."] = "error"
    folds: Folds = None
    fold_seed: FoldSeed = 0
    keep_masks: Annotated[
        bool, "--keep-masks", "Keep where units are active in every image, for shuffles of whole masks (controls)."
    ] = False
    keep_activations: KeepActivations = False

    def __post_init__(self) -> None:
        from ...solver.errors import UsageError
        from ..ranges import check_ranges

        for name, known in CHOICES.items():
            if (value := getattr(self, name)) not in known:
                raise UsageError(f"{name} is {' or '.join(known)}, not {value!r}")
        if not 0 < self.quantile < 1:
            raise UsageError(f"the quantile is a share between 0 and 1, such as 0.005, not {self.quantile}")
        if self.skip_bad is not None and not 0 <= self.skip_bad < 1:
            raise UsageError(f"skip_bad is a share of the images from 0 to below 1, such as 0.01, not {self.skip_bad}")
        if self.skip_tokens is not None and self.skip_tokens < 0:
            raise UsageError(f"skip_tokens is a number of tokens from 0, not {self.skip_tokens}")
        if self.call is not None and self.call < 1:
            raise UsageError(f"call is the number of a module's call, from 1, not {self.call}")
        if self.skip_tokens is not None and self.layout not in ("auto", "tokens"):
            raise UsageError(f"skip_tokens goes with --layout tokens, not {self.layout}")
        check_ranges(2 if self.ranges is None else self.ranges, self.ranges_by)
        check_folds(self.folds, self.fold_seed)
        check_keeps(self.keep_activations, self.ranges)
        for name, least in (("batch_size", 1), ("workers", 0), ("top_images", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if self.workers > MAX_WORKERS:
            raise UsageError(f"workers must be at most {MAX_WORKERS}, not {self.workers}; about one per core is enough")
        if not self.layers or len(set(self.layers)) < len(self.layers):
            raise UsageError("name at least one layer, and each once")
