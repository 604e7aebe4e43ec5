"""Which formulas a space and a length allow, said once for both encodings.

A formula is a binary tree over leaves 0, 1, ..., N - 1 from left to right.  The part over the leaves `first`
to `stop - 1` is the *span* (first, stop).  A span of two leaves or more is *split*: its last `right` leaves
are the right operand, the others the left one, and AND or OR joins the two.  A leaf is a *literal*: concept c
has the number c, NOT c the number n_concepts + c.

`chain` allows right operands of one leaf, a negated leaf only under AND, and no negated leaf first: the paper's
`((c1 op c2) op c3)...`.  `tree` allows every split, operator and literal.

All formulas have exactly N leaves here.  A shorter one is *padded*: its first leaf a stands as `a OR a OR ...`,
which is the same function; `decode` leaves the copies out again.

Symmetry breaking.  Each rule keeps, of every formula, an equivalent one of the same length; `place` is the
proof as code, and the tests compare the set of all functions with brute force.

S1  A left operand has at least as many leaves as its right one.  AND and OR commute: swap them.
S2  A right operand of two leaves or more has the other operator.  `x OR (y OR z)` is `(x OR y) OR z`; the
    rewriting ends because the right operands get smaller.  So along a run of one operator stand all operands
    of an n-ary AND or OR, none of which has that operator itself.
S3  Along a run, right operands do not grow.  The operands of a run may stand in any order: the largest first
    keeps S1.
S4  Leaves that are neighbours in a run ascend by literal number: same freedom.  Strictly, because `x AND x` is
    `x`; only under an OR of a span that begins at leaf 0 may they be equal, for the padding.
    In chains the positive literals have the lower numbers, so a run of ANDs is AND ..., then AND NOT ...: a
    first leaf, which is positive, stays positive.
S5  Two operands of the same size, two leaves or more, that are joined as left and right come in the order of
    their first leaves: AND and OR commute, and ordering the inner operands first keeps the other rules.
S6  Of concepts that hold on the same cells only the first is used, and for trees none that equals the
    negation of another (`Alphabet`).  Putting one name for the other changes no function.

Padding keeps all rules: it makes only spans longer that begin at leaf 0, and these are left operands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..solver.errors import UsageError
from ..solver.formula import And, Atom, Formula, Not, Or
from ..solver.problem import Problem

SPACES = ("chain", "tree")
MAX_LENGTH = 64
Span = tuple[int, int]


@dataclass(frozen=True)
class Node:
    """A span of two leaves or more, and the sizes that its right operand may have."""

    span: Span
    rights: tuple[int, ...]

    def operands(self, right: int) -> tuple[Span, Span]:
        """The left and the right span of the split with this many leaves on the right."""
        first, stop = self.span
        return (first, stop - right), (stop - right, stop)


@dataclass(frozen=True)
class Shape:
    """The trees of a space with exactly `length` leaves, up to the symmetries above.

    Raises `UsageError` for an unknown space or a length out of range.
    """

    space: str
    length: int

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise UsageError(f"no space is named {self.space!r}; there are {' and '.join(SPACES)}")
        if not 1 <= self.length <= MAX_LENGTH:
            raise UsageError(f"the length must be from 1 to {MAX_LENGTH}, not {self.length}")

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every span that some formula splits, short ones first; the last is the whole.  Empty for length 1."""
        spans: set[Span] = set()
        waiting = [(0, self.length)]
        while waiting:
            span = waiting.pop()
            if span[1] - span[0] > 1 and span not in spans:
                spans.add(span)
                waiting += [part for right in self._rights(span) for part in Node(span, ()).operands(right)]
        return tuple(Node(span, self._rights(span)) for span in sorted(spans, key=lambda s: (s[1] - s[0], s)))

    def _rights(self, span: Span) -> tuple[int, ...]:
        """The right sizes that S1 leaves: at most half of the leaves; one leaf in chains."""
        most = 1 if self.space == "chain" else (span[1] - span[0]) // 2
        return tuple(range(1, most + 1))

    def may_negate(self, leaf: int) -> bool:
        """Whether the leaf may be negated at all."""
        return self.space == "tree" or leaf > 0

    @cached_property
    def node_at(self) -> dict[Span, Node]:
        """The nodes by their spans."""
        return {node.span: node for node in self.nodes}

    @cached_property
    def conflicts(self) -> tuple[tuple[tuple[Span, int], ...], ...]:
        """Splits (span, right) that must not be chosen together with one operator on both spans.

        Each entry is ((outer, right), (inner, right)), or ((outer, right), (inner, 0)) for any split of the inner:
        S2 and S3.
        """
        found: list[tuple[tuple[Span, int], ...]] = []
        for node in self.nodes:
            for right in node.rights:
                left_span, right_span = node.operands(right)
                if right > 1:
                    found.append(((node.span, right), (right_span, 0)))
                found += [
                    ((node.span, right), (left_span, inner))
                    for inner in (self.node_at[left_span].rights if left_span in self.node_at else ())
                    if inner < right
                ]
        return tuple(found)

    @cached_property
    def leaf_pairs(self) -> tuple[LeafPair, ...]:
        """The neighbours that S4 and S5 put in order."""
        found = []
        for node in self.nodes:
            for right in node.rights:
                left, last = node.operands(right)
                size = left[1] - left[0]
                if right == size > 1:
                    found.append(LeafPair(left[0], last[0], ((node.span, right),), (), strict=False))
                elif right == size:
                    found.append(LeafPair(left[0], last[0], ((node.span, right),), (node.span,), strict=left[0] > 0))
                elif right == 1:
                    splits = ((node.span, 1), (left, 1))
                    found.append(LeafPair(left[1] - 1, last[0], splits, (left, node.span), strict=left[0] > 0))
        return tuple(found)


