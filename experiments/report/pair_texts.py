"""The sentence pairs of an nli probe, as the report's pages show them: texts, labels, and where unit and formula hold.

Sentences come from users' data; the templates escape them as they do all else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...probes.inputs import Activity, Part
from ...probes.store import Probe
from ...solver.errors import DataError

NEEDED: tuple[Part, ...] = ("keys", "point_cells", "activity", "predicted", "top_pairs")

MOST_HOLDING = 5
"""How many pairs are shown where the formula holds, beside the top ones."""


@dataclass(frozen=True)
class ShownPair:
    """A pair on a unit's page.

    number: its place in the probe.  correct: None where the gold label is none of the model's classes.  value: the
    unit's, None where it is not kept.  holds: whether the formula does, None where there is none.
    """

    number: int
    premise: str
    hypothesis: str
    gold: str | None
    predicted: str
    correct: bool | None
    is_active: bool
    holds: bool | None
    value: float | None


@dataclass(frozen=True)
class Confusion:
    """The labelled pairs where something holds, by gold label (row) and prediction (column).

    classes: of the model; gold: those and any other labels of the data.  counts: a row per gold label.
    """

    gold: tuple[str, ...]
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def total(self) -> int:
        """All pairs counted."""
        return sum(map(sum, self.counts))

    @property
    def right(self) -> int:
        """Pairs whose prediction is the gold label."""
        places = {name: column for column, name in enumerate(self.classes)}
        return sum(row[places[gold]] for gold, row in zip(self.gold, self.counts) if gold in places)

    @property
    def of_gold(self) -> tuple[int, ...]:
        """How many pairs have each gold label."""
        return tuple(map(sum, self.counts))

    @property
    def of_class(self) -> tuple[int, ...]:
        """How many pairs are predicted to be of each class."""
        return tuple(map(sum, zip(*self.counts)))

    @property
    def entropy(self) -> float:
        """Of the gold labels, in bits: 0 where all pairs have one label."""
        shares = [count / self.total for count in self.of_gold if count]
        return max(0.0, -math.fsum(share * math.log2(share) for share in shares))


@dataclass(frozen=True)
class UnitPairs:
    """The pairs part of a unit's page.

    top: the pairs with the highest activation.  holding: the file's first pairs, other than these, where the
    formula holds.  active, formula, every: over the pairs where the unit is active, where the formula holds, and all.
    """

    top: tuple[ShownPair, ...]
    holding: tuple[ShownPair, ...]
    active: Confusion
    formula: Confusion | None
    every: Confusion

    @property
    def n_against(self) -> int:
        """Of the top pairs, those on which the formula does not hold."""
        return sum(pair.holds is False for pair in self.top)


@dataclass(frozen=True, eq=False)
class Sentences:
    """What an nli probe keeps for showing units (`probes/inputs.py` says what the parts are)."""

    premises: Sequence[str]
    hypotheses: Sequence[str]
    targets: Sequence[str | None]
    classes: Sequence[str]
    point_cells: np.ndarray
    active: Activity
    predictions: np.ndarray
    top_pairs: np.ndarray
    top_values: np.ndarray

    @classmethod
    def of(cls, probe: Probe) -> Sentences | None:
        """None where the probe has no sentence pairs."""
        inputs = probe.inputs
        if probe.about.get("kind") != "nli" or not all(inputs.has(part) for part in NEEDED):
            return None
        premises, hypotheses = zip(*inputs.keys)
        found = cls(
            premises, hypotheses, inputs.targets, inputs.classes,
            inputs.point_cells, inputs.activity, inputs.predicted, *inputs.top_pairs,
        )  # fmt: skip
        n_pairs, n_units, n_cells = len(found.premises), len(probe.cells.unit_names), len(probe.cells)
        per_pair = (found.hypotheses, found.targets, found.point_cells, found.active, found.predictions)
        fits = all(len(values) == n_pairs for values in per_pair)
        fits = fits and len(found.top_pairs) == len(found.top_values) == n_units
        fits = fits and _within(found.point_cells, n_cells) and _within(found.top_pairs, n_pairs)
        if not fits or not _within(found.predictions, len(found.classes)):
            raise DataError("the probe's arrays of sentence pairs do not fit its units and pairs; probe again")
        return found

    def unit(self, column: int, cell_mask: np.ndarray | None) -> UnitPairs:
        """What to show of a unit (a column).

        cell_mask: bool (n_cells,): where the formula holds; None where there is none.
        """
        active = self.active.of(column)
        holds = None if cell_mask is None else cell_mask[self.point_cells]
        top = self.top_pairs[column].tolist()
        others = [] if holds is None else [n for n in np.flatnonzero(holds).tolist() if n not in set(top)]
        values = self.top_values[column].tolist()
        return UnitPairs(
            top=tuple(self._pair(number, active, holds, value) for number, value in zip(top, values)),
            holding=tuple(self._pair(number, active, holds, None) for number in others[:MOST_HOLDING]),
            active=self._confusion(active),
            formula=None if holds is None else self._confusion(holds),
            every=self._every,
        )

    def _pair(self, number: int, active: np.ndarray, holds: np.ndarray | None, value: float | None) -> ShownPair:
        gold, predicted = self.targets[number], self.classes[int(self.predictions[number])]
        return ShownPair(
            number=number,
            premise=self.premises[number],
            hypothesis=self.hypotheses[number],
            gold=gold,
            predicted=predicted,
            correct=gold == predicted if gold in self.classes else None,
            is_active=bool(active[number]),
            holds=None if holds is None else bool(holds[number]),
            value=value,
        )

    @cached_property
    def _gold(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The gold labels, the model's classes first, and int (n_pairs,): that of each pair, -1 for none."""
        others = sorted({target for target in self.targets if target is not None and target not in self.classes})
        labels = (*self.classes, *others)
        place = {label: number for number, label in enumerate(labels)}
        return labels, np.array([-1 if target is None else place[target] for target in self.targets], dtype=np.int64)

    @cached_property
    def _every(self) -> Confusion:
        return self._confusion(np.ones(len(self.premises), dtype=bool))

    def _confusion(self, chosen: np.ndarray) -> Confusion:
        labels, gold = self._gold
        counted = chosen & (gold >= 0)
        counts = np.zeros((len(labels), len(self.classes)), dtype=np.int64)
        np.add.at(counts, (gold[counted], self.predictions[counted]), 1)
        return Confusion(labels, tuple(self.classes), tuple(map(tuple, counts.tolist())))


def _within(numbers: np.ndarray, n: int) -> bool:
    """Whether all numbers are places in a list of n."""
    return not numbers.size or (int(numbers.min()) >= 0 and int(numbers.max()) < n)
