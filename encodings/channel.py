"""What a round of an outside solver is, and the channel by which it tells what it finds and proves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..solver.formula import Formula
from .shape import Alphabet, Shape
from .target import Target


@dataclass(frozen=True)
class Channel:
    """What a round needs of the outside: where to tell, how long it may take, and whether it was asked to stop.

    seconds_left: gives None where there is no limit.  on_stop: functions that stop a running solver.
    """

    emit: Callable[[dict[str, Any]], None]
    seconds_left: Callable[[], float | None]
    stopped: threading.Event = field(default_factory=threading.Event)
    on_stop: list[Callable[[], None]] = field(default_factory=list)

    def formula(self, formula: Formula) -> None:
        """Tell a formula that was found."""
        self.emit({"formula": str(formula)})

    def bound(self, target: Target, value: int) -> None:
        """Tell that no formula's scaled value is above this."""
        self.emit({"target": [target.iou.numerator, target.iou.denominator], "bound": value * target.scale})

    @property
    def is_over(self) -> bool:
        """Whether time is up or a stop was asked for."""
        left = self.seconds_left()
        return self.stopped.is_set() or (left is not None and left <= 0)


class Round(Protocol):
    """Solve one linear question: (the formula of the highest value that reaches the target, whether that is proven).

    hint: a formula that reaches the target.  Without one, any formula that reaches the target is an answer; such
    rounds ask about fewer concepts than the search, so they tell no bounds.  None: no formula was found.
    """

    def __call__(
        self, shape: Shape, alphabet: Alphabet, target: Target, hint: Formula | None, channel: Channel, seed: int
    ) -> tuple[Formula | None, bool]: ...
