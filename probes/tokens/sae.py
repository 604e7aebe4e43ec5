"""Sparse autoencoders in SAELens' layout: a folder with `cfg.json` and `sae_weights.safetensors`.

With x the layer's values, less `b_dec` where `apply_b_dec_to_input` says so, and h = x W_enc + b_enc, a latent is

- of `standard` max(h, 0);
- of `jumprelu` max(h, 0) where h is above the latent's threshold, else 0;
- of `topk` max(h, 0) where h is among the k highest of the point, else 0.  With `rescale_acts_by_decoder_norm` each h
  is first multiplied by the length of the latent's row of W_dec, and the latent divided by it again to reconstruct.

The reconstruction is latents W_dec + b_dec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...solver.errors import DataError, UsageError, did_you_mean
from ..digests import file_digest
from ..factories import brief
from ..json_text import parse_json
from ..regular_files import MAX_TEXT, read_regular

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
ARCHITECTURES = ("standard", "topk", "jumprelu")
UNUSUAL = ("normalize_activations", "reshape_activations", "hook_z", "finetuning_scaling_factor")
"""Fields that ask for more than is computed here, unless they are "none" or false."""


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """name: of its folder.  architecture: one of `ARCHITECTURES`.  hook: where it was trained, "" if it does not say.

    w_enc: float32 (width, n_latents), b_enc, threshold: (n_latents,), w_dec: (n_latents, width), b_dec: (width,).
    k: of `topk`, else 0.  centred: whether b_dec is taken off first.  rescaled: by the length of the decoder's rows.
    digest: of the weights' file.
    """

    name: str
    architecture: str
    hook: str
    w_enc: Tensor
    b_enc: Tensor
    w_dec: Tensor
    b_dec: Tensor
    threshold: Tensor
    k: int
    centred: bool
    rescaled: bool
    digest: str

    @property
    def width(self) -> int:
        """How many values it takes of a point."""
        return self.w_enc.shape[0]

    @property
    def n_latents(self) -> int:
        """How many it makes of them."""
        return self.w_enc.shape[1]

    @torch.inference_mode()
    def encode(self, values: np.ndarray) -> np.ndarray:
        """float32 (n, n_latents), none negative, of float32 (n, width)."""
        centre = self.b_dec if self.centred else 0
        hidden = (torch.from_numpy(values) - centre) @ self.w_enc + self.b_enc
        if self.rescaled:
            hidden = hidden * self.w_dec.norm(dim=1)
        if self.architecture == "topk":
            highest = torch.topk(hidden, self.k, dim=1)
            return torch.zeros_like(hidden).scatter_(1, highest.indices, highest.values.relu()).numpy()
        return torch.where(hidden > self.threshold, hidden.relu(), 0).numpy()

    @torch.inference_mode()
    def decode(self, latents: np.ndarray) -> np.ndarray:
        """float32 (n, width): the values that latents, float32 (n, n_latents), stand for."""
        found = torch.from_numpy(latents)
        if self.rescaled:
            found = found / self.w_dec.norm(dim=1)
        return (found @ self.w_dec + self.b_dec).numpy()


def load_autoencoder(folder: Path) -> Autoencoder:
    """The autoencoder in a folder.

    Raises `UsageError` where there is none, or it is of a kind that is not computed here; `DataError` for damaged
    files and weights that do not fit.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise UsageError(f"--sae {folder}: no folder with {CONFIG} and {WEIGHTS}, as SAELens saves them")
    config = _read_config(folder / CONFIG)
    architecture, k = _kind(config, folder)
    for name in UNUSUAL:
        if config.get(name) not in (None, False, "none"):
            raise UsageError(
                f"--sae {folder}: {name} is {config[name]!r}, which is not computed here; fold it into the weights"
            )
    tensors = _read_weights(folder / WEIGHTS)
    width, n = _shape(tensors, folder)
    metadata = config["metadata"] if isinstance(config.get("metadata"), dict) else {}
    made = Autoencoder(
        name=folder.resolve().name,
        architecture=architecture,
        hook=str(config.get("hook_name") or metadata.get("hook_name") or ""),
        w_enc=_tensor(tensors, "W_enc", (width, n), folder),
        b_enc=_tensor(tensors, "b_enc", (n,), folder),
        w_dec=_tensor(tensors, "W_dec", (n, width), folder),
        b_dec=_tensor(tensors, "b_dec", (width,), folder),
        threshold=_threshold(tensors, n, folder) if architecture == "jumprelu" else torch.zeros(n),
        k=k,
        centred=config.get("apply_b_dec_to_input") is not False,
        rescaled=architecture == "topk" and bool(config.get("rescale_acts_by_decoder_norm")),
        digest=file_digest(folder / WEIGHTS),
    )
    if k > n:
        raise DataError(f"{folder / CONFIG}: k is {k}, of {n} latents")
    return made


