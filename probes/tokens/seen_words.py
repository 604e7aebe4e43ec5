"""The first pass of a probe of words: the network, and what of its layers' values is known once all are there.

The values themselves lie in a file, so memory does not follow the number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...solver.errors import DataError
from ..activation_file import Spill
from ..nonzero_file import NonzeroSpill
from ..progress import Progress
from ..thresholds import TopQuantile
from .layer_values import point_values
from .loading import LoadedTokenModel
from .token_settings import TokenSettings
from .windows import Points, Window
from .words import Words

UnitsOf = Callable[[np.ndarray], np.ndarray]
"""From a layer's values, float32 (n, width), to those of the units that are probed, float32 (n, n_units)."""

AT_ONCE = 4096
MADE_AT_ONCE = 512
"""Points whose units are made of a layer's values at once: a layer of 1,000 values can become 100,000 latents."""


@dataclass(frozen=True, eq=False)
class SeenWords:
    """All points, shown to the network.

    units: their names.  thresholds: float64 (n_units,), active means strictly above.  lowest, highest: float32
    (n_units,), of all values.  sentence_max: float32 (n_sentences, n_units), minus infinity where a sentence has no
    point.  Going through it gives, in any order, blocks of points int64 (n,) and their values float32 (n, n_units).
    """

    units: tuple[str, ...]
    thresholds: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    sentence_max: np.ndarray
    file: Spill | NonzeroSpill
    order: np.ndarray

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        done = 0
        for block in self.file.blocks() if isinstance(self.file, NonzeroSpill) else self.file.blocks(AT_ONCE):
            yield self.order[done : done + len(block)], block.reshape(len(block), -1)
            done += len(block)


@contextmanager
def see_words(
    model: LoadedTokenModel,
    words: Words,
    windows: Sequence[Window],
    points: Points,
    settings: TokenSettings,
    *,
    units_of: Mapping[str, UnitsOf],
    spill_folder: Path | None,
    on_progress: Progress,
) -> Iterator[SeenWords]:
    """Within this the values of all points are on disk.  units_of: by layer; another layer's values are its units'.

    Where there are units that are made, only values that are not 0 are on disk.
    """
    with NonzeroSpill(spill_folder) if units_of else Spill(spill_folder) as file:
        stream = _Stream(file, words.sentence_of[points.words], len(words.sentences), settings)
        for numbers, layers in point_values(model, windows, settings):
            at_once = MADE_AT_ONCE if units_of else len(numbers)
            for start in range(0, len(numbers), at_once):
                some = {layer: values[start : start + at_once] for layer, values in layers.items()}
                made = {layer: units_of[layer](values) for layer, values in some.items() if layer in units_of}
                stream.add(numbers[start : start + at_once], some | made)
            on_progress("running the network", stream.n_seen, len(points))
        yield stream.seen()


class _Stream:
    """What is kept of values as they come."""

    def __init__(
        self, file: Spill | NonzeroSpill, sentence_of: np.ndarray, n_sentences: int, settings: TokenSettings
    ) -> None:
        self.file, self.sentence_of, self.n_sentences, self.settings = file, sentence_of, n_sentences, settings
        self.widths: dict[str, int] = {}
        self.top: TopQuantile | None = None
        self.lowest = self.highest = self.sentence_max = np.zeros(0, dtype=np.float32)
        self.order: list[np.ndarray] = []
        self.n_seen = 0

    def add(self, numbers: np.ndarray, layers: Mapping[str, np.ndarray]) -> None:
        """Take in the values of points, float32 (n, n_units) by layer."""
        widths = {layer: values.shape[1] for layer, values in layers.items()}
        if not self.widths:
            self._start(widths)
        if widths != self.widths:
            raise DataError(
                f"layers give {self.widths} units at first and {widths} later; units must not depend on texts"
            )
        values = np.concatenate(list(layers.values()), axis=1)
        self.file.append(values if isinstance(self.file, NonzeroSpill) else values[:, :, None, None])
        if self.top is not None:
            self.top.add(np.ascontiguousarray(values.T))
        self.lowest = np.minimum(self.lowest, values.min(axis=0))
        self.highest = np.maximum(self.highest, values.max(axis=0))
        sentences = self.sentence_of[numbers]
        starts = np.flatnonzero(np.concatenate([[True], sentences[1:] != sentences[:-1]]))
        for sentence, largest in zip(sentences[starts], np.maximum.reduceat(values, starts, axis=0)):
            np.maximum(self.sentence_max[sentence], largest, out=self.sentence_max[sentence])
        self.order.append(numbers)
        self.n_seen += len(numbers)

    def _start(self, widths: dict[str, int]) -> None:
        n = sum(widths.values())
        self.widths = widths
        self.lowest, self.highest = np.full(n, np.inf, np.float32), np.full(n, -np.inf, np.float32)
        self.sentence_max = np.full((self.n_sentences, n), -np.inf, dtype=np.float32)
        if self.settings.threshold == "quantile":
            self.top = TopQuantile(n, len(self.sentence_of), self.settings.quantile)

    def seen(self) -> SeenWords:
        names = [
            f"{layer}:{unit}" if len(self.widths) > 1 else str(unit)
            for layer, width in self.widths.items()
            for unit in range(width)
        ]
        thresholds = np.zeros(len(names)) if self.top is None else self.top.thresholds()
        return SeenWords(
            tuple(names),
            thresholds,
            self.lowest,
            self.highest,
            self.sentence_max,
            self.file,
            np.concatenate(self.order),
        )
