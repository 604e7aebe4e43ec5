"""A shard of a probe of words: the values of some batches of windows, and the concepts of their words.

| array | type, shape | |
|---|---|---|
| `numbers` | int64 (n,) | which points, in the order that the network saw them in |
| `values` | float32 (n, n_units) | of all layers, one after the other |
| `sentences`, `starts`, `ends` | int32 (n,) | of each point its sentence, and its characters in it |
| `rows_indptr`, `rows_indices` | int64 (n + 1,), int32 | the concepts of each point |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from ...solver.errors import DataError, UsageError
from ..progress import Progress, silent
from ..schema import Count, Strict
from ..shard import Shard
from ..shard_folder import AGAIN, StoredShard, new_shard
from ..store import Probe
from ..text.vectors import WordVectors
from .concepts import TokenConcepts
from .loading import LoadedTokenModel
from .probe_words import count_words
from .seen_words import AT_ONCE, Blocks, Totals, keep_values
from .sentences import Corpus
from .token_settings import TokenConceptSettings, TokenSettings
from .word_subject import Made, WordSubject, subject_of

KIND = "tokens"
PLACES = ("sentences", "starts", "ends")


class WordWhole(Strict):
    """whole.json of a word probe's shards: a `WordSubject`.  inputs: how many points there are in all."""

    about: dict[str, Any]
    names: dict[str, list[str]]
    sentence_documents: list[Count]
    concept_names: list[str]
    concept_categories: list[str]
    concept_notes: list[str]
    n_left_out: Count
    inputs: Count


class WordOwn(Strict):
    """own.json of a word probe's shard: the layers that gave values, and how many units each has."""

    layers: list[str]
    widths: list[Count]


def check_shard(settings: TokenSettings) -> None:
    """Refuse what cannot be split."""
    if settings.sae:
        raise UsageError(
            "--sae cannot be split by --shard: how much an autoencoder explains is known with all words only"
        )


def save_word_shard(
    model: LoadedTokenModel,
    corpus: Corpus,
    concept_settings: TokenConceptSettings,
    settings: TokenSettings,
    shard: Shard,
    path: Path,
    *,
    vectors: WordVectors | None = None,
    made: Made | None = None,
    force: bool = False,
    on_progress: Progress = silent,
) -> int:
    """Show the shard's batches to the network, and keep what `merge` needs of them; give how many points they have."""
    check_shard(settings)
    subject, windows = subject_of(model, corpus, concept_settings, settings, vectors, made or Made(), on_progress)
    with keep_values(
        model, windows, settings, shard=shard, units_of={}, spill_folder=path.parent, on_progress=on_progress
    ) as kept:
        numbers = kept.numbers
        own = {"layers": list(kept.widths), "widths": list(kept.widths.values())}
        with new_shard(path, KIND, shard, len(numbers), _whole(subject), own, force=force) as writer:
            shape = (len(numbers), sum(kept.widths.values()))
            writer.array("numbers", numbers)
            writer.rows("values", "<f4", shape, (values for _, values in kept.blocks()))
            for name in PLACES:
                writer.array(name, getattr(subject, name)[numbers])
            indptr, indices = subject.concepts.of(subject.rows[numbers])
            writer.array("rows_indptr", indptr.astype(np.int64))
            writer.array("rows_indices", indices.astype(np.int32))
        return len(numbers)


def _whole(subject: WordSubject) -> dict[str, Any]:
    return {
        "about": dict(subject.about),
        "names": dict(subject.names),
        "sentence_documents": subject.sentence_documents.tolist(),
        "concept_names": list(subject.concepts.names),
        "concept_categories": list(subject.concepts.categories),
        "concept_notes": list(subject.concepts.notes),
        "n_left_out": subject.n_left_out,
        "inputs": len(subject),
    }


def merged_words(shards: Sequence[StoredShard], folder: Path | None = None, on_progress: Progress = silent) -> Probe:
    """The probe of all shards.  folder: as `count_words` takes it."""
    stored = [shard for shard in shards if shard.inputs]
    widths = _widths(stored)
    subject = _subject(stored)

    def blocks() -> Blocks:
        for shard in stored:
            numbers = shard.array("numbers", "<i8", shard.inputs)
            values = shard.array("values", "<f4", shard.inputs, sum(widths.values()))
            for start in range(0, shard.inputs, AT_ONCE):
                yield numbers[start : start + AT_ONCE], values[start : start + AT_ONCE]

    totals = Totals(subject.sentences, len(subject.sentence_documents), subject.settings)
    for numbers, values in blocks():
        totals.add(numbers, values)
    return count_words(subject, totals.seen(widths, blocks), (), folder, on_progress)


def _widths(shards: Sequence[StoredShard]) -> dict[str, int]:
    said = [shard.own_as(WordOwn) for shard in shards]
    found = [dict(zip(own.layers, own.widths)) for own in said]
    for shard, widths in zip(shards, found):
        if list(widths.items()) != list(found[0].items()):
            raise DataError(
                f"layers give {found[0]} units in {shards[0].path} and {widths} in {shard.path}; "
                "units must not depend on texts"
            )
    return found[0]


def _subject(shards: Sequence[StoredShard]) -> WordSubject:
    """All points, in their order; `DataError` where one is missing or there twice."""
    first = shards[0]
    said = first.whole_as(WordWhole)
    numbers = np.concatenate([shard.array("numbers", "<i8", shard.inputs) for shard in shards])
    order = np.argsort(numbers, kind="stable")
    if not np.array_equal(numbers[order], np.arange(said.inputs)):
        raise DataError(f"{len(numbers)} points are not the numbers from 0 to {said.inputs - 1}, each once; {AGAIN}")
    places = {
        name: np.concatenate([shard.array(name, "<i4", shard.inputs) for shard in shards])[order] for name in PLACES
    }
    n_sentences = len(said.sentence_documents)
    if not 0 <= places["sentences"].min() <= places["sentences"].max() < n_sentences:
        raise DataError(f"the shards' points are not of the {n_sentences} sentences that they name; {AGAIN}")
    return WordSubject(
        said.about,
        _settings(first, said.about),
        said.names,
        np.array(said.sentence_documents, dtype=np.int32),
        places["sentences"],
        places["starts"],
        places["ends"],
        _concepts(shards, said),
        order,
        said.n_left_out,
    )


def _concepts(shards: Sequence[StoredShard], said: WordWhole) -> TokenConcepts:
    """A row for each point, in the order of the shards."""
    sizes, indices = [np.zeros(1, dtype=np.int64)], []
    for shard in shards:
        ends = shard.array("rows_indptr", "<i8", shard.inputs + 1)
        sizes.append(np.diff(ends))
        indices.append(shard.array("rows_indices", "<i4", int(ends[-1])))
    return TokenConcepts(
        tuple(said.concept_names),
        tuple(said.concept_categories),
        np.cumsum(np.concatenate(sizes)),
        np.concatenate(indices),
        tuple(said.concept_notes),
    )


def _settings(shard: StoredShard, about: Mapping[str, Any]) -> TokenSettings:
    try:
        said = ((field.name, about["settings"][field.name]) for field in fields(TokenSettings))
        known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said}
        return TokenSettings(**known)
    except (KeyError, TypeError, UsageError) as error:
        raise DataError(f"{shard.path} has settings that are none: {str(error)[:200]}; {AGAIN}") from None
