"""`probe_nli`: a model of sentence pairs, live or named, on pairs of a file or of a list."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from .experiments.commands.pair_options import PairModel
from .experiments.commands.probe_nli import FirstPairs, Language, default_layer
from .experiments.commands.probe_nli import probe_nli as command
from .experiments.progress import progress
from .options import Asked, takes
from .probes.devices import back_on_its_device, choose_device
from .probes.models import is_module, weights_digest
from .probes.nli.loading import LoadedPairModel, described_model
from .probes.nli.nli_settings import NliSettings
from .probes.nli.probe import count_pairs
from .probes.shard import Shard
from .probes.store import Probe
from .probes.text.concept_settings import PairConceptSettings
from .probes.text.labels import label_of, named
from .probes.text.pairs import Pair, Pairs, Sentence
from .probes.watching import resolve_layer
from .solver.errors import UsageError
from .values import shown

NOT_IN_PYTHON = ("model", "pairs", "output", "shard", "force")
FIELDS = ("premise", "hypothesis", "label")


@takes(command, without=NOT_IN_PYTHON, defaults={"device": "auto"})
def probe_nli(model: Any, *, pairs: Any, asked: Asked) -> Probe:
    """What the units of a layer do on sentence pairs, counted.

    model: an `nn.Module` with `encode` and `class_names` (see `compexact.probes.nli.loading`), which is left as it was;
    or a text, as `compexact probe nli` takes it.
    pairs: a file of pairs, as there; or a list of (premise, hypothesis), (premise, hypothesis, label), or dicts.

    Raises `UsageError` for what cannot be probed, `DataError` for bad data.
    """
    settings: NliSettings = asked.of(partial(NliSettings, layer=""))
    concepts: PairConceptSettings = asked.of(PairConceptSettings)
    language: Language = asked.of(Language)
    choose_device(settings.device)
    read = _read(pairs, asked)
    annotating = language.open(read, concepts.neighbours)
    loaded = _loaded(model, asked)
    settings = replace(settings, layer=asked.values["layer"] or default_layer(loaded))
    resolve_layer(loaded.module, settings.layer)
    with back_on_its_device(loaded.module), progress() as report:
        limit = asked.values["limit"]
        subject, seen = annotating.see(loaded, read, concepts, settings, limit, Shard(), report)
        return count_pairs(subject, [seen], on_progress=report)


def _loaded(model: Any, asked: Asked) -> LoadedPairModel:
    if isinstance(model, str | Path):
        return asked.of(PairModel, model=str(model)).load()
    if not is_module(model):
        raise UsageError(f"model is an nn.Module, or a text such as 'hf:FOLDER', not {shown(model)}")
    if asked.values["weights"] is not None:
        raise UsageError("weights go with a model that is named by a text; load them into this one yourself")
    return described_model(type(model).__name__, model, weights_digest(model))


def _read(pairs: Any, asked: Asked) -> Pairs:
    if isinstance(pairs, str | Path):
        return asked.of(FirstPairs, pairs=Path(pairs)).open()
    if isinstance(pairs, Pairs):
        return pairs
    if not isinstance(pairs, Iterable) or isinstance(pairs, Mapping):
        raise UsageError(f"pairs is a file, or a list of (premise, hypothesis, label), not {shown(pairs)}")
    read = given_pairs(list(pairs))
    limit = asked.values["limit"]
    if limit is not None and limit < 1:
        raise UsageError(f"limit is at least 1, not {limit}")
    return replace(read, pairs=read.pairs[:limit])


def given_pairs(rows: list[Any]) -> Pairs:
    """The pairs of a list; `UsageError` for what is none, `DataError` for an unknown label."""
    fields = [_fields(row, number) for number, row in enumerate(rows)]
    if not fields:
        raise UsageError("pairs is empty: at least one is needed")
    labels = [
        None if label is None else label_of(str(label), "the label", f"pair {number}")
        for number, (_, _, label) in enumerate(fields)
    ]
    names, note = named(labels, [], "pairs")
    made = tuple(
        Pair(Sentence(premise), Sentence(hypothesis), label, key=str(number))
        for number, ((premise, hypothesis, _), label) in enumerate(zip(fields, names))
    )
    digest = hashlib.sha256(json.dumps([list(map(str, row)) for row in fields]).encode()).hexdigest()
    return Pairs("pairs", Path(), made, digest, (note,) if note else ())


def _fields(row: Any, number: int) -> tuple[str, str, Any]:
    values = [row.get(name) for name in FIELDS] if isinstance(row, Mapping) else row
    if not isinstance(values, tuple | list) or len(values) not in (2, 3):
        raise UsageError(f"pair {number} is (premise, hypothesis) or (premise, hypothesis, label), not {shown(row)}")
    premise, hypothesis, label = (*values, None)[:3]
    for what, text in (("premise", premise), ("hypothesis", hypothesis)):
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"pair {number}: the {what} is a text, not {shown(text)}")
    return premise, hypothesis, label
