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

Where units are split into ranges, every array has a column or row for each range, `top_pairs` has pairs of the range
first, and there are no `class_weights`: the model's weights are of whole units.

Names: `premises`, `hypotheses` (texts), `premise_tokens`, `hypothesis_tokens` (joined by blanks), `keys`, `targets`
(a label or None), `classes`.
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

from ...solver.cells import CellBuilder, Cells
from ...solver.errors import DataError, UsageError
from ..devices import choose_device
from ..layers import evaluating, final_linear
from ..progress import Progress, silent
from ..ranges import highest_in_ranges, ranged_units
from ..store import Probe
from ..text.concepts import PairConcepts
from ..text.language import AnalysedPair
from ..text.pairs import Pairs
from ..thresholds import TopQuantile, as_float32_below
from ..versions import PACKAGES, versions
from .loading import LoadedPairModel
from .nli_settings import NliSettings
from .predicting import by_length, predict
from .responses import layer_values
from .seeding import seeded

AT_ONCE = 4096


@dataclass(frozen=True)
class Origin:
    """What else a probe says of how it was made.

    made_with: how tokens, tags and concepts were.  inputs: digests of other files that went in.  notes: sentences.
    """

    made_with: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


def probe_nli(
    model: LoadedPairModel,
    pairs: Pairs,
    analysed: Sequence[AnalysedPair],
    concepts: PairConcepts,
    settings: NliSettings,
    on_progress: Progress = silent,
    origin: Origin | None = None,
) -> Probe:
    """Count every unit of the layer against every concept of the pairs.

    analysed: of the same pairs, in their order; the model gets these tokens.
    """
    if not len(analysed) == len(concepts.rows) == len(pairs):
        raise UsageError(f"{len(pairs)} pairs, {len(analysed)} analysed ones and {len(concepts.rows)} rows of concepts")
    if not len(pairs):
        raise DataError(f"{pairs.name} has no pair; at least one is needed")
    origin = origin or Origin()
    settings = replace(settings, batch_size=settings.batch_size or (64 if settings.mode == "eval" else 16))
    premises, hypotheses = [pair.premise.tokens for pair in analysed], [pair.hypothesis.tokens for pair in analysed]
    values, logits = _run(model, premises, hypotheses, settings, on_progress)
    units, is_active, of_units = _units(values, settings)
    cells, point_cells = _count(concepts, units, is_active, on_progress)
    arrays = {
        **of_units,
        "unit_active": np.packbits(is_active, axis=1),
        "point_cells": point_cells,
        "predictions": logits.argmax(axis=1).astype(np.int64),
        "logits": logits,
    }
    linear = final_linear(model.module)
    feeds = linear is not None and linear[1].shape == (logits.shape[1], values.shape[1]) and linear[0] != settings.layer
    feeds = feeds and settings.ranges is None
    if linear is not None and feeds:
        arrays["class_weights"] = linear[1]
    about = _about(model, pairs, settings, origin)
    about["final_linear"] = linear[0] if linear is not None and feeds else None
    about["notes"] = [*model.notes, *pairs.notes, *concepts.notes, *origin.notes, *_notes(cells, concepts, settings)]
    return Probe(cells, about, _names(model, pairs, analysed), arrays)


def _run(
    model: LoadedPairModel,
    premises: list[tuple[str, ...]],
    hypotheses: list[tuple[str, ...]],
    settings: NliSettings,
    on_progress: Progress,
) -> tuple[np.ndarray, np.ndarray]:
    """float32 (n_pairs, n_units), the layer's activations, and (n_pairs, n_classes), the scores in evaluation mode."""
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
            return values, logits
    batches = by_length(premises, hypotheses, settings.batch_size)
    with evaluating(model.module):
        return layer_values(model, premises, hypotheses, batches, settings.layer, settings.device, on_progress)


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
    concepts: PairConcepts, units: Sequence[str], is_active: np.ndarray, on_progress: Progress
) -> tuple[Cells, np.ndarray]:
    """The cells, and int32 (n_pairs,): the cell of each pair."""
    builder = CellBuilder(concepts.names, concepts.categories, units)
    ids = []
    for start in range(0, len(is_active), AT_ONCE):
        active = is_active[start : start + AT_ONCE]
        rows = concepts.rows[start : start + AT_ONCE]
        ids.append(builder.add(rows, np.ones(len(rows), dtype=np.int64), active.astype(np.int64)))
        on_progress("counting", start + len(rows), len(is_active))
    cells, place = builder.cells()
    return cells, place[np.concatenate(ids)].astype(np.int32)


def _about(model: LoadedPairModel, pairs: Pairs, settings: NliSettings, origin: Origin) -> dict[str, Any]:
    return {
        "kind": "nli",
        "model": "/".join(Path(model.name).parts[-2:]),
        "layer": settings.layer,
        "dataset": Path(pairs.name).name,
        "settings": {**asdict(settings), "device": str(choose_device(settings.device)), **origin.made_with},
        "versions": versions((*PACKAGES, "spacy", "transformers")),
        "inputs": {"model weights": model.digest, "pairs": pairs.digest, **origin.inputs},
    }


def _names(model: LoadedPairModel, pairs: Pairs, analysed: Sequence[AnalysedPair]) -> dict[str, list[Any]]:
    return {
        "premises": [pair.premise.text for pair in pairs.pairs],
        "hypotheses": [pair.hypothesis.text for pair in pairs.pairs],
        "premise_tokens": [" ".join(pair.premise.tokens) for pair in analysed],
        "hypothesis_tokens": [" ".join(pair.hypothesis.tokens) for pair in analysed],
        "keys": [pair.key for pair in pairs.pairs],
        "targets": [pair.label for pair in pairs.pairs],
        "classes": list(model.class_names),
    }


def _notes(cells: Cells, concepts: PairConcepts, settings: NliSettings) -> list[str]:
    """What a reader of the results should know."""
    notes = []
    if settings.mode == "train":
        notes.append(
            "Probed in training mode, as the paper's code does: dropout and BatchNorm over each batch make the masks "
            f"random (seed {settings.seed}); predictions and scores are those of evaluation mode."
        )
    occurring = np.bincount(cells.concepts.indices, minlength=len(concepts.names)) > 0
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
