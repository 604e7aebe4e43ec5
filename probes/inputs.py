"""What a probe says of its inputs, one by one: `probe.inputs`, the same for images, sentence pairs and words.

    probe.inputs.active(["3", "7"])    # bool (n_inputs, 2): where the units are active
    probe.inputs.gold                  # int64 (n_inputs,): the class that each is meant to have, -1 for none
    probe.inputs.predicted             # int64 (n_inputs,): the class that the model says
    probe.inputs.keys                  # [("a.jpg",), ...] or [("A man sleeps.", "Nobody sings."), ...]

A probe of plain arrays keeps none of this.  Each part is read when it is asked for; where the probe lacks it,
`UsageError` says what to do, and `has` tells it beforehand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..solver.cells import Cells
from ..solver.errors import DataError, UsageError
from ..solver.folds import FoldCounts
from .folding import ARRAYS as FOLD_ARRAYS
from .folding import stored_folds
from .image_masks import ARRAYS as MASK_ARRAYS
from .image_masks import ImageMasks
from .kept_activations import Activations, has_activations, kept_activations
from .point_cells import PACKED, unpacked
from .stored_sentences import ARRAYS, StoredSentences
from .value_histogram import ARRAYS as HISTOGRAM_ARRAYS
from .value_histogram import StoredHistogram

Part = Literal[
    "activations",
    "activity",
    "class_weights",
    "folds",
    "histogram",
    "keys",
    "masks",
    "pictures",
    "point_cells",
    "predicted",
    "sentences",
    "thresholds",
    "top_pairs",
    "unit_max",
]
Side = Literal["premise", "hypothesis"]

ACTIVITY = ("image_active", "unit_active")
"""The arrays that keep it, as packed bits: those of a vision probe, and of one whose inputs are points."""
KEYS = (("images",), ("premises", "hypotheses"))
NO_CLASSES = "the inputs of this probe are words, for which the model predicts no class; probe vision or nli for that"
NO_FOLDS = (
    "this probe keeps no counts by fold of its inputs; make it again with --folds 10 (of plain arrays: "
    "compexact probe arrays FILE --folds 10 --groups IDS -o PROBE)"
)
KEPT_BY = "`compexact probe vision`, `nli` and `tokens` keep that; plain arrays do not have it"


@dataclass(frozen=True, eq=False)
class Activity:
    """On which inputs each unit is active.  packed: uint8 (n_inputs, ceil(n_units / 8)), a bit for each unit."""

    packed: np.ndarray
    n_units: int

    def __post_init__(self) -> None:
        if self.packed.ndim != 2 or self.packed.shape[1] != -(-self.n_units // 8):
            raise DataError(
                f"the probe's activity, of shape {self.packed.shape}, and its {self.n_units} units do not fit each "
                "other; probe again"
            )

    def __len__(self) -> int:
        return len(self.packed)

    def of(self, column: int) -> np.ndarray:
        """bool (n_inputs,): of one unit."""
        return np.asarray(self.packed[:, column // 8] >> (7 - column % 8) & 1, dtype=bool)

    def of_all(self) -> np.ndarray:
        """bool (n_inputs, n_units)."""
        return np.unpackbits(self.packed, axis=1, count=self.n_units).astype(bool)


@dataclass(frozen=True, eq=False)
class StoredPictures:
    """What a vision probe keeps for showing units: the arrays of `probes/vision/probe.py` by their names."""

    top_images: np.ndarray
    top_masks: np.ndarray
    pictured: np.ndarray
    point_cells: np.ndarray
    picture_bytes: np.ndarray
    picture_offsets: np.ndarray


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of a probe.  cells, names, arrays: the probe's."""

    cells: Cells
    names: Mapping[str, Sequence[Any]]
    arrays: Mapping[str, np.ndarray]

    def has(self, part: Part) -> bool:
        """Whether the probe has it, as this view gives it."""
        if part == "sentences":
            return bool(self.names.get("sentences")) and all(name in self.arrays for name in ARRAYS)
        if part == "keys":
            return self.has("sentences") or any(all(self.names.get(name) for name in names) for names in KEYS)
        if part == "activations":
            return has_activations(self.arrays)
        if part == "activity":
            return any(name in self.arrays for name in ACTIVITY)
        if part == "predicted":
            return bool((self._predictions >= 0).any())
        if part == "class_weights":
            return "class_weights" in self.arrays and self._misfit(self.arrays["class_weights"]) is None
        if part == "point_cells":
            return part in self.arrays or all(name in self.arrays for name in PACKED)
        if part == "folds":
            return all(name in self.arrays for name in FOLD_ARRAYS)
        if part == "histogram":
            return all(name in self.arrays for name in HISTOGRAM_ARRAYS)
        if part == "masks":
            return all(name in self.arrays for name in MASK_ARRAYS)
        if part == "pictures":
            others = set(StoredPictures.__dataclass_fields__) - {"point_cells"}
            return self.has("point_cells") and others.issubset(self.arrays)
        return part in self.arrays

    @property
    def are_pairs(self) -> bool:
        """Whether the inputs are points themselves, sentence pairs: then each has one cell, and units are on or off."""
        return "point_cells" in self.arrays and "unit_active" in self.arrays and not self.are_words

    @property
    def are_words(self) -> bool:
        """Whether the inputs are points themselves, words or sub-words of sentences."""
        return "point_sentences" in self.arrays

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """What tells the inputs apart: an image's name, a pair's two sentences, or where a word stands.

        Of a word the names of its document and sentence, and its number in that, from 1.
        """
        if self.has("sentences"):
            return _word_keys(self.sentences)
        for names in KEYS:
            if all(self.names.get(name) for name in names):
                return list(zip(*(map(str, self.names[name]) for name in names)))
        raise UsageError(f"this probe does not name its inputs; {KEPT_BY}")

    @property
    def images(self) -> Sequence[str]:
        """The images' names; empty where the inputs are none."""
        return [str(name) for name in self.names.get("images") or ()]

    def tokenised(self, side: Side) -> Sequence[str]:
        """A sentence of each pair, its tokens joined by blanks."""
        return self._named(f"{side}_tokens", "this probe has no sentences; `compexact probe nli` makes one that has")

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the model's classes; empty where the probe does not name them."""
        return tuple(map(str, self.names.get("classes") or ()))

    def named_classes(self) -> tuple[str, ...]:
        """The same; `UsageError` where there are none."""
        lacks = (
            NO_CLASSES
            if self.are_words
            else "this probe does not name the model's classes; probe a model that has class names"
        )
        return tuple(map(str, self._named("classes", lacks)))

    @property
    def targets(self) -> Sequence[str | None]:
        """The label that the data give each input, None for none; empty where the probe has no labels at all."""
        return self.names.get("targets") or []

    @cached_property
    def gold(self) -> np.ndarray:
        """int64 (n_inputs,): the class that the target names, -1 where there is none of that name.

        >>> Inputs(None, {"targets": ["no", None, "maybe"], "classes": ["yes", "no"]}, {}).gold.tolist()
        [1, -1, -1]
        """
        position = {name: number for number, name in enumerate(self.classes)}
        targets = self.targets or [None] * len(self._predictions)
        found = [-1 if target is None else position.get(str(target), -1) for target in targets]
        return np.array(found, dtype=np.int64)

    def labelled(self) -> np.ndarray:
        """bool (n_inputs,): which inputs have a gold label; `UsageError`, saying what they have instead, where none."""
        n_classes = len(self.named_classes())
        if not (self.gold >= 0).any():
            raise UsageError(f"no input has a gold label among the model's {n_classes} classes{_instead(self.targets)}")
        return self.gold >= 0

    @property
    def predicted(self) -> np.ndarray:
        """int64 (n_inputs,): the class with the highest score, -1 where there is none."""
        if self.are_words:
            raise UsageError(NO_CLASSES)
        if not self.has("predicted"):
            raise UsageError(f"this probe has no predictions of the model; {KEPT_BY}, where the model names classes")
        return self._predictions

    @cached_property
    def _predictions(self) -> np.ndarray:
        return np.asarray(self.arrays.get("predictions", ()), dtype=np.int64)

    @cached_property
    def activity(self) -> Activity:
        """Where each unit is active: anywhere in the image, or on the pair."""
        for name in ACTIVITY:
            if name in self.arrays:
                return Activity(self.arrays[name], len(self.cells.unit_names))
        raise UsageError(f"this probe does not say on which inputs a unit is active; {KEPT_BY}")

    def active(self, units: Sequence[str]) -> np.ndarray:
        """bool (n_inputs, len(units)): the same of these units."""
        return self.activity.of_all()[:, [self.cells.unit(unit) for unit in units]]

    @cached_property
    def activations(self) -> Activations:
        """The units' values on points, for scores without a threshold."""
        return kept_activations(self.arrays, len(self.cells.unit_names), len(self.cells))

    @property
    def unit_max(self) -> np.ndarray:
        """float32 (n_images, n_units): each unit's largest value in each image."""
        return self._array("unit_max", "largest values of its units; `compexact probe vision` keeps them")

    @property
    def thresholds(self) -> np.ndarray:
        """float64 (n_units,): active means strictly above."""
        return self._array("thresholds", f"thresholds of its units; {KEPT_BY}")

    @property
    def histogram(self) -> StoredHistogram:
        """How many of each unit's values are in each bin, of the layer's own maps where inputs are images."""
        if not self.has("histogram"):
            raise UsageError(
                "this probe has no histograms of its units' values; `compexact probe vision` and `tokens` keep them"
            )
        return StoredHistogram(*(self.arrays[name] for name in HISTOGRAM_ARRAYS))

    @property
    def class_weights(self) -> np.ndarray:
        """float32 (n_classes, n_units): the last linear layer's, where it takes one value of each unit."""
        weights = self._array("class_weights", "connection weights; probe a model whose last layer is linear")
        if (why := self._misfit(weights)) is not None:
            raise UsageError(why)
        return weights

    def _misfit(self, weights: np.ndarray) -> str | None:
        """Why the weights are not of the units and classes, if so."""
        n_units, n_classes = len(self.cells.unit_names), len(self.classes)
        if weights.ndim == 2 and weights.shape[1] == n_units and n_classes in (0, len(weights)):
            return None
        return (
            f"the class weights are of {weights.shape[-1]} inputs and {len(weights)} classes, but there are {n_units} "
            f"units and {n_classes} class names; probe the layer that feeds the last one"
        )

    @property
    def point_cells(self) -> np.ndarray:
        """int32 (n_pairs,), or (n_pictures, height, width): the cell of each pair, or of each point of `pictured`."""
        if "point_cells" not in self.arrays and self.has("point_cells"):
            return unpacked(self.arrays)
        return self._array("point_cells", f"cells of its inputs' points; {KEPT_BY}")

    @property
    def pictured(self) -> np.ndarray:
        """int32 (n_pictures,): the images whose points' cells are kept, ascending."""
        return self._array("pictured", f"cells of its inputs' points; {KEPT_BY}")

    @property
    def pictures(self) -> StoredPictures:
        """The pictures of the images that units like best, and where these are active in them."""
        lacks = "pictures; `compexact probe vision` keeps them, unless asked for --top-images 0"
        if not self.has("pictures"):
            raise UsageError(f"this probe has no {lacks}")
        others = [name for name in StoredPictures.__dataclass_fields__ if name != "point_cells"]
        return StoredPictures(point_cells=self.point_cells, **{name: self.arrays[name] for name in others})

    @cached_property
    def sentences(self) -> StoredSentences:
        """The sentences whose words are the points, and the units' values in those that they like best."""
        if not self.has("sentences"):
            raise UsageError("this probe has no sentences of words; `compexact probe tokens` makes one that has")
        return StoredSentences.of(self.names, self.arrays)

    @cached_property
    def folds(self) -> FoldCounts:
        """The counts by fold of the inputs."""
        if not self.has("folds"):
            raise UsageError(NO_FOLDS)
        return stored_folds(self.cells, self.arrays)

    @cached_property
    def masks(self) -> ImageMasks:
        """Where each unit is active in every image."""
        if not self.has("masks"):
            raise UsageError("this probe keeps no masks of all images; `compexact probe vision --keep-masks` does")
        arrays = {name: self.arrays[name] for name in MASK_ARRAYS}
        return ImageMasks(arrays, len(self.cells.unit_names), len(self.cells))

    @property
    def top_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """int32 and float32 (n_units, k): each unit's pairs of highest value, highest first, and the values."""
        lacks = "pairs with the highest values; `compexact probe nli` keeps them"
        return self._array("top_pairs", lacks), self._array("top_values", lacks)

    def _array(self, name: str, lacks: str) -> np.ndarray:
        if name not in self.arrays:
            raise UsageError(f"this probe has no {lacks}")
        return self.arrays[name]

    def _named(self, name: str, lacks: str) -> Sequence[Any]:
        if not self.names.get(name):
            raise UsageError(lacks)
        return self.names[name]


def _word_keys(stored: StoredSentences) -> list[tuple[str, ...]]:
    places = np.arange(len(stored.point_sentences)) - stored.first_points[stored.point_sentences]
    documents = [stored.documents[number] for number in stored.sentence_documents]
    return [
        (documents[sentence], stored.keys[sentence], str(place + 1))
        for sentence, place in zip(stored.point_sentences.tolist(), places.tolist())
    ]


def _instead(targets: Sequence[str | None]) -> str:
    """What the targets are, as the end of a sentence."""
    if not targets:
        return "; this probe has no targets at all"
    counts = Counter("without" if target is None else repr(target) for target in targets)
    shown = ", ".join(f"{n:,} are {what}" for what, n in counts.most_common(3))
    more = f" and {len(counts) - 3} other labels" if len(counts) > 3 else ""
    return f": of {len(targets):,}, {shown}{more}; probe a dataset whose labels are the model's classes"
