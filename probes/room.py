"""How many inputs a model has room for at once: as many as are asked for, and half of them where memory runs out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from ..solver.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")


class Room:
    """size: inputs at once; it only shrinks.  what: the inputs' name, as `images`."""

    def __init__(self, size: int, what: str) -> None:
        self.size, self.what = size, what

    def parts(self, batch: Sequence[T], run: Callable[[Sequence[T]], R]) -> Iterator[tuple[Sequence[T], R]]:
        """The batch in parts that there is room for, in order, each with what `run` gives of it.

        What a hook has seen while a part ran is to be read before the next one is asked for.
        Raises `UsageError` where there is no room for one input.
        """
        start = 0
        while start < len(batch):
            part = batch[start : start + self.size]
            try:
                given = run(part)
            except (torch.cuda.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                self._halve(len(part))
                continue
            yield part, given
            start += len(part)

    def _halve(self, tried: int) -> None:
        if tried == 1:
            raise UsageError(f"there is no room for one of the {self.what} at a time; another --device may have more")
        self.size = max(1, tried // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        print(f"compexact: no room for {tried} {self.what} at once; going on with {self.size}", file=sys.stderr)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of a GPU or of the machine: for the latter torch has no error of its own."""
    if isinstance(error, torch.cuda.OutOfMemoryError | MemoryError):
        return True
    said = str(error)
    return isinstance(error, RuntimeError) and ("can't allocate memory" in said or "not enough memory" in said)