def _read_config(file: Path) -> dict[str, Any]:
    config = parse_json(read_regular(file, MAX_TEXT, follow=True), str(file))
    if not isinstance(config, dict):
        raise DataError(f"{file}: a JSON object is needed, not a {type(config).__name__}")
    return config


def _kind(config: Mapping[str, Any], folder: Path) -> tuple[str, int]:
    """The architecture, and k.  Earlier versions of SAELens call a `topk` standard with another activation."""
    architecture = str(config.get("architecture") or "standard")
    activation = str(config.get("activation_fn") or config.get("activation_fn_str") or "relu")
    if architecture == "standard" and activation == "topk":
        architecture = "topk"
    if architecture not in ARCHITECTURES:
        raise UsageError(
            f"--sae {folder}: the architecture {architecture!r} is not computed here; "
            f"{', '.join(ARCHITECTURES)} are{did_you_mean(architecture, ARCHITECTURES)}"
        )
    if architecture != "topk":
        if activation != "relu":
            raise UsageError(f"--sae {folder}: the activation {activation!r} is not computed here; relu and topk are")
        return architecture, 0
    further = config["activation_fn_kwargs"] if isinstance(config.get("activation_fn_kwargs"), dict) else {}
    k = config.get("k", further.get("k"))
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise DataError(f"{folder / CONFIG}: k is {k!r}; a topk autoencoder needs a whole number from 1")
    return architecture, k


def _read_weights(file: Path) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise UsageError("--sae needs the package safetensors: pip install 'compexact[hf]'") from None
    try:
        return load_file(str(file))
    except Exception as error:  # safetensors meets damaged files in several ways
        raise DataError(f"{file} cannot be read: {brief(error)[:200]}") from None


def _shape(tensors: Mapping[str, Tensor], folder: Path) -> tuple[int, int]:
    found = tensors.get("W_enc")
    if found is None or found.ndim != 2 or not all(found.shape):
        has = ", ".join(sorted(tensors)[:8]) or "nothing"
        raise DataError(f"{folder / WEIGHTS}: no matrix W_enc (width, latents); it has {has}")
    return found.shape[0], found.shape[1]


def _tensor(tensors: Mapping[str, Tensor], name: str, shape: tuple[int, ...], folder: Path) -> Tensor:
    """In float32, of this shape and finite."""
    if name not in tensors:
        raise DataError(f"{folder / WEIGHTS}: no {name}; it has {', '.join(sorted(tensors)[:8])}")
    found = tensors[name]
    if tuple(found.shape) != shape or not found.is_floating_point():
        raise DataError(
            f"{folder / WEIGHTS}: {name} is {found.dtype} {tuple(found.shape)}; with this W_enc it must be "
            f"numbers of shape {shape}"
        )
    found = found.to(torch.float32)
    if not torch.isfinite(found).all():
        raise DataError(f"{folder / WEIGHTS}: {name} has values that are no numbers")
    return found


def _threshold(tensors: Mapping[str, Tensor], n: int, folder: Path) -> Tensor:
    if "threshold" not in tensors and "log_threshold" in tensors:
        return _tensor(tensors, "log_threshold", (n,), folder).exp()
    return _tensor(tensors, "threshold", (n,), folder)
