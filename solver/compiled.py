"""The compiled inner loops.

numba, because the loops are few and short, stay readable beside the Python that they serve, and need
no compiler where the package is installed.  It is imported when the first of them is called.  Compiled code is cached
on disk where a folder for it can be written.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property, lru_cache, partial, update_wrapper
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np


class Compiled:
    """A function that is compiled when it is first called: importing numba takes longer than opening a probe."""

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.dispatcher(*arguments)

    @cached_property
    def dispatcher(self) -> Any:
        """What numba makes of it, to be called from Python."""
        return _njit(self._linked(""))

    @cached_property
    def _inner(self) -> Any:
        """The same for compiled functions alone to call: what reads the objects of Python would take a fifth longer."""
        return _njit(self._linked(".inner"), no_cpython_wrapper=True, no_cfunc_wrapper=True)

    def _linked(self, form: str) -> Callable[..., Any]:
        """A copy that calls what numba makes of our functions that it names: numba knows only its own."""
        known, package = dict(self.function.__globals__), self.function.__module__.partition(".")[0]
        for name in self.function.__code__.co_names:
            called = known.get(name)
            if isinstance(called, FunctionType) and called.__module__.partition(".")[0] == package:
                called = compiled(called)
            if isinstance(called, Compiled):
                known[name] = called._inner
        linked = FunctionType(self.function.__code__, known, self.function.__name__)
        linked.__module__ = self.function.__module__
        linked.__qualname__ = self.function.__qualname__ + form  # under this name it is kept on disk
        return linked


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, to be compiled when it is called, with all of this package that it calls."""
    return Compiled(function)


def _njit(function: Callable[..., Any], **options: bool) -> Any:
    """`numba.njit` with its disk cache, or without it where no cache folder can be written."""
    import numba

    njit: Any = numba.njit  # its types leave options out
    try:
        made = njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:
        return njit(nogil=True, **options)(function)
    # Numba compiles a kept function anew when its own file changes; ours also call functions of the files beside it.
    with suppress(AttributeError, KeyError, TypeError):
        cache = vars(made)["_cache"]
        cache.save_overload = partial(_save_or_go_on, cache.save_overload)
        index = cache._cache_file
        index._source_stamp = (index._source_stamp, _stamps(Path(function.__code__.co_filename).parent))
        index._load_index = partial(_load_or_forget, index._load_index)
    return made


def _load_or_forget(load: Callable[[], dict[Any, Any]]) -> dict[Any, Any]:
    """What is kept of a function; nothing where the file is damaged, or speaks of types that are no more."""
    try:
        return load()
    except Exception:  # whatever reading a damaged file ends in
        return {}


def _save_or_go_on(save: Callable[..., None], *kept: Any) -> None:
    """Keep what was compiled; where the disk is full, or the folder can no longer be written, it is compiled again."""
    with suppress(OSError):
        save(*kept)


@contextmanager
def on_compiling(call: Callable[[], None]) -> Iterator[None]:
    """Call the function whenever something begins to be compiled within this; not where compiled code is on disk."""
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, event: object) -> None:
            call()

        def on_end(self, event: object) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


