"""Check trees of prefixes: that no chain of at most N concepts exceeds p/q.  For lengths that sets do not reach.

The bounds are those of `solver/prefixes/bounds.py`, evaluated in another way than in the search: with whole
matrices instead of a walk.

The claim holds, for every length r = 1, ..., N, a number M_r and a tree of prefixes.  The checker goes
through the trees and makes sure that for every prefix in a tree each way to go on is in the tree, too, or cannot
exceed M_r; prefixes with two concepts to come are swept in full.  So no chain of at most r concepts has a
value above M_r, and with M_N = p * (active points) no IoU is above p/q.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from .cell_counts import Counted
from .clock import NO_LIMIT, Clock
from .errors import CertificateError, Undecided

OR, AND, AND_NOT = 0, 1, 2


def check_prefixes(cells: Counted, target: Fraction, length: int, content: Any, clock: Clock = NO_LIMIT) -> str:
    """What was counted; `CertificateError` where the trees prove nothing.

    content: `{"values": one integer for each length, "trees": one list of integers for each length}`.
    """
    values, trees = _parsed(content, length)
    proof = _Proof(cells, target, length, clock)
    for r, (value, tree) in enumerate(zip(values, trees), start=1):
        proof.check_length(r, value, tree)
    if values[-1] != target.numerator * cells.unit_points:
        raise CertificateError("the last value is not the bound's")
    return f"{sum(map(len, trees))} prefixes opened, {proof.swept} swept"


def _parsed(content: Any, length: int) -> tuple[list[int], list[list[int]]]:
    if not isinstance(content, dict) or set(content) != {"values", "trees"}:
        raise CertificateError("prefixes need values and trees")
    values, trees = content["values"], content["trees"]
    if not (isinstance(values, list) and isinstance(trees, list) and len(values) == len(trees) == length):
        raise CertificateError("there must be one value and one tree for every length")
    if not all(type(value) is int and abs(value) < 2**61 for value in values):
        raise CertificateError("the values must be integers")
    for tree in trees:
        if not isinstance(tree, list) or not all(type(code) is int and 0 <= code < 2**40 for code in tree):
            raise CertificateError("a tree must be a list of integers")
    return values, trees


@dataclass(frozen=True)
class _Node:
    """A prefix: which cells are undecided, and what `solver/prefixes/bounds.py` calls base, dominance_slack,
    pruned_by_symmetry, used."""

    undecided: np.ndarray
    base: int
    dominance_slack: int | None
    depth: int
    ands: int
    pruned_by_symmetry: np.ndarray
    used: np.ndarray


def _descending(values: np.ndarray, k: int) -> np.ndarray:
    """(..., k + 1): the sums of the 0, 1, ..., k largest along the last axis, which must not be negative."""
    width = values.shape[-1]
    kept = np.partition(values, width - k, axis=-1)[..., width - k :] if k < width else values
    kept = np.sort(kept, axis=-1)[..., ::-1]
    out = np.zeros((*values.shape[:-1], k + 1), dtype=np.int64)
    out[..., 1 : kept.shape[-1] + 1] = np.cumsum(kept, axis=-1)
    for at in range(kept.shape[-1] + 1, k + 1):
        out[..., at] = out[..., at - 1]
    return out


class _Proof:
    """Checks the trees for one target."""

    def __init__(self, cells: Counted, target: Fraction, length: int, clock: Clock) -> None:
        p, q = target.numerator, target.denominator
        # In Python's integers.  No gain, loss or sum of them over cells, each taken once, is above the worst, nor is
        # a base.  With N the length, `_descending` adds N + 2 of them at most, `_others` one more, and a potential has
        # two of `_others` beside gains and losses: 2 N + 8.  A bound adds N + 2 at most.  A dominance slack
        # has at most one for each concept of the prefix: with a given value, below 2**61, it stays below 2**62, too.
        worst = q * cells.unit_points + p * int(cells.inactive.sum())
        if worst * (4 * length + 16) >= 2**62:
            raise Undecided("the counts are too large for exact arithmetic in 64 bits at this bound")
        self.cells, self.length, self.n, self.clock = cells, length, cells.n, clock
        value = q * cells.active - p * cells.inactive
        self.gain, self.loss = np.maximum(value, 0), np.maximum(-value, 0)
        self.gains, self.losses = cells.singles(self.gain), cells.singles(self.loss)
        order = np.argsort(-self.gains, kind="stable")
        self.rank = np.empty(3 * self.n, dtype=np.int64)
        self.rank[np.concatenate([order, 2 * self.n + order, self.n + order])] = np.arange(3 * self.n)
        self.size = np.empty(self.n, dtype=np.int64)
        self.size[np.argsort(self.losses, kind="stable")] = np.arange(self.n)
        self.k = length + 2
        self.reached = [0] + [0] * length
        self.swept = 0
        self._tables()

    def _chunks(self) -> Iterator[np.ndarray]:
        step = max(1, 4_000_000 // self.n)
        for at in range(0, self.n, step):
            self.clock.poll()
            yield np.arange(at, min(at + step, self.n))

    def _tables(self) -> None:
        """Per concept: its largest shared losses, with all others and with the smaller; sums of shared gains."""
        n, k = self.n, self.k
        width = min(k, n)
        self.lists = []
        self.filtered = self.gains - self.losses
        self.positive = np.zeros((n, k + 1), dtype=np.int64)
        listed: list[list[tuple[np.ndarray, np.ndarray]]] = [[], []]
        for chunk in self._chunks():
            gain, loss = self.cells.shared(chunk, (self.gain, self.loss))
            own = np.arange(len(chunk))
            gain[own, chunk] = loss[own, chunk] = 0
            self.filtered[chunk] += np.maximum((loss - gain).max(axis=1), 0)
            self.positive[chunk] = _descending(gain, k)
            for which in (0, 1):
                part = loss if which == 0 else np.where(self.size[None, :] < self.size[chunk, None], loss, 0)
                names = np.argpartition(-part, width - 1, axis=1)[:, :width]
                listed[which].append((names, np.take_along_axis(part, names, axis=1)))
        for which in (0, 1):
            names = np.concatenate([pair[0] for pair in listed[which]])
            self.lists.append((names, np.concatenate([pair[1] for pair in listed[which]])))
        self._block_tables()

    def _others(self, which: int, used: np.ndarray) -> np.ndarray:
        """(k + 2, n): the most that 0, 1, ... other unused concepts take off each; the last is an upper bound."""
        names, losses = self.lists[which]
        sums = _descending(np.where(used[names], 0, losses), self.k).T
        return np.concatenate([sums, sums[-1:] + (sums[-1:] - sums[-2:-1])])

    def _block_tables(self) -> None:
        """blocks[m, j]: the most of `(c1 ... cm) AND e` with j other concepts about."""
        n, top = self.n, self.length - 1
        self.blocks = np.zeros((top + 1, self.k + 1), dtype=np.int64)
        if top < 1:
            return
        others = self._others(0, np.zeros(n, dtype=bool))
        for chunk in self._chunks():
            gain, loss = self.cells.shared(chunk, (self.gain, self.loss))
            own = np.arange(len(chunk))
            gain[own, chunk] = 0
            for j in range(max(1, self.length - 1)):
                self.clock.poll()
                inner = np.minimum(others[j][None, :], others[j + 1][None, :] - loss)
                outer = np.minimum(others[j][chunk, None], others[j + 1][chunk, None] - loss)
                value = np.maximum(np.minimum(gain, gain - loss + np.minimum(inner, outer)), 0)
                best = np.minimum(_descending(value, top), self.gains[chunk, None])
                self.blocks[:, j] = np.maximum(self.blocks[:, j], best.max(axis=0))
        self.blocks[:, max(1, self.length - 1) :] = np.iinfo(np.int64).max // 4

    def check_length(self, r: int, limit: int, tree: list[int]) -> None:
        """No chain of at most r concepts has a value above the limit; the smaller lengths are known."""
        n = self.n
        root = _Node(
            np.ones(len(self.gain), dtype=bool), 0, 0, 0, 0, np.zeros(3 * n, dtype=bool), np.zeros(n, dtype=bool)
        )
        if limit < 0:
            raise CertificateError("a value is below that of the empty formula")
        self.reached[r] = limit
        path, at = [root], 0
        pending = [self._open(root, r, limit)]
        while path:
            self.clock.poll()
            if at < len(tree) and tree[at] // (3 * n) == len(path) - 1 and pending[-1] is not None:
                rule = tree[at] % (3 * n)
                at += 1
                pending[-1].discard(rule)
                child = self._below(path[-1], rule)
                if r - child.depth < 3:
                    raise CertificateError("a tree opens a prefix that is swept")
                path.append(child)
                pending.append(self._open(child, r, limit))
                continue
            if pending[-1]:
                raise CertificateError(f"length {r}: {len(pending[-1])} prefixes are neither closed nor opened")
            path.pop()
            pending.pop()
        if at != len(tree):
            raise CertificateError("a tree has prefixes that hang nowhere")

    def _below(self, node: _Node, rule: int) -> _Node:
        n = self.n
        operator, c = divmod(rule, n)
        inside = np.zeros(len(self.gain), dtype=bool)
        inside[self.cells.rows_of(c)] = True
        decided = node.undecided & (~inside if operator == AND else inside)
        gain, loss = int(self.gain[decided].sum()), int(self.loss[decided].sum())
        base, dominance_slack = node.base, node.dominance_slack
        if operator == OR:
            base += gain - loss
            dominance_slack = None if dominance_slack is None else dominance_slack + gain
        elif operator == AND_NOT and dominance_slack is not None:
            dominance_slack += int(self._filter_gains(node, np.array([c]), loss_limit=np.array([loss]))[0])
        else:
            dominance_slack = None
        commutes = np.ones(3 * n, dtype=bool)
        rules = np.arange(3 * n)
        cooccurs = self.cells.shared(np.array([c]), (np.ones(len(self.gain), dtype=np.int64),))[0][0] > 0
        if operator == OR:
            commutes[n : 2 * n] = False
            commutes[2 * n :] = ~cooccurs
        else:
            commutes[:n] = ~cooccurs if operator == AND_NOT else False
        pruned_by_symmetry = (node.pruned_by_symmetry | (self.rank[rules] < self.rank[rule])) & commutes
        used = node.used.copy()
        used[c] = True
        return _Node(
            node.undecided & ~decided,
            base,
            dominance_slack,
            node.depth + 1,
            node.ands + (operator == AND),
            pruned_by_symmetry,
            used,
        )

    def _filter_gains(self, node: _Node, concepts: np.ndarray, loss_limit: np.ndarray) -> np.ndarray:
        """The most that NOT c, just above, can add: the losses that the positives to come share with c."""
        left = self.r - node.depth - 1
        loss = self.cells.shared(concepts, (np.where(node.undecided, self.loss, 0),))[0]
        loss[np.arange(len(concepts)), concepts] = 0
        loss[:, self.gains == 0] = 0
        return np.asarray(np.minimum(loss_limit, _descending(loss, left)[:, left]))

    r = 0

    def _open(self, node: _Node, r: int, limit: int) -> set[int]:
        """The rules below the node that bounds do not close; those with two concepts to come are swept."""
        self.r = r
        left, n = r - node.depth, self.n
        gains = self.cells.singles(np.where(node.undecided, self.gain, 0))
        losses = self.cells.singles(np.where(node.undecided, self.loss, 0))
        if node.base > limit:
            raise CertificateError("a prefix alone exceeds the value")
        if left <= 2:
            self._sweep(node, gains, losses, left, limit)
            return set()
        residual_any = self._residual_bound(node, gains, losses, left)
        base = np.full(3 * n, node.base)
        base[:n] += gains - losses
        total = int(self.gain[node.undecided].sum())
        # Below AND c the cells are those inside c: the sums at this node say nothing about them but `gains`.
        residual_bound = np.concatenate(
            [np.minimum(residual_any, total - gains), gains, np.minimum(residual_any, total - gains)]
        )
        candidates = (
            np.concatenate([gains > 0, gains > 0, losses > 0])
            & ~node.pruned_by_symmetry
            & (base + residual_bound > limit)
        )
        if node.dominance_slack is not None:
            candidates[:n] &= self.reached[left - 1] + node.dominance_slack + gains > limit
        survivors: set[int] = set()
        rules = np.flatnonzero(candidates)
        step = max(1, 2_000_000 // n)
        for at in range(0, len(rules), step):
            self.clock.poll()
            survivors |= self._survivors(node, rules[at : at + step], gains, losses, left - 1, limit)
        if left - 1 > 2:
            return survivors
        for rule in sorted(survivors):
            self.clock.poll()
            child = self._below(node, rule)
            if child.base > limit:
                raise CertificateError("a prefix alone exceeds the value")
            own_gains = self.cells.singles(np.where(child.undecided, self.gain, 0))
            own_losses = self.cells.singles(np.where(child.undecided, self.loss, 0))
            self._sweep(child, own_gains, own_losses, left - 1, limit)
        return set()

    def _residual_bound(self, node: _Node, gains: np.ndarray, losses: np.ndarray, left: int) -> int:
        """What any rule leaves to its completions, from the sums at the node itself."""
        tops = [
            _descending(self._potential(node, gains, losses, a, left - 1 - a, node.depth, node.ands), left)
            for a in range(left)
        ]
        inside = np.minimum(gains[:, None], self.positive).max(axis=0)
        residual_bound = self._with_and(tops, inside, left - 1, node.depth + 1, node.ands, 1)
        pure = max((int(tops[a + 1][left - 1 - a]) for a in range(left - 1)), default=0)
        return max(int(residual_bound), pure)

    def _potential(
        self, node: _Node, gains: np.ndarray, losses: np.ndarray, filters: int, positives: int, depth: int, ands: int
    ) -> np.ndarray:
        own = gains - losses + self._others(0, node.used)[filters]
        if ands == 0 and filters + depth < 2:
            own = np.minimum(own, self.filtered if filters + depth else gains - losses)
        own = np.minimum(gains, own + self._others(1, node.used)[positives])
        return np.where(gains > 0, np.maximum(own, 0), 0)

    def _with_and(self, tops: list[Any], inside: Any, left: int, depth: int, ands: int, shift: int) -> Any:
        """Completions that contain AND; every top read here has filters + depth of 2 or more (bounds.with_and)."""
        best: Any = 0
        for k in range(1, left):
            for filters in range(left - k):
                positives = left - 1 - k - filters
                block = inside[..., k]
                if ands == 0:
                    block = np.minimum(block, self.blocks[k, filters + k - 1 + depth])
                rest = tops[filters + 1 + shift][..., positives] if positives else 0
                best = np.maximum(best, block + rest)
                if filters:
                    rest = tops[filters + shift][..., positives] if positives else 0
                    best = np.maximum(best, inside[..., k] + rest)
        return best

    def _survivors(
        self, node: _Node, rules: np.ndarray, gains: np.ndarray, losses: np.ndarray, left: int, limit: int
    ) -> set[int]:
        """The rules whose completions by `left` concepts may exceed the limit."""
        n = self.n
        if not len(rules):
            return set()
        operator, concept = rules // n, rules % n
        gain, loss = self.cells.shared(
            concept, (np.where(node.undecided, self.gain, 0), np.where(node.undecided, self.loss, 0))
        )
        is_and, is_not = (operator == AND)[:, None], operator == AND_NOT
        if node.dominance_slack is not None:
            touched = loss.copy()
            touched[np.arange(len(rules)), concept] = 0
            touched[:, self.gains == 0] = 0
            added = np.minimum(losses[concept], _descending(touched, left)[:, left])
            keep = ~is_not | (self.reached[left] + node.dominance_slack + added > limit)
            rules, operator, concept, gain, loss = rules[keep], operator[keep], concept[keep], gain[keep], loss[keep]
            is_and = is_and[keep]
        if not len(rules):
            return set()
        own_gain = np.where(is_and, gain, gains - gain)
        own_loss = np.where(is_and, loss, losses - loss)
        ones, whole = self.cells.shared(concept, (np.ones(len(self.gain), dtype=np.int64), self.loss))
        whole[np.arange(len(rules)), concept] = 0
        whole[node.used[concept]] = 0
        smaller = np.where(self.size[concept][:, None] < self.size[None, :], whole, 0)
        all_others, small_others = self._others(0, node.used), self._others(1, node.used)
        commutes = np.where((operator == OR)[:, None], True, (operator == AND_NOT)[:, None] & (ones == 0))
        pruned_by_symmetry = (
            node.pruned_by_symmetry[None, :n] | (self.rank[None, :n] < self.rank[rules][:, None])
        ) & commutes
        ands = operator == AND
        tops = []
        for a in range(left):
            b = left - 1 - a
            own = own_gain - own_loss + np.minimum(all_others[a], all_others[a + 1] - whole)
            if node.ands == 0 and a + node.depth == 0:
                own = np.where(ands[:, None], own, np.minimum(own, self.filtered))
            own = np.minimum(own_gain, own + np.minimum(small_others[b], small_others[b + 1] - smaller))
            own = np.where(own_gain > 0, np.maximum(own, 0), 0)
            if a == 0:
                own = np.where(pruned_by_symmetry, 0, own)
            tops.append(_descending(own, left))
        bound = np.zeros(len(rules), dtype=np.int64)
        for a in range(left):
            bound = np.maximum(bound, tops[a][:, left - a])
        inside = np.stack([np.minimum(own_gain, self.positive[:, k]).max(axis=1) for k in range(left + 1)], axis=1)
        free = self._with_and(tops, inside, left, node.depth + 1, node.ands, 0)
        tied = self._with_and(tops, inside, left, node.depth + 1, 1, 0)
        bound = np.maximum(bound, np.where(ands, tied, free))
        total = int(self.gain[node.undecided].sum())
        bound = np.minimum(bound, np.where(ands, gains[concept], total - gains[concept]))
        base = node.base + np.where(operator == OR, (gains - losses)[concept], 0)
        return set(rules[base + bound > limit].tolist())

    def _sweep(self, node: _Node, gains: np.ndarray, losses: np.ndarray, left: int, limit: int) -> None:
        """Count every completion by one or two concepts."""
        self.swept += 1
        needed = limit - node.base
        values = gains - losses
        if int(values.max(initial=0)) > needed:
            raise CertificateError("a formula exceeds the value")
        if left < 2:
            return
        positive = np.flatnonzero(gains > needed)
        if len(positive):
            inside = self._values(node, positive)
            inside[np.arange(len(positive)), positive] = 0
            if int(inside.max()) > needed or int((values[positive][:, None] - inside).max()) > needed:
                raise CertificateError("a formula exceeds the value")
        pure = self._potential(node, gains, losses, 0, 1, 2, 0)
        near = np.flatnonzero(pure + int(pure.max(initial=0)) > needed)
        if len(near) > 1:
            union = values[near][:, None] + values[near][None, :] - self._values(node, near)[:, near]
            if int(union.max()) > needed:
                raise CertificateError("a formula exceeds the value")

    def _values(self, node: _Node, concepts: np.ndarray) -> np.ndarray:
        gain, loss = self.cells.shared(
            concepts, (np.where(node.undecided, self.gain, 0), np.where(node.undecided, self.loss, 0))
        )
        return np.asarray(gain - loss)
