"""What the counting again of a run's lines says, and how it compares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any


class WrongLine(Exception):
    """A line states what is not so."""


def require(holds: bool, why: str) -> None:
    """Raise `WrongLine` where it does not hold."""
    if not holds:
        raise WrongLine(why)


def fraction_of(answer: Mapping[str, Any]) -> Fraction:
    """What bounds are of: the IoU by its counts, 0 without any; where errors are weighed, the score.

    That the score is the one of the counts is for `recount.py`.
    """
    if "score_fraction" in answer:
        return Fraction(*answer["score_fraction"])
    return Fraction(answer["intersection"], answer["union"] or 1)


def is_rounded_up(number: float | None, value: Fraction | None) -> bool:
    """Whether the number is the least double that is not below the value; None goes with None."""
    if number is None or value is None:
        return number is value
    return Fraction(number) >= value > Fraction(math.nextafter(number, -math.inf))
