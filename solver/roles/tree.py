"""What is known of each pattern and branch, and how it becomes a certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from ..problem import Problem
from ..stopping import Stopping
from .charges import FREE, Charges, Fixed, Frame, Worths, worths

HEADROOM = 2**61


def headroom(length: int) -> int:
    """Of a target: leaves three bits for the units that charges are rounded to."""
    return HEADROOM // (8 * (length + 4))


class Unproven(Exception):
    """A part is not proven at this target.  proves: whether what is known of the part does at another target."""

    def __init__(self, proves: Callable[[Target], bool]) -> None:
        super().__init__()
        self.proves = proves


@dataclass
class Branch:
    """A part of the chains of a pattern: what is fixed, charges that bound it, and the branches that it falls into."""

    fixed: Fixed = FREE
    charges: Charges | None = None
    split: tuple[Any, ...] | None = None
    parts: tuple[Branch, ...] = ()
    impossible: bool = False


@dataclass
class Pattern:
    """All chains whose outermost ANDs are these.

    own: those without more ANDs.  deeper, shorter: charges that close the rest, or most of the next ANDs.
    """

    ands: tuple[int, ...]
    own: Branch = field(default_factory=Branch)
    deeper: Charges | None = None
    shorter: Charges | None = None
    next: dict[int, Pattern] = field(default_factory=dict)


class Target:
    """The claim that no chain of at most `length` concepts has an IoU above p/q, in integers.

    or_equal: that none has p/q either.
    """

    def __init__(self, problem: Problem, length: int, bound: Fraction, or_equal: bool = False) -> None:
        self.problem, self.length, self.bound = problem, length, bound
        p, q = bound.numerator, bound.denominator
        self.values = q * problem.active - p * (problem.weights - problem.active)
        self.limit = p * problem.unit_points - or_equal
        self.worst = q * problem.unit_points + p * (problem.n_points - problem.unit_points)
        self.in_points = self.values / q
        self.indptr, self.indices = problem.concepts.indptr, problem.concepts.indices
        self.n = len(problem.concepts.names)
        self._row = np.repeat(np.arange(len(self.values)), np.diff(self.indptr))
        self._frames: dict[tuple[int, ...], Frame] = {}

    def frame(self, ands: tuple[int, ...]) -> Frame:
        if ands not in self._frames:
            self._frames[ands] = Frame.of(self.indptr, self.indices, self.n, ands, self.values)
        return self._frames[ands]

    def budget(self, ands: tuple[int, ...]) -> int:
        return self.length - len(ands)

    def units(self) -> list[int]:
        """Exponents of the units that charges are rounded to, the coarsest first."""
        finest = -min(40, max(0, (HEADROOM // (4 * (self.length + 4) * max(1, self.worst))).bit_length() - 1))
        coarse = max(0, self.limit.bit_length() - 20)
        return [coarse, 0, max(finest, -12), finest] if finest < 0 else [coarse, 0]

    def bounded(self, ands: tuple[int, ...], charges: Charges, unit: int, budget: int, fixed: Fixed = FREE,
                deeper: bool = False) -> tuple[int, dict[str, Any]]:  # fmt: skip
        """An integer that no value exceeds, and the charges as they are written."""
        made = self.worth(ands, charges, unit, deeper)
        if made is None:
            return self.limit + self.worst + 1, {}
        rounded, left = made
        return left.bound(budget, fixed, deeper) >> max(0, -unit), written(rounded, unit)

    def worth(
        self, ands: tuple[int, ...], charges: Charges, unit: int, deeper: bool = False
    ) -> tuple[Charges, Worths] | None:
        """The charges as integers in units of 2**unit, and what they leave, in points or in finer units than these.

        None where 64 bits do not hold that.
        """
        rounded = charges.of_allowed(self.frame(ands)).rounded(2.0**-unit * self.bound.denominator)
        down = max(0, -unit)
        if (rounded.size * 2.0 ** max(0, unit) + float(self.worst) * 2.0**down) * (self.length + 4) >= HEADROOM:
            return None
        shifted = rounded.shifted(max(0, unit))
        return rounded, worths(self.frame(ands), shifted, self.values << down, deeper)

    def closing(self, ands: tuple[int, ...], charges: Charges, budget: int, fixed: Fixed = FREE,
                deeper: bool = False) -> dict[str, Any] | None:  # fmt: skip
        """The charges as they are written, where they prove the claim."""
        for unit in self.units():
            bound, text = self.bounded(ands, charges, unit, budget, fixed, deeper)
            if bound <= self.limit:
                return text
            if bound > self.limit + max(self.limit >> 12, 1 << max(0, unit + 12)):
                return None
        return None

    def beyond(self, ands: tuple[int, ...], charges: Charges) -> tuple[list[int], dict[str, Any]] | None:
        """The concepts that may be the next AND, as far as charges for shorter chains say, and these as written.

        None where 64 bits do not hold that.
        """
        unit = self.units()[0]
        bound, text = self.bounded(ands, charges, unit, self.budget(ands) - 2)
        if not text:
            return None
        gains = self.followers(ands)
        return np.flatnonzero((gains > 0) & (gains > self.limit - bound)).tolist(), text

    def followers(self, ands: tuple[int, ...]) -> np.ndarray:
        """int64 (n,): for each concept that may be the next AND, all positive values inside it; else 0."""
        inside = (self.values > 0) & (self.frame(ands).depth == len(ands))
        use = inside[self._row]
        gains = np.zeros(self.n, dtype=np.int64)
        np.add.at(gains, self.indices[use], self.values[self._row[use]])
        gains[list(ands)] = 0
        return gains


def written(charges: Charges, unit: int) -> dict[str, Any]:
    """As the certificate has them."""
    out: dict[str, Any] = {"unit": unit} | {
        name: [part.tolist() for part in parts]
        for name, parts in (("taken", charges[:3]), ("spared", charges[3:7]), ("inner", charges[7:9]))
    }
    if len(charges.apart):
        out["apart"] = [part.tolist() for part in charges[9:12]]
    if len(charges.circles):
        ends = np.cumsum(np.bincount(charges.steps[:, 0], minlength=len(charges.circles)))
        steps = [steps[:, 1:].tolist() for steps in np.split(charges.steps, ends[:-1])]
        out["circles"] = [steps, charges.circles.tolist()]
    return out


def certificate(target: Target, pattern: Pattern, stopping: Stopping) -> dict[str, Any]:
    """The proof of the target's claim for all chains below the pattern; raises `Unproven` and `Stopped`."""
    ands, budget = pattern.ands, target.budget(pattern.ands)
    out: dict[str, Any] = {
        "own": _own(target, pattern, stopping),
        "deeper": None,
        "shorter": None,
        "next": [],
    }
    if budget < 2:
        return out
    if pattern.deeper is not None:
        out["deeper"] = target.closing(ands, pattern.deeper, budget, deeper=True)
    if out["deeper"] is None:
        shorter = None if pattern.shorter is None else target.beyond(ands, pattern.shorter)
        if shorter is None:
            raise Unproven(partial(_is_closed, pattern, None))
        left, out["shorter"] = shorter
        for x in left:
            if x not in pattern.next or pattern.next[x].own.charges is None:
                raise Unproven(partial(_is_closed, pattern, x))
            out["next"].append([x, certificate(target, pattern.next[x], stopping)])
    return out


