"""The first pass of a probe of sentence pairs: the network, and all that the counts need of the pairs.

What comes after needs neither the model nor the file of pairs.  A shard is a portion of the batches that a single run
makes, so that the network computes the same numbers.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ...solver.errors import DataError, UsageError
from ..devices import choose_device
from ..layers import final_linear
from ..progress import Progress
from ..shard import Shard
from ..text.concepts import PairConcepts
from ..text.labels import for_classes
from ..text.language import AnalysedPair
from ..text.pairs import Pairs
from ..versions import PACKAGES, versions
from ..watching import evaluating
from .loading import LoadedPairModel
from .nli_settings import NliSettings
from .predicting import by_length, predict
from .responses import layer_values
from .seeding import seeded


@dataclass(frozen=True)
class Origin:
    """What else a probe says of how it was made.

    made_with: how tokens, tags and concepts were.  inputs: digests of other files that went in.  notes: sentences.
    """

    made_with: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class PairSubject:
    """What is probed and how: all that is not of single pairs.

    model, dataset: their names.  concept_names, concept_categories: of all pairs.  linear: of the last linear layer,
    where it comes after the probed one, its name, and float32 (n_classes, n_features); only of whole units.
    made_with: beside the settings.  inputs: digests of what went in.  notes: on all of these.
    """

    model: str
    class_names: tuple[str, ...]
    linear: tuple[str, np.ndarray] | None
    dataset: str
    n_pairs: int
    concept_names: tuple[str, ...]
    concept_categories: tuple[str, ...]
    settings: NliSettings
    made_with: dict[str, Any]
    inputs: dict[str, str]
    notes: tuple[str, ...]
    versions: dict[str, str]


@dataclass(frozen=True, eq=False)
class SeenPairs:
    """Some of the pairs.

    numbers: int64 (n,), ascending: which.  values: float32 (n, n_units), of the layer.  logits: float32 (n, n_classes),
    in evaluation mode.  rows: the concepts of each.  names: by kind, the texts and labels of each.
    """

    numbers: np.ndarray
    values: np.ndarray
    logits: np.ndarray
    rows: Sequence[tuple[int, ...]]
    names: dict[str, list[Any]]


def check_shard(settings: NliSettings, shard: Shard) -> None:
    """Refuse to split what is one sequence of random numbers."""
    if settings.mode == "train" and shard.of > 1:
        raise UsageError(
            "--mode train cannot be split by --shard: its dropout is one sequence of random numbers over all batches; "
            "leave --shard away, or take --mode eval"
        )


def see_pairs(
    model: LoadedPairModel,
    pairs: Pairs,
    analysed: Sequence[AnalysedPair],
    concepts: PairConcepts,
    settings: NliSettings,
    origin: Origin,
    shard: Shard,
    on_progress: Progress,
) -> tuple[PairSubject, SeenPairs]:
    """The pairs of a shard, shown to the network.  analysed, concepts: of all pairs."""
    if not len(analysed) == len(concepts.rows) == len(pairs):
        raise UsageError(f"{len(pairs)} pairs, {len(analysed)} analysed ones and {len(concepts.rows)} rows of concepts")
    if not len(pairs):
        raise DataError(f"{pairs.name} has no pair; at least one is needed")
    check_shard(settings, shard)
    settings = replace(settings, batch_size=settings.batch_size or (64 if settings.mode == "eval" else 16))
    premises, hypotheses = [pair.premise.tokens for pair in analysed], [pair.hypothesis.tokens for pair in analysed]
    numbers, values, logits = _run(model, premises, hypotheses, settings, shard, on_progress)
    names = _names(pairs, analysed, numbers.tolist(), model.class_names)
    seen = SeenPairs(numbers, values, logits, [concepts.rows[i] for i in numbers], names)
    return _subject(model, pairs, concepts, settings, origin), seen


def _subject(
    model: LoadedPairModel, pairs: Pairs, concepts: PairConcepts, settings: NliSettings, origin: Origin
) -> PairSubject:
    linear = final_linear(model.module) if settings.ranges is None else None
    return PairSubject(
        "/".join(Path(model.name).parts[-2:]),
        tuple(model.class_names),
        linear if linear is not None and linear[0] != settings.layer else None,
        Path(pairs.name).name,
        len(pairs),
        concepts.names,
        concepts.categories,
        settings,
        {**asdict(settings), "device": str(choose_device(settings.device)), **origin.made_with},
        {"model weights": model.digest, "pairs": pairs.digest, **origin.inputs},
        (*model.notes, *pairs.notes, *_about_labels(model, pairs), *concepts.notes, *origin.notes),
        versions((*PACKAGES, "spacy", "transformers")),
    )


def _about_labels(model: LoadedPairModel, pairs: Pairs) -> list[str]:
    if for_classes([pair.label for pair in pairs.pairs], model.class_names) is not None:
        return []
    classes = ", ".join(model.class_names)
    return [f"The pairs' labels are not the model's classes, {classes}, so no pair has a target (--labels FILE)."]


def _names(
    pairs: Pairs, analysed: Sequence[AnalysedPair], numbers: Sequence[int], classes: Sequence[str]
) -> dict[str, list[Any]]:
    targets = for_classes([pair.label for pair in pairs.pairs], classes) or [None] * len(pairs)
    return {
        "premises": [pairs.pairs[i].premise.text for i in numbers],
        "hypotheses": [pairs.pairs[i].hypothesis.text for i in numbers],
        "premise_tokens": [" ".join(analysed[i].premise.tokens) for i in numbers],
        "hypothesis_tokens": [" ".join(analysed[i].hypothesis.tokens) for i in numbers],
        "keys": [pairs.pairs[i].key for i in numbers],
        "targets": [targets[i] for i in numbers],
    }


def _run(
    model: LoadedPairModel,
    premises: list[tuple[str, ...]],
    hypotheses: list[tuple[str, ...]],
    settings: NliSettings,
    shard: Shard,
    on_progress: Progress,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the shard's pairs their numbers, the layer's activations, and the scores in evaluation mode, as in
    `SeenPairs`."""
    assert settings.batch_size is not None
    if settings.mode == "train":
        logits = predict(
            model,
            premises,
            hypotheses,
            device=settings.device,
            batch_size=settings.batch_size,
            on_progress=lambda what, done, total: on_progress("predicting", done, total),
        )
        learner = replace(model, module=copy.deepcopy(model.module))  # BatchNorm changes itself
        batches = _in_order(len(premises), settings.batch_size)
        with _learning(learner.module, settings.seed):
            values, _ = layer_values(
                learner, premises, hypotheses, batches, settings.layer, settings.device, on_progress
            )
            return np.arange(len(values)), values, logits
    batches = by_length(premises, hypotheses, settings.batch_size)
    portion = shard.portion(len(batches))
    batches = batches[portion.start : portion.stop]
    if not batches:
        return np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros((0, len(model.class_names)), np.float32)
    with evaluating(model.module):
        values, logits = layer_values(
            model, premises, hypotheses, batches, settings.layer, settings.device, on_progress
        )
    numbers = np.sort(np.concatenate(batches))
    # All of them are in order already.
    return (numbers, values, logits) if len(numbers) == len(values) else (numbers, values[numbers], logits[numbers])


def _in_order(n: int, batch_size: int) -> list[np.ndarray]:
    """Batches in the order of the file; none is of one pair, over which BatchNorm cannot take a variance."""
    batches = [np.arange(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return batches


@contextmanager
def _learning(module: nn.Module, seed: int) -> Iterator[None]:
    """Within this the module is in training mode, dropout has its own seed, and no gradients are kept."""
    module.train()
    with seeded(seed), torch.no_grad():
        yield
