"""Values of which most are 0, between two passes: on disk, without the zeros."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from ..solver.errors import DataError


class NonzeroSpill(AbstractContextManager["NonzeroSpill"]):
    """float32 (n_points, n_units), appended and read back in blocks; 8 bytes for each value that is not 0.

    The file has no name after it is opened, so nothing is left behind however the process ends.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._shapes: list[tuple[int, int, int]] = []

    def append(self, values: np.ndarray) -> None:
        """Add float32 (n, n_units), fewer than 2**31 values."""
        places = np.flatnonzero(values)
        try:
            places.astype(np.int32).tofile(self._file)
            values.ravel()[places].tofile(self._file)
        except OSError as error:
            needed = 8 * len(places)
            raise DataError(f"no room for {needed:,} more bytes of activations: {error.strerror or error}") from None
        self._shapes.append((*values.shape, len(places)))

    def blocks(self) -> Iterator[np.ndarray]:
        """What was appended, one after the other."""
        self._file.flush()
        self._file.seek(0)
        for n, n_units, count in self._shapes:
            values = np.zeros(n * n_units, dtype=np.float32)
            places = np.fromfile(self._file, dtype=np.int32, count=count)
            values[places] = np.fromfile(self._file, dtype=np.float32, count=count)
            yield values.reshape(n, n_units)

    def __exit__(self, *_: object) -> None:
        self._file.close()