@dataclass(frozen=True)
class LeafPair:
    """Where all `splits` are chosen and all `spans` have one operator, leaf `low` comes before leaf `high`.

    strict: whether the literals must differ under OR (under AND they always must).  Without spans the
    operators do not matter and the literals may be equal.
    """

    low: int
    high: int
    splits: tuple[tuple[Span, int], ...]
    spans: tuple[Span, ...]
    strict: bool


@dataclass(frozen=True, eq=False)
class Alphabet:
    """The concepts that a formula needs: of those that hold on the same cells, the first (S6).

    names: the kept concepts.  matrix: bool (n_cells, n_kept).  known: for every concept of the problem its kept
    number, and whether it is the negation of that.
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    known: Mapping[str, tuple[int, bool]]

    @classmethod
    def of(cls, problem: Problem, space: str) -> Alphabet:
        """The kept concepts of a problem, in its order."""
        dense = problem.concepts.dense()
        seen: dict[bytes, tuple[int, bool]] = {}
        kept: list[int] = []
        known = {}
        for column, name in enumerate(problem.concepts.names):
            key = np.packbits(dense[:, column]).tobytes()
            if key not in seen:
                seen[key] = (len(kept), False)
                if space == "tree":
                    seen.setdefault(np.packbits(~dense[:, column]).tobytes(), (len(kept), True))
                kept.append(column)
            known[name] = seen[key]
        return cls(tuple(problem.concepts.names[column] for column in kept), dense[:, kept], known)

    @classmethod
    def with_copies(cls, problem: Problem) -> Alphabet:
        """All concepts, numbered by their columns, those that hold on the same cells too."""
        names = problem.concepts.names
        return cls(names, problem.concepts.dense(), {name: (number, False) for number, name in enumerate(names)})

    def __len__(self) -> int:
        return len(self.names)

    def formula(self, literal: int) -> Formula:
        """The literal as a formula."""
        atom = Atom(self.names[literal % len(self)])
        return Not(atom) if literal >= len(self) else atom

    def literal(self, name: str, negated: bool) -> int:
        """The number of a concept's literal."""
        kept, flipped = self.known[name]
        return kept + len(self) * (negated != flipped)

    def holds(self, literal: int) -> np.ndarray:
        """bool (n_cells,): where the literal holds."""
        column = self.matrix[:, literal % len(self)]
        return ~column if literal >= len(self) else column


@dataclass(frozen=True)
class Choice:
    """One formula of a shape: each leaf's literal, and for each span in use its right size and whether it is an AND."""

    literals: tuple[int, ...]
    splits: Mapping[Span, tuple[int, bool]]

    def values(self, alphabet: Alphabet) -> Iterator[tuple[Span, np.ndarray]]:
        """Each span in use, leaves too, with bool (n_cells,): where it holds.  The whole comes last."""
        held = {(leaf, leaf + 1): alphabet.holds(literal) for leaf, literal in enumerate(self.literals)}
        for span in sorted(self.splits, key=lambda s: s[1] - s[0]):
            right, conjunctive = self.splits[span]
            left, last = Node(span, ()).operands(right)
            held[span] = held[left] & held[last] if conjunctive else held[left] | held[last]
        yield from held.items()


def decode(choice: Choice, alphabet: Alphabet) -> Formula:
    """The formula, without the copies that padded it."""

    def build(span: Span) -> Formula:
        if span not in choice.splits:
            return alphabet.formula(choice.literals[span[0]])
        right, conjunctive = choice.splits[span]
        left, last = Node(span, ()).operands(right)
        return _joined(And if conjunctive else Or, build(left), build(last))

    return build((0, len(choice.literals)))


def _joined(join: type[And] | type[Or], left: Formula, right: Formula) -> Formula:
    parts = {
        part.key: part for whole in (left, right) for part in (whole.operands if isinstance(whole, join) else (whole,))
    }
    return join(*parts.values()) if len(parts) > 1 else left
