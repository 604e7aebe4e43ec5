"""Sequence classifiers of Hugging Face's transformers as sentence-pair models.  Local folders only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..models import weights_digest
from ..transformers_folder import load_folder


class HuggingFacePairs(nn.Module):
    """A sequence classifier and its tokenizer.

    The network is the submodule `network`; its layers are named from there (`network.bert.pooler`).
    """

    def __init__(self, network: nn.Module, tokenizer: Any, class_names: tuple[str, ...], inputs: Sequence[str]) -> None:
        super().__init__()
        self.network, self.tokenizer, self.class_names, self.inputs = network, tokenizer, class_names, tuple(inputs)

    def encode(self, premises: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> tuple[Tensor, ...]:
        """The tokenizer's tensors, int64 (n, longest): those that the network takes.

        Tokens are joined by blanks before the tokenizer splits them in its own way.  What is longer than the network
        can take is cut.
        """
        batch = self.tokenizer(
            [" ".join(tokens) for tokens in premises],
            [" ".join(tokens) for tokens in hypotheses],
            padding=True,
            truncation=True,
            return_tensors="pt",
        )
        return tuple(batch[name] for name in self.inputs)

    def forward(self, *encoded: Tensor) -> Tensor:
        """float (n, n_classes): the scores."""
        logits: Tensor = self.network(**dict(zip(self.inputs, encoded, strict=True))).logits
        return logits


def load_hugging_face(folder: Path) -> tuple[HuggingFacePairs, str, tuple[str, ...]]:
    """The model in the folder, its digest and notes; errors as in `load_folder`."""
    network, tokenizer, notes = load_folder(folder, "AutoModelForSequenceClassification")
    names = network.config.id2label
    class_names = tuple(str(names[number]) for number in range(len(names)))
    inputs = [name for name in tokenizer("a", "b") if name in tokenizer.model_input_names]
    module = HuggingFacePairs(network, tokenizer, class_names, inputs)
    notes += ("Tokens are joined by blanks, and split again by the model's own tokenizer.",)
    return module, weights_digest(module), notes
