"""How much the concepts still to come can add below a prefix: every bound of the exact search, with its proof.

The functions here are the definitions, for reading and for tests; `kernels.py` computes the same numbers
incrementally and `solver/checking/prefixes.py` as whole matrices.

Words.  Cell j has an integer value v_j.  P sums the positive values of a set of cells, N the negative ones
without their sign, V = P - N.  A *prefix* is the outer part of a chain, read from the last operator
inwards: it decides some cells; R is the set of undecided ones.  A *completion* g is a chain on R; V(whole) = base +
V(g),
base being the sum of the values of the cells that the prefix decided as 1.  Concepts are cut to R: c is c and R.

What is to be found.  If any chain of at most N concepts exceeds the threshold, take those of highest value, among
them the shortest, among them the one whose rules come first in the fixed order (lexicographically, outermost first).
Only that chain has to survive.  In it (A) leaving out any rule lowers the value, since the rest is a shorter chain or
the empty formula of value 0; hence no concept comes twice, and no concept of a prefix without AND has undecided cells;
and (B) no rule can be moved outwards past rules with which it commutes to a place before a later-ranked one.

A chain is seen as rules applied to the empty set.  A leading filter gives the empty set again, so this adds no function
that a shorter chain does not have, except the empty one of value 0, which is never above a threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def falling_sum(values: Sequence[int], k: int) -> int:
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
        """The most loss that k other concepts share with c: sum of the k largest N(c and d), d not in the prefix.

        smaller: only over d of smaller size, `size` being any fixed order (here: by N).
        """
        return falling_sum(
            [
                self.loss[c, d]
                for d in self.free
                if d != c and d not in without and (not smaller or self.size[d] < self.size[c])
            ],
            k,
        )

    def filtered(self, c: int) -> int:
        """The best value of c behind one filter, or behind none: max(V(c), max over d of V(c and not d)).

        With one concept in all (in the prefix or to come) that can take cells off c, no other value is possible;
        a concept of a prefix without AND takes off exactly its cells, like a filter.
        """
        own = int(self.gain[c, c] - self.loss[c, c])
        taken = [int(self.loss[c, d] - self.gain[c, d]) for d in range(len(self.loss)) if d != c]
        return own + max([0, *taken])

    def potential(self, c: int, filters: int, positives: int) -> int:
        """What positive concept c adds to a completion, with so many AND NOT filters and other positives about.

        Proof, for completions without AND.  Call a positive c_i *open* at a cell of it if no filter further out
        holds there.  A cell is in g exactly if some positive is open there: the outermost rule that holds at the cell
        decides it.  Give each cell of g to the smallest open positive there.  Then V(g) is the sum over the
        positives c_i of
        the value of their own cells, which are c_i minus F_i, the union of the filters further out, minus cells open
        in smaller positives.  So
            V(own) <= V(c_i minus F_i) + sum over smaller positives d of N(c_i and d),
        V(c_i minus F_i) <= V(c_i) + sum over filters d of N(c_i and d), and V(own) <= P(c_i).  N at the root
        is at least N
        on R.  With no filter, V(c_i minus F_i) = V(c_i); with one concept in prefix and filters together it is at most
        `filtered`.  Concepts of the prefix have no undecided cells.  Sums of these over the positives are
        upper bounds, also when
        negative ones count as 0.
        """
        own = int(self.p[c] - self.n[c]) + self.others(c, filters)
        if filters + self.depth == 0:
            own = min(own, int(self.p[c] - self.n[c]))
        elif filters + self.depth == 1:
            own = min(own, self.filtered(c))
        return max(0, min(int(self.p[c]), own + self.others(c, positives, smaller=True)))

    def top(self, filters: int, left: int, k: int) -> int:
        """The k largest potentials among `left` concepts, of which so many are filters."""
        return falling_sum([self.potential(c, filters, left - 1 - filters) for c in self.free], k)

    def inside(self, k: int) -> int:
        """P of `(c1 ... ck) AND e`: at most P(e), and at most the sum of the P(ci and e)."""
        return max(
            (
                min(int(self.p[e]), falling_sum([self.gain[d, e] for d in range(len(self.gain)) if d != e], k))
                for e in self.free
            ),
            default=0,
        )

    def block(self, k: int, others: int) -> int:
        """V of what `(c1 ... ck) AND e` leaves in g where e is the only AND and so many other concepts are about.

        Proof.  Give each of these cells to one ci.  The cells of ci and e that ci does not get are in an AND
        NOT filter,
        in another cj or in the prefix (there is no other AND); each such concept x takes off at most
        N(ci and e and x) <= min(N(ci and x), N(e and x)).  So ci adds at most min(P, V + the largest such
        sums) of ci and e,
        and all together at most P(e).
        """
        best = 0
        everything = Bounds.__new__(Bounds)
        everything.__dict__ = self.__dict__ | {"free": list(range(len(self.loss)))}
        for e in range(len(self.loss)):
            pairs = []
            for d in range(len(self.loss)):
                if d != e and self.gain[d, e] > 0:
                    taken = min(everything.others(d, others, without=(e,)), everything.others(e, others, without=(d,)))
                    pairs.append(max(0, min(int(self.gain[d, e]), int(self.gain[d, e] - self.loss[d, e]) + taken)))
            best = max(best, min(int(self.gain[e, e]), falling_sum(pairs, k)))
        return best

    def with_and(self, left: int) -> int:
        """Completions by at most `left` concepts that contain AND.

        Proof.  Let e be the outermost AND, k the positives inside it, s those outside, t the other filters.
        The cells of g
        are those that `(...) AND e` leaves, and the rest.  Give the rest to the positives outside as in
        `potential`: around them are only AND NOT filters, and the cells already given away are in e, so e
        takes off what one more
        filter would.  If e is the only AND, the first part is at most `block(k, t + k - 1 + depth)` and the positives
        outside see at most t filters.  If there is another, it is inside (e is the outermost), so those outside see at
        most t - 1 filters, and the first part is at most `inside(k)`, t being at least 1.
        """
        best = 0
        for k in range(1, left):
            for t in range(left - k):
                s = left - 1 - k - t
                rest = self.top(t + 1, left, s) if s else 0
                best = max(best, min(self.inside(k), self.block(k, t + k - 1 + self.depth)) + rest)
                if t:
                    best = max(best, self.inside(k) + (self.top(t, left, s) if s else 0))
        return best

    def completion(self, left: int) -> int:
        """What at most `left` more concepts can add: without AND, t filters and left - t positives; or with AND.

        In the search the positives of the case without filters are only those that may come next: after OR x,
        concepts ranked before x would have come first (B).  Never more than all positive values on R.
        """
        pure = max(self.top(t, left, left - t) for t in range(left))
        return max(pure, self.with_and(left))

    def filter_gain(self, c: int, left: int) -> int:
        """What the outermost rule AND NOT c adds to a completion g of `left` concepts.

        V(g and not c) - V(g) = -V(g and c) <= N(g and c), and g lies in the union of its positives: at most the sum of
        the `left` largest N(c and d), and at most N(c).  A positive d without any positive value at the root
        never helps (A).  OR c adds at most P(c).

        Russian dolls: V(whole) <= (the most that `left` concepts reach on all cells) + (what each rule of the prefix
        adds to what stands inside it).  After AND, nothing is known of that kind.
        """
        return min(int(self.n[c]), self.others(c, left))
