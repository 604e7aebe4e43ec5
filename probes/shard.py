"""Which portion of a whole: `3/40` is the third of forty.  Nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
MAX_LISTED = 10


@dataclass(frozen=True, order=True)
class Shard:
    """A portion of things in order.  number: from 1 to `of`.

    >>> [list(Shard(number, 3).portion(7)) for number in (1, 2, 3)]
    [[0, 1], [2, 3], [4, 5, 6]]
    """

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            from ..solver.errors import UsageError

            right = f"from 1/{self.of} to {self.of}/{self.of}" if self.of >= 1 else "such as 1/2"
            raise UsageError(f"{self} is no shard: the shards of {self.of} are {right}")

    def portion(self, n: int) -> range:
        """The places of its things among `n`: each of these is in one of the portions, which differ by one at most."""
        return range((self.number - 1) * n // self.of, self.number * n // self.of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def in_order(found: Iterable[tuple[Path, Shard, T]]) -> list[T]:
    """What goes with each shard, in their order; `UsageError` that names what is missing, there twice or of others."""
    from ..solver.errors import UsageError

    ordered = sorted(found, key=lambda each: (each[1], each[0]))
    _, first, _ = ordered[0]
    places: dict[int, Path] = {}
    for path, shard, _ in ordered:
        if shard.of != first.of:
            raise UsageError(f"{ordered[0][0]} is shard {first}, {path} is {shard}; merge those of one number")
        if shard.number in places:
            raise UsageError(f"shard {shard} is there twice: {places[shard.number]} and {path}; name one of them")
        places[shard.number] = path
    if missing := [f"{number}/{first.of}" for number in range(1, first.of + 1) if number not in places]:
        raise UsageError(
            f"{len(places)} of {first.of} shards are there; make the others, too, with --shard: {_listed(missing)}"
        )
    return [what for _, _, what in ordered]


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - MAX_LISTED} more" if len(words) > MAX_LISTED else ""
    return ", ".join(words[:MAX_LISTED]) + more
