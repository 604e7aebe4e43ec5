"""The sentence-pair model that the paper probes.

Embedding, LSTM, `[p, h, p - h, p * h]`, a multilayer perceptron with ReLU, three scores (Bowman et al. 2016; Mu and
Andreas 2020, section 5).  The paper's text and its code differ; both are here:

| variant | encoder | between features and scores |
|---|---|---|
| `code` | one LSTM, its last hidden state | BatchNorm, dropout, linear, ReLU, dropout |
| `paper` | LSTMs in both directions | linear, ReLU, dropout, linear, ReLU, dropout |
| `minimal` | as `code`; features are `p * h` alone | BatchNorm, dropout |

The code's sizes are 300 (embedding), 512 (hidden) and 1024 (mlp), its dropout 0.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from ..text.pairs import LABELS
from .nli_settings import ModelSettings
from .vocabulary import PADDING_ID, Vocabulary


class SentenceEncoder(nn.Module):
    """A sentence as the last hidden state of an LSTM; of one per direction, side by side, where `both_ways`."""

    def __init__(self, embedding: int, hidden: int, both_ways: bool) -> None:
        super().__init__()
        self.forwards = nn.LSTM(embedding, hidden, batch_first=True)
        self.backwards = nn.LSTM(embedding, hidden, batch_first=True) if both_ways else None
        self.size = hidden * (2 if both_ways else 1)

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        """float32 (n, size) from float32 (n, longest, embedding) and int64 (n,) lengths of at least 1.

        The state is taken at the last real word, so what stands behind it has no influence.
        """
        last = _last_state(self.forwards, words, lengths)
        if self.backwards is None:
            return last
        return torch.cat([last, _last_state(self.backwards, _reversed(words, lengths), lengths)], dim=1)


def _last_state(lstm: nn.LSTM, words: Tensor, lengths: Tensor) -> Tensor:
    # Packed sequences give the same, and took 1.4 to 1.8 times as long on a CPU (in batches of similar length).
    states, _ = lstm(words)
    return states[torch.arange(len(states), device=states.device), lengths - 1]


def _reversed(words: Tensor, lengths: Tensor) -> Tensor:
    """Each sentence back to front, with its padding still behind it."""
    place = torch.arange(words.shape[1], device=words.device)[None, :]
    source = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    return words.gather(1, source[:, :, None].expand(-1, -1, words.shape[2]))


class PairFeatures(nn.Module):
    """`[p, h, p - h, p * h]`, or `p * h` alone."""

    def __init__(self, product_only: bool) -> None:
        super().__init__()
        self.product_only = product_only

    def forward(self, premise: Tensor, hypothesis: Tensor) -> Tensor:
        """float32 (n, size or 4 * size) from two of (n, size)."""
        product = premise * hypothesis
        if self.product_only:
            return product
        return torch.cat([premise, hypothesis, premise - hypothesis, product], dim=1)


class SentencePairModel(nn.Module):
    """Premise and hypothesis to the scores of entailment, neutral and contradiction.

    default_layer: the layer that the paper probes: what the scores are a linear function of (after the ReLU; in
    training mode after the dropout, too).  For `minimal` these are the products `p * h`.
    """

    class_names: tuple[str, ...] = LABELS

    def __init__(self, vocabulary: Vocabulary, settings: ModelSettings) -> None:
        super().__init__()
        minimal = settings.variant == "minimal"
        self.vocabulary, self.settings = vocabulary, settings
        self.default_layer = "features" if minimal else "hidden"
        self.embedding = nn.Embedding(len(vocabulary), settings.embedding, padding_idx=PADDING_ID)
        self.encoder = SentenceEncoder(settings.embedding, settings.hidden, settings.variant == "paper")
        self.features = PairFeatures(product_only=minimal)
        n_features = self.encoder.size * (1 if minimal else 4)
        self.hidden = nn.Sequential(*_hidden_layers(settings, n_features))
        self.output = nn.Linear(n_features if minimal else settings.mlp, len(LABELS))

    def encode(self, premises: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> tuple[Tensor, ...]:
        """Tokens to what `forward` takes: ids (n, longest) and lengths (n,) of either side, int64, on the CPU.

        Words that are not in the vocabulary all have one number.  A sentence without tokens is one padding word.
        """
        return *_padded(self.vocabulary, premises), *_padded(self.vocabulary, hypotheses)

    def forward(
        self, premise_ids: Tensor, premise_lengths: Tensor, hypothesis_ids: Tensor, hypothesis_lengths: Tensor
    ) -> Tensor:
        """float32 (n, 3): the scores before softmax."""
        premise = self.encoder(self.embedding(premise_ids), premise_lengths)
        hypothesis = self.encoder(self.embedding(hypothesis_ids), hypothesis_lengths)
        logits: Tensor = self.output(self.hidden(self.features(premise, hypothesis)))
        return logits


def _hidden_layers(settings: ModelSettings, n_features: int) -> list[nn.Module]:
    def dropout() -> nn.Module:
        return nn.Dropout(settings.dropout)

    if settings.variant == "minimal":
        return [nn.BatchNorm1d(n_features), dropout()]
    first = [nn.Linear(n_features, settings.mlp), nn.ReLU(), dropout()]
    if settings.variant == "code":
        return [nn.BatchNorm1d(n_features), dropout(), *first]
    return [*first, nn.Linear(settings.mlp, settings.mlp), nn.ReLU(), dropout()]


def _padded(vocabulary: Vocabulary, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
    ids = [torch.tensor(vocabulary.ids(tokens) or [PADDING_ID], dtype=torch.int64) for tokens in sentences]
    lengths = torch.tensor([len(sentence) for sentence in ids], dtype=torch.int64)
    return pad_sequence(ids, batch_first=True, padding_value=PADDING_ID), lengths
