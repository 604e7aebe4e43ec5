"""Check by sets of four and five concepts: few concepts can stand in them, once it is known what fewer reach.

The words are those of `sets.py`: T is what no formula's value may exceed, P(A) and N(A) are the sums of the positive
and the negative values of cells A.  Formulas have up to L leaves.  Let f be one that needs just k concepts, z one of
them, and B such that no formula over fewer concepts, nor none of the cells, nor, for trees, all of them, has a value
above B; that has been checked before, for k - 1 and fewer.  (A chain holds on no cell without its concepts.)  Write f0
for f without z: the function that f is on cells without it.  It is a formula with fewer leaves, or constant, so
V(f0) <= B.

Putting z back changes only cells of z.  Where f gains there, it gains at most P(z); where it loses, at most N(z) is
saved.  If k = L, z has a single leaf, and f, made of AND, OR and negations of leaves, can do only one of the two.  So

    V(f) <= V(f0) + M(z),   M(z) the larger of P(z) and N(z) for k = L,  P(z) + N(z) for k < L,

and V(f) > T asks that one of P(z), N(z), for k < L their sum, exceed T - B.  A concept of which none does is left out;
of the two, one that does not is not counted in M.  Take several concepts out of f, one after the other: the same holds
at each, since f with some concepts fixed still gains, or loses, by z where it did, or does neither.  Hence with a set S
in which m concepts are still wanted, V(f) <= V*(S) + the m largest M, as far as they come after S in the order; that is
how `reach` is used in `sets.py`.  For m = 1 the formula that is left when the last concept is taken out stands for V*:
of all tables that can be left (`left_of`) the one of the largest value.

For B at T, the walks over fewer concepts begin at a value that some formula has, and are raised to the largest that
they meet.  Whatever they begin at, they show that no formula's value is above where they end; `some_value` only saves
time.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .cell_counts import Counted

FEW = 4
"""Beyond so many concepts it pays to count what is left of formulas without the last."""
EXCHANGES = 40
"""At most so many are tried for a start."""


def added(gains: np.ndarray, losses: np.ndarray, spare: int, *, once: bool) -> np.ndarray:
    """M of every concept, int64 (n,), 0 of those left out.  spare: T - B.  once: whether k = L."""
    if once:
        return np.asarray(np.maximum(gains * (gains > spare), losses * (losses > spare)))
    return np.asarray((gains + losses) * (gains + losses > spare))


def left_of(tables: np.ndarray, k: int) -> np.ndarray:
    """int64: the truth tables over the first k - 1 concepts that are left of these over k without the last."""
    return np.unique(tables & (1 << (1 << (k - 1))) - 1)


def beginning(most: int, limit: int, some: int) -> int:
    """Where a walk begins.  most: B of the walk before.  limit: T.  some: a value that is reached.

    Where T is far above what is reached, there is room for both: to leave concepts out here, and of larger sets.
    """
    return min(limit, max(some, (3 * most + limit) // 4))


def some_value(cells: Counted, order: np.ndarray, bound: Fraction, tables: np.ndarray, k: int) -> int:
    """The value of some formula over k concepts, a large one as a rule; 0 where there are fewer, or none is above 0.

    One concept after the other is exchanged for the best in its place.  order: the distinct concepts.  tables: int64,
    the truth tables over k concepts.
    """
    if len(order) < k or not len(tables):
        return 0
    p, q = bound.numerator, bound.denominator
    alone = q * cells.singles(cells.active) - p * cells.singles(cells.inactive)
    chosen = order[np.argsort(-alone[order], kind="stable")][:k].tolist()
    bits, best, in_vain = tables[:, None] >> np.arange(1 << k) & 1, 0, 0
    for _ in range(EXCHANGES):
        gone, *others = chosen
        sums = _by_region(cells, others, p, q)
        sums[:, others] = 0
        might = order[np.maximum(sums, 0).sum(axis=0)[order] > best]
        values = (bits @ sums[:, might]).max(axis=0) if len(might) else np.zeros(1, dtype=np.int64)
        if values.max() > best:
            best, in_vain, gone = int(values.max()), 0, int(might[values.argmax()])
        else:
            in_vain += 1
        if in_vain == k:
            break
        chosen = [*others, gone]
    return best


def _by_region(cells: Counted, others: list[int], p: int, q: int) -> np.ndarray:
    """int64 (2 * n_regions, n): the value of each region of the others and a concept more, the concept's last."""
    region = np.zeros(len(cells.active), dtype=np.int64)
    for place, c in enumerate(others):
        region[cells.rows_of(c)] += 1 << place
    code, shape = region[cells.row] * cells.n + cells.indices, (1 << len(others), cells.n)
    inside, whole = np.zeros(shape, dtype=np.int64), np.zeros(shape[0], dtype=np.int64)
    for worth, part in ((q, cells.active), (-p, cells.inactive)):  # sums of counts are exact: they are below 2**52
        inside += worth * np.bincount(code, part[cells.row], inside.size).astype(np.int64).reshape(shape)
        whole += worth * np.bincount(region, part, shape[0]).astype(np.int64)
    return np.concatenate([whole[:, None] - inside, inside])
