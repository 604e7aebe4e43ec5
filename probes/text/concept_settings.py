"""Which concepts are made of sentence pairs.  Nothing heavy is imported: the command line reads its options here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

OVERLAPS = {"paper": (0, 25, 50, 75), "code": (25, 50, 75)}
"""The percentages of each definition (`shares_more`)."""

MAX_WORDS = 1_000_000
MAX_NEIGHBOURS = 1000

Neighbours = Annotated[int, "--neighbors", "Also add NEIGHBORS of every word: this many nearest ones; the paper's: 5."]
WithWord = Annotated[bool, "--neighbors-with-word", "Count the word itself among its NEIGHBORS."]


@dataclass(frozen=True)
class PairConceptSettings:
    """Which concepts are made; the text at a field is its option's help.

    neighbours_with_word: as the reference code means to; the paper does not say so.
    """

    words: Annotated[int, "The most frequent words of each side become concepts."] = 2000
    overlap: Annotated[str, "paper (shared words / all words) or code (shared / not shared)."] = "paper"
    neighbours: Neighbours = 0
    neighbours_with_word: WithWord = False

    def __post_init__(self) -> None:
        from ...solver.errors import UsageError, did_you_mean

        if self.overlap not in OVERLAPS:
            hint = did_you_mean(self.overlap, OVERLAPS)
            raise UsageError(f"overlap is {' or '.join(OVERLAPS)}, not {self.overlap!r}{hint}")
        for name, most in (("words", MAX_WORDS), ("neighbours", MAX_NEIGHBOURS)):
            if not 0 <= getattr(self, name) <= most:
                raise UsageError(f"{name} must be from 0 to {most:,}, not {getattr(self, name)}")
