"""How a transformer is probed on words.  Nothing heavy is imported: the command line reads its options here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ..fold_settings import Folds, FoldSeed, check_folds
from ..keep_settings import KeepActivations
from ..text.concept_settings import MAX_NEIGHBOURS, Neighbours, WithWord

CHOICES = {
    "points": ("words", "subwords"),
    "align": ("last", "first", "mean", "max"),
    "context": ("sentence", "document"),
    "threshold": ("quantile", "positive"),
    "dtype": ("float32", "float16", "bfloat16"),
}


@dataclass(frozen=True)
class TokenSettings:
    """What `compexact probe tokens` is asked of units and points: the text at a field is its option's help.

    window: tokens, with those that the tokenizer adds.  threshold: never None once it is made.
    """

    layers: Annotated[tuple[str, ...], "--layer", "Dotted name, such as encoder.layer.2.intermediate; repeatable."]
    points: Annotated[str, "words (of the corpus) or subwords (of the model)."] = "words"
    align: Annotated[str, "A word's value: that of its last or first sub-word, or their mean or max."] = "last"
    context: Annotated[str, "What the model reads at once: a sentence, or a document."] = "sentence"
    window: Annotated[
        int | None, "Longer texts are read in windows of so many tokens.  Default: what the model takes, at most 512."
    ] = None
    window_overlap: Annotated[
        int | None, "Tokens that two windows share.  Default: 64, or a quarter of a window of fewer than 256."
    ] = None
    sae: Annotated[
        tuple[str, ...],
        "--sae",
        "A folder of SAELens: units are the latents of this sparse autoencoder; one for each --layer, in their order.",
    ] = ()
    threshold: Annotated[
        str | None, "quantile, or positive (> 0, for units after a ReLU).  Default: quantile; positive with --sae."
    ] = None
    quantile: Annotated[float, "Share of a unit's values above its threshold."] = 0.01
    batch_size: Annotated[int, "Inputs at once."] = 32
    device: Annotated[str, "cpu, cuda, mps or auto."] = "auto"
    dtype: Annotated[str, "What the model computes in: float32, float16 or bfloat16."] = "float32"
    top_sentences: Annotated[int, "Sentences kept per unit for reports."] = 8
    folds: Folds = None
    fold_seed: FoldSeed = 0
    keep_activations: KeepActivations = False

    def __post_init__(self) -> None:
        from ...solver.errors import UsageError, did_you_mean

        if self.threshold is None:
            object.__setattr__(self, "threshold", "positive" if self.sae else "quantile")
        for name, known in CHOICES.items():
            if (value := getattr(self, name)) not in known:
                raise UsageError(f"{name} is {' or '.join(known)}, not {value!r}{did_you_mean(str(value), known)}")
        if not 0 < self.quantile < 1:
            raise UsageError(f"the quantile is a share between 0 and 1, such as 0.01, not {self.quantile}")
        for name, least in (("batch_size", 1), ("top_sentences", 0), ("window_overlap", 0), ("window", 1)):
            if (value := getattr(self, name)) is not None and value < least:
                raise UsageError(f"{name} must be at least {least}, not {value}")
        check_folds(self.folds, self.fold_seed)
        if not self.layers or len(set(self.layers)) < len(self.layers):
            raise UsageError("name at least one layer, and each once")
        if self.sae and len(self.sae) != len(self.layers):
            raise UsageError(
                f"{len(self.sae)} autoencoders for {len(self.layers)} layers; name one --sae for each --layer"
            )
        if self.sae and self.threshold != "positive":
            raise UsageError("latents of --sae are active above 0: leave --threshold away")


@dataclass(frozen=True)
class TokenConceptSettings:
    """Which concepts are made of words; the text at a field is its option's help.

    concepts: None for all families that the corpus has something for.
    """

    concepts: Annotated[
        str | None,
        "Families, each with the most concepts that it may give: word:2000,upos,regex:FILE,package.module:factory.  "
        "Default: all that the corpus has.",
    ] = None
    min_points: Annotated[int, "A concept holds on at least so many points."] = 25
    neighbours: Neighbours = 0
    neighbours_with_word: WithWord = False

    def __post_init__(self) -> None:
        from ...solver.errors import UsageError

        if self.min_points < 1:
            raise UsageError(f"min_points must be at least 1, not {self.min_points}")
        if not 0 <= self.neighbours <= MAX_NEIGHBOURS:
            raise UsageError(f"neighbours must be from 0 to {MAX_NEIGHBOURS:,}, not {self.neighbours}")