@lru_cache(maxsize=32)
def _stamps(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of every Python file of the folder."""
    found = ((file.name, file.stat()) for file in sorted(folder.glob("*.py")))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)


@compiled
def add_rows(
    rows: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    weights: np.ndarray,
    active: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Add the points and the active points of each row to all its concepts' sums.

    rows: int64, which rows.  indptr, indices, weights, active: as in `Problem`.
    sums: int64 (n_concepts, 2), points and active points, changed in place; side by side for the cache.
    """
    for row in rows:
        for position in range(indptr[row], indptr[row + 1]):
            concept = indices[position]
            sums[concept, 0] += weights[row]
            sums[concept, 1] += active[row]


CellArrays = namedtuple("CellArrays", "indptr indices starts rows values")
"""The cells as a search reads them: the cells' concepts (indptr, indices) and the concepts' cells (starts, rows), each
list ascending; values: int64 (n_cells,)."""


@compiled
def gains_and_losses(starts: np.ndarray, rows: np.ndarray, values: np.ndarray) -> Any:
    """int64 (n,) each: P and N of every concept, the sums of the positive and of the negative values in its cells."""
    n = len(starts) - 1
    gains, losses = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for d in range(n):
        for at in range(starts[d], starts[d + 1]):
            gains[d] += max(values[rows[at]], 0)
            losses[d] -= min(values[rows[at]], 0)
    return gains, losses


@compiled
def add_held(
    function: np.ndarray,
    flipped: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    weights: np.ndarray,
    active: np.ndarray,
    sums: np.ndarray,
) -> None:
    """`add_rows` for the rows on which a function holds, or with `flipped` those on which it does not.

    function: uint8 (ceil(n_rows / 8),), packed bits.  flipped: 0 or 255.  The inner loop stands here again: through a
    function that both call, a beam takes a sixth longer.
    """
    for place in range(len(function)):
        byte = function[place] ^ flipped
        if byte == 0:
            continue
        for row in range(8 * place, min(8 * place + 8, len(weights))):
            if byte & (128 >> (row & 7)):
                for position in range(indptr[row], indptr[row + 1]):
                    concept = indices[position]
                    sums[concept, 0] += weights[row]
                    sums[concept, 1] += active[row]


@compiled
def count_joins(
    factors: np.ndarray,
    own: np.ndarray,
    totals: np.ndarray,
    inside: np.ndarray,
    unit_points: int,
    least_intersection: int,
    least_share: float,
    joins: np.ndarray,
) -> int:
    """All formulas joined with all concepts by all operators: those that may be of use into `joins`; how many.

    factors: int64 (n_operators, 4), what the points of the formula, of the concept and of both are multiplied by, and
    whether the join may equal the concept.  own: int64 (n_formulas, 2), points and active points.  totals:
    int64 (2, n_concepts), those of concepts.  inside: int64 (n_formulas, 2, n_concepts), those of both.  joins:
    int64 (3, n_operators * n_formulas * n_concepts), filled with place (`beam.py`), active points and points.
    Of no use is what equals the formula or the concept, holds nowhere, or has fewer active points than
    `least_intersection` or than `least_share` of the union with the unit.
    """
    n, count = totals.shape[1], 0
    for formula in range(len(own)):
        points, active = own[formula, 0], own[formula, 1]
        for concept in range(n):
            for operator in range(len(factors)):
                of_formula, of_concept, of_both, may_equal = factors[operator]
                joined = of_formula * points + of_concept * totals[0, concept] + of_both * inside[formula, 0, concept]
                shared = of_formula * active + of_concept * totals[1, concept] + of_both * inside[formula, 1, concept]
                is_new = joined > 0 and joined != points and not (may_equal and joined == totals[0, concept])
                if is_new and shared >= least_intersection and shared >= least_share * (unit_points + joined - shared):
                    joins[0, count] = (formula * n + concept) * len(factors) + operator
                    joins[1, count], joins[2, count] = shared, joined
                    count += 1
    return count


@compiled
def set_bits(rows: np.ndarray, function: np.ndarray) -> None:
    """Set the bits of these rows in uint8 (ceil(n_rows / 8),), packed as `numpy.packbits` does."""
    for row in rows:
        function[row >> 3] |= np.uint8(128 >> (row & 7))


@compiled
def count(indices: np.ndarray, counts: np.ndarray) -> None:
    """Add to each count how often its place is among the indices: `numpy.bincount` without a copy as int64."""
    for index in indices:
        counts[index] += 1


@compiled
def rows_by_concept(indptr: np.ndarray, indices: np.ndarray, filled: np.ndarray, rows: np.ndarray) -> None:
    """Into rows, int64 (n_set,): the rows of each concept, ascending.  filled: where each begins; changed in place."""
    for row in range(len(indptr) - 1):
        for place in range(indptr[row], indptr[row + 1]):
            concept = indices[place]
            rows[filled[concept]] = row
            filled[concept] += 1
