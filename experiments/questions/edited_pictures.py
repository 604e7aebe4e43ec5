"""A picture with an edit, and what a network says of it.

success: the network predicts the intended class.  failure: it stays with the picture's class, or names the class of
the pasted object.  partial: anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...probes.classifier import PictureClassifier
from ...probes.patching import Placement, paste, recolour
from ...solver.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

OUTCOMES = ("success", "partial", "failure")


@dataclass(frozen=True, eq=False)
class Example:
    """A picture and an edit that should make a network see the class `intended`.

    patch: RGBA, put into the picture at every placement.  region, colour: bool (height, width) and (red, green, blue),
    painted in place.  One of the two.  original: the picture's class; None for what each network says of it.
    pasted: the class of the patch's own picture; None for what each network says of `source`, where that is given.
    """

    name: str
    picture: Image
    intended: str
    patch: Image | None = None
    source: Image | None = None
    region: np.ndarray | None = None
    colour: tuple[int, int, int] | None = None
    original: str | None = None
    pasted: str | None = None

    def __post_init__(self) -> None:
        if (self.patch is None) == (self.region is None or self.colour is None):
            raise UsageError(f"example {self.name!r}: give a patch to paste, or a region and its colour")

    def edited(self, placement: Placement | None) -> Image:
        """The picture with the edit."""
        if self.patch is not None and placement is not None:
            return paste(self.picture, self.patch, placement)
        assert self.region is not None
        assert self.colour is not None
        return recolour(self.picture, self.region, self.colour)


@dataclass(frozen=True, eq=False)
class Tried:
    """An example put to a network.

    places: where the patch was put; a single None for a colour.  predicted: a class for each.  probability: float
    (n_places,), of the intended class; before, probability_before: of the picture as it is.
    """

    example: Example
    network: PictureClassifier
    original: str
    pasted: str | None
    before: str
    probability_before: float
    places: Sequence[Placement | None]
    predicted: Sequence[str]
    probability: np.ndarray = field(repr=False)

    @property
    def is_open(self) -> bool:
        """Whether there is anything to turn: the network does not see the intended class from the start."""
        return self.before != self.example.intended

    @property
    def outcomes(self) -> list[str]:
        """One of `OUTCOMES` for each place."""
        stays = (self.original, self.pasted)
        return [
            "success" if each == self.example.intended else "failure" if each in stays else "partial"
            for each in self.predicted
        ]

    @property
    def best(self) -> int:
        """The place at which the intended class is most probable, a success if there is one."""
        successes = np.array([outcome == "success" for outcome in self.outcomes])
        return int(np.argmax(self.probability + successes))

    def rates(self, of: Sequence[int] | None = None) -> dict[str, float | None]:
        """Of these places (all by default), the share of each outcome; None where nothing was open."""
        chosen = range(len(self.places)) if of is None else of
        outcomes = [self.outcomes[i] for i in chosen]
        return {each: outcomes.count(each) / len(outcomes) if self.is_open and outcomes else None for each in OUTCOMES}
