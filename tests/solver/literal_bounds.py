"""The bounds of `solver/prefixes/bounds.py` as they are defined there, literally and slowly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def descending_sum(values: Sequence[int], k: int) -> int:
    """The sum of the k largest, none of them negative."""
    return sum(sorted((int(value) for value in values), reverse=True)[:k])


def shared(sets: np.ndarray, values: np.ndarray) -> np.ndarray:
    """int64 (n, n): the values' sums over the cells that two concepts share.  sets: bool (n, n_cells)."""
    return np.asarray(sets.astype(np.int64) @ (sets * values).T)


class Bounds:
    """The bounds for one set of concepts and one vector of values, at one prefix without AND.

    sets: bool (n, n_cells).  values: int64 (n_cells,).  used: the concepts of the prefix, in any number;
    the undecided cells are those outside all of them.
    """

    def __init__(self, sets: np.ndarray, values: np.ndarray, used: Sequence[int] = ()) -> None:
        self.free = [c for c in range(len(sets)) if c not in used]
        self.depth = len(used)
        undecided = ~np.logical_or.reduce([sets[c] for c in used], initial=False)
        gain, loss = np.maximum(values, 0), np.maximum(-values, 0)
        self.gain, self.loss = shared(sets, gain), shared(sets, loss)
        self.p = (sets & undecided) @ gain
        self.n = (sets & undecided) @ loss
        order = np.argsort(np.diag(self.loss), kind="stable")
        self.size = np.empty(len(sets), dtype=np.int64)
        self.size[order] = np.arange(len(sets))

    def others(self, c: int, k: int, *, without: Sequence[int] = (), smaller: bool = False) -> int:
        """The most loss that k other concepts share with c: sum of the k largest N(c and d), d not in the prefix."""
        return descending_sum(
            [
                self.loss[c, d]
                for d in self.free
                if d != c and d not in without and (not smaller or self.size[d] < self.size[c])
            ],
            k,
        )

    def filtered(self, c: int) -> int:
        """The best value of c behind one filter, or behind none: max(V(c), max over d of V(c and not d))."""
        own = int(self.gain[c, c] - self.loss[c, c])
        taken = [int(self.loss[c, d] - self.gain[c, d]) for d in range(len(self.loss)) if d != c]
        return own + max([0, *taken])

    def potential(self, c: int, filters: int, positives: int, *, beside_and: bool = False) -> int:
        """What positive concept c adds to a completion, with a number of AND NOT filters and other positives about."""
        own = int(self.p[c] - self.n[c]) + self.others(c, filters)
        if filters + self.depth == 0:
            own = min(own, int(self.p[c] - self.n[c]))
        elif filters + self.depth == 1 and not beside_and:
            own = min(own, self.filtered(c))
        return max(0, min(int(self.p[c]), own + self.others(c, positives, smaller=True)))

    def top(self, filters: int, left: int, k: int, *, beside_and: bool = False) -> int:
        """The k largest potentials among `left` concepts, `filters` of which are filters."""
        others = left - 1 - filters
        return descending_sum([self.potential(c, filters, others, beside_and=beside_and) for c in self.free], k)

    def inside(self, k: int) -> int:
        """P of `(c1 ... ck) AND e`: at most P(e), and at most the sum of the P(ci and e)."""
        return max(
            (
                min(int(self.p[e]), descending_sum([self.gain[d, e] for d in range(len(self.gain)) if d != e], k))
                for e in self.free
            ),
            default=0,
        )

    def block(self, k: int, others: int) -> int:
        """V of what `(c1 ... ck) AND e` leaves in g where e is the only AND and `others` other concepts are about."""
        best = 0
        everything = Bounds.__new__(Bounds)
        everything.__dict__ = self.__dict__ | {"free": list(range(len(self.loss)))}
        for e in range(len(self.loss)):
            pairs = []
            for d in range(len(self.loss)):
                if d != e and self.gain[d, e] > 0:
                    taken = min(everything.others(d, others, without=(e,)), everything.others(e, others, without=(d,)))
                    pairs.append(max(0, min(int(self.gain[d, e]), int(self.gain[d, e] - self.loss[d, e]) + taken)))
            best = max(best, min(int(self.gain[e, e]), descending_sum(pairs, k)))
        return best

    def with_and(self, left: int) -> int:
        """Completions by at most `left` concepts that contain AND."""
        best = 0
        for k in range(1, left):
            for t in range(left - k):
                s = left - 1 - k - t
                block = min(self.inside(k), self.block(k, t + k - 1 + self.depth))
                best = max(best, block + self.top(t + 1, left, s, beside_and=True))
                if t:
                    best = max(best, self.inside(k) + self.top(t, left, s, beside_and=True))
        return best

    def residual_bound(self, left: int) -> int:
        """What any rule OR c or AND NOT c leaves to the left - 1 concepts below it, from the sums at this node."""
        pure = max((self.top(t + 1, left, left - 1 - t) for t in range(left - 1)), default=0)
        best = 0
        for k in range(1, left - 1):
            for t in range(left - 1 - k):
                s = left - 2 - k - t
                block = min(self.inside(k), self.block(k, t + k + self.depth))
                best = max(best, block + self.top(t + 2, left, s, beside_and=True))
                if t:
                    best = max(best, self.inside(k) + self.top(t + 1, left, s, beside_and=True))
        return max(pure, best)

    def completion(self, left: int) -> int:
        """What at most `left` more concepts can add: without AND, t filters and left - t positives; or with AND."""
        pure = max(self.top(t, left, left - t) for t in range(left))
        return max(pure, self.with_and(left))

    def filter_gain(self, c: int, left: int) -> int:
        """What the outermost rule AND NOT c adds to a completion g of `left` concepts."""
        return min(int(self.n[c]), self.others(c, left))
