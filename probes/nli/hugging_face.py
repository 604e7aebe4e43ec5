"""Sequence classifiers of Hugging Face's transformers as sentence-pair models.  Local folders only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ...solver.errors import DataError, UsageError
from ..factories import brief
from ..models import weights_digest
from ..torchvision_ops import import_torchvision


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
    """The model in the folder (`config.json`, `model.safetensors` and the tokenizer's files), its digest and notes.

    Nothing is downloaded, no code of the folder is run, and weights are read from safetensors only.
    Raises `UsageError` without transformers or without such a folder, `DataError` where its files do not fit.
    """
    transformers = _import()
    if not (folder / "config.json").is_file():
        raise UsageError(f"model hf:{folder}: no folder with a config.json; models are read from local folders only")
    only_here = {"local_files_only": True, "trust_remote_code": False}
    try:
        network, found = transformers.AutoModelForSequenceClassification.from_pretrained(
            str(folder), use_safetensors=True, output_loading_info=True, **only_here
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), **only_here)
    except Exception as error:  # transformers meets damaged folders in many ways
        raise DataError(f"model hf:{folder} cannot be loaded: {brief(error)[:300]}") from None
    missing = sorted(map(str, found.get("missing_keys", ())))
    if missing:
        raise DataError(f"model hf:{folder}: the weights lack {len(missing)} entries, such as {missing[0]}")
    names = network.config.id2label
    class_names = tuple(str(names[number]) for number in range(len(names)))
    inputs = [name for name in tokenizer("a", "b") if name in tokenizer.model_input_names]
    module = HuggingFacePairs(network.eval(), tokenizer, class_names, inputs)
    notes = ("Tokens are joined by blanks, and split again by the model's own tokenizer.",)
    return module, weights_digest(module), notes


def _import() -> Any:
    import_torchvision()  # transformers imports it, and it may need help
    try:
        import transformers
    except ImportError:
        raise UsageError("hf: models need the package transformers: pip install 'compexact[hf]'") from None
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers
