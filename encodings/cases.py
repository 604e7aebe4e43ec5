"""The chains of a question in cases, each of few rules: what linear programs leave for another solver.

`solver/roles` splits the chains by their ANDs, from the outermost on, and bounds each part by *charges*;
`solver/checking/roles.py` has the proof.  A part that its charges do not close is a case, and its model (`roles.py`)
has those ANDs and, of the other rules, only some:

*Which rules can go.*  Let a chain of the case be above the limit.  Among the best of these a shortest, C, plays roles:
at most N - h beside its h ANDs, each of another concept.  In integers, the charges give numbers with

    value of C <= rest + sum of A(g, c) of its ORs + sum of F(d) of its filters
                       + sum of E(g, c, d) of its ORs that stand inside a filter d                                 (*)

A filter d is worth at most B(d), F(d) and the sum of its positive E.  So a chain that plays a role has at most rest,
that role's A or B, and the N - h - 1 largest of the best that the other concepts are worth.  Where that is not above
the limit, C does not play the role.  So C is in the model: these reduced costs lose formulas, and never the best one.

*The cut.*  By (*) C has a sum of A, F and E above limit - rest.  The model has one OR of a concept, in whichever
segment, so A and E are the largest of the segments where C may have it.  An inside that has no variable counts for its
filter, as in B.  The charges are integers in units of 2**k, so the line is divided by that, and its right side rounded
up.

A case's order of ANDs is not in its model, so this has more chains than the case.  Each of them is one of at most N
concepts, so whatever is found counts.  What a solver proves about the model it proves about C.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..solver.roles.charges import FREE, NO_CHARGES, top_sum
from ..solver.roles.search import RoleSearch, fits
from ..solver.stopping import Stopped, Stopping
from .roles import AND_NOT, OR, Allowed, RoleModel, encode
from .shape import Alphabet, Shape
from .target import Target

if TYPE_CHECKING:
    from ..solver.formula import Formula
    from ..solver.problem import Problem
    from ..solver.roles.charges import Charges
    from ..solver.roles.tree import Target as Claim
    from .channel import Channel

PATIENCE = 0.5
"""Of the time left, for the linear programs."""
WHOLE = 1
"""Up to so many concepts one model of all chains is asked: there are no roles to tell apart."""
FIRST_WORK = 0.5
"""Of a case, in the solver's measure, about seconds: so cases that are easy, or have better chains, come first;"""
MORE_WORK = 4
"""times as much for each further turn of the cases that are left."""
LEAST = -(2**62)


@dataclass(frozen=True)
class Case:
    """A part of the chains, those with these ANDs from the outermost on.

    ors, filters, pairs: A, F and E of the cut, of OR c, of AND NOT d, and of OR c inside AND NOT d.  least: what they
    add up to at least.
    most: no chain of the part has a value above this, not scaled.
    """

    allowed: Allowed
    ors: Mapping[int, int]
    filters: Mapping[int, int]
    pairs: Mapping[tuple[int, int], int]
    least: int
    most: int

    def cut(self, model: RoleModel) -> tuple[dict[int, int], int]:
        """Factors of the model's variables, and the least that these add up to."""
        factors: dict[int, int] = {model.rules[OR, c]: worth for c, worth in self.ors.items() if (OR, c) in model.rules}
        for d, worth in self.filters.items():
            if (AND_NOT, d) in model.rules:
                factors[model.rules[AND_NOT, d]] = worth
        for (c, d), worth in self.pairs.items():
            if (OR, c) not in model.rules or (AND_NOT, d) not in model.rules:
                continue
            inside = model.inside.get((c, (AND_NOT, d)))
            if inside is not None:
                factors[inside] = worth
            elif worth > 0:
                filters = model.rules[AND_NOT, d]
                factors[filters] = factors.get(filters, 0) + worth
        return {variable: factor for variable, factor in factors.items() if factor}, self.least


@dataclass(frozen=True)
class Answer:
    """A solver's answer about a case: a formula of at least the floor, if it found one; no value is above `most`."""

    formula: Formula | None
    most: int


SolveCase = Callable[[RoleModel, Case, int, float, "Channel", int], Answer]
"""(model, case, floor, work, channel, seed): the formula of the highest value that is at least the floor.

work: how long it may take at most, about seconds on every machine.  `most` is below the floor where there is none."""


