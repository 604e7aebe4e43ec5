"""Sets of four and five concepts, where what fewer concepts reach is known.

V, V* and the regions of a set are those of `search.py`; P and N are the sums of the positive values, and of the
negative ones without their sign.  Formulas have at most L leaves.  Sets are gone through by their size: up to three
concepts by what pairs share (`pairs.py`), then four, then five.  Let B be the most that nothing, or a formula over
fewer than k concepts, is worth, and T what is to be exceeded; B <= T, else a formula is found.

Let f be a function of exactly k concepts and z one of them, and f0 what f is where z does not hold.  With its leaves
of z fixed, a chain or a tree of fewer leaves remains, or nothing, or all cells.  (All of them only in trees, where
`x OR NOT x` is a function of one concept.)  So V(f0) <= B.  The cells that f gains by z, those of z where f holds and
f0 does not, are worth at most P(z); to lose the cells that it loses is worth at most N(z).

1.  If k = L, each concept has one leaf, and f, being monotone in each leaf, only gains by z, or only loses:

        V(f) <= V(f0) + P(z) <= B + P(z)  where f gains by z,      V(f) <= V(f0) + N(z) <= B + N(z)  where it loses.

    If V(f) > T, then P(z) > T - B, or N(z) > T - B.  Let M(z) be the larger of the two of which this is true, 0 if it
    is true of neither; then z is in no such f, and else V(f) <= V(f0) + M(z).
2.  If k < L, a concept may have several leaves, and f may gain by it and lose: the cells it gains and those it loses
    are different ones, so V(f) <= V(f0) + P(z) + N(z).  Let M(z) be this sum where it exceeds T - B, else 0.

Let S and R be concepts of f, all k together, and f1 what is left of f where none of R holds.  Take the concepts of R
out one after the other: what is left still only gains by the next, or only loses, or does both, by no more than M.  So

    V(f) <= V(f1) + sum of M over R <= V*(S) + sum of M over R.

So M takes the place of `reach` in the walk over sets (`walk.py`, `tables.py`).  Few concepts have an M above 0: some
hundreds of 4,000 words, at the optimum of four concepts.  The others are not among the walk's.

If R is a single concept, f1 is one of the functions that are left of those over k concepts without the last, and all
of these are soon counted.  So V(f) <= the best of them over S + M.  Of five concepts V* is often far above the best
formula; where this bound says so, the set of four is not opened.

The optimum of fewer concepts at this T is no optimum of IoU: T stands for an IoU p/q, and V is what it is for that one.
So the smaller sets are gone through once more, and the walk begins not at T but at the best formula of theirs that is
known, and ends at B.  Any B between will do, if no formula over fewer concepts exceeds it: so where T is far above all
that is known, which is easily settled, the walk begins higher.  Where fewer than k concepts have an M above 0 there is
no walk, and B is where it would have begun: no formula over k concepts exceeds that, and one may be worth just as much.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction

import numpy as np

from ..compiled import gains_and_losses
from ..explanation import Explanation
from ..problem import Problem
from ..stopping import Stopping
from . import pair_walk, pairs, tables
from . import walk as kernels
from .functions import functions
from .stage import Stage

LENGTHS = (4, 5)
FEW = 4
"""With so many concepts V* is hardly more than the best formula."""
PART = 3
"""By the highest B, all concepts might be of use; by too high a one, all might be among more concepts."""


def fits(problem: Problem, length: int) -> bool:
    """Whether tables of pairs are small enough, and the length is one of these."""
    return length in LENGTHS and pairs.fits(problem, pairs.MAX_LENGTH)


def target_for(problem: Problem, target: Fraction, length: int) -> Fraction:
    """The target, or the least fraction above it that keeps every sum of the walks within 64 bits.

    V* and every M are sums over cells; at most length + 1 are added, fewer than for pairs.
    """
    return pairs.target_for(problem, target, length)


def stages(
    problem: Problem, target: Fraction, length: int, space: str, known: Sequence[Explanation], stopping: Stopping
) -> Iterator[Stage]:
    """The walks, one after the other; each is to be ended before the next is asked for.  Raises `Stopped`.

    known: good formulas of up to 1, 2, ... concepts, so that walks over fewer begin high.  There is no next where a
    walk has found a formula above the target.
    """
    most = yield from fewer(problem, target, length, length, space, known, stopping)
    highest = target.numerator * problem.unit_points
    if most <= highest:
        made = prepared(problem, target, length, length, space, (most, highest), stopping)
        if made is not None:
            yield Stage.of(kernels.walk, *made)


def fewer(
    problem: Problem,
    target: Fraction,
    k: int,
    length: int,
    space: str,
    known: Sequence[Explanation],
    stopping: Stopping,
) -> Generator[Stage, None, int]:
    """The walks over fewer than k concepts, as `stages` has them; returns B, above the target's value if a walk was."""
    p, q = target.numerator, target.denominator
    highest = p * problem.unit_points
    worth = [q * each.intersection - p * (each.formula_points - each.intersection) for each in known]
    least = _between(0, highest, worth[: pairs.MAX_LENGTH])
    columns, ready, walk = pairs.prepared(problem, target, length, space, stopping, least)
    yield Stage.of(pair_walk.walk, columns, ready, walk)
    most = int(walk.numbers[kernels.THRESHOLD])
    for size in range(pairs.MAX_LENGTH + 1, k):
        if most > highest:
            break
        least = _between(most, highest, worth[:size])
        made = prepared(problem, target, size, length, space, (most, least), stopping)
        most = least  # which is what is proven where there is nothing to walk over
        if made is not None:
            stage = Stage.of(kernels.walk, *made)
            yield stage
            most = int(stage.walk.numbers[kernels.THRESHOLD])
    return most


