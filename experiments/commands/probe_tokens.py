"""`compexact probe tokens`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...probes.tokens.corpora import CORPORA
from ...probes.tokens.token_settings import TokenConceptSettings, TokenSettings
from .options import LimitOption
from .probe_output import ProbeOutput
from .signature import Depends

if TYPE_CHECKING:
    from ...probes.text.vectors import WordVectors
    from ...probes.tokens.latents import Latents
    from ...probes.tokens.sentences import Corpus
    from ...probes.tokens.word_subject import Made

FORMATS = "; ".join(f"{name}:FILE, {form.says}" for name, form in CORPORA.items())


@dataclass(frozen=True)
class AnnotatedText:
    """The sentences of some files, or the first of them."""

    corpus: Annotated[list[str], typer.Option(help=f"{FORMATS}; repeatable.")]
    spacy: Annotated[
        str | None, typer.Option(help="A spaCy pipeline, installed or a folder, for text.  Default: rules, no tags.")
    ] = None
    limit: LimitOption = None

    def open(self) -> Corpus:
        """Reads them."""
        from ...probes.tokens.corpora import open_corpora

        return open_corpora(self.corpus, spacy=self.spacy, limit=self.limit)


@dataclass(frozen=True)
class NearWords:
    """Where words near a word come from."""

    vectors: Annotated[Path | None, typer.Option(help="For --neighbors: GloVe text, or a spaCy pipeline.")] = None

    def open(self, neighbours: int) -> WordVectors | None:
        """Reads them where neighbours are asked for; `UsageError` where there are none to read."""
        from ...probes.text.vectors import open_vectors
        from ...solver.errors import UsageError

        if neighbours and self.vectors is None:
            raise UsageError("--neighbors needs --vectors: a GloVe text file, or a spaCy pipeline that has vectors")
        if self.vectors is not None and not neighbours:
            print("no NEIGHBORS concepts were asked for: --neighbors 5 makes them from the vectors", file=sys.stderr)
            return None
        return None if self.vectors is None else open_vectors(self.vectors)


def probe_tokens(
    model: Annotated[str, typer.Option(help="hf:FOLDER, or package.module:factory (module, tokenizer).")],
    text: Annotated[AnnotatedText, Depends(AnnotatedText, "Text")],
    place: Annotated[ProbeOutput, Depends(ProbeOutput)],
    concepts: Annotated[TokenConceptSettings, Depends(TokenConceptSettings, "Concepts")],
    near: Annotated[NearWords, Depends(NearWords, "Concepts")],
    settings: Annotated[TokenSettings, Depends(TokenSettings, "Units and thresholds")],
) -> None:
    """Probe a transformer on words.

    Concepts are what is annotated of them, held against the units of its layers.

    compexact probe tokens --model hf:minilm --layer encoder.layer.2.intermediate \\
        --corpus conllu:en_ewt-ud-dev.conllu.gz --corpus conllu:en_ewt-ud-test.conllu.gz -o words
    compexact probe tokens --model hf:minilm --layer encoder.layer.5.output --corpus text:novel.txt \\
        --spacy en_core_web_sm --concepts word:500,upos,ent,position -o words
    compexact probe tokens --model hf:minilm --layer encoder.layer.2 --sae sae --corpus conllu:dev.conllu -o latents
    compexact probe tokens --model hf:minilm --layer encoder.layer.2 --corpus conllu:dev.conllu --shard 3/40 -o shards/3
    compexact probe tokens --model hf:minilm --layer encoder.layer.2.intermediate --corpus conllu:dev.conllu \\
        --keep-activations -o words
    """
    from ...probes.devices import choose_device
    from ...probes.store import save_probe
    from ...probes.tokens.latents import latents_of
    from ...probes.tokens.loading import load_token_model
    from ...probes.tokens.probe_words import probe_tokens
    from ...probes.tokens.shard import check_shard, save_word_shard
    from ...probes.watching import resolve_layer
    from ..progress import progress

    place.check()
    if place.shard is not None:
        check_shard(settings)
    choose_device(settings.device)
    latents = latents_of(settings.sae, settings.layers)
    loaded = load_token_model(model, dtype=settings.dtype)
    for layer in settings.layers:
        resolve_layer(loaded.module, layer)
    corpus, vectors = text.open(), near.open(concepts.neighbours)
    for note in loaded.notes:
        print(note, file=sys.stderr)
    made = made_of(latents, text.limit)
    with progress() as report:
        if place.shard is not None:
            n_points = save_word_shard(
                loaded, corpus, concepts, settings, place.shard, place.output,
                vectors=vectors, made=made, force=place.force, on_progress=report,
            )  # fmt: skip
            print(f"shard {place.shard}, {n_points:,} points, in {place.output}")
            return
        probe = probe_tokens(
            loaded, corpus, concepts, settings,
            vectors=vectors, units_of=latents, made=made, spill_folder=place.output.parent, on_progress=report,
        )  # fmt: skip
    for each in latents.values():
        print(each.said(), file=sys.stderr)
    print(f"{save_probe(probe, place.output, force=place.force)!r} in {place.output}")


def made_of(latents: Mapping[str, Latents], limit: int | None) -> Made:
    """What the probe says beside its settings.  latents: by layer.  limit: of the sentences."""
    from ...probes.tokens.word_subject import Made

    return Made(
        {"limit": limit, "sae": [each.autoencoder.name for each in latents.values()]},
        {f"autoencoder {layer}": each.autoencoder.digest for layer, each in latents.items()},
        lambda: [each.said() for each in latents.values()],
    )
