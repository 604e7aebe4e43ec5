"""`compexact probe nli`: from the options typed to a probe on disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...probes.atomic_folder import check_output
from ...solver.errors import UsageError
from ..progress import progress

if TYPE_CHECKING:  # torch is imported by the command that needs it
    from ...probes.nli.loading import LoadedPairModel
    from ...probes.text.pairs import Pairs


def probe_nli(
    model: str,
    pairs: Path,
    output: Path,
    *,
    weights: Path | None,
    layer: str | None,
    spacy: str | None,
    tags_from: str,
    vectors: Path | None,
    concepts: Mapping[str, Any],
    settings: Mapping[str, Any],
    limit: int | None,
    force: bool,
) -> None:
    """Probe a model of sentence pairs and save the probe.  What can be refused is, before the work begins."""
    from ...probes.devices import choose_device
    from ...probes.layers import resolve_layer
    from ...probes.nli.loading import load_pair_model
    from ...probes.nli.probe import NliSettings, probe_nli
    from ...probes.store import is_probe, save_probe
    from ...probes.text.concepts import PairConceptSettings, pair_concepts
    from ...probes.text.language import analyse, annotation_sources, open_pipeline
    from ...probes.text.readers import open_pairs
    from ...probes.text.vectors import open_vectors

    check_output(output, force=force, is_ours=is_probe)
    chosen = PairConceptSettings(**concepts)
    how = NliSettings(layer=layer or "", **settings)
    choose_device(how.device)
    if chosen.neighbours and vectors is None:
        raise UsageError("--neighbors needs --vectors: a GloVe text file, or a spaCy pipeline that has vectors")
    read = _limited(open_pairs(pairs), limit)
    pipeline = open_pipeline(spacy)
    sources = annotation_sources(read, pipeline, tags_from=tags_from)
    known = open_vectors(vectors) if vectors is not None and chosen.neighbours else None
    loaded = load_pair_model(model, weights=weights)
    how = replace(how, layer=layer or _default_layer(loaded))
    resolve_layer(loaded.module, how.layer)
    said = [f"{what}: {source}" for what, source in sources.items() if source != "none" or what == "tags"]
    print("; ".join(said), file=sys.stderr)
    if vectors is not None and not chosen.neighbours:
        print("no NEIGHBORS concepts were asked for: --neighbors 5 makes them from the vectors", file=sys.stderr)
    with progress() as report:
        analysed = analyse(read, pipeline, report, tags_from=tags_from)
        probe = probe_nli(
            loaded,
            read,
            analysed,
            pair_concepts(analysed, chosen, known),
            how,
            report,
            made_with={"concepts": asdict(chosen), "annotations": sources, "limit": limit},
            inputs={
                **({"spacy pipeline": pipeline.digest} if pipeline.digest else {}),
                **({"vectors": known.digest} if known else {}),
            },
            notes=[*pipeline.notes, *(known.notes if known else ())],
        )
    print(f"{save_probe(probe, output, force=force)!r} in {output}")


def _limited(pairs: Pairs, limit: int | None) -> Pairs:
    if limit is None:
        return pairs
    if limit < 1:
        raise UsageError(f"--limit is at least 1, not {limit}")
    return replace(pairs, pairs=pairs.pairs[:limit])


def _default_layer(model: LoadedPairModel) -> str:
    """The layer to probe where none is named; `UsageError` with those that can be, where the model does not say."""
    if model.layer is not None:
        return model.layer
    from ...probes.nli.pair_layers import list_pair_layers

    sentences = [("a", "man", "sleeps"), ("nobody", "sleeps")]
    names = [layer.name for layer in list_pair_layers(model, sentences, sentences)]
    raise UsageError(
        f"name the layer to probe: --layer NAME; of {model.name} these give one vector per pair: "
        f"{', '.join(names) or 'none'}"
    )
