"""What the walk over sets of concepts reads: the cells in its order, and how much each concept can add.

V, V* and the regions of a set of concepts are those of `search.py`; P and N are the sums of the positive
values, and of the negative ones without their sign; L is the length.

Let S be concepts before d in the order, and let d split region r into r1 (inside d) and r2.  V* grows by the sum over
the regions of g = max(0, V(r1)) + max(0, V(r2)) - max(0, V(r1) + V(r2)), which is min(|V(r1)|, |V(r2)|) where the signs
differ, else 0.  A chain holds nowhere outside its concepts, so for chains V* leaves that region out; there V* grows by
max(0, V(r1)), at most P(r1).

1.  So g <= |V(r1)| <= P(r1) + N(r1), and all together at most P(d) + N(d).  In trees r1 and r2 may change places: it is
    also at most that sum of the complement of d.  And V* only grows, up to at most P of all cells: no gain is above
    that.
2.  In the region outside S, V* grows by at most P(r1) for chains; and for trees where V is at most 0 on the cells
    outside any L concepts, as then V(r2) <= 0.  That is so where N(all) - P(all) is at least the sum of the L largest
    N(c).  Any other region r lies in a concept c of S, and g <= P(r1) if V(r1) > 0, else g <= min(N(r1), P(r2)).  Give
    each region to one such c: the latter sum to at most min(N(c and d), P(c and not d)).  All together: P(d) + the sum
    of the L - 1 largest of these over all c before d.

`reach` is the least of these bounds, made falling: the largest of its own and all later ones.  Then with m more
concepts, the first of them d, V* is at most V*(S) + the sum of reach over d, d + 1, ..., d + m - 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from ..cells import ConceptRows
from ..compiled import CellArrays, gains_and_losses
from ..errors import UsageError
from ..explanation import Explanation
from ..problem import Problem
from ..stopping import Stopping
from . import walk as kernels
from .functions import functions
from .stage import Stage

NO_TABLES = np.zeros(0, dtype=np.int64)
WORK_BETWEEN_POLLS = 1 << 23
"""Entries that are added up; about a fiftieth of a second."""


def decidable(problem: Problem, target: Fraction, sums: int) -> Fraction:
    """The target, or the least fraction above it with which so many sums over cells, added up, are within 64 bits.

    A sum over cells, each taken once, is at most q * unit_points + p * others in size.
    """
    headroom = 2**62 // sums
    a, b = problem.unit_points, problem.n_points - problem.unit_points
    if target.denominator * a + target.numerator * b < headroom:
        return target
    most = headroom // (a + b + 1)
    if most < 1:
        raise UsageError(f"unit {problem.unit}: {problem.n_points:,} points are too many to search exactly")
    near = target.limit_denominator(most)
    if near >= target:
        return near
    p, q = near.numerator, near.denominator
    above = -pow(p, -1, q) % q
    above += (most - above) // q * q
    return Fraction((1 + p * above) // q, above)


def target_for(problem: Problem, target: Fraction, length: int) -> Fraction:
    """The target, or the least fraction above it that keeps every sum of the walk within 64 bits.

    V* and every reach are sums over cells; at most length + 1 are added.
    """
    return decidable(problem, target, length + 2)


@lru_cache(maxsize=8)
def distinct(concepts: ConceptRows, space: str) -> np.ndarray:
    """int64: one column for each concept that is no copy of another, the one with fewest rows.

    In trees a complement is as good as a copy; in chains it is not, as only AND takes NOT.
    """
    first: dict[bytes, int] = {}
    last = 255 << (-len(concepts) % 8) & 255
    for column in sorted(range(len(concepts.names)), key=lambda column: len(concepts.rows_with(column))):
        function = concepts.function(column)
        if space == "tree" and function[0] & 128:
            function = ~function
            function[-1] &= last
        first.setdefault(function.tobytes(), column)
    return np.array(sorted(first.values()), dtype=np.int64)


def renumbered(concepts: ConceptRows, columns: np.ndarray, values: np.ndarray, stopping: Stopping) -> CellArrays:
    """The cells where only these columns are left, in this order."""
    old_starts, old_rows = concepts.by_column
    starts = np.concatenate([[0], np.cumsum(np.diff(old_starts)[columns])])
    rows, widths = np.empty(starts[-1], dtype=np.int64), np.zeros(len(concepts), dtype=np.int64)
    ends = starts[1:].tolist()
    for run in stopping.runs(ends, WORK_BETWEEN_POLLS // 8):
        new = rows[starts[run.start] : starts[run.stop]]
        kernels.choose_rows(old_starts, old_rows, columns, run.start, run.stop, new, widths)
    indptr = np.concatenate([[0], np.cumsum(widths)])
    indices, filled = np.empty(indptr[-1], dtype=np.int64), indptr[:-1].copy()
    for run in stopping.runs(ends, WORK_BETWEEN_POLLS // 8):
        kernels.renumber(starts, rows, run.start, run.stop, filled, indices)
    return CellArrays(indptr, indices, starts, rows, values)


def _placed(cells: CellArrays, stopping: Stopping) -> np.ndarray:
    """`places` of the walk's tables."""
    filled, places = cells.indptr[:-1].copy(), np.empty(len(cells.rows), dtype=np.int64)
    for run in stopping.runs(cells.starts[1:].tolist(), WORK_BETWEEN_POLLS // 8):
        kernels.place_concepts(cells, run.start, run.stop, filled, places)
    return places


def reaches(cells: CellArrays, length: int, space: str, stopping: Stopping) -> np.ndarray:
    """int64 (n,): what each concept adds at most to concepts before it (see above)."""
    values = cells.values
    gains, losses = gains_and_losses(cells.starts, cells.rows, values)
    gain, loss = int(values[values > 0].sum()), -int(values[values < 0].sum())
    reach = gains + losses
    if space == "tree":
        reach = np.minimum(reach, gain + loss - reach)
    if space == "chain" or loss - gain >= sum(sorted(losses.tolist())[-length:]):
        reach = np.minimum(reach, gains + _largest_cuts(cells, gains, length - 1, stopping))
    return np.asarray(np.minimum(reach, gain))


def _largest_cuts(cells: CellArrays, gains: np.ndarray, k: int, stopping: Stopping) -> np.ndarray:
    """int64 (n,): for each concept d, the sum of the k largest min(N(c and d), P(c and not d)) over all c before d."""
    cuts = np.zeros(len(gains), dtype=np.int64)
    width = 1 + len(cells.indices) // len(cells.values)
    for run in stopping.runs((width * cells.starts[1:]).tolist() if k else (), WORK_BETWEEN_POLLS):
        kernels.largest_cuts(cells, gains, k, run.start, run.stop, cuts)
    return cuts


def prepared(
    problem: Problem, target: Fraction, length: int, space: str, stopping: Stopping, sizes: range | None = None
) -> tuple[np.ndarray, kernels.Tables, kernels.Walk]:
    """The concepts' columns in the order of the walk, the tables, and an unbegun walk.  Raises `Stopped`.

    sizes: only functions of so many concepts; of 1 to `length` where it is not given.
    """
    stopping.check()
    concepts = problem.concepts
    p, q = target.numerator, target.denominator
    values = q * problem.active - p * (problem.weights - problem.active)
    columns = distinct(concepts, space)
    stopping.check()
    # Those that can change most first: then the reach falls fast, and most of what is walked is near the root.
    changes = sum(gains_and_losses(*concepts.by_column, values))
    columns = columns[np.argsort(-changes[columns], kind="stable")]
    cells = renumbered(concepts, columns, values, stopping)
    stopping.check()
    sizes = sizes or range(1, length + 1)
    lists = [functions(space, k, length) if k in sizes else NO_TABLES for k in range(1, sizes.stop)]
    reach = reaches(cells, len(lists), space, stopping)
    return columns, *unbegun(cells, reach, space, lists, p * problem.unit_points, stopping)


def stages(
    problem: Problem, target: Fraction, length: int, space: str, known: Sequence[Explanation], stopping: Stopping
) -> Iterator[Stage]:
    """The only walk.  known: as in `larger.stages`; not needed."""
    yield Stage.of(kernels.walk, *prepared(problem, target, length, space, stopping))


def unbegun(
    cells: CellArrays,
    reach: np.ndarray,
    space: str,
    lists: Sequence[np.ndarray],
    threshold: int,
    stopping: Stopping,
    rests: np.ndarray = NO_TABLES,
) -> tuple[kernels.Tables, kernels.Walk]:
    """The tables, and a walk over all sets of up to `len(lists)` concepts, for what is above the threshold.

    reach: int64 (n,), the most that each concept adds.  lists: the truth tables over one, two and more concepts.
    rests: as in `walk.Tables`.
    """
    length, values = len(lists), cells.values
    tables = kernels.Tables(
        cells=cells,
        places=_placed(cells, stopping),
        outside=space == "tree",
        reach=np.concatenate([np.maximum.accumulate(reach[::-1])[::-1], np.zeros(length, dtype=np.int64)]),
        functions=np.concatenate(lists),
        begins=np.cumsum([0, 0, *map(len, lists)]),
        rests=rests,
    )
    walk = _unbegun(len(reach), len(values), length)
    gains, losses = gains_and_losses(cells.starts, cells.rows, values)
    walk.inside[0, 0] = gains - losses
    walk.sums[0, 0] = values.sum()
    walk.best[0] = max(0, int(values.sum())) if tables.outside else 0
    walk.numbers[kernels.THRESHOLD] = threshold
    kernels.begin(tables, walk)
    return tables, walk


def _unbegun(n: int, n_cells: int, length: int) -> kernels.Walk:
    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype=np.int64)

    regions = 1 << (length - 1)
    return kernels.Walk(
        numbers=zeros(4),
        inside=zeros(length, regions, n),
        sums=zeros(length, regions),
        filled=zeros(length, regions),
        n_filled=np.ones(length, dtype=np.int64),
        best=zeros(length),
        limits=zeros(length),
        ends=zeros(length),
        children=zeros(length, n),
        place=zeros(length),
        chosen=zeros(length),
        region=np.zeros(n_cells, dtype=np.uint8),
        work=zeros((1 << length) + 2048),
        found=zeros(length + 2),
    )
