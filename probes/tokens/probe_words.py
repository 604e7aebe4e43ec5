"""Probe a transformer on words: on which of them each unit is active, counted by the concepts that they have.

A point is a word, or a sub-word.  Beside the cells, the probe keeps these for later questions:

| array | type, shape | |
|---|---|---|
| `thresholds` | float64 (n_units,) | active means strictly above |
| `unit_active` | uint8 (n_points, ceil(n_units / 8)) | packed bits: which units are active on the point |
| `point_cells` | int32 (n_points,) | the cell of each point |
| `point_sentences` | int32 (n_points,) | the sentence of each, ascending |
| `point_starts`, `point_ends` | int32 (n_points,) | its characters in the sentence |
| `sentence_documents` | int32 (n_sentences,) | the document of each sentence |
| `top_sentences` | int32 (n_units, k) | those with the highest value, highest first |
| `top_indptr`, `top_values` | int64 (n_units * k + 1,), float32 | the unit's value on each point of these |
| `histogram` | int32 (n_units, 40) | how many values in each fortieth from the lowest to the highest |
| `lowest`, `highest` | float32 (n_units,) | of the unit's values |

Names: `sentences` (texts), `keys` (of sentences), `documents`.

The network is run first (`seen_words.py`); what it gave then streams by once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...solver.cells import CellBuilder, Cells
from ..progress import Progress, silent
from ..store import Probe
from ..text.vectors import WordVectors
from ..thresholds import as_float32_below
from ..versions import PACKAGES, versions
from .concepts import TokenConcepts, token_concepts
from .families import families_of
from .loading import LoadedTokenModel
from .seen_words import SeenWords, UnitsOf, see_words
from .sentences import Corpus
from .shown_values import ShownValues
from .token_settings import TokenConceptSettings, TokenSettings
from .windows import Points, plan
from .words import Words


@dataclass(frozen=True)
class Made:
    """What else a probe says of how it was made.  inputs: digests of other files that went in.

    notes: what there is to say once all values were seen.
    """

    made_with: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: Callable[[], Sequence[str]] = tuple


def probe_tokens(
    model: LoadedTokenModel,
    corpus: Corpus,
    concept_settings: TokenConceptSettings,
    settings: TokenSettings,
    *,
    vectors: WordVectors | None = None,
    units_of: Mapping[str, UnitsOf] | None = None,
    made: Made | None = None,
    spill_folder: Path | None = None,
    on_progress: Progress = silent,
) -> Probe:
    """Count every unit of the layers against every concept of the words.

    units_of: by layer, what makes its units of its values.  spill_folder: where the values lie between the passes
    (4 bytes a value; they are gone afterwards).  The units of one layer are named `0`, `1`, ...; of several `layer:0`.
    """
    words = Words.of(corpus)
    asked = families_of(words, concept_settings.concepts)
    windows, points = plan(model, words, settings, on_progress)
    concepts = token_concepts(words, asked, concept_settings, np.bincount(points.words, minlength=len(words)), vectors)
    with see_words(
        model, words, windows, points, settings,
        units_of=units_of or {}, spill_folder=spill_folder, on_progress=on_progress,
    ) as seen:  # fmt: skip
        cells, arrays = _count(seen, words, points, concepts, settings, on_progress)
    arrays |= _places(words, points)
    families = ",".join(family.name + (f":{family.most}" if family.most else "") for family in asked)
    about = _about(model, corpus, {**asdict(concept_settings), "concepts": families}, settings, vectors, made or Made())
    about["notes"] += [*concepts.notes, *_notes(cells, points, settings)]
    names = {
        "sentences": [sentence.text for sentence in corpus.sentences],
        "keys": [sentence.key for sentence in corpus.sentences],
        "documents": [corpus.sentences[first].document for first in words.documents[:-1]],
    }
    return Probe(cells, about, names, arrays)


def _count(
    seen: SeenWords,
    words: Words,
    points: Points,
    concepts: TokenConcepts,
    settings: TokenSettings,
    on_progress: Progress,
) -> tuple[Cells, dict[str, np.ndarray]]:
    """The cells, and the arrays of points and units."""
    above = as_float32_below(seen.thresholds)
    builder = CellBuilder(concepts.names, concepts.categories, seen.units)
    shown = ShownValues(seen, words.sentence_of[points.words], settings.top_sentences)
    packed = np.zeros((len(points), -(-len(seen.units) // 8)), dtype=np.uint8)
    ids = np.zeros(len(points), dtype=np.int64)
    done = 0
    for numbers, values in seen:
        is_active = values > above
        packed[numbers] = np.packbits(is_active, axis=1)
        indptr, indices = concepts.of(points.words[numbers])
        ids[numbers] = builder.add_rows(indptr, indices, np.ones(len(numbers), np.int64), is_active)
        shown.add(numbers, values)
        done += len(numbers)
        on_progress("counting", done, len(points))
    cells, place = builder.cells()
    arrays = {"thresholds": seen.thresholds, "unit_active": packed, "point_cells": place[ids].astype(np.int32)}
    return cells, arrays | shown.arrays()


def _places(words: Words, points: Points) -> dict[str, np.ndarray]:
    documents = np.repeat(np.arange(len(words.documents) - 1, dtype=np.int32), np.diff(words.documents))
    return {
        "point_sentences": words.sentence_of[points.words],
        "point_starts": points.starts,
        "point_ends": points.ends,
        "sentence_documents": documents,
    }


def _about(
    model: LoadedTokenModel,
    corpus: Corpus,
    concepts: Mapping[str, Any],
    settings: TokenSettings,
    vectors: WordVectors | None,
    made: Made,
) -> dict[str, Any]:
    found = {} if vectors is None else {"vectors": vectors.digest}
    return {
        "kind": "tokens",
        "model": "/".join(Path(model.name).parts[-2:]),
        "layer": ",".join(settings.layers),
        "dataset": corpus.name,
        "settings": {
            **asdict(settings),
            "layers": list(settings.layers),
            "concepts": dict(concepts),
            "annotations": corpus.made_with,
            **made.made_with,
        },
        "versions": versions((*PACKAGES, "spacy", "transformers", "tokenizers")),
        "inputs": {"model weights": model.digest, **corpus.digests, **found, **made.inputs},
        "notes": [*model.notes, *corpus.notes, *(() if vectors is None else vectors.notes), *made.notes()],
    }


def _notes(cells: Cells, points: Points, settings: TokenSettings) -> list[str]:
    """What a reader of the results should know."""
    notes = []
    if points.n_left_out:
        notes.append(f"{points.n_left_out:,} words have no sub-word of the model's and are left out.")
    totals = cells.active.totals
    for count, what in ((totals == 0, "no point"), (totals == cells.n_points, "every point")):
        if n := int(count.sum()):
            notes.append(f"{n} of {len(totals)} units are active on {what}.")
    expected = settings.quantile * cells.n_points
    if settings.threshold == "quantile" and (n := int(((totals > 0) & (totals < expected / 2)).sum())):
        notes.append(
            f"{n} of {len(totals)} units have one value on so many points that fewer than half of the {expected:,.0f} "
            "asked for (--quantile) are above their threshold: a high IoU of such a unit may rest on few points."
        )
    return notes
