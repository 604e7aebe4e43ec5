"""`probe_tokens`: a transformer, live or named, on annotated words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .experiments.commands.probe_tokens import NearWords, made_of
from .experiments.commands.probe_tokens import probe_tokens as command
from .experiments.progress import progress
from .options import Asked, takes
from .probes.devices import back_on_its_device, choose_device
from .probes.models import is_module
from .probes.store import Probe
from .probes.tokens.corpora import CORPORA, open_corpora
from .probes.tokens.latents import latents_of
from .probes.tokens.loading import LoadedTokenModel, load_token_model, token_model
from .probes.tokens.probe_words import probe_tokens as probe_words
from .probes.tokens.sentences import Corpus
from .probes.tokens.token_settings import TokenConceptSettings, TokenSettings
from .probes.watching import resolve_layer
from .solver.errors import UsageError
from .values import shown

NOT_IN_PYTHON = ("model", "corpus", "output", "shard", "force")
ENDINGS = {".conllu": "conllu", ".jsonl": "jsonl", ".txt": "text"}


@takes(command, without=NOT_IN_PYTHON, defaults={"device": "auto"})
def probe_tokens(model: Any, *, tokenizer: Any = None, corpus: Any = None, asked: Asked) -> Probe:
    """What the units of a transformer's layers do on words, counted.

    model: an `nn.Module`, which is left as it was, and the tokenizer beside it; or a text, as `compexact probe tokens`
    takes it.
    corpus: `conllu:FILE` and the like as there, or the path of such a file; several of them; or a list of texts, or of
    dicts as JSON lines have them, with `text` or with `tokens` and columns such as `upos`.

    Raises `UsageError` for what cannot be probed, `DataError` for bad data.
    """
    settings: TokenSettings = asked.of(TokenSettings)
    concepts: TokenConceptSettings = asked.of(TokenConceptSettings)
    choose_device(settings.device)
    latents = latents_of(settings.sae, settings.layers)
    loaded = _loaded(model, tokenizer, settings.dtype)
    for layer in settings.layers:
        resolve_layer(loaded.module, layer)
    read = read_corpus(corpus, spacy=asked.values["spacy"], limit=asked.values["limit"])
    vectors = asked.of(NearWords).open(concepts.neighbours)
    made = made_of(latents, asked.values["limit"])
    with back_on_its_device(loaded.module), progress() as report:
        return probe_words(
            loaded, read, concepts, settings, vectors=vectors, units_of=latents, made=made, on_progress=report
        )


def _loaded(model: Any, tokenizer: Any, dtype: str) -> LoadedTokenModel:
    if isinstance(model, str):
        if tokenizer is not None:
            raise UsageError("a model that is named by a text has its own tokenizer: leave tokenizer away")
        return load_token_model(model, dtype=dtype)
    if not is_module(model):
        raise UsageError(f"model is an nn.Module, or a text such as 'hf:FOLDER', not {shown(model)}")
    if tokenizer is None:
        raise UsageError("tokenizer is needed beside the model: that of transformers which goes with it")
    return token_model(model, tokenizer, type(model).__name__, dtype=dtype)


def read_corpus(corpus: Any, *, spacy: str | None = None, limit: int | None = None) -> Corpus:
    """A corpus of files, of texts, or of dicts; `UsageError` for anything else."""
    if isinstance(corpus, Corpus):
        return corpus
    if isinstance(corpus, str | Path):
        corpus = [corpus]
    given = list(corpus) if isinstance(corpus, Iterable) else []
    if not given or not all(isinstance(each, str | Path | Mapping) for each in given):
        raise UsageError(
            "corpus is files such as 'conllu:dev.conllu', a list of texts, or a list of dicts with a text or tokens, "
            f"not {shown(corpus)}"
        )
    if all(isinstance(each, str | Path) and _names_a_file(each) for each in given):
        return open_corpora([_spec(each) for each in given], spacy=spacy, limit=limit)
    with TemporaryDirectory(prefix="compexact-") as folder:
        file = Path(folder) / "given"
        lines = [each if isinstance(each, Mapping) else {"text": str(each)} for each in given]
        try:
            file.write_text("".join(json.dumps(dict(line), ensure_ascii=False) + "\n" for line in lines))
        except TypeError as error:
            raise UsageError(f"corpus holds what is no text, number or list of these: {error}") from None
        return open_corpora([f"jsonl:{file}"], spacy=spacy, limit=limit)


def _names_a_file(text: str | Path) -> bool:
    kind, colon, _ = str(text).partition(":")
    return isinstance(text, Path) or bool(colon and kind in CORPORA) or _ending(text) is not None


def _ending(text: str | Path) -> str | None:
    """The format that the name of a file says, packed or not."""
    path = Path(str(text))
    return ENDINGS.get(Path(path.stem).suffix if path.suffix == ".gz" else path.suffix)


def _spec(text: str | Path) -> str:
    kind, _, _ = str(text).partition(":")
    form = _ending(text)
    return str(text) if kind in CORPORA or form is None else f"{form}:{text}"
