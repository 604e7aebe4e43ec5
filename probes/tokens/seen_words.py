"""The first pass of a probe of words: the network, and what of its layers' values is known once all are there.

The values themselves lie in a file, so memory does not follow the number of points.  A shard keeps the values alone;
what is known once all are there, `merge` finds out from those of all shards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...solver.errors import DataError
from ..activation_file import Spill
from ..kept_activations import KeptSize
from ..nonzero_file import NonzeroSpill
from ..progress import Progress
from ..shard import Shard
from ..thresholds import TopQuantile
from .layer_values import ALL, batches_of, point_values
from .loading import LoadedTokenModel
from .token_settings import TokenSettings
from .windows import Window

UnitsOf = Callable[[np.ndarray], np.ndarray]
"""From a layer's values, float32 (n, width), to those of the units that are probed, float32 (n, n_units)."""

Blocks = Iterator[tuple[np.ndarray, np.ndarray]]
"""In any order: points int64 (n,), and their values float32 (n, n_units)."""

AT_ONCE = 4096
MADE_AT_ONCE = 512
"""Points whose units are made of a layer's values at once: a layer of 1,000 values can become 100,000 latents."""


@dataclass(frozen=True, eq=False)
class SeenWords:
    """All points, shown to the network.

    units: their names.  thresholds: float64 (n_units,), active means strictly above.  lowest, highest: float32
    (n_units,), of all values.  sentence_max: float32 (n_sentences, n_units), minus infinity where a sentence has no
    point.  blocks: goes through the values once more.
    """

    units: tuple[str, ...]
    thresholds: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    sentence_max: np.ndarray
    blocks: Callable[[], Blocks]

    def __iter__(self) -> Blocks:
        return self.blocks()


class KeptValues:
    """The values of points as the network gave them, in a file.  widths: the number of units of each layer."""

    def __init__(self, file: Spill | NonzeroSpill) -> None:
        self.file = file
        self.widths: dict[str, int] = {}
        self.order: list[np.ndarray] = []

    def add(self, numbers: np.ndarray, layers: Mapping[str, np.ndarray]) -> np.ndarray:
        """Take in the values of points, float32 (n, width) by layer; give them as float32 (n, n_units)."""
        widths = {layer: values.shape[1] for layer, values in layers.items()}
        self.widths = self.widths or widths
        if widths != self.widths:
            raise DataError(
                f"layers give {self.widths} units at first and {widths} later; units must not depend on texts"
            )
        values = np.concatenate(list(layers.values()), axis=1)
        self.file.append(values if isinstance(self.file, NonzeroSpill) else values[:, :, None, None])
        self.order.append(numbers)
        return values

    @property
    def numbers(self) -> np.ndarray:
        """int64 (n,): the points, in the order of the file."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self.order])

    def blocks(self) -> Blocks:
        """What is in the file."""
        numbers, done = self.numbers, 0
        for block in self.file.blocks() if isinstance(self.file, NonzeroSpill) else self.file.blocks(AT_ONCE):
            yield numbers[done : done + len(block)], block.reshape(len(block), -1)
            done += len(block)


@contextmanager
def keep_values(
    model: LoadedTokenModel,
    windows: Sequence[Window],
    settings: TokenSettings,
    *,
    shard: Shard = ALL,
    units_of: Mapping[str, UnitsOf],
    spill_folder: Path | None,
    on_values: Callable[[np.ndarray, np.ndarray], None] = lambda numbers, values: None,
    on_progress: Progress,
) -> Iterator[KeptValues]:
    """Run the network; within this the values are on disk.  units_of: by layer; another layer's values are its units'.

    on_values: is shown points and their values as they come.  Of units that are made only values that are not 0 are on
    disk.
    """
    n_points = sum(len(window.points) for batch in batches_of(windows, settings.batch_size, shard) for window in batch)
    n_seen = 0
    with NonzeroSpill(spill_folder) if units_of else Spill(spill_folder) as file:
        kept = KeptValues(file)
        for numbers, layers in point_values(model, windows, settings, shard):
            at_once = MADE_AT_ONCE if units_of else len(numbers)
            for start in range(0, len(numbers), at_once):
                some = {layer: values[start : start + at_once] for layer, values in layers.items()}
                made = {layer: units_of[layer](values) for layer, values in some.items() if layer in units_of}
                these = numbers[start : start + at_once]
                on_values(these, kept.add(these, some | made))
            n_seen += len(numbers)
            on_progress("running the network", n_seen, n_points)
        yield kept


class Totals:
    """What is found out of all values while they come.  sentence_of: int32 (n_points,)."""

    def __init__(self, sentence_of: np.ndarray, n_sentences: int, settings: TokenSettings) -> None:
        self.sentence_of, self.n_sentences, self.settings = sentence_of, n_sentences, settings
        self.top: TopQuantile | None = None
        self.lowest = self.highest = np.zeros(0, dtype=np.float32)
        self.sentence_max: np.ndarray | None = None
        self.kept = KeptSize(is_asked=settings.keep_activations)

    def add(self, numbers: np.ndarray, values: np.ndarray) -> None:
        """Take in the values of points, float32 (n, n_units)."""
        if self.sentence_max is None:
            self._start(values.shape[1])
        assert self.sentence_max is not None
        self.kept.add(values)
        if self.top is not None:
            self.top.add(np.ascontiguousarray(values.T))
        self.lowest = np.minimum(self.lowest, values.min(axis=0))
        self.highest = np.maximum(self.highest, values.max(axis=0))
        sentences = self.sentence_of[numbers]
        starts = np.flatnonzero(np.concatenate([[True], sentences[1:] != sentences[:-1]]))
        for sentence, largest in zip(sentences[starts], np.maximum.reduceat(values, starts, axis=0)):
            np.maximum(self.sentence_max[sentence], largest, out=self.sentence_max[sentence])

    def _start(self, n: int) -> None:
        self.lowest, self.highest = np.full(n, np.inf, np.float32), np.full(n, -np.inf, np.float32)
        self.sentence_max = np.full((self.n_sentences, n), -np.inf, dtype=np.float32)
        if self.settings.threshold == "quantile":
            self.top = TopQuantile(n, len(self.sentence_of), self.settings.quantile)

    def seen(self, widths: Mapping[str, int], blocks: Callable[[], Blocks]) -> SeenWords:
        """Once all values were shown.  blocks: goes through them once more."""
        assert self.sentence_max is not None
        units = tuple(
            f"{layer}:{unit}" if len(widths) > 1 else str(unit) for layer, n in widths.items() for unit in range(n)
        )
        thresholds = np.zeros(len(units)) if self.top is None else self.top.thresholds()
        return SeenWords(units, thresholds, self.lowest, self.highest, self.sentence_max, blocks)
