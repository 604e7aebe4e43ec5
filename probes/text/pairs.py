"""What every reader of sentence pairs gives: pairs, their labels, and the tokens and tags that a file has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LABELS = ("entailment", "neutral", "contradiction")
"""The three relations, in the order of the paper's code: class 0, 1, 2."""

NOT_ENTAILMENT = "not_entailment"
"""What sets of two classes have in the place of the other two."""


@dataclass(frozen=True)
class Sentence:
    """A sentence as it was read.

    tokens and tags are there only where the file gives them (one tag per token, Penn treebank); a pipeline
    adds what is missing (`language.py`).
    """

    text: str
    tokens: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Pair:
    """A premise, a hypothesis, and what people said of them.

    label: one of `LABELS`, `NOT_ENTAILMENT`, or None where the annotators did not agree (SNLI writes `-`) or the file
        has none.
    annotators: what each annotator chose, in the file's order; empty where the file does not say.
    key: the pair's name in the file (`pairID`), or its line number as text.
    """

    premise: Sentence
    hypothesis: Sentence
    label: str | None
    annotators: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Pairs:
    """A file of pairs, in its order.

    name: the specification that it was opened by.  digest: sha256 of the file's bytes, hex.
    notes: whole sentences that a user should know (pairs without gold label, fields that were not read).
    """

    name: str
    path: Path
    pairs: tuple[Pair, ...]
    digest: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pairs)
