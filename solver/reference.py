"""The search of the paper's released code, step for step, so that published results can be compared.

It differs from the paper's text, and from `solver/beam.py`, in these ways:

| | vision | NLI |
|---|---|---|
| unit skipped | no concept shares a point with it | active on fewer than 500 points |
| first beam | best concepts with IoU above 0 | best of every concept and its NEIGHBORS twin |
| concepts to add | all that occur | those with IoU above 0, each twice |
| NEIGHBORS(x) | - | equals x for every x, and never enters after the first step |

In both, the beam holds formulas as written: the same function may stand in it many times.  Old entries
stay in the pool and are extended again.  Ties go to the entry that was made first, in the order beam rank,
concept, operator (OR, AND, AND NOT).  The score is a double, `penalty ** (length - 1)` times the IoU, where
this length counts every NOT and NEIGHBORS, too (`Formula.reference_length`); concepts are not penalised.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from .chain import OPERATORS, Chain, to_formula
from .errors import UsageError
from .explanation import Explanation
from .overlap import Overlaps
from .problem import Problem
from .reference_forms import FORMS, ReferenceForm
from .result import SearchResult, Status
from .stopping import Stopped, Stopping


@dataclass(frozen=True, eq=False)
class _Entry:
    chain: Chain
    mask: np.ndarray
    score: float
    reference_length: int


def reference_beam_search(
    problem: Problem,
    form: str,
    *,
    max_length: int = 3,
    beam_size: int = 10,
    penalty: float = 1.0,
    min_active: int | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """What the paper's code answers.

    form: `vision` or `nli`.  min_active: skip the unit where it is active on fewer points; None as the form does.
    should_stop: asked once for each formula that is extended; what is then given is what the last whole step left.
    The status is `feasible`, or `degenerate` where the unit is skipped: then there is no formula.
    """
    if form not in FORMS:
        raise UsageError(f"no compat form is named {form!r}; there are {' and '.join(FORMS)}")
    if max_length < 1 or beam_size < 1:
        raise UsageError(f"length and beam size must be at least 1, not {max_length} and {beam_size}")
    stopping = Stopping.after(None, should_stop)
    search = _ReferenceSearch(problem, FORMS[form], beam_size, penalty, stopping)
    least = FORMS[form].min_active if min_active is None else min_active
    beam = [] if problem.unit_points < least else search.first_beam()
    best = beam[:1]
    for _ in range(max_length - 1 if beam else 0):
        with suppress(Stopped):
            beam = search.next_beam(beam)
        best.append(beam[0])
    found = [search.explain(entry) for entry in best]
    skipped = {} if found else {"status": Status.DEGENERATE}
    return SearchResult.of(problem, "beam", found, stopping, max_length=max_length, **skipped)


class _ReferenceSearch:
    def __init__(
        self, problem: Problem, form: ReferenceForm, beam_size: int, penalty: float, stopping: Stopping
    ) -> None:
        self.problem, self.form, self.beam_size, self.penalty = problem, form, beam_size, penalty
        self.stopping = stopping
        self.overlaps = Overlaps(problem)
        points, intersection = self.overlaps.totals
        self.concept_iou = self._iou(intersection, points)
        # The vision code knows only concepts that occur; in the NLI code those with IoU above 0 do.
        added = self.concept_iou > 0 if form.added_needs_iou else points > 0
        self.added = np.repeat(np.flatnonzero(added), form.copies)

    def _iou(self, intersection: np.ndarray, points: np.ndarray) -> np.ndarray:
        union = points + self.problem.unit_points - intersection
        return np.asarray(intersection / (union + self.form.epsilon))

    def explain(self, entry: _Entry) -> Explanation:
        return self.problem.explain_mask(to_formula(entry.chain, self.problem.concepts.names), entry.mask)

    def first_beam(self) -> list[_Entry]:
        """The best concepts; in the NLI form each beside its twin, whose length counts NEIGHBORS."""
        entries = [
            _Entry(((0, concept),), self.problem.concepts.column(concept), float(iou), 1 + twin)
            for concept, iou in enumerate(self.concept_iou)
            for twin in range(self.form.copies)
            if iou > 0 or not self.form.first_needs_iou
        ]
        return sorted(entries, key=lambda entry: -entry.score)[: self.beam_size]

    def next_beam(self, beam: list[_Entry]) -> list[_Entry]:
        """The best of the beam and of all its extensions, earlier ones first among equals."""
        length = np.array([entry.reference_length for entry in beam])[:, None, None]
        length = length + np.array([1, 1, 2])  # (n_beam, 1, n_operators): AND NOT counts its NOT
        scores = np.stack([self._extension_ious(entry) for entry in self.stopping.each(beam)]) * self.penalty ** (
            length - 1
        )
        old = np.array([entry.score for entry in beam])
        pool = np.concatenate([old, scores.ravel()])
        chosen = np.argsort(-pool, kind="stable")[: self.beam_size]
        return [self._entry(beam, scores, int(index)) for index in self.stopping.each(chosen)]

    def _extension_ious(self, entry: _Entry) -> np.ndarray:
        """float64 (n_added, n_operators)."""
        of_entry = self.problem.explain_mask(to_formula(entry.chain, self.problem.concepts.names), entry.mask)
        columns = []
        for operator in OPERATORS:
            points, intersection = (
                operator.count(own, total[self.added], inside[self.added])
                for own, total, inside in zip(
                    (of_entry.formula_points, of_entry.intersection),
                    self.overlaps.totals,
                    self.overlaps(np.packbits(entry.mask)),
                )
            )
            columns.append(self._iou(intersection, points))
        return np.stack(columns, axis=1)

    def _entry(self, beam: list[_Entry], scores: np.ndarray, index: int) -> _Entry:
        """The pool's entry at an index: the old beam comes first, then the extensions in their order."""
        if index < len(beam):
            return beam[index]
        place = np.unravel_index(index - len(beam), scores.shape)
        parent, operator = beam[place[0]], int(place[2])
        concept = int(self.added[place[1]])
        column = self.problem.concepts.column(concept)
        return _Entry(
            (*parent.chain, (operator, concept)),
            OPERATORS[operator].mask(parent.mask, column),
            float(scores[place]),
            parent.reference_length + (2 if OPERATORS[operator].word == "AND NOT" else 1),
        )