def case_of(claim: Claim, ands: tuple[int, ...], charges: Charges) -> Case | None:
    """What the charges leave of the chains with these ANDs; None where none can be above the claim's limit.

    Raises `Stopped` where 64 bits do not hold the numbers.
    """
    unit = claim.units()[0]
    made = claim.worth(ands, charges, unit)
    if made is None:
        raise Stopped
    worth, slot_of, h = made[1], made[1].frame.slot_of, len(ands)
    _, table = worth.roles(FREE, deeper=False)
    best, room = np.maximum(table.max(axis=0), 0), claim.budget(ands)
    most = worth.rest + top_sum(best, room)
    if most <= claim.limit:
        return None
    others = np.array([top_sum(np.delete(best, c), room - 1) for c in range(claim.n)], dtype=np.int64)
    reaches = worth.rest + table + others > claim.limit
    may_or, may_filter = reaches[: h + 1] & (slot_of >= 0), reaches[h + 1]
    may_filter[list(ands)] = False
    ors = np.flatnonzero(may_or.any(axis=0))
    filters = np.flatnonzero(may_filter)
    pairs = np.max([np.where(may_or[g, ors, None], worth.pairs[slot_of[g, ors]], LEAST) for g in range(h + 1)], axis=0)
    worths = np.where(may_or, worth.ors, LEAST).max(axis=0)
    return Case(
        Allowed(ands, frozenset(ors.tolist()), frozenset(filters.tolist())),
        {c: int(worths[c]) >> unit for c in ors.tolist()},
        {d: int(worth.filters[d]) >> unit for d in filters.tolist()},
        {(c, d): int(pairs[at, d]) >> unit for at, c in enumerate(ors.tolist()) for d in filters.tolist() if c != d},
        -(-(claim.limit + 1 - int(worth.rest)) // 2**unit),
        int(most),
    )


def suits(problem: Problem, shape: Shape) -> bool:
    """Whether a question is asked by cases: of chains for which the whole model is too hard."""
    return shape.space == "chain" and shape.length > WHOLE and fits(problem)


class CaseSearch:
    """One problem and length, the best chain so far, and the cases that are open.

    or_equal: whether a chain as good as the best is looked for, and not a better one.
    """

    def __init__(self, problem: Problem, length: int, best: Formula, channel: Channel, or_equal: bool = False) -> None:
        self.problem, self.length, self.channel, self.or_equal = problem, length, channel, or_equal
        self.alphabet = Alphabet.with_copies(problem)
        stopping = Stopping.after(channel.seconds_left(), channel.stopped.is_set)
        patient = stopping.within(PATIENCE * stopping.seconds_left)
        self.survey = RoleSearch(problem, length, problem.explain(best), patient, or_equal)
        self.most: dict[tuple[int, ...], int] = {}
        self._told = self.survey.best.formula

    def run(self, solve_case: SolveCase, seed: int) -> tuple[Formula | None, bool]:
        """(The best formula; whether there is none better).  With `or_equal` one as good, or None where none is known.

        What is found and proven on the way goes to the channel.
        """
        try:
            self.survey.visit_all()
            self._aim()
            equal = self._ask_all(solve_case, seed)
        except Stopped:
            return None if self.or_equal else self.survey.best.formula, False
        return equal if self.or_equal else self.survey.best.formula, True

    def _aim(self) -> None:
        """The target is the best IoU now; raises `Stopped` where 64 bits do not decide that."""
        best = self.survey.best
        if best.formula != self._told:
            self.channel.formula(best.formula)
            self._told = best.formula
        if self.survey.target.bound != best.iou:
            raise Stopped
        self.target = Target.of(self.problem, best.iou)
        self.floor = self.survey.target.limit // self.target.scale + 1

    def _ask_all(self, solve_case: SolveCase, seed: int) -> Formula | None:
        """Until no case is open, or, with `or_equal`, to the first formula; raises `Stopped`."""
        survey = sorted(self.survey.open, key=lambda entry: entry[:2])
        parts = {pattern.ands: branch.charges for *_, pattern, branch in survey}
        work = FIRST_WORK
        self._bound_all(parts)
        while self.most:
            for ands in list(self.most):
                if ands not in self.most:
                    continue
                if self.channel.is_over:
                    raise Stopped
                found = self._ask(ands, parts[ands], solve_case, work, seed)
                if found is not None and self.or_equal:
                    return found
                if found is not None:
                    self.survey.aim_above(self.problem.explain(found))
                    self._aim()
                    self._bound_all({left: parts[left] for left in self.most})
                elif self.most[ands] < self.floor:
                    del self.most[ands]
                self._tell()
            work *= MORE_WORK
        return None

    def _bound_all(self, parts: Mapping[tuple[int, ...], Charges | None]) -> None:
        """What the charges prove of each part that they do not close."""
        self.most = {}
        for ands, charges in parts.items():
            case = case_of(self.survey.target, ands, charges or NO_CHARGES)
            if case is not None:
                self.most[ands] = case.most // self.target.scale
        self._tell()

    def _ask(
        self, ands: tuple[int, ...], charges: Charges | None, solve_case: SolveCase, work: float, seed: int
    ) -> Formula | None:
        case = case_of(self.survey.target, ands, charges or NO_CHARGES)
        assert case is not None
        model = encode(self.length, self.alphabet, self.target, allowed=case.allowed)
        if not model.cells:
            self.most[ands] = self.floor - 1
            return None
        answer = solve_case(model, case, self.floor, work, self.channel, seed)
        self.most[ands] = min(self.most[ands], max(answer.most, self.floor - 1))
        return answer.formula

    def _tell(self) -> None:
        """The bound, where equal formulas are not what is looked for."""
        if not self.or_equal:
            self.channel.bound(self.target, max(self.target.floor, *self.most.values(), self.floor - 1))
