"""How the network of `compexact demo tokens` is trained: to give the tag of each word, from its sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from ..demo_epochs import train_epochs
from ..reproducible import reproducible
from .demo_planted import planted_tables
from .demo_tagger import DemoTagger
from .sentences import Corpus
from .word_tokenizer import PADDING, UNKNOWN
from .words import Words

BATCH_SIZE, LEARNING_RATE = 32, 4e-3
PRICE = 0.05
"""Of a trained unit's mean value.  Without it most are active on half of all words and say little."""
NO_TAG = -100
"""What `cross_entropy` leaves out."""


@dataclass(frozen=True)
class Trained:
    """model: in evaluation mode.  accuracy: the share of held-out words that get their tag."""

    model: DemoTagger
    vocabulary: list[str]
    tags: list[str]
    accuracy: float


def train_demo_tagger(
    learnt: Corpus, held_out: Corpus, *, seed: int, epochs: int = 6, on_epoch: Callable[[str], None] = lambda line: None
) -> Trained:
    """Train on one corpus, on the CPU, and look up in it what the planted units have to know.

    One seed gives one network on one machine; torch's global random state is left alone.
    """
    words = Words.of(learnt)
    vocabulary, tags = [PADDING, UNKNOWN, *sorted(words.form.values)], sorted(words.columns["xpos"].values)
    inputs, targets = _padded(words, vocabulary, tags)
    with reproducible(seed):
        model = DemoTagger(len(vocabulary), len(tags), planted_tables(words, vocabulary))
        train_epochs(
            model,
            len(inputs),
            lambda batch: _loss(model, inputs[batch], targets[batch]),
            epochs=epochs,
            batch_size=BATCH_SIZE,
            learning_rate=LEARNING_RATE,
            on_epoch=on_epoch,
        )
        model.eval()
        return Trained(model, vocabulary, tags, _accuracy(model, *_padded(Words.of(held_out), vocabulary, tags)))


def _padded(words: Words, vocabulary: list[str], tags: list[str]) -> tuple[Tensor, Tensor]:
    """int64 (n_sentences, longest): the numbers of the words, 0 behind the end; and of their tags."""
    numbers, tag_numbers = ({text: number for number, text in enumerate(texts)} for texts in (vocabulary, tags))
    forms = torch.tensor([numbers.get(form, 1) for form in words.form.values])[words.form.codes]
    xpos = words.columns["xpos"]
    of_tags = torch.tensor([tag_numbers[tag] for tag in xpos.values])[xpos.codes]
    sentences = [slice(start, end) for start, end in pairwise(words.starts.tolist())]
    pad = torch.nn.utils.rnn.pad_sequence
    return (
        pad([forms[each] for each in sentences], batch_first=True),
        pad([of_tags[each] for each in sentences], batch_first=True, padding_value=NO_TAG),
    )


def _loss(model: DemoTagger, inputs: Tensor, targets: Tensor) -> Tensor:
    scores, units = model.scores_and_units(inputs, (inputs != 0).long())
    wrong = functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=NO_TAG)
    return wrong + PRICE * units[inputs != 0].mean()


@torch.inference_mode()
def _accuracy(model: DemoTagger, inputs: Tensor, targets: Tensor) -> float:
    given = model(inputs, (inputs != 0).long()).argmax(dim=-1)
    known = targets != NO_TAG
    return float((given == targets)[known].double().mean())
