"""All of a probe of words but what the network gives: the points, their concepts, and what was asked of what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..devices import choose_device
from ..progress import Progress
from ..text.vectors import WordVectors
from ..versions import PACKAGES, versions
from .concepts import TokenConcepts, token_concepts
from .families import families_of
from .loading import LoadedTokenModel
from .sentences import Corpus
from .token_settings import TokenConceptSettings, TokenSettings
from .windows import Window, plan
from .words import Words


@dataclass(frozen=True)
class Made:
    """What else a probe says of how it was made.  inputs: digests of other files that went in.

    notes: what there is to say once all values were seen.
    """

    made_with: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: Callable[[], Sequence[str]] = tuple


@dataclass(frozen=True, eq=False)
class WordSubject:
    """The points of a probe, in their order.

    about: as the probe says it.  names: of sentences and documents.  sentence_documents: int32 (n_sentences,).
    sentences, starts, ends: int32 (n_points,), of each point its sentence and its characters in it.
    rows: int64 (n_points,), which row of `concepts` is the point's.  n_left_out: words that are no point.
    """

    about: Mapping[str, Any]
    settings: TokenSettings
    names: Mapping[str, list[str]]
    sentence_documents: np.ndarray
    sentences: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    concepts: TokenConcepts
    rows: np.ndarray
    n_left_out: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def has_documents(self) -> bool:
        """Whether there are several."""
        return len(set(self.names["documents"])) > 1

    @property
    def dealt(self) -> list[str]:
        """What deals each sentence to a fold: its document, or itself where there is one document."""
        if not self.has_documents:
            return list(self.names["keys"])
        return [self.names["documents"][number] for number in self.sentence_documents.tolist()]


def subject_of(
    model: LoadedTokenModel,
    corpus: Corpus,
    concept_settings: TokenConceptSettings,
    settings: TokenSettings,
    vectors: WordVectors | None,
    made: Made,
    on_progress: Progress,
) -> tuple[WordSubject, list[Window]]:
    """What is probed, and what the model reads at once."""
    words = Words.of(corpus)
    asked = families_of(words, concept_settings.concepts)
    windows, points = plan(model, words, settings, on_progress)
    concepts = token_concepts(words, asked, concept_settings, np.bincount(points.words, minlength=len(words)), vectors)
    families = ",".join(family.name + (f":{family.most}" if family.most else "") for family in asked)
    documents = np.repeat(np.arange(len(words.documents) - 1, dtype=np.int32), np.diff(words.documents))
    names = {
        "sentences": [sentence.text for sentence in corpus.sentences],
        "keys": [sentence.key for sentence in corpus.sentences],
        "documents": [corpus.sentences[first].document for first in words.documents[:-1]],
    }
    about = _about(model, corpus, {**asdict(concept_settings), "concepts": families}, settings, vectors, made)
    subject = WordSubject(
        about,
        settings,
        names,
        documents,
        words.sentence_of[points.words],
        points.starts,
        points.ends,
        concepts,
        points.words,
        points.n_left_out,
    )
    return subject, windows


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
            "device": str(choose_device(settings.device)),
            "concepts": dict(concepts),
            "annotations": corpus.made_with,
            **made.made_with,
        },
        "versions": versions((*PACKAGES, "spacy", "transformers", "tokenizers")),
        "inputs": {"model weights": model.digest, **corpus.digests, **found, **made.inputs},
        "notes": [*model.notes, *corpus.notes, *(() if vectors is None else vectors.notes)],
    }
