"""A tiny transformer with random weights and a tokenizer that splits words into sub-words."""

import string
from pathlib import Path

import torch

from compexact.probes.torchvision_ops import import_torchvision

import_torchvision()  # transformers imports it, and it may need help

WHOLE = ("the", "a", "dog", "dogs", "cat", "sleeps", "sleep", "park", "in")


def tiny_tokenizer():
    """Whole words of `WHOLE`; of any others each letter; punctuation by itself."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = string.ascii_lowercase + string.digits + string.punctuation
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WHOLE, *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=40,
    )  # fmt: skip


def tiny_bert(seed: int = 0) -> torch.nn.Module:
    """Three layers of 16, with MLPs of 24; 40 positions."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tiny_tokenizer()), hidden_size=16, num_hidden_layers=3, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=40, initializer_range=0.2,
    )  # fmt: skip
    return BertModel(config).eval()


def made():
    """The two, as a factory of the user's gives them."""
    return tiny_bert(), tiny_tokenizer()


def save_tiny(folder: Path) -> Path:
    """A folder as transformers writes it, with weights in half precision."""
    tiny_bert().half().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder
