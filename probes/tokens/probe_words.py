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
| `activation_...` | see `probes/kept_activations.py` | with `keep_activations` |

Names: `sentences` (texts), `keys` (of sentences), `documents`.

The network is run first (`seen_words.py`); what it gave then streams by once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ...solver.cells import CellBuilder, Cells
from ...solver.unit_counts import UnitCounts
from ..folding import FoldTally
from ..kept_activations import activation_arrays, fold_array
from ..progress import Progress, silent
from ..store import Probe
from ..text.vectors import WordVectors
from ..thresholds import as_float32_below
from .loading import LoadedTokenModel
from .seen_words import SeenWords, Totals, UnitsOf, keep_values
from .sentences import Corpus
from .shown_values import ShownValues
from .token_settings import TokenConceptSettings, TokenSettings
from .word_subject import Made, WordSubject, subject_of


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
    made = made or Made()
    subject, windows = subject_of(model, corpus, concept_settings, settings, vectors, made, on_progress)
    totals = Totals(subject.sentences, len(corpus.sentences), settings)
    with keep_values(
        model, windows, settings,
        units_of=units_of or {}, spill_folder=spill_folder, on_values=totals.add, on_progress=on_progress,
    ) as kept:  # fmt: skip
        return count_words(subject, totals.seen(kept.widths, kept.blocks), made.notes(), spill_folder, on_progress)


def count_words(
    subject: WordSubject,
    seen: SeenWords,
    said: Sequence[str],
    folder: Path | None = None,
    on_progress: Progress = silent,
) -> Probe:
    """The probe of words that were shown to the network.

    said: what there is to say of their values.  folder: where activations that are kept lie until they are saved.
    """
    cells, arrays = _count(subject, seen, on_progress)
    if subject.settings.keep_activations:
        arrays |= activation_arrays(seen.blocks, len(subject), len(seen.units), folder)
    arrays |= {
        "point_sentences": subject.sentences,
        "point_starts": subject.starts,
        "point_ends": subject.ends,
        "sentence_documents": subject.sentence_documents,
    }
    notes = [*subject.about["notes"], *said, *subject.concepts.notes, *_notes(cells, subject)]
    return Probe(cells, {**subject.about, "notes": notes}, dict(subject.names), arrays)


def _count(subject: WordSubject, seen: SeenWords, on_progress: Progress) -> tuple[Cells, dict[str, np.ndarray]]:
    """The cells, and the arrays of points and units."""
    above = as_float32_below(seen.thresholds)
    concepts, n_points = subject.concepts, len(subject)
    builder = CellBuilder(concepts.names, concepts.categories, seen.units)
    shown = ShownValues(seen, subject.sentences, subject.settings.top_sentences)
    packed = np.zeros((n_points, -(-len(seen.units) // 8)), dtype=np.uint8)
    ids = np.zeros(n_points, dtype=np.int64)
    folds = FoldTally(subject.settings, subject.dealt, len(seen.units))
    done = 0
    for numbers, values in seen:
        is_active = values > above
        packed[numbers] = np.packbits(is_active, axis=1)
        indptr, indices = concepts.of(subject.rows[numbers])
        once, active = np.ones(len(numbers), np.int64), UnitCounts.of_matrix(is_active)
        ids[numbers] = builder.add_rows(indptr, indices, once, active)
        folds.add(subject.sentences[numbers], ids[numbers], once, active)
        shown.add(numbers, values)
        done += len(numbers)
        on_progress("counting", done, n_points)
    cells, place = builder.cells()
    arrays = {"thresholds": seen.thresholds, "unit_active": packed, "point_cells": place[ids].astype(np.int32)}
    if subject.settings.keep_activations:
        arrays |= fold_array(folds.of_points(subject.sentences))
    return cells, arrays | shown.arrays() | folds.arrays(cells, place)


def _notes(cells: Cells, subject: WordSubject) -> list[str]:
    """What a reader of the results should know."""
    notes, settings = [], subject.settings
    if subject.n_left_out:
        notes.append(f"{subject.n_left_out:,} words have no sub-word of the model's and are left out.")
    if settings.folds is not None and not subject.has_documents:
        notes.append("All words are of one document, so folds are of its sentences, which tell of each other.")
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
