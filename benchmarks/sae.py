"""Train a TopK autoencoder on the residual stream of MiniLM, and write it in SAELens' layout.

    python benchmarks/sae.py [-o build/sae] [--layer encoder.layer.2] [--epochs 12]

384 values become 3,072 latents, of which 32 are active.  It is trained on every word of the treebanks beside the
project (its last sub-word), which `compexact probe tokens --sae` reads the same way; a tenth of the documents is held
out.  Latents that no word of an epoch activated are pointed at what is reconstructed worst.  Nothing is
done where the folder is there already.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from inputs import REAL
from torch import Tensor, nn

from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.latents import Latents
from compexact.probes.tokens.layer_values import point_values
from compexact.probes.tokens.loading import load_token_model
from compexact.probes.tokens.sae import CONFIG, WEIGHTS, load_autoencoder
from compexact.probes.tokens.sentences import documents_of
from compexact.probes.tokens.token_settings import TokenSettings
from compexact.probes.tokens.windows import plan
from compexact.probes.tokens.words import Words

BUILD = Path(__file__).resolve().parents[1] / "build/sae"
LATENTS, K = 3_072, 32
BATCH, LEARNING_RATE = 1_024, 1e-3
HELD_OUT_EVERY = 10
SEED = 0


def values_of(layer: str) -> tuple[np.ndarray, np.ndarray]:
    """float32 (n_words, width): the layer's values; bool (n_words,): whether the word's document is held out."""
    files = [REAL / "ud_ewt/en_ewt-all-documents.conllu.gz"]
    words = Words.of(open_corpora([f"conllu:{file}" for file in files]))
    settings = TokenSettings(layers=(layer,))
    model = load_token_model(f"hf:{REAL / 'minilm'}")
    windows, points = plan(model, words, settings, lambda *_: None)
    blocks = list(point_values(model, windows, settings))
    values = np.empty((len(points), blocks[0][1][layer].shape[1]), dtype=np.float32)
    for numbers, found in blocks:
        values[numbers] = found[layer]
    sizes = [len(group) for group in documents_of(words.sentences)]
    document_of = np.repeat(np.arange(len(sizes)), sizes)[words.sentence_of[points.words]]
    return values, document_of % HELD_OUT_EVERY == 0


class TopK(nn.Module):
    """The encoder begins as the decoder turned round; rows of the decoder have length 1."""

    def __init__(self, mean: Tensor) -> None:
        super().__init__()
        rows = nn.functional.normalize(torch.randn(LATENTS, len(mean)), dim=1)
        self.w_dec, self.w_enc = nn.Parameter(rows.clone()), nn.Parameter(rows.T.clone())
        self.b_enc, self.b_dec = nn.Parameter(torch.zeros(LATENTS)), nn.Parameter(mean.clone())

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """The reconstruction of float32 (n, width), and the latents that are active, int64 (n, K)."""
        highest = torch.topk((values - self.b_dec) @ self.w_enc + self.b_enc, K, dim=1)
        latents = torch.zeros(len(values), LATENTS).scatter(1, highest.indices, highest.values.relu())
        return latents @ self.w_dec + self.b_dec, highest.indices

    @torch.no_grad()
    def revive(self, silent: Tensor, values: Tensor) -> None:
        """Point these latents, int64 (n,), at what is missing of the values that are reconstructed worst."""
        missing = values - self(values)[0]
        worst = missing.square().sum(dim=1).argsort(descending=True)[: len(silent)]
        rows = nn.functional.normalize(missing[worst], dim=1)
        silent = silent[: len(rows)]
        self.w_dec[silent], self.w_enc[:, silent], self.b_enc[silent] = rows, 0.2 * rows.T, 0


def batches(n: int) -> Iterator[Tensor]:
    yield from torch.randperm(n).split(BATCH)


def train(values: Tensor, epochs: int) -> TopK:
    torch.manual_seed(SEED)
    spread = values.var(dim=0).sum()
    model = TopK(values.mean(dim=0))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1, 2 * (epochs - epoch) / epochs)
        fired, missed = torch.zeros(LATENTS, dtype=torch.bool), 0.0
        for some in batches(len(values)):
            found, active = model(values[some])
            loss = (found - values[some]).square().sum(dim=1).mean() / spread
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                model.w_dec.copy_(nn.functional.normalize(model.w_dec, dim=1))
            fired[active.ravel()] = True
            missed += float(loss.detach()) * len(some) / len(values)
        silent = torch.nonzero(~fired).ravel()
        if epoch < epochs - 2 and len(silent):
            model.revive(silent, values[torch.randperm(len(values))[: 8 * BATCH]])
        print(f"epoch {epoch + 1}: {1 - missed:.1%} of the variance, {len(silent)} latents silent", flush=True)
    return model


def save(model: TopK, layer: str, folder: Path) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    config = {
        "architecture": "topk", "d_in": len(model.b_dec), "d_sae": LATENTS, "k": K, "dtype": "float32",
        "apply_b_dec_to_input": True, "normalize_activations": "none", "reshape_activations": "none",
        "metadata": {"model_name": "all-MiniLM-L6-v2", "hook_name": layer},
    }  # fmt: skip
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
    names = {"W_enc": model.w_enc, "b_enc": model.b_enc, "W_dec": model.w_dec, "b_dec": model.b_dec}
    save_file({name: tensor.detach().contiguous() for name, tensor in names.items()}, folder / WEIGHTS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=BUILD)
    parser.add_argument("--layer", default="encoder.layer.2")
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    if options.output.exists():
        print(f"{options.output}: there already")
        return
    started = time.process_time()
    values, held_out = values_of(options.layer)
    print(f"{len(values):,} words, {held_out.sum():,} held out; CPU {time.process_time() - started:.0f} s", flush=True)
    model = train(torch.from_numpy(values[~held_out]), options.epochs)
    partial = options.output.with_name(f".{options.output.name}.partial-{os.getpid()}")
    save(model, options.layer, partial)
    for name, some in (("trained on", values[~held_out]), ("held out", values[held_out])):
        latents = Latents(load_autoencoder(partial), options.layer)
        for start in range(0, len(some), BATCH):
            latents(some[start : start + BATCH])
        print(f"{name}: explained variance {latents.explained_variance:.4f}, L0 {latents.l0:.1f}, {len(some):,} words")
    partial.rename(options.output)
    print(f"CPU {time.process_time() - started:.0f} s; {options.output}")


if __name__ == "__main__":
    main()
