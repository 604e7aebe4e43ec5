"""Pairs as a model is trained and tested on them: tokens and class numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...solver.errors import UsageError
from ..text.language import AnalysedPair
from ..text.pairs import LABELS, Pairs
from ..text.word_forms import word_form

Tokens = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Examples:
    """Tokens in lower case, and labels, int64 (n,), as places in `LABELS`.

    skipped: how many pairs were left out because they have no label.
    """

    premises: tuple[Tokens, ...]
    hypotheses: tuple[Tokens, ...]
    labels: np.ndarray
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.premises)


def examples(pairs: Pairs, analysed: Sequence[AnalysedPair]) -> Examples:
    """The labelled pairs of a file, tokenised by `language.analyse`.

    Raises `UsageError` for labels of two classes: the model that is trained has three.
    """
    if other := next((pair.label for pair in pairs.pairs if pair.label not in (None, *LABELS)), None):
        raise UsageError(f"{pairs.name} has pairs labelled {other!r}; training takes {', '.join(LABELS)}")
    kept = [(pair.label, made) for pair, made in zip(pairs.pairs, analysed, strict=True) if pair.label is not None]
    return Examples(
        tuple(tuple(map(word_form, made.premise.tokens)) for _, made in kept),
        tuple(tuple(map(word_form, made.hypothesis.tokens)) for _, made in kept),
        np.array([LABELS.index(label) for label, _ in kept], dtype=np.int64),
        len(pairs) - len(kept),
    )


def joined(parts: Sequence[Examples]) -> Examples:
    """All of them, one after the other."""
    return Examples(
        tuple(tokens for part in parts for tokens in part.premises),
        tuple(tokens for part in parts for tokens in part.hypotheses),
        np.concatenate([part.labels for part in parts]),
        sum(part.skipped for part in parts),
    )


def without(examples: Examples, unwanted: Examples) -> Examples:
    """The examples whose two sentences are not those of an unwanted one; only letters and digits count."""
    seen = set(_spelled(unwanted))
    keep = [place for place, spelled in enumerate(_spelled(examples)) if spelled not in seen]
    return Examples(
        tuple(examples.premises[i] for i in keep),
        tuple(examples.hypotheses[i] for i in keep),
        examples.labels[keep],
        examples.skipped,
    )


def shared_premises(examples: Examples, others: Examples) -> int:
    """How many of the examples have a premise that is also one of the others'."""
    known = {_letters(tokens) for tokens in others.premises}
    return sum(_letters(tokens) in known for tokens in examples.premises)


def _spelled(examples: Examples) -> list[tuple[str, str]]:
    return [(_letters(p), _letters(h)) for p, h in zip(examples.premises, examples.hypotheses)]


def _letters(tokens: Sequence[str]) -> str:
    # Without blanks and punctuation, in which two tokenizers differ.
    return "".join(character for character in "".join(tokens) if character.isalnum())
