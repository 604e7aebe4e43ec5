"""`compexact probe nli`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...probes.nli.nli_settings import NliSettings
from ...probes.text.concept_settings import PairConceptSettings
from ..progress import progress
from .options import LimitOption
from .pair_options import PAIRS_HELP, LabelsOption, PairModel
from .probe_output import ProbeOutput
from .signature import Depends

if TYPE_CHECKING:
    from ...probes.nli.loading import LoadedPairModel
    from ...probes.nli.seen_pairs import PairSubject, SeenPairs
    from ...probes.progress import Progress
    from ...probes.shard import Shard
    from ...probes.text.language import Pipeline
    from ...probes.text.pairs import Pairs
    from ...probes.text.vectors import WordVectors


@dataclass(frozen=True)
class FirstPairs:
    """The sentence pairs of a file, or the first of them."""

    pairs: Annotated[Path, typer.Option(help=PAIRS_HELP)]
    limit: LimitOption = None
    labels: LabelsOption = None

    def open(self) -> Pairs:
        """Reads them.  Raises `UsageError` for a limit below 1."""
        from ...probes.text.readers import open_pairs
        from ...solver.errors import UsageError

        pairs = open_pairs(self.pairs, labels=self.labels)
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"--limit is at least 1, not {self.limit}")
        return replace(pairs, pairs=pairs.pairs[: self.limit])


@dataclass(frozen=True)
class Language:
    """What annotates the sentences, and where words near a word come from."""

    spacy: Annotated[
        str | None, typer.Option(help="A spaCy pipeline, installed or a folder.  Default: rules, and the file's tags.")
    ] = None
    tags_from: Annotated[str, typer.Option(help="file (the pipeline's where the file has none) or pipeline.")] = "file"
    vectors: Annotated[Path | None, typer.Option(help="For --neighbors: GloVe text, or a spaCy pipeline.")] = None

    def open(self, pairs: Pairs, neighbours: int) -> Opened:
        """Reads both.  Raises `UsageError` where neighbours are asked for and there are no vectors."""
        from ...probes.text.language import annotation_sources, open_pipeline
        from ...probes.text.vectors import open_vectors
        from ...solver.errors import UsageError

        if neighbours and self.vectors is None:
            raise UsageError("--neighbors needs --vectors: a GloVe text file, or a spaCy pipeline that has vectors")
        pipeline = open_pipeline(self.spacy)
        sources = annotation_sources(pairs, pipeline, tags_from=self.tags_from)
        known = open_vectors(self.vectors) if self.vectors is not None and neighbours else None
        return Opened(pipeline, sources, known, self.tags_from)


@dataclass(frozen=True, eq=False)
class Opened:
    """What annotates sentence pairs.  sources: where each kind of annotation comes from.  vectors: None without."""

    pipeline: Pipeline
    sources: dict[str, str]
    vectors: WordVectors | None
    tags_from: str

    def see(
        self,
        model: LoadedPairModel,
        pairs: Pairs,
        concepts: PairConceptSettings,
        settings: NliSettings,
        limit: int | None,
        shard: Shard,
        on_progress: Progress,
    ) -> tuple[PairSubject, SeenPairs]:
        """The pairs of the shard, annotated and shown to the model.  limit: of the pairs, to be noted."""
        from ...probes.nli.seen_pairs import Origin, see_pairs
        from ...probes.text.concepts import pair_concepts
        from ...probes.text.language import analyse

        analysed = analyse(pairs, self.pipeline, on_progress, tags_from=self.tags_from)
        origin = Origin(
            {"concepts": asdict(concepts), "annotations": self.sources, "limit": limit},
            {
                **({"spacy pipeline": self.pipeline.digest} if self.pipeline.digest else {}),
                **({"vectors": self.vectors.digest} if self.vectors else {}),
            },
            [*self.pipeline.notes, *(self.vectors.notes if self.vectors else ())],
        )
        made = pair_concepts(analysed, concepts, self.vectors)
        return see_pairs(model, pairs, analysed, made, settings, origin, shard, on_progress)


def probe_nli(
    model: Annotated[PairModel, Depends(PairModel, "Model")],
    pairs: Annotated[FirstPairs, Depends(FirstPairs, "Sentence pairs")],
    place: Annotated[ProbeOutput, Depends(ProbeOutput)],
    concepts: Annotated[PairConceptSettings, Depends(PairConceptSettings, "Concepts")],
    language: Annotated[Language, Depends(Language, "Concepts")],
    settings: Annotated[NliSettings, Depends(partial(NliSettings, layer=""), "Units and thresholds")],
    layer: Annotated[
        str | None, typer.Option(help="Dotted name.  Default: what the scores are a linear function of.")
    ] = None,
) -> None:
    """Probe a model of sentence pairs.

    Concepts are words, tags and overlap, held against the units of a layer.

    compexact probe nli --model model --pairs snli_dev_tagged.tsv.gz -o probe
    compexact probe nli --model model --pairs snli_dev.jsonl --spacy en_core_web_sm \\
        --vectors glove.6B.50d.txt.gz --neighbors 5 -o probe
    compexact probe nli --model model --pairs snli_dev.jsonl --shard 3/40 -o shards/3
    """
    from ...probes.devices import choose_device
    from ...probes.nli.probe import count_pairs
    from ...probes.nli.seen_pairs import check_shard
    from ...probes.nli.shard import save_pair_shard
    from ...probes.shard import Shard
    from ...probes.store import save_probe
    from ...probes.watching import resolve_layer

    place.check()
    output, shard, force = place.output, place.shard, place.force
    check_shard(settings, shard or Shard())
    choose_device(settings.device)
    read = pairs.open()
    annotating = language.open(read, concepts.neighbours)
    loaded = model.load()
    settings = replace(settings, layer=layer or default_layer(loaded))
    resolve_layer(loaded.module, settings.layer)
    said = [f"{what}: {source}" for what, source in annotating.sources.items() if source != "none" or what == "tags"]
    print("; ".join(said), file=sys.stderr)
    if language.vectors is not None and not concepts.neighbours:
        print("no NEIGHBORS concepts were asked for: --neighbors 5 makes them from the vectors", file=sys.stderr)
    with progress() as report:
        subject, seen = annotating.see(loaded, read, concepts, settings, pairs.limit, shard or Shard(), report)
        if shard is not None:
            save_pair_shard(subject, seen, shard, output, force=force)
            print(f"shard {shard}, {len(seen.numbers):,} pairs, in {output}")
            return
        probe = count_pairs(subject, [seen], output.parent, report)
    print(f"{save_probe(probe, output, force=force)!r} in {output}")


def default_layer(model: LoadedPairModel) -> str:
    """The layer to probe where none is named; `UsageError` with those that can be, where the model does not say."""
    if model.layer is not None:
        return model.layer
    from ...probes.nli.pair_layers import list_pair_layers
    from ...solver.errors import UsageError

    sentences = [("a", "man", "sleeps"), ("nobody", "sleeps")]
    names = [layer.name for layer in list_pair_layers(model, sentences, sentences)]
    raise UsageError(
        f"name the layer to probe: --layer NAME; of {model.name} these give one vector per pair: "
        f"{', '.join(names) or 'none'}"
    )
