"""`probe`: what is asked is told by what is given."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

from .of_arrays import is_array, probe_arrays
from .probes.store import Probe
from .solver.errors import UsageError, did_you_mean
from .values import shown

FORMS = (
    "probe(model, dataset, layer=...) of images; probe(model, tokenizer=..., corpus=..., layer=...) of words; "
    "probe(model, pairs=...) of sentence pairs; probe(concepts, neurons) of arrays"
)


def probe(model: Any = None, dataset: Any = None, **options: Any) -> Probe:
    """What a model does on labelled inputs, counted: the probe that `explain` and all else is asked of.

    compexact.probe(model, "broden:broden1_224", layer="layer4"): images, see `probe_vision`.
    compexact.probe(model, tokenizer=tokenizer, corpus="dev.conllu", layer="encoder.layer.2"): words, `probe_tokens`.
    compexact.probe(model, pairs="snli_dev.jsonl"): sentence pairs, `probe_nli`.
    compexact.probe(concepts, neurons): arrays that are there already, `probe_arrays`.

    options: of that function, which are those of the command of its name.
    Raises `UsageError` where it cannot be told which is meant, and as that function does.
    """
    given = {name for name, value in options.items() if value is not None}
    if "pairs" in given:
        from .of_pairs import probe_nli

        return probe_nli(model, **options)
    if given & {"corpus", "tokenizer"}:
        from .of_words import probe_tokens

        return probe_tokens(model, **options)
    if is_array(model) or isinstance(model, list | tuple) or _is_file_of_arrays(model, dataset):
        neurons = {} if dataset is None else {"neurons": dataset}
        return _of_arrays(model, **neurons, **options)
    if model is None and dataset is None and given & {"neurons", "active"}:
        return _of_arrays(options.pop("concepts", None), **options)
    if model is None or dataset is None:
        missing = "no model" if model is None else f"a model, {shown(model)}, but no dataset"
        raise UsageError(f"probe was given {missing}; it is called as {FORMS}")
    from .of_images import probe_vision

    return probe_vision(model, dataset, **options)


def _of_arrays(concepts: Any, **options: Any) -> Probe:
    takes = list(signature(probe_arrays).parameters)
    for name in options:
        if name not in takes:
            hint = did_you_mean(name, takes) or f"; it takes {', '.join(takes)}"
            raise UsageError(f"probe_arrays takes no {name!r}{hint}")
    return probe_arrays(concepts, **options)


def _is_file_of_arrays(model: Any, dataset: Any) -> bool:
    return dataset is None and isinstance(model, str | Path) and Path(model).exists()
