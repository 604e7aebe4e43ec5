"""Activation maps between the two passes: on disk, because for a real dataset they do not fit in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from ..solver.errors import DataError


class Spill(AbstractContextManager["Spill"]):
    """float32 (n_images, n_units, height, width), appended batch by batch, read back image by image.

    The file has no name after it is opened, so nothing is left behind however the process ends.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self.shape: tuple[int, int, int] | None = None
        self.n_images = 0

    def append(self, maps: np.ndarray) -> None:
        """Add float32 (n, n_units, height, width); every batch must have the same map shape."""
        if self.shape is None:
            self.shape = maps.shape[1:]
        if maps.shape[1:] != self.shape:
            raise DataError(
                f"the layer's output changes shape: {self.shape} for the first images, {maps.shape[1:]} "
                f"for images {self.n_images} to {self.n_images + len(maps) - 1}"
            )
        try:
            np.ascontiguousarray(maps).tofile(self._file)
        except OSError as error:
            needed = maps.nbytes
            raise DataError(f"no room for {needed:,} more bytes of activations: {error.strerror or error}") from None
        self.n_images += len(maps)

    def __iter__(self) -> Iterator[np.ndarray]:
        """The maps of each image, (n_units, height, width)."""
        return (maps[0] for maps in self.blocks(1))

    def blocks(self, at_once: int) -> Iterator[np.ndarray]:
        """The maps of images that follow each other, so many at once, (n, n_units, height, width)."""
        if self.shape is None:
            return
        self._file.flush()
        self._file.seek(0)
        count = int(np.prod(self.shape))
        for first in range(0, self.n_images, at_once):
            n = min(at_once, self.n_images - first)
            yield np.fromfile(self._file, dtype=np.float32, count=n * count).reshape(n, *self.shape)

    def __exit__(self, *_: object) -> None:
        self._file.close()
