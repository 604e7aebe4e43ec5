"""The sentences on the page of a unit whose points are words: how active it is on each, and where its formula holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...probes.inputs import Activity, Part
from ...probes.store import Probe
from ...solver.errors import DataError
from ...solver.formula import And, Formula, Or
from .unit_page import UnitReport

NEEDED: tuple[Part, ...] = ("sentences", "point_cells", "activity")
SHADES = 9
SAMPLE, OF_CLAUSE = 6, 3
"""How many misses and false alarms are shown of the formula, and of each of its clauses."""
AROUND = 25
"""Words shown before and after the one that a sentence is shown for."""


class Piece(NamedTuple):
    """A part of a sentence's text: a point, or what stands between two.

    shade: from 0 to `SHADES`, by the unit's value; value: None where it is not kept, or the piece is no point.
    is_focus: whether the sentence is shown for this word.
    """

    text: str
    shade: int = 0
    value: float | None = None
    is_point: bool = False
    is_active: bool = False
    holds: bool = False
    is_focus: bool = False


@dataclass(frozen=True)
class ShownSentence:
    """A sentence, or the part of a long one around a word.  value: the unit's largest, None where it is not kept."""

    document: str
    key: str
    pieces: tuple[Piece, ...]
    value: float | None
    is_cut_before: bool
    is_cut_after: bool


@dataclass(frozen=True)
class Clause:
    """An operand of the formula, and the points that it alone decides.

    Of AND: where the unit is active, and this operand alone does not hold (`misses`).  Of OR: where the unit is not
    active, and this one alone holds (`false alarms`).  n: how many.
    """

    formula: Formula
    kind: str
    n: int
    sample: tuple[ShownSentence, ...]


@dataclass(frozen=True)
class UnitWords:
    """top: the sentences with the highest values.  misses: the unit is active and the formula does not hold; alarms:
    the other way round; n_misses, n_alarms: how many points."""

    top: tuple[ShownSentence, ...]
    misses: tuple[ShownSentence, ...]
    alarms: tuple[ShownSentence, ...]
    n_misses: int
    n_alarms: int
    clauses: tuple[Clause, ...]

    @property
    def n_against(self) -> int:
        """Of the top sentences, those in which the formula holds on no word that the unit is active on."""
        return sum(not any(piece.is_active and piece.holds for piece in each.pieces) for each in self.top)


class WordTexts:
    """What a probe of words keeps for showing units."""

    def __init__(self, probe: Probe) -> None:
        inputs = probe.inputs
        self.stored, self.cells = inputs.sentences, inputs.point_cells
        self.activity: Activity = inputs.activity
        n, n_units = len(self.stored.point_sentences), len(probe.cells.unit_names)
        fits = len(self.cells) == len(self.activity) == n and len(self.stored.lowest) == n_units
        if not fits or (n and not 0 <= int(self.cells.min()) <= int(self.cells.max()) < len(probe.cells)):
            raise DataError("the probe's arrays of words do not fit its cells and units; probe again")

    @classmethod
    def of(cls, probe: Probe) -> WordTexts | None:
        """None where the probe has no words."""
        return cls(probe) if all(probe.inputs.has(part) for part in NEEDED) else None

    def unit(self, unit: UnitReport) -> UnitWords:
        """What to show of a unit."""
        active = self.activity.of(unit.column)
        holds = np.zeros_like(active) if unit.cell_mask is None else unit.cell_mask[self.cells]
        shown = _Shown(self, unit.column, active, holds)
        misses, alarms = active & ~holds, holds & ~active
        has_formula = unit.cell_mask is not None
        return UnitWords(
            shown.top(),
            shown.sample(misses, SAMPLE) if has_formula else (),
            shown.sample(alarms, SAMPLE) if has_formula else (),
            int(misses.sum()),
            int(alarms.sum()),
            tuple(self._clauses(unit, shown)),
        )

    def _clauses(self, unit: UnitReport, shown: _Shown) -> Iterable[Clause]:
        formula = unit.best.formula if unit.best else None
        if not isinstance(formula, And | Or):
            return
        masks = np.array([unit.cells.concepts.mask(part)[self.cells] for part in formula.operands])
        is_and = isinstance(formula, And)
        decisive = ~masks if is_and else masks
        alone = decisive & (decisive.sum(axis=0) == 1)
        for part, mask in zip(formula.operands, alone):
            wrong = mask & shown.active if is_and else mask & ~shown.active
            kind = "misses" if is_and else "false alarms"
            yield Clause(part, kind, int(wrong.sum()), shown.sample(wrong, OF_CLAUSE))


