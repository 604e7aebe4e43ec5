"""Which portion of a whole: `3/40` is the third of forty.  Nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass


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
