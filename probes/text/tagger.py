"""Train a part-of-speech tagger on pairs that have tags, where no trained spaCy pipeline is at hand.

The network is spaCy's own for taggers: hashed embeddings of a word's form, prefix, suffix and shape, four
convolutions over the words around it, a softmax over the tags.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...solver.errors import DataError, UsageError
from ..atomic_folder import new_folder
from ..progress import Progress, silent
from ..regular_files import starts_with
from .pairs import Pairs, Sentence

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

MODEL = {
    "@architectures": "spacy.Tagger.v2",
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 96,
        "depth": 4,
        "embed_size": 2000,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
    },
}
BATCH = 64
DROPOUT = 0.1
PATIENCE = 2
"""Training stops after this many epochs in a row without a better one."""

Tagged = tuple[tuple[str, ...], tuple[str, ...]]
"""The tokens of a sentence, and their tags."""


@dataclass(frozen=True)
class TaggerReport:
    """How well a tagger does on sentences that it was not trained on.

    accuracy: the share of their tokens that get the tag of the file.  The same sentences choose the epoch.
    baseline: the same share for the tag that each word has most often in the training sentences (for an unknown
    word, the most frequent tag of all).  epoch: the one that was kept, from 1; epochs: how many were run.
    """

    path: Path
    accuracy: float
    baseline: float
    epoch: int
    epochs: int
    train_sentences: int
    train_tokens: int
    held_out_sentences: int
    held_out_tokens: int
    tags: tuple[str, ...]
    seed: int


def train_tagger(
    pairs: Pairs,
    output: Path,
    *,
    seed: int = 0,
    epochs: int = 10,
    held_out: float = 0.1,
    force: bool = False,
    on_progress: Progress = silent,
) -> TaggerReport:
    """Train a tagger on the CPU and write it as a spaCy pipeline to the folder `output`.

    held_out: the share of the sentences that is kept for `accuracy`; equal sentences count once, so none is in both
    parts.  The same pairs, seed and versions give the same tagger; the global random generators are seeded.
    force: replace an earlier pipeline in `output`.

    Raises DataError where the pairs have no tags or too few sentences, UsageError for numbers out of range.
    """
    if epochs < 1:
        raise UsageError(f"epochs must be at least 1, not {epochs}")
    if not 0 < held_out < 1:
        raise UsageError(f"the held-out share is a number between 0 and 1, such as 0.1, not {held_out}")
    if not 0 <= seed < 2**32:
        raise UsageError(f"the seed is a whole number from 0 to {2**32 - 1}, not {seed}")
    train, test = _split(_tagged_sentences(pairs), held_out, seed)
    with new_folder(output, force=force, is_ours=is_tagger) as folder:
        nlp, n_right, epoch, n_epochs = _train(train, test, seed, epochs, on_progress)
        report = TaggerReport(
            path=output,
            accuracy=n_right / _n_tokens(test),
            baseline=_baseline(train, test) / _n_tokens(test),
            epoch=epoch,
            epochs=n_epochs,
            train_sentences=len(train),
            train_tokens=_n_tokens(train),
            held_out_sentences=len(test),
            held_out_tokens=_n_tokens(test),
            tags=tuple(nlp.get_pipe("tagger").labels),  # type: ignore[attr-defined]
            seed=seed,
        )
        nlp.meta["name"] = "compexact_tagger"
        nlp.meta["description"] = f"Tags, learnt from {pairs.digest[:12]} (sha256 of the file of pairs)"
        nlp.meta["performance"] = {"tag_acc": report.accuracy}
        nlp.to_disk(folder)
    return report


def is_tagger(folder: Path) -> bool:
    """Whether a spaCy pipeline lies in the folder that `train_tagger` has made."""
    return starts_with(folder / "meta.json", '"compexact_tagger"', within=1_000_000)


def _tagged_sentences(pairs: Pairs) -> list[Tagged]:
    """The sentences, in order, each once; of equal sentences with several taggings the first counts."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for pair in pairs.pairs:
        for sentence in (pair.premise, pair.hypothesis):
            tokens, tags = _tokens_and_tags(sentence, pairs.name)
            found.setdefault(tokens, tags)
    return list(found.items())


def _tokens_and_tags(sentence: Sentence, source: str) -> Tagged:
    if sentence.tokens is None or sentence.tags is None:
        raise DataError(f"{source} has no tags; a table with premise_tokens, premise_tags and so on is needed")
    return sentence.tokens, sentence.tags


def _split(sentences: list[Tagged], held_out: float, seed: int) -> tuple[list[Tagged], list[Tagged]]:
    n_test = max(1, round(held_out * len(sentences)))
    if n_test >= len(sentences):
        raise DataError(f"{len(sentences)} different sentences are too few to train on some and test on {n_test}")
    mixed = random.Random(seed).sample(sentences, len(sentences))
    return mixed[n_test:], mixed[:n_test]


def _train(
    train: list[Tagged], test: list[Tagged], seed: int, epochs: int, on_progress: Progress
) -> tuple[Language, int, int, int]:
    """The best tagger, its number of right tags on `test`, its epoch, and how many epochs were run."""
    import spacy
    from spacy.training import Example

    spacy.util.fix_random_seed(seed)
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger", config={"model": MODEL})
    examples = [Example.from_dict(_doc(nlp, tokens), {"tags": list(tags)}) for tokens, tags in train]
    optimizer = nlp.initialize(lambda: examples)
    order = random.Random(seed)
    best, best_epoch, weights = -1, 0, b""
    epoch = 0
    for epoch in range(1, epochs + 1):
        order.shuffle(examples)
        for first in range(0, len(examples), BATCH):
            nlp.update(examples[first : first + BATCH], sgd=optimizer, drop=DROPOUT)
            on_progress(f"training the tagger, epoch {epoch}", min(first + BATCH, len(examples)), len(examples))
        n_right = _n_right(nlp, test)
        if n_right > best:
            best, best_epoch, weights = n_right, epoch, nlp.get_pipe("tagger").model.to_bytes()  # type: ignore[attr-defined]
        elif epoch - best_epoch >= PATIENCE:
            break
    nlp.get_pipe("tagger").model.from_bytes(weights)  # type: ignore[attr-defined]
    return nlp, best, best_epoch, epoch


def _doc(nlp: Language, tokens: Sequence[str]) -> Doc:
    from spacy.tokens import Doc

    return Doc(nlp.vocab, words=list(tokens))


def _n_right(nlp: Language, sentences: list[Tagged]) -> int:
    docs: Any = nlp.pipe(_doc(nlp, tokens) for tokens, _ in sentences)
    return sum(token.tag_ == tag for doc, (_, tags) in zip(docs, sentences) for token, tag in zip(doc, tags))


def _baseline(train: list[Tagged], test: list[Tagged]) -> int:
    """How many tokens of `test` have the tag that their word has most often in `train`."""
    of_word: dict[str, Counter[str]] = {}
    for tokens, tags in train:
        for token, tag in zip(tokens, tags, strict=True):
            of_word.setdefault(token, Counter())[tag] += 1
    overall = sum(of_word.values(), Counter()).most_common(1)[0][0]
    usual = {word: tags.most_common(1)[0][0] for word, tags in of_word.items()}
    return sum(
        usual.get(token, overall) == tag for tokens, tags in test for token, tag in zip(tokens, tags, strict=True)
    )


def _n_tokens(sentences: list[Tagged]) -> int:
    return sum(len(tokens) for tokens, _ in sentences)
