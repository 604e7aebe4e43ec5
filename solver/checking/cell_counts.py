"""The cells of one unit, counted anew, and sums over what concepts share.

Why no sum wraps.  Counts are those of `given.py`: any sum of them is below 2**52.  A part is a value of 0 or more for
each cell, its sum over all cells below 2**62: each proof makes sure of that in Python's integers before it makes parts
of p, q and the counts.  A row lists a concept once, so a sum over the cells that two concepts share takes each cell
once and is no larger.  The rest counts entries of arrays that are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from .clock import NO_LIMIT, Clock
from .given import Given

T = TypeVar("T")
ENTRIES_BETWEEN_POLLS = 1 << 18
"""Some hundredths of a second; and few enough for a processor's cache."""


class Counted:
    """The concept rows, by row and by concept, and the counts.

    clock: looked at while much is added up.  shared: what was made of these rows before (`kept.py`), to be filled.
    """

    def __init__(self, given: Given, clock: Clock = NO_LIMIT, shared: dict[str, Any] | None = None) -> None:
        self.n, self.clock = len(given.names), clock
        self.starts, self.indices = given.indptr, given.indices
        self.active, self.inactive = given.active, given.weights - given.active
        self.unit_points = int(self.active.sum())
        self._shared = {} if shared is None else shared
        self.widths: np.ndarray = self.once("widths", lambda: np.diff(given.indptr))
        self.ends, self.rows = self.once("by concept", lambda: transposed(self.starts, self.indices, self.n, clock))

    def once(self, what: str, make: Callable[[], T]) -> T:
        """What follows from the concept rows and the weights alone, made for the first unit that asks."""
        if what not in self._shared:
            self._shared[what] = make()
        made: T = self._shared[what]
        return made

    def once_for_unit(self, what: str, make: Callable[[], T]) -> T:
        """The same of what follows from the active points too; of the latest unit only, known by a copy of them."""
        known: tuple[np.ndarray, dict[str, Any]] | None = self._shared.get("of unit")
        if known is None or not np.array_equal(known[0], self.active):
            known = self._shared["of unit"] = (self.active.copy(), {})
        if what not in known[1]:
            known[1][what] = make()
        made: T = known[1][what]
        return made

    @property
    def row(self) -> np.ndarray:
        """int64 (n_set,): of each entry of the rows, which it is."""
        return self.once("row", lambda: np.repeat(np.arange(len(self.active)), self.widths))

    def rows_of(self, c: int) -> np.ndarray:
        """The cells that have the concept, ascending."""
        return self.rows[self.ends[c] : self.ends[c + 1]]

    def concepts_of(self, cell: int) -> np.ndarray:
        """The concepts that the cell has, ascending."""
        return self.indices[self.starts[cell] : self.starts[cell + 1]]

    def shared(self, concepts: np.ndarray, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """For each part (int64 (n_cells,), not negative): its sums over the cells two concepts share, (n_given, n)."""
        counts = self.ends[concepts + 1] - self.ends[concepts]
        which = np.repeat(np.arange(len(concepts)), counts)
        offset = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = self.rows[np.repeat(self.ends[concepts], counts) + offset]
        useful = np.zeros(len(self.active), dtype=bool)
        for part in parts:
            useful |= part != 0
        which, rows = which[useful[rows]], rows[useful[rows]]
        sums = [np.zeros((len(concepts), self.n), dtype=np.int64) for _ in parts]
        ends = np.concatenate([[0], np.cumsum(self.widths[rows])])
        for some in _blocks(ends, len(concepts) * self.n, self.clock):
            self._add_shared(which[some], rows[some], parts, sums)
        return sums

    def _add_shared(
        self, which: np.ndarray, rows: np.ndarray, parts: Sequence[np.ndarray], sums: list[np.ndarray]
    ) -> None:
        """To the sums, (n_given, n) each: the parts of these rows, for the concept `which` and all that the row has."""
        widths = self.widths[rows]
        place = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
        code = np.repeat(which, widths) * self.n + self.indices[np.repeat(self.starts[rows], widths) + place]
        each = np.repeat(rows, widths)
        for part, total in zip(parts, sums, strict=True):
            total += _sums(code, part[each], total.size).reshape(total.shape)

    def singles(self, part: np.ndarray) -> np.ndarray:
        """int64 (n,): the sums of the part (int64 (n_cells,), not negative) over the cells of each concept."""
        sums, used = np.zeros(self.n, dtype=np.int64), np.flatnonzero(np.diff(self.ends))
        if len(used):
            sums[used] = np.add.reduceat(part[self.rows], self.ends[used])
        return sums


def transposed(starts: np.ndarray, indices: np.ndarray, n: int, clock: Clock) -> tuple[np.ndarray, np.ndarray]:
    """The same entries from the other side: where each of the n columns begins (n + 1,), and its rows, ascending.

    starts, indices: the columns of each row.
    """
    ends = np.concatenate([[0], np.cumsum(np.bincount(indices, minlength=n))])
    rows, filled = np.empty(len(indices), dtype=np.int64), ends[:-1].copy()
    dtype = np.min_scalar_type(n)  # numbers of 16 bits are sorted by their digits, much faster
    for some in _blocks(starts, n, clock):
        columns = indices[starts[some.start] : starts[some.stop]]
        order = np.argsort(columns.astype(dtype), kind="stable")
        counts = np.bincount(columns, minlength=n)
        place = np.arange(len(columns)) + np.repeat(filled - (np.cumsum(counts) - counts), counts)
        rows[place] = np.repeat(np.arange(some.start, some.stop), np.diff(starts[some.start : some.stop + 1]))[order]
        filled += counts
    return ends, rows


def _blocks(starts: np.ndarray, size: int, clock: Clock) -> Iterator[slice]:
    """Rows one after the other, in slices of about as many entries as may pass between two looks at the clock.

    starts: where each row's entries begin, and the last one's end.  size: of what is added to for each slice; where
    that is larger, slices are, too.
    """
    first, most = 0, max(ENTRIES_BETWEEN_POLLS, size)
    while first < len(starts) - 1:
        clock.poll()
        stop = max(first + 1, int(np.searchsorted(starts, starts[first] + most, side="right")) - 1)
        yield slice(first, stop)
        first = stop


def _sums(code: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """int64 (size,): exact sums by code, of values from 0 to below 2**62.

    bincount adds in float64, exactly where nothing reaches 2**53; so many or large values go in parts.  Of at most
    2**26 values the low 26 bits are below 2**26 each, which is small enough, and the high ones become so in turn.
    """
    most = 1 << 26
    if len(values) > most:
        halves = (slice(0, len(values) // 2), slice(len(values) // 2, None))
        return np.asarray(sum(_sums(code[half], values[half], size) for half in halves))
    if not len(values) or int(values.max()) * len(values) < 2**53:
        return np.bincount(code, values, size).astype(np.int64)
    low, high = values & (most - 1), values >> 26
    return np.asarray(_sums(code, low, size) + (_sums(code, high, size) << 26))
