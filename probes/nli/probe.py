"""Probe a sentence-pair model: on which pairs each unit is active, counted by the concepts that the pairs have.

A point is a pair (Mu and Andreas 2020, section 3).  Beside the cells, the probe keeps these for later questions:

| array | type, shape | |
|---|---|---|
| `thresholds` | float64 (n_units,) | active means strictly above |
| `unit_active` | uint8 (n_pairs, ceil(n_units / 8)) | packed bits: which units are active on the pair |
| `point_cells` | int32 (n_pairs,) | the cell of each pair |
| `predictions`, `logits` | int64 (n_pairs,), float32 (n_pairs, n_classes) | in evaluation mode |
| `class_weights` | float32 (n_classes, n_units) | where the last linear layer takes as many values as the layer has |
| `top_pairs`, `top_values` | int32, float32 (n_units, k) | the pairs with the highest activations, highest first |
| `upper_edges` | float64 (n_units,) | only of ranges (`probes/ranges.py`): active means at or below, too |
| `activation_...` | see `probes/kept_activations.py` | with `keep_activations` |

Where units are split into ranges, every array has a column or row for each range, `top_pairs` has pairs of the range
first, and there are no `class_weights`: the model's weights are of whole units.

The network is run over the pairs first (`seen_pairs.py`), a portion of them at a time where they are shards.

Names: `premises`, `hypotheses` (texts), `premise_tokens`, `hypothesis_tokens` (joined by blanks), `keys`, `targets`
(a label or None), `classes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...solver.cells import CellBuilder, Cells
from ...solver.errors import DataError
from ...solver.unit_counts import UnitCounts
from ..folding import FoldTally
from ..kept_activations import activation_arrays, fold_array
from ..progress import Progress, silent
from ..ranges import highest_in_ranges, ranged_units
from ..shard import Shard
from ..store import Probe
from ..text.concepts import PairConcepts
from ..text.language import AnalysedPair
from ..text.pairs import Pairs
from ..thresholds import TopQuantile, as_float32_below
from .loading import LoadedPairModel
from .nli_settings import NliSettings
from .seen_pairs import Origin, PairSubject, SeenPairs, see_pairs

AT_ONCE = 4096


def probe_nli(
    model: LoadedPairModel,
    pairs: Pairs,
    analysed: Sequence[AnalysedPair],
    concepts: PairConcepts,
    settings: NliSettings,
    on_progress: Progress = silent,
    origin: Origin | None = None,
    folder: Path | None = None,
) -> Probe:
    """Count every unit of the layer against every concept of the pairs.

    analysed: of the same pairs, in their order; the model gets these tokens.  folder: as `count_pairs` takes it.
    """
    subject, seen = see_pairs(model, pairs, analysed, concepts, settings, origin or Origin(), Shard(), on_progress)
    return count_pairs(subject, [seen], folder, on_progress)


def count_pairs(
    subject: PairSubject, seen: Sequence[SeenPairs], folder: Path | None = None, on_progress: Progress = silent
) -> Probe:
    """The probe of pairs that were shown to the network.

    seen: each pair once, in any order.  folder: where activations that are kept lie until they are saved.
    """
    settings, pairs = subject.settings, _joined(subject, seen)
    units, is_active, of_units = _units(pairs.values, settings)
    cells, of_points = _count(subject, pairs, units, is_active, on_progress)
    arrays = {
        **of_units,
        **of_points,
        "unit_active": np.packbits(is_active, axis=1),
        "predictions": pairs.logits.argmax(axis=1).astype(np.int64),
        "logits": pairs.logits,
    }
    if settings.keep_activations:
        n_pairs, n_units = pairs.values.shape
        arrays |= activation_arrays(lambda: [(slice(None), pairs.values)], n_pairs, n_units, folder)
    feeds = subject.linear is not None and subject.linear[1].shape == (pairs.logits.shape[1], pairs.values.shape[1])
    if subject.linear is not None and feeds:
        arrays["class_weights"] = subject.linear[1]
    about = _about(subject)
    about["final_linear"] = subject.linear[0] if subject.linear is not None and feeds else None
    about["notes"] = [*subject.notes, *_notes(cells, settings)]
    return Probe(cells, about, pairs.names | {"classes": list(subject.class_names)}, arrays)


def _joined(subject: PairSubject, seen: Sequence[SeenPairs]) -> SeenPairs:
    """All pairs, in their order; `DataError` where one is missing, there twice, or has other units."""
    seen = [each for each in seen if len(each.numbers)]
    numbers = np.concatenate([each.numbers for each in seen])
    order = np.argsort(numbers, kind="stable")
    if not np.array_equal(numbers[order], np.arange(subject.n_pairs)):
        raise DataError(f"{len(numbers)} pairs are not the numbers from 0 to {subject.n_pairs - 1}, each once")
    if len(units := {each.values.shape[1] for each in seen}) > 1:
        raise DataError(
            f"layer {subject.settings.layer} gives {' and '.join(map(str, sorted(units)))} units; "
            "units must not depend on the sentences' length"
        )
    if len(seen) == 1:
        return seen[0]
    rows = [row for each in seen for row in each.rows]
    names = {kind: [name for each in seen for name in each.names[kind]] for kind in seen[0].names}
    return SeenPairs(
        numbers[order],
        np.concatenate([each.values for each in seen])[order],
        np.concatenate([each.logits for each in seen])[order],
        [rows[i] for i in order],
        {kind: [of_pairs[i] for i in order] for kind, of_pairs in names.items()},
    )


def _units(values: np.ndarray, settings: NliSettings) -> tuple[Sequence[str], np.ndarray, dict[str, np.ndarray]]:
    """The units' names, bool (n_pairs, n_units), where they are active, and their arrays."""
    thresholds = _thresholds(values, settings)
    names = [str(unit) for unit in range(values.shape[1])]
    if settings.ranges is not None:
        ranged = ranged_units(values, names, settings.ranges, settings.ranges_by, thresholds)
        top_pairs, top_values = highest_in_ranges(values, ranged, settings.top_pairs)
        edges = {"thresholds": ranged.edges[:, :-1].ravel(), "upper_edges": ranged.edges[:, 1:].ravel()}
        return ranged.names, ranged.is_active, {**edges, "top_pairs": top_pairs, "top_values": top_values}
    order = np.argsort(-values, axis=0, kind="stable")[: settings.top_pairs].T
    top_pairs, top_values = np.ascontiguousarray(order, dtype=np.int32), np.take_along_axis(values.T, order, axis=1)
    arrays = {"thresholds": thresholds, "top_pairs": top_pairs, "top_values": top_values}
    return names, values > as_float32_below(thresholds), arrays