class _Shown:
    """Makes the sentences of one unit.  active, holds: bool (n_points,)."""

    def __init__(self, texts: WordTexts, column: int, active: np.ndarray, holds: np.ndarray) -> None:
        self.stored, self.active, self.holds = texts.stored, active, holds
        self.lowest, self.highest = float(texts.stored.lowest[column]), float(texts.stored.highest[column])
        self.top_values = dict(texts.stored.top_of(column))

    def top(self) -> tuple[ShownSentence, ...]:
        """Those with the highest values, highest first; where the unit is active somewhere, those in which it is."""
        points = {number: self.stored.points_of(number) for number in self.top_values}
        active = {number for number, those in points.items() if self.active[those.start : those.stop].any()}
        return tuple(
            self._sentence(number, points[number][int(values.argmax())])
            for number, values in self.top_values.items()
            if number in active or not active
        )

    def sample(self, points: np.ndarray, most: int) -> tuple[ShownSentence, ...]:
        """Sentences with such a point, spread evenly over the corpus.  points: bool (n_points,)."""
        numbers = np.flatnonzero(points)
        _, first = np.unique(self.stored.point_sentences[numbers], return_index=True)
        chosen = first[np.unique(np.linspace(0, len(first) - 1, min(most, len(first))).round().astype(int))]
        return tuple(self._sentence(int(self.stored.point_sentences[n]), int(n)) for n in numbers[chosen])

    def _sentence(self, number: int, focus: int) -> ShownSentence:
        """The sentence, as far as it is near the point `focus`."""
        stored, points = self.stored, self.stored.points_of(number)
        values = self.top_values.get(number)
        shown = range(max(points.start, focus - AROUND), min(points.stop, focus + AROUND + 1))
        is_cut = (shown.start > points.start, shown.stop < points.stop)
        text = stored.sentences[number]
        place = slice(shown.start, shown.stop)
        of_each = [stored.point_starts, stored.point_ends, self.active, self.holds]
        rows = zip(shown, *(array[place].tolist() for array in of_each))
        pieces, at = [], int(stored.point_starts[shown.start]) if is_cut[0] else 0
        for point, starts, end, is_active, holds in rows:
            start = max(at, starts)
            if start > at:
                pieces.append(Piece(text[at:start]))
            value = None if values is None else float(values[point - points.start])
            shade = self._shade(is_active, value)
            # A word whose characters another one has already, as in a contraction, is a dot.
            pieces.append(Piece(text[start:end] or "·", shade, value, True, is_active, holds, point == focus))
            at = max(end, at)
        pieces += [Piece(text[at:])] * (not is_cut[1] and at < len(text))
        return ShownSentence(
            stored.documents[int(stored.sentence_documents[number])],
            stored.keys[number],
            tuple(pieces),
            None if values is None else float(values.max()),
            *is_cut,
        )

    def _shade(self, is_active: bool, value: float | None) -> int:
        """A word that is active is shaded, however little, also where its value is not kept."""
        base = max(self.lowest, 0.0) if self.highest > 0 else self.lowest
        known = value if value is not None else self.highest if is_active else base
        share = (known - base) / ((self.highest - base) or 1)
        return min(max(round(SHADES * share), 1 if is_active else 0), SHADES)
