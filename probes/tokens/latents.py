"""The latents of an autoencoder as units, and how well they reconstruct the values that they were made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...solver.errors import UsageError
from .sae import Autoencoder, load_autoencoder


class Latents:
    """From a layer's values to latents; sums up what goes through.  layer: its name, for messages."""

    def __init__(self, autoencoder: Autoencoder, layer: str) -> None:
        self.autoencoder, self.layer = autoencoder, layer
        self.n_points = self.n_active = 0
        self.squares = self.missed = 0.0
        self.sums = np.zeros(autoencoder.width)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """float32 (n, n_latents) of float32 (n, width); `UsageError` for another width."""
        own = self.autoencoder
        if values.shape[1] != own.width:
            trained = f", trained at {own.hook}," if own.hook else ""
            raise UsageError(
                f"the autoencoder {own.name}{trained} takes {own.width} values of a point; layer {self.layer} has "
                f"{values.shape[1]}"
            )
        latents = own.encode(values)
        exact = values.astype(np.float64)
        self.n_points += len(values)
        self.n_active += int(np.count_nonzero(latents))
        self.sums += exact.sum(axis=0)
        self.squares += float((exact**2).sum())
        self.missed += float(((exact - own.decode(latents)) ** 2).sum())
        return latents

    @property
    def explained_variance(self) -> float | None:
        """1 less the squared error by the squared distance from the mean, over all points; None where all are equal."""
        spread = self.squares - float((self.sums**2).sum()) / max(self.n_points, 1)
        return 1 - self.missed / spread if spread > 0 else None

    @property
    def l0(self) -> float:
        """How many latents are active on a point, on average."""
        return self.n_active / max(self.n_points, 1)

    def said(self) -> str:
        """Both as a sentence."""
        own, share = self.autoencoder, self.explained_variance
        trained = f" (trained at {own.hook})" if own.hook else ""
        return (
            f"The {own.n_latents:,} latents of {own.name}{trained} explain "
            f"{'nothing' if share is None else f'{share:.1%}'} of the variance of {self.layer} on {self.n_points:,} "
            f"points, with {self.l0:.1f} of them active on a point."
        )


def latents_of(folders: Sequence[str], layers: Sequence[str]) -> dict[str, Latents]:
    """By layer: the autoencoder of each, in their order."""
    return {layer: Latents(load_autoencoder(Path(folder)), layer) for folder, layer in zip(folders, layers)}
