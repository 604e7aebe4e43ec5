"""What a search knows as it goes: the best formula so far, and the lowest bound.

An engine tells a `Listener` what it finds and proves, at once, also where it has told better before.  It hears nothing
back, so a search is the same whether or not somebody listens.  A `Trace` keeps what is better than all before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .error_weights import ErrorWeights
from .explanation import Explanation
from .problem import Problem


class Listener:
    """Whom an engine tells; this one keeps nothing."""

    def found(self, found: Explanation) -> None:
        """A formula of the space and length that are asked for."""

    def proven(self, bound: Fraction) -> None:
        """No formula of that space and length has a higher IoU."""


NOBODY = Listener()


@dataclass(frozen=True)
class FormulasOnly(Listener):
    """For a search for shorter formulas within another: what it proves says nothing of longer ones."""

    listener: Listener

    def found(self, found: Explanation) -> None:
        self.listener.found(found)


@dataclass(frozen=True)
class Known:
    """What is known of a unit: the best formula, None before there is one, and a bound.

    seconds: since the search began.
    """

    seconds: float
    best: Explanation | None
    bound: Fraction

    def of_errors(self, weights: ErrorWeights, problem: Problem) -> Known:
        """What is known of `weights.weighed(problem)` as what is known of the problem and its Tversky score."""
        if weights.are_even:
            return self
        best = None if self.best is None else problem.explain(self.best.formula)
        return Known(self.seconds, best, weights.bound(self.bound))


class Trace(Listener):
    """All that was known of one search, from its first moment on: `known` has an entry for every improvement.

    bound: what is known of any search, the ceiling.  started: of `time.perf_counter()`.  tell: called with every entry
    at once.
    """

    def __init__(self, bound: Fraction, started: float, tell: Callable[[Known], None]) -> None:
        self.known: list[Known] = []
        self._started, self._tell = started, tell
        self._know(None, bound)

    def found(self, found: Explanation) -> None:
        best = self.known[-1].best
        if best is None or found.iou > best.iou:
            self._know(found, self.known[-1].bound)

    def proven(self, bound: Fraction) -> None:
        if bound < self.known[-1].bound:
            self._know(self.known[-1].best, bound)

    def _know(self, best: Explanation | None, bound: Fraction) -> None:
        self.known.append(Known(time.perf_counter() - self._started, best, bound))
        self._tell(self.known[-1])
