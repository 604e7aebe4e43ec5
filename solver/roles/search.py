"""The search: patterns by linear programs and branching where these are not enough, what may be worth most first.

At every moment the worst of what is not closed is a bound, so the first to be looked at is what keeps the bound high.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ..certificate import Certificate
from ..chain import Chain, to_formula
from ..explanation import Explanation
from ..problem import Problem
from ..stopping import Stopped, Stopping
from .chains import chain_of
from .charges import NO_CHARGES, Charges, Fixed, Frame
from .linear import LinearProgram, Solution
from .tree import Branch, Pattern, Target, Unproven, certificate, headroom

GRID = 1 << 20
"""Bounds above the best chain have this denominator."""
KEEP_AFTER = 50
"""Patterns and branches before the proof is written; after that, whenever there are twice as many."""
FOR_PROOF = 0.1
"""Of a time limit, kept for writing the proof."""
MOST_PATTERNS = 200
"""Where there are more, another search may take less time.  A count, so that answers are the same on every machine."""
MOST_WORK = 100_000_000
"""Entries of all programs solved, where there is no time limit: about a minute.  A count, for the same reason."""
MOST_ENTRIES = 2_000_000
"""Of the first linear program, about."""
MOST_PROGRAMS = 200
"""That are kept to be solved again with other roles fixed; some MB each."""
CLOSE = 1e-6
"""What is nearer to 0 or 1 counts as that."""


class RoleSearch:
    """One problem and length, the best chain so far, and what is proven.

    or_equal: whether chains as good as the best are looked for, too.
    """

    def __init__(
        self, problem: Problem, length: int, best: Explanation, stopping: Stopping, or_equal: bool = False
    ) -> None:
        self.problem, self.length, self.best, self.stopping = problem, length, best, stopping
        self.or_equal = or_equal
        self.root = Pattern(())
        self.unseen: list[tuple[float, int, Pattern]] = [(-math.inf, 0, self.root)]
        self.open: list[tuple[float, int, Pattern, Branch]] = []
        self.numbers = itertools.count(1)
        self.programs: dict[tuple[int, ...], LinearProgram] = {}
        self.tried: set[Any] = set()
        self.counts = {"lp": 0, "branches": 0, "patterns": 0, "improved": 0}
        self.kept: Certificate | None = None
        self.work = 0
        self.aim_above(best)

    def aim_above(self, best: Explanation) -> None:
        """From now on, this is the best chain."""
        self.best = best
        bound = self.problem.reachable(best.iou, headroom(self.length))
        self.target = Target(self.problem, self.length, bound, self.or_equal)

    def run(self, goes_on: Callable[[Fraction], bool]) -> None:
        """Until all is proven; raises `Stopped`.

        goes_on: asked with the bound proven so far, after `MOST_PATTERNS` patterns, whether to look at more.
        """
        steps = 0
        while self.unseen or self.open:
            self.stopping.check()
            if self.open and (not self.unseen or self.open[0][:2] < self.unseen[0][:2]):
                self._branch_next()
            else:
                self._look_next()
                if self.counts["patterns"] == MOST_PATTERNS:
                    self._keep()
                    if not goes_on(self.kept.bound if self.kept else Fraction(1)):
                        raise Stopped
            steps += 1
            if steps % KEEP_AFTER == 0 and (steps // KEEP_AFTER).bit_count() == 1:  # 1, 2, 4, ... times as many
                self._keep()
        self._keep()

    def visit_all(self) -> None:
        """All patterns by their linear programs; those that these do not close are then in `open`.

        Raises `Stopped`, also where there are too many.
        """
        while self.unseen:
            self.stopping.check()
            if self.counts["patterns"] == MOST_PATTERNS:
                raise Stopped
            self._look_next()

    def _look_next(self) -> None:
        """At the pattern that may be worth most."""
        entry = heapq.heappop(self.unseen)
        try:
            self._look_at_own(entry[2])
            self._look_deeper(entry[2])
        except Stopped:
            heapq.heappush(self.unseen, entry)
            raise
        self.counts["patterns"] += 1

    def _branch_next(self) -> None:
        """At the branch that may be worth most."""
        entry = heapq.heappop(self.open)
        try:
            self._branch(*entry[2:])
        except Stopped:
            heapq.heappush(self.open, entry)
            raise

    def _keep(self) -> None:
        """Keep the proof of the lowest bound that what was done so far proves, if none lower is kept.

        It may be higher: the charges of a branch that was split are not those of its parts.
        """
        bound = self.target.bound
        while bound < (self.kept.bound if self.kept else 1):
            try:
                content = certificate(self._at(bound), self.root, self.stopping)
            except Unproven as error:
                bound = self._above(bound, error.proves)
            else:
                self.kept = Certificate("chain", self.length, bound, "roles", content)
                self.stopping.listener.proven(bound)
                return

    def _at(self, bound: Fraction) -> Target:
        return self.target if bound == self.target.bound else Target(self.problem, self.length, bound)

    def _above(self, bound: Fraction, proves: Callable[[Target], bool]) -> Fraction:
        """A bound above the given one that is proven of this part, nearly the least."""
        step = Fraction(1, GRID)
        low, high = bound, self._near(bound + step)
        while not self._proves(proves, high):
            low, high = high, self._near(high + 2 * (high - bound))
            if high >= 1:
                return Fraction(1)
        while high - low > max(step, high / 4096):
            middle = self._near((low + high) / 2)
            if middle >= high:
                break
            low, high = (low, middle) if self._proves(proves, middle) else (middle, high)
        return high

    def _near(self, bound: Fraction) -> Fraction:
        """The bound, or a little above, as a fraction that 64 bits decide."""
        return self.problem.reachable(_on_grid(bound), headroom(self.length))

    def _proves(self, proves: Callable[[Target], bool], bound: Fraction) -> bool:
        self.stopping.check()
        return proves(Target(self.problem, self.length, bound))

    def _program(self, ands: tuple[int, ...], budget: int, deeper: bool = False) -> LinearProgram:
        target = self.target
        return LinearProgram(target.indptr, target.indices, target.n, ands, target.in_points, budget, deeper)

    def _solved(self, program: LinearProgram, cutoff: float = -math.inf) -> Solution | None:
        self.counts["lp"] += 1
        self.work += len(program.parts.entries)
        if self.work > MOST_WORK and self.stopping.deadline == math.inf:
            raise Stopped
        return program.solve(self.stopping, cutoff)

    @property
    def _limit(self) -> float:
        """In points."""
        return self.target.limit / self.target.bound.denominator

    def _look_at_own(self, pattern: Pattern) -> None:
        ands = pattern.ands
        while True:
            program = self._program(ands, self.target.budget(ands))
            found = self._solved(program, self._limit)
            if found is None:
                raise Stopped
            pattern.own.charges = found.charges
            if self.target.closing(ands, found.charges, self.target.budget(ands)) is not None:
                return
            if not self._try_roles(program, found):
                break
        self._remember(ands, program)
        self._push(pattern, pattern.own, found.value)

    def _remember(self, ands: tuple[int, ...], program: LinearProgram) -> None:
        """With the rows that were added to it, for the pattern's branches; of too many programs the oldest goes."""
        self.programs.pop(ands, None)
        self.programs[ands] = program
        if len(self.programs) > MOST_PROGRAMS:
            del self.programs[next(iter(self.programs))]

    def _push(self, pattern: Pattern, branch: Branch, value: float) -> None:
        self.counts["branches"] += 1
        heapq.heappush(self.open, (-value, next(self.numbers), pattern, branch))

    def _look_deeper(self, pattern: Pattern) -> None:
        """The patterns with one more AND that are not closed are unseen from now on."""
        ands = pattern.ands
        budget = self.target.budget(ands)
        if budget < 2:
            return
        if not self.target.followers(ands).any():
            pattern.shorter = NO_CHARGES
            return
        found = self._solved(self._program(ands, budget, deeper=True), self._limit)
        if found is None:
            raise Stopped
        pattern.deeper = found.charges
        if self.target.closing(ands, found.charges, budget, deeper=True) is not None:
            return
        most = found.value
        found = self._solved(self._program(ands, budget - 2))
        if found is None:
            raise Stopped
        pattern.shorter = found.charges
        beyond = self.target.beyond(ands, found.charges)
        if beyond is None:
            raise Stopped
        gains = self.target.followers(ands) / self.target.bound.denominator
        for x in beyond[0]:
            pattern.next[x] = Pattern((*ands, x))
            value = min(most, found.value + float(gains[x]))
            heapq.heappush(self.unseen, (-value, next(self.numbers), pattern.next[x]))

    def _branch(self, pattern: Pattern, branch: Branch) -> None:
        """Close the branch, or split it."""
        ands, budget = pattern.ands, self.target.budget(pattern.ands)
        assert branch.charges is not None
        if self.target.closing(ands, branch.charges, budget, branch.fixed) is not None:
            return  # a better chain was found since
        program = self.programs.get(ands) or self._program(ands, budget)
        self._remember(ands, program)
        program.revalued(self.target.in_points)
        program.fix(branch.fixed)
        try:
            found = self._solved(program, self._limit)
        except Stopped:
            del self.programs[ands]
            raise
        if found is None:
            raise Stopped
        branch.charges = found.charges
        if self.target.closing(ands, found.charges, budget, branch.fixed) is not None:
            return
        self._try_roles(program, found)
        split = self._split(program, branch.fixed, found)
        if split is None:
            chain = decided_chain(self.target, ands, branch.fixed)
            if chain is None:
                branch.impossible = True
                return
            self._try(chain)
            branch.charges = literal(self.target.frame(ands), self.target.in_points, branch.fixed)
            if self.target.closing(ands, branch.charges, budget, branch.fixed) is not None:
                return
            split = self._split(program, branch.fixed, found, any_role=True)
            if split is None:
                raise Stopped
        branch.split, parts = split
        branch.parts = tuple(Branch(fixed, found.charges) for fixed in parts)
        for part in branch.parts:
            self._push(pattern, part, found.value)

    def _split(self, program: LinearProgram, fixed: Fixed, found: Solution, any_role: bool = False) -> Any:
        n, h, parts = program.n, len(program.pattern), program.parts
        roles = np.concatenate([parts.slot_segment * n + parts.slot_concept, (h + 1) * n + parts.filters])
        weights = np.concatenate([found.answer.ors, found.answer.filters])
        settled = {*fixed.played, *fixed.left_out}
        taken = {role % n for role in fixed.played}
        free = np.array([role not in settled and role % n not in taken for role in roles.tolist()], dtype=bool)
        room = self.target.budget(program.pattern) - len(fixed.played)
        fractional = np.abs(weights - np.rint(weights)) > CLOSE
        for wanted in (free & fractional, free & (weights > 0.5), free & any_role):
            if wanted.any() and room > 0:
                at = int(np.argmax(np.where(wanted, -np.abs(weights - 0.5), -np.inf)))
                role = int(roles[at])
                segment, c = divmod(role, n)
                name = ("or", segment, c) if segment <= h else ("not", c)
                out = replace(fixed, left_out=(*fixed.left_out, role))
                return name, (out, replace(fixed, played=(*fixed.played, role)))
        # Every role that counts is settled; what is left is which OR stands inside which filter.
        decided = {*fixed.inside, *fixed.outside}
        best, chosen = -1.0, None
        for role in fixed.played:
            if role // n > h:
                continue
            slot = parts.slot_of[role // n, role % n]
            for other in fixed.played:
                d = other % n
                if other // n == h + 1 and slot >= 0 and (z := parts.z_of[slot, d]) >= 0 and (role, d) not in decided:
                    half = 0.5 - abs(found.answer.pairs[z] - 0.5)
                    if half > best:
                        best, chosen = half, (role, d)
        if chosen is None:
            return None
        role, d = chosen
        out = replace(fixed, outside=(*fixed.outside, chosen))
        return ("inside", role // n, role % n, d), (out, replace(fixed, inside=(*fixed.inside, chosen)))

    def _try_roles(self, program: LinearProgram, found: Solution) -> bool:
        """Whether the chain nearest to the program's answer is better than the best so far; then it is that."""
        n, h, parts = program.n, len(program.pattern), program.parts
        roles = np.concatenate([parts.slot_segment * n + parts.slot_concept, (h + 1) * n + parts.filters])
        weights = np.concatenate([found.answer.ors, found.answer.filters])
        chosen: dict[int, int] = {}
        for at in np.argsort(-weights, kind="stable").tolist():
            if weights[at] <= CLOSE or len(chosen) >= self.target.budget(program.pattern):
                break
            chosen.setdefault(int(roles[at]) % n, int(roles[at]) // n)
        ors = [(g, c) for c, g in chosen.items() if g <= h]
        filters = [c for c, g in chosen.items() if g == h + 1]
        inside = {}
        for g, c in ors:
            for d in filters:
                if (z := parts.z_of[parts.slot_of[g, c], d]) >= 0:
                    inside[g, c, d] = bool(found.answer.pairs[z] >= 0.5 * found.answer.ors[parts.slot_of[g, c]])
        chain = chain_of(program.pattern, ors, filters, inside)
        return self._try(chain)

    def _try(self, chain: Chain | None) -> bool:
        """Whether the chain is better than the best so far; then it is that."""
        if not chain or chain in self.tried:
            return False
        self.tried.add(chain)
        explained = self.problem.explain(to_formula(chain, self.problem.concepts.names))
        if explained.iou <= self.best.iou:
            return False
        self.stopping.listener.found(explained)
        self.counts["improved"] += 1
        self.aim_above(explained)
        return True


def fits(problem: Problem) -> bool:
    """Whether the linear programs are not too large."""
    widths = np.diff(problem.concepts.indptr).astype(float)
    return 3 * float((widths**2).sum()) <= MOST_ENTRIES


def never(_: Fraction) -> bool:
    """Whether to look at more than `MOST_PATTERNS` patterns."""
    return False


def search_roles(
    problem: Problem,
    best: Explanation,
    length: int,
    stopping: Stopping,
    goes_on: Callable[[Fraction], bool] = never,
) -> tuple[Explanation, Certificate | None]:
    """The best chain of at most `length` concepts, or the best found, and what is proven; None where that is nothing.

    best: where to begin.  goes_on: see `RoleSearch.run`.  Nothing is done where the linear programs would be too large.
    """
    if not fits(problem):
        return best, None
    search = RoleSearch(problem, length, best, stopping.within((1 - FOR_PROOF) * stopping.seconds_left))
    try:
        search.run(goes_on)
    except Stopped:
        search.stopping = stopping
        with suppress(Stopped):
            search._keep()
    return search.best, search.kept


def decided_chain(target: Target, ands: tuple[int, ...], fixed: Fixed) -> Chain | None:
    """The chain of a branch in which all roles and their order are decided; None where that goes in a circle."""
    n, h = target.n, len(ands)
    ors = [divmod(role, n) for role in fixed.played if role // n <= h]
    filters = [role % n for role in fixed.played if role // n == h + 1]
    inside = {(role // n, role % n, d): True for role, d in fixed.inside}
    inside |= {(role // n, role % n, d): False for role, d in fixed.outside}
    return chain_of(ands, ors, filters, inside)


def literal(frame: Frame, values: np.ndarray, fixed: Fixed) -> Charges:
    """Charges that are worth exactly what the chain of such a branch is: the value of each cell, where it is false,
    for the concept that makes it so, and where it is true and a loss, for the OR that does."""
    n, h = frame.n, len(frame.pattern)
    filters = {role % n for role in fixed.played if role // n == h + 1}
    taken: list[tuple[int, int, float]] = []
    spared: list[tuple[int, int, int, float]] = []
    for j, value in enumerate(values.tolist()):
        concepts = frame.indices[frame.indptr[j] : frame.indptr[j + 1]].tolist()
        ors = [
            role for role in fixed.played
            if role // n <= min(h, frame.depth[j]) and role % n in concepts and frame.slot_of.flat[role] >= 0
        ]  # fmt: skip
        kills = [d for d in concepts if all((role, d) in fixed.inside for role in ors) and (d in filters or not ors)]
        if value > 0 and kills:
            taken.append((j, kills[0], value))
        if value < 0:
            free = [role for role in ors if not any((role, d) in fixed.inside for d in concepts)]
            if free:
                spared.append((j, free[0] // n, free[0] % n, -value))
    t, s = np.array(taken).reshape(-1, 3).T, np.array(spared).reshape(-1, 4).T
    cell, concept, spared_cell, segment, spared_concept = (part.astype(np.int64) for part in (*t[:2], *s[:3]))
    return NO_CHARGES._replace(
        taken_cell=cell, taken_concept=concept, taken=t[2],
        spared_cell=spared_cell, spared_segment=segment, spared_concept=spared_concept, spared=s[3],
    )  # fmt: skip


def _on_grid(value: Fraction) -> Fraction:
    return Fraction(-(-value.numerator * GRID // value.denominator), GRID)