def _is_closed(pattern: Pattern, x: int | None, target: Target) -> bool:
    """Whether no chain has more ANDs than the pattern; of which the next is x, where that is given."""
    ands = pattern.ands
    deeper = pattern.deeper
    if deeper is not None and target.closing(ands, deeper, target.budget(ands), deeper=True) is not None:
        return True
    shorter = None if x is None or pattern.shorter is None else target.beyond(ands, pattern.shorter)
    return shorter is not None and x not in shorter[0]


def _is_bounded(pattern: Pattern, branch: Branch, target: Target) -> bool:
    """Whether no chain of the branch is above the target."""
    ands = pattern.ands
    if branch.charges is None:
        return False
    return target.closing(ands, branch.charges, target.budget(ands), branch.fixed) is not None


def _is_open(target: Target, ands: tuple[int, ...], split: tuple[Any, ...]) -> bool:
    """Whether both answers may be: an OR that was allowed at a lower target may not be allowed at this one."""
    return split[0] != "or" or bool(target.frame(ands).slot_of[split[1], split[2]] >= 0)


def _own(target: Target, pattern: Pattern, stopping: Stopping) -> list[Any]:
    """The branches in the order of a walk: charges, a split, or that there is no such chain."""
    ands = pattern.ands
    steps: list[Any] = []
    pending = [pattern.own]
    while pending:
        branch = pending.pop()
        stopping.check()
        closed = None
        if branch.charges is not None:
            closed = target.closing(ands, branch.charges, target.budget(ands), branch.fixed)
        if closed is not None:
            steps.append(closed)
        elif branch.impossible:
            steps.append(None)
        elif branch.split is not None and _is_open(target, ands, branch.split):
            steps.append(list(branch.split))
            pending += branch.parts[::-1]
        elif branch.split is not None:
            pending.append(branch.parts[0])
        else:
            raise Unproven(partial(_is_bounded, pattern, branch))
    return steps
