"""The network of `compexact demo tokens`: a transformer of two blocks that tags words, in plain torch.

The hidden units of the last block's MLP are 24 trained ones, `0` to `23`, and behind them those of `demo_planted.py`,
which nothing reads, so they change no answer.  Probe them with the threshold rule `positive`: trained units are ReLUs,
and a planted unit is above 0 exactly where its formula holds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..checkpoints import load_into, read_state_dict
from .demo_planted import ATOMS, PlantedUnits
from .word_tokenizer import WordTokenizer

LAYER = "blocks.1.units"
"""Its name."""
WIDTH, HEADS, TRAINED_UNITS, MAX_TOKENS = 32, 2, 24, 64


class Units(nn.Module):
    """The hidden units of an MLP: (n, tokens, 32) -> (n, tokens, n_units)."""

    def __init__(self, planted: PlantedUnits | None) -> None:
        super().__init__()
        self.trained, self.planted = nn.Linear(WIDTH, TRAINED_UNITS), planted
        nn.init.constant_(self.trained.bias, -1.0)  # rarer, and so more telling, units come out of the training

    def forward(self, hidden: Tensor, input_ids: Tensor) -> Tensor:
        trained = functional.relu(self.trained(hidden))
        if self.planted is None:
            return trained
        return torch.cat([trained, self.planted(input_ids).to(trained.dtype)], dim=-1)


class Block(nn.Module):
    """Attention over the text, then the MLP; each adds to what there is."""

    def __init__(self, planted: PlantedUnits | None) -> None:
        super().__init__()
        self.before_attention, self.before_units = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.units, self.output = Units(planted), nn.Linear(TRAINED_UNITS, WIDTH)

    def forward(self, hidden: Tensor, input_ids: Tensor, is_padding: Tensor) -> tuple[Tensor, Tensor]:
        """What the next block reads, and the trained units."""
        seen = self.before_attention(hidden)
        hidden = hidden + self.attention(seen, seen, seen, key_padding_mask=is_padding, need_weights=False)[0]
        trained = self.units(self.before_units(hidden), input_ids)[..., :TRAINED_UNITS]
        return hidden + self.output(trained), trained


class DemoTagger(nn.Module):
    """Words, int64 (n, tokens) -> the scores of their tags, float32 (n, tokens, n_tags).

    planted: the tables of the planted units; None where a state dict will bring them.
    """

    def __init__(self, n_words: int, n_tags: int, planted: np.ndarray | None = None) -> None:
        super().__init__()
        tables = np.zeros((len(ATOMS), n_words), dtype=np.float32) if planted is None else planted
        self.words, self.places = nn.Embedding(n_words, WIDTH), nn.Embedding(MAX_TOKENS, WIDTH)
        self.blocks = nn.ModuleList([Block(None), Block(PlantedUnits(tables))])
        self.scores = nn.Linear(WIDTH, n_tags)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.scores_and_units(input_ids, attention_mask)[0]

    def scores_and_units(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and the last block's trained units, (n, tokens, 24)."""
        hidden = self.words(input_ids) + self.places(torch.arange(input_ids.shape[1], device=input_ids.device))
        for block in self.blocks:
            hidden, units = block(hidden, input_ids, attention_mask == 0)
        return self.scores(hidden), units


def save_demo_tagger(model: DemoTagger, vocabulary: list[str], tags: list[str], folder: Path) -> None:
    """Write the folder: `weights.pt`, tensors only; `words.txt` and `tags.txt`, one a line."""
    folder.mkdir()
    torch.save(model.state_dict(), folder / "weights.pt")
    for name, texts in (("words", vocabulary), ("tags", tags)):
        (folder / f"{name}.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")


def load_demo_tagger(folder: Path) -> tuple[DemoTagger, WordTokenizer]:
    """What lies in the folder, as `--model package.module:factory` gives it."""
    vocabulary, tags = ((folder / f"{name}.txt").read_text(encoding="utf-8").split() for name in ("words", "tags"))
    model = DemoTagger(len(vocabulary), len(tags)).eval()
    load_into(model, read_state_dict(folder / "weights.pt"), strict=True, source=str(folder / "weights.pt"))
    return model, WordTokenizer(vocabulary, MAX_TOKENS)
