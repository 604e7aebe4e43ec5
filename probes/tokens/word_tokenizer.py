"""A tokenizer of whole words, for models that were trained on a few of them.

It has what `windows.py` asks of a fast tokenizer of transformers, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

WORD = re.compile(r"\w+|[^\w\s]")
PADDING, UNKNOWN = "[PAD]", "[UNK]"


class WordTokenizer:
    """Words and single marks, as they are written.  vocabulary: `[PAD]`, `[UNK]`, and the words.

    >>> WordTokenizer(["[PAD]", "[UNK]", "Go", "!"], 8)(["Go on!"])["input_ids"]
    [[2, 1, 3]]
    """

    is_fast = True
    pad_token_id = 0

    def __init__(self, vocabulary: Sequence[str], model_max_length: int) -> None:
        self.numbers: Mapping[str, int] = {word: number for number, word in enumerate(vocabulary)}
        self.model_max_length = model_max_length

    def num_special_tokens_to_add(self) -> int:
        """None: a text is its words."""
        return 0

    def __call__(
        self, texts: Sequence[str], *, max_length: int | None = None, stride: int = 0, **_: bool
    ) -> dict[str, list[Any]]:
        """The windows of each text: `max_length` tokens, of which two windows share `stride`."""
        names = ("input_ids", "attention_mask", "offset_mapping", "special_tokens_mask", "overflow_to_sample_mapping")
        made: dict[str, list[Any]] = {name: [] for name in names}
        length = max_length or self.model_max_length
        for number, text in enumerate(texts):
            spans = [found.span() for found in WORD.finditer(text)]
            for first in range(0, max(len(spans) - stride, 1), length - stride):
                some = spans[first : first + length]
                ids = [self.numbers.get(text[start:end], self.numbers[UNKNOWN]) for start, end in some]
                for name, value in zip(names, (ids, [1] * len(ids), some, [0] * len(ids), number)):
                    made[name].append(value)
        return made