def _between(most: int, highest: int, worth: Sequence[int]) -> int:
    """Where a walk over fewer concepts begins: at what is known, or where the target is far above, part of the way.

    most, highest: B of fewer still, and T.
    """
    return min(highest, max((most + (highest - most) // PART, *worth)))


def prepared(
    problem: Problem,
    target: Fraction,
    k: int,
    length: int,
    space: str,
    between: tuple[int, int],
    stopping: Stopping,
) -> tuple[np.ndarray, kernels.Tables, kernels.Walk] | None:
    """Columns, tables and the unbegun walk over sets of k concepts; None where fewer than k are of use.

    between: B, and what is to be exceeded.  Raises `Stopped`.
    """
    stopping.check()
    most, least = between
    p, q = target.numerator, target.denominator
    values = q * problem.active - p * (problem.weights - problem.active)
    gains, losses = gains_and_losses(*problem.concepts.by_column, values)
    adds = added(gains, losses, least - most, once=k == length)
    columns = tables.distinct(problem.concepts, space)
    columns = columns[adds[columns] > 0]
    columns = columns[np.argsort(-adds[columns], kind="stable")]
    if len(columns) < k:
        return None
    cells = tables.renumbered(problem.concepts, columns, values, stopping)
    lists = [*[tables.NO_TABLES] * (k - 1), functions(space, k, length)]
    rests = np.unique(lists[-1] & (1 << (1 << (k - 1))) - 1) if k > FEW else tables.NO_TABLES
    return columns, *tables.unbegun(cells, adds[columns], space, lists, least, stopping, rests)


def added(gains: np.ndarray, losses: np.ndarray, spare: int, *, once: bool) -> np.ndarray:
    """M, int64 (n,), from P and N.  spare: T - B.  once: whether each concept has one leaf."""
    if not once:
        return np.asarray(np.where(gains + losses > spare, gains + losses, 0))
    return np.asarray(np.maximum(np.where(gains > spare, gains, 0), np.where(losses > spare, losses, 0)))
