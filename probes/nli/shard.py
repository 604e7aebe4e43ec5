"""A shard of a probe of sentence pairs: some batches of them, as the network and the concepts have them.

| array | type, shape | |
|---|---|---|
| `numbers` | int64 (n,) | which pairs, ascending |
| `values` | float32 (n, n_units) | of the layer |
| `logits` | float32 (n, n_classes) | in evaluation mode |
| `rows_indptr`, `rows_indices` | int64 (n + 1,), int32 | the concepts of each pair |
| `class_weights` | float32 (n_classes, n_features) | where a linear layer comes after the probed one |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ...solver.errors import DataError, UsageError
from ..progress import Progress, silent
from ..schema import Count, Strict
from ..shard import Shard
from ..shard_folder import AGAIN, StoredShard, new_shard
from ..store import Probe
from .nli_settings import NliSettings
from .probe import count_pairs
from .seen_pairs import PairSubject, SeenPairs

KIND = "nli"


class PairWhole(Strict):
    """whole.json of an nli probe's shards: a `PairSubject`.  inputs: how many pairs there are in all."""

    model: str
    class_names: list[str]
    linear: str | None
    dataset: str
    inputs: Count
    concept_names: list[str]
    concept_categories: list[str]
    settings: dict[str, Any]
    made_with: dict[str, Any]
    digests: dict[str, str]
    notes: list[str]
    versions: dict[str, str]


class PairOwn(Strict):
    """own.json of an nli probe's shard: its pairs' texts, tokens, keys and labels."""

    premises: list[str]
    hypotheses: list[str]
    premise_tokens: list[str]
    hypothesis_tokens: list[str]
    keys: list[str]
    targets: list[str | None]


def save_pair_shard(subject: PairSubject, seen: SeenPairs, shard: Shard, path: Path, *, force: bool = False) -> None:
    """Keep what `merge` needs of a shard's pairs."""
    with new_shard(path, KIND, shard, len(seen.numbers), _whole(subject), seen.names, force=force) as writer:
        writer.array("numbers", seen.numbers)
        writer.array("values", seen.values)
        writer.array("logits", seen.logits)
        writer.sets("rows", seen.rows)
        if subject.linear is not None:
            writer.array("class_weights", subject.linear[1])


def _whole(subject: PairSubject) -> dict[str, Any]:
    return {
        "model": subject.model,
        "class_names": subject.class_names,
        "linear": subject.linear[0] if subject.linear else None,
        "dataset": subject.dataset,
        "inputs": subject.n_pairs,
        "concept_names": subject.concept_names,
        "concept_categories": subject.concept_categories,
        "settings": asdict(subject.settings),
        "made_with": subject.made_with,
        "digests": subject.inputs,
        "notes": subject.notes,
        "versions": subject.versions,
    }


def merged_pairs(shards: Sequence[StoredShard], folder: Path | None = None, on_progress: Progress = silent) -> Probe:
    """The probe of all shards.  folder: as `count_pairs` takes it."""
    return count_pairs(_subject(shards[0]), [_seen(shard) for shard in shards], folder, on_progress)


def _subject(shard: StoredShard) -> PairSubject:
    said = shard.whole_as(PairWhole)
    try:
        settings = NliSettings(**said.settings)
    except (TypeError, UsageError) as error:
        raise DataError(f"{shard.path} has settings that are none: {str(error)[:200]}; {AGAIN}") from None
    return PairSubject(
        said.model,
        tuple(said.class_names),
        None if said.linear is None else (said.linear, np.array(shard.array("class_weights", "<f4", None, None))),
        said.dataset,
        said.inputs,
        tuple(said.concept_names),
        tuple(said.concept_categories),
        settings,
        said.made_with,
        said.digests,
        tuple(said.notes),
        said.versions,
    )


def _seen(shard: StoredShard) -> SeenPairs:
    names = shard.own_as(PairOwn).model_dump()
    if any(len(of_pairs) != shard.inputs for of_pairs in names.values()):
        raise DataError(f"{shard.path} does not name its {shard.inputs} pairs; {AGAIN}")
    return SeenPairs(
        shard.array("numbers", "<i8", shard.inputs),
        shard.array("values", "<f4", shard.inputs, None),
        shard.array("logits", "<f4", shard.inputs, None),
        shard.sets("rows", shard.inputs),
        names,
    )
