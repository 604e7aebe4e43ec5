"""The planted units of `compexact demo tokens`: units of a layer that are active exactly where a formula holds.

They are not trained.  A concept that words have by themselves (`lemma:be`), or that the word before or after them gives
(`prev:the`), is a column of 0 and 1 over the vocabulary, which the annotated sentences fill in; a unit looks its
concepts up at the word and beside it, and puts them together as its formula says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ...solver.errors import UsageError
from ...solver.parsing import parse
from .concepts import TokenConcepts, token_concepts
from .families import families_of
from .token_settings import TokenConceptSettings
from .words import Words

PLANTED = (
    "lemma:be OR lemma:do OR lemma:not",
    "xpos:VBD AND NOT lemma:be",
    "upos:ADJ AND prev:the",
    "(lemma:red AND prev:the) OR xpos:MD",
    "(upos:ADJ AND prev:every) OR lemma:not",
    "(xpos:VBD OR xpos:VBG) AND next:the",
)
"""The formulas of the last units of the layer, in their order.

The last three are traps for a beam: what they are built from explains so little by itself that no beam of 10 keeps it.
"""

STEPS = {"prev:": -1, "next:": 1}
ATOMS = tuple(dict.fromkeys(atom for text in PLANTED for atom in parse(text).atoms()))


def step_of(atom: str) -> int:
    """How far from a word stands the one that decides whether it has the concept."""
    return next((step for start, step in STEPS.items() if atom.startswith(start)), 0)


def planted_tables(words: Words, vocabulary: Sequence[str]) -> np.ndarray:
    """float32 (n_atoms, n_vocabulary): 1 where the word of the vocabulary gives the concept.

    Raises `UsageError` where a word gives a concept here and not there: it cannot be planted so, nor where none does.
    """
    settings = TokenConceptSettings("word,lemma,upos,xpos,morph,prev,next", min_points=1)
    concepts = token_concepts(words, families_of(words, settings.concepts), settings, np.ones(len(words), np.int64))
    numbers = {word: number for number, word in enumerate(vocabulary)}
    entry_of = np.array([numbers[form] for form in words.form.values])[words.form.codes]
    return np.stack([_table(atom, words, concepts, entry_of, len(vocabulary)) for atom in ATOMS])


def _table(atom: str, words: Words, concepts: TokenConcepts, entry_of: np.ndarray, n: int) -> np.ndarray:
    of_word = np.repeat(np.arange(len(words)), np.diff(concepts.indptr))
    has = np.isin(np.arange(len(words)), of_word[concepts.indices == concepts.names.index(atom)])
    deciding = words.further(step_of(atom))
    inside = deciding >= 0
    with_it, all_of_it = (np.bincount(entry_of[deciding[where]], minlength=n) for where in (inside & has, inside))
    if ((with_it > 0) & (with_it < all_of_it)).any() or has[~inside].any():
        raise UsageError(f"{atom} hangs on more than one word; it cannot be planted")
    return (with_it > 0).astype(np.float32)


class PlantedUnits(nn.Module):
    """int64 (n, tokens) -> float32 (n, tokens, n_planted): above 0 exactly where the unit's formula holds.

    The value there is 1 and the share of the text's words where it holds, so that texts can be ranked; elsewhere 0.
    tables: as `planted_tables` gives them.
    """

    def __init__(self, tables: np.ndarray) -> None:
        super().__init__()
        self.tables: torch.Tensor
        self.register_buffer("tables", torch.from_numpy(tables))
        self.formulas = [parse(text) for text in PLANTED]

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        ids = input_ids.cpu().numpy()
        given = self.tables.cpu().numpy()[:, ids]
        masks = {atom: _beside(values, step_of(atom)) > 0 for atom, values in zip(ATOMS, given)}
        is_word = (ids != 0)[..., None]
        holds = np.stack([formula.mask(masks) for formula in self.formulas], axis=-1) & is_word
        share = holds.sum(axis=1, keepdims=True) / np.maximum(is_word.sum(axis=1, keepdims=True), 1)
        return torch.from_numpy((holds * (1 + share)).astype(np.float32)).to(input_ids.device)


def _beside(values: np.ndarray, step: int) -> np.ndarray:
    """Of each token the value at the one `step` further on; 0 where there is none.  values: (n, tokens)."""
    n = values.shape[1]
    beside = np.zeros_like(values)
    beside[:, max(-step, 0) : n - max(step, 0)] = values[:, max(step, 0) : n + min(step, 0)]
    return beside