def _thresholds(values: np.ndarray, settings: NliSettings) -> np.ndarray:
    """float64 (n_units,)."""
    if settings.threshold == "positive":
        return np.zeros(values.shape[1])
    top = TopQuantile(values.shape[1], len(values), settings.quantile)
    for start in range(0, len(values), AT_ONCE):
        top.add(np.ascontiguousarray(values[start : start + AT_ONCE].T))
    return top.thresholds()


def _count(
    subject: PairSubject,
    pairs: SeenPairs,
    units: Sequence[str],
    is_active: np.ndarray,
    on_progress: Progress,
) -> tuple[Cells, dict[str, np.ndarray]]:
    """The cells, and what is kept of pairs: the cell of each, and where they are asked for their folds."""
    builder = CellBuilder(subject.concept_names, subject.concept_categories, units)
    folds = FoldTally(subject.settings, pairs.names["keys"], len(units))
    ids = []
    for start in range(0, len(is_active), AT_ONCE):
        rows = pairs.rows[start : start + AT_ONCE]
        once, active = np.ones(len(rows), dtype=np.int64), UnitCounts.of_matrix(is_active[start : start + AT_ONCE])
        ids.append(builder.add(rows, once, active))
        folds.add(np.arange(start, start + len(rows)), ids[-1], once, active)
        on_progress("counting", start + len(rows), len(is_active))
    cells, place = builder.cells()
    of_points = {"point_cells": place[np.concatenate(ids)].astype(np.int32)} | folds.arrays(cells, place)
    if subject.settings.keep_activations:
        of_points |= fold_array(folds.of_points(np.arange(len(is_active))))
    return cells, of_points


def _about(subject: PairSubject) -> dict[str, Any]:
    return {
        "kind": "nli",
        "model": subject.model,
        "layer": subject.settings.layer,
        "dataset": subject.dataset,
        "settings": subject.made_with,
        "versions": subject.versions,
        "inputs": subject.inputs,
    }


def _notes(cells: Cells, settings: NliSettings) -> list[str]:
    """What a reader of the results should know."""
    notes = []
    if settings.mode == "train":
        notes.append(
            "Probed in training mode, as the paper's code does: dropout and BatchNorm over each batch make the masks "
            f"random (seed {settings.seed}); predictions and scores are those of evaluation mode."
        )
    occurring = np.bincount(cells.concepts.indices, minlength=len(cells.concepts.names)) > 0
    if absent := int((~occurring).sum()):
        notes.append(f"{absent} of {len(occurring)} concepts hold for no pair.")
    totals = cells.active.totals
    for count, what in ((totals == 0, "no pair"), (totals == cells.n_points, "every pair")):
        if n := int(count.sum()):
            notes.append(f"{n} of {len(totals)} units are active on {what}.")
    if few := int((totals < settings.min_active).sum()):
        notes.append(
            f"{few} of {len(totals)} units are active on fewer than {settings.min_active} pairs (min_active); "
            "searches skip them."
        )
    return notes
