"""The best formula of a shape as weighted partial MaxSAT.

N leaves, C concepts kept, S spans of two leaves or more, n cells with a value other than 0.

| variable | meaning | count |
|---|---|---|
| `literal[i, l]` | leaf i is literal l | N C, or 2 N C |
| `negated[i]` | leaf i is a negated concept | N |
| `reaches[i, l]` | leaf i's literal has a number of at least l | as many as literals |
| `split[s, r]` | span s is in use, and its last r leaves are its right operand | one per split of the shape |
| `conjunctive[s]` | span s joins its operands by AND, else by OR | S |
| `holds[s, j]` | the span, or leaf, holds on cell j | (N + S) n |

| clause | why |
|---|---|
| soft: `holds[whole, j]` of weight value[j], or its negation of weight -value[j] | the objective (below) |
| one `literal[i, *]`, by the ladder `reaches` | a leaf is one literal |
| `negated[i]` <=> `reaches[i, C]` | the negations have the higher numbers |
| one split of the whole; of another span if and only if it is an operand | the tree |
| leaf i holds => `negated[i]` or a concept of the cell; not a negation of its concepts | cells of positive value |
| leaf i fails => not `negated[i]` or a negated concept of the cell; not its concepts | cells of negative value |
| split, span holds => an operand holds; with AND => both hold | cells of positive value |
| split, both operands hold => span holds; with OR => one suffices | cells of negative value |
| a negated leaf => AND on the span that it closes | chains only |
| conflicting splits => different operators; neighbours ascend, by the ladder | S2 to S5 of `encodings/shape.py` |

Half of each equivalence suffices (Plaisted and Greenbaum 1986): on a cell of positive value the soft clause
wants `holds`, so only "holds too often" must be excluded; conversely for negative values.  The optimum's cost c is
the least sum of |value| that a formula gets wrong, so the best value is (sum of the positive values) - c, and a lower
bound on the cost is an upper bound on every formula's value.  Cells of value 0 have no soft clause: PySAT takes
weight 0 for hard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ..solver.formula import Formula
from .place import place
from .shape import Alphabet, Choice, LeafPair, Node, Shape, Span, decode
from .target import Target

Clause = list[int]


@dataclass(frozen=True, eq=False)
class MaxSatModel:
    """Hard clauses, and soft literals with positive weights; variables are 1, ..., n_variables.

    See the module's tables.  `decode` leads back; `phases` is a formula as literals, from which to start.
    """

    shape: Shape
    alphabet: Alphabet
    hard: list[Clause]
    soft: list[tuple[int, int]]
    n_variables: int
    literal: list[dict[int, int]]
    split: dict[tuple[Span, int], int]
    conjunctive: dict[Span, int]

    def choice(self, true: set[int]) -> Choice:
        """The selectors of a model; true: the variables that are true in it."""
        literals = tuple(next(number for number, var in leaf.items() if var in true) for leaf in self.literal)
        used = {span: right for (span, right), var in self.split.items() if var in true}
        return Choice(literals, {span: (right, self.conjunctive[span] in true) for span, right in used.items()})

    def decode(self, model: Iterable[int]) -> Formula:
        """The formula of a model, a list of literals."""
        return decode(self.choice({literal for literal in model if literal > 0}), self.alphabet)

    def phases(self, formula: Formula) -> list[int]:
        """The selectors as literals, true where the formula has them; empty where it has no place in the shape."""
        found = place(formula, self.shape, self.alphabet)
        if found is None:
            return []
        wanted = {self.literal[leaf][number] for leaf, number in enumerate(found.literals)}
        wanted |= {self.split[span, right] for span, (right, _) in found.splits.items()}
        wanted |= {self.conjunctive[span] for span, (_, conjunctive) in found.splits.items() if conjunctive}
        selectors = [var for leaf in self.literal for var in leaf.values()]
        selectors += [*self.split.values(), *self.conjunctive.values()]
        return [var if var in wanted else -var for var in selectors]


def encode(shape: Shape, alphabet: Alphabet, target: Target) -> MaxSatModel:
    """The clauses whose cheapest model is the formula of the highest value for the target."""
    builder = _Builder(shape, alphabet, target)
    builder.add_leaves()
    builder.add_splits()
    builder.add_symmetry_breaking()
    soft = builder.add_cells()
    return MaxSatModel(
        shape, alphabet, builder.hard, soft, builder.n_variables,
        builder.literal, builder.split, builder.conjunctive,
    )  # fmt: skip


@dataclass
class _Builder:
    shape: Shape
    alphabet: Alphabet
    target: Target
    hard: list[Clause] = field(default_factory=list)
    n_variables: int = 0
    literal: list[dict[int, int]] = field(default_factory=list)
    reaches: list[dict[int, int]] = field(default_factory=list)
    negated: list[int] = field(default_factory=list)
    split: dict[tuple[Span, int], int] = field(default_factory=dict)
    conjunctive: dict[Span, int] = field(default_factory=dict)

    def fresh(self) -> int:
        self.n_variables += 1
        return self.n_variables

    def add(self, *clause: int) -> None:
        self.hard.append(list(clause))

    def add_leaves(self) -> None:
        """Exactly one literal: it is number l where the ladder reaches l and not l + 1."""
        n = len(self.alphabet)
        for leaf in range(self.shape.length):
            numbers = range(2 * n if self.shape.may_negate(leaf) else n)
            choose = {number: self.fresh() for number in numbers}
            reaches = {number: self.fresh() for number in numbers}
            self.literal.append(choose)
            self.reaches.append(reaches)
            self.add(reaches[0])
            for low, high in pairwise(numbers):
                self.add(-reaches[high], reaches[low])
                self.add(-choose[low], reaches[low])
                self.add(-choose[low], -reaches[high])
                self.add(choose[low], -reaches[low], reaches[high])
            last = numbers[-1]
            self.add(-choose[last], reaches[last])
            self.add(choose[last], -reaches[last])
            negated = self.fresh()
            self.negated.append(negated)
            if n in reaches:
                self.add(-negated, reaches[n])
                self.add(negated, -reaches[n])
            else:
                self.add(-negated)

    def add_splits(self) -> None:
        parents: dict[Span, list[int]] = {}
        for node in reversed(self.shape.nodes):
            self.conjunctive[node.span] = self.fresh()
            splits = [self.fresh() for _ in node.rights]
            for right, split in zip(node.rights, splits, strict=True):
                self.split[node.span, right] = split
                for part in node.operands(right):
                    parents.setdefault(part, []).append(split)
            above = parents.get(node.span)
            if above is None:
                self.add(*splits)
            else:
                for parent in above:
                    self.add(-parent, *splits)
                for split in splits:
                    self.add(-split, *above)
            for place_, one in enumerate(splits):
                for other in splits[:place_]:
                    self.add(-one, -other)
        if self.shape.space == "chain":
            for node in self.shape.nodes:
                self.add(-self.negated[node.span[1] - 1], self.conjunctive[node.span])

    def add_symmetry_breaking(self) -> None:
        for (outer, right), (inner, inner_right) in self.shape.conflicts:
            splits = [self.split[outer, right]] + ([self.split[inner, inner_right]] if inner_right else [])
            for same in self._same_operator((outer, inner)):
                self.add(*(-literal for literal in (*splits, *same)))
        for pair in self.shape.leaf_pairs:
            self._order(pair)

    def _same_operator(self, spans: tuple[Span, ...]) -> list[list[int]]:
        """All AND, and all OR, as lists of literals."""
        return [[self.conjunctive[span] for span in spans], [-self.conjunctive[span] for span in spans]]

    def _order(self, pair: LeafPair) -> None:
        """Where the high leaf is literal l, the low one does not reach l (strictly), or l + 1."""
        splits = [self.split[split] for split in pair.splits]
        reaches = self.reaches[pair.low]
        for is_or, same in enumerate(self._same_operator(pair.spans) if pair.spans else [[]]):
            step = 0 if pair.spans and (pair.strict or not is_or) else 1
            unless = [-literal for literal in (*splits, *same)]
            for number, chosen in self.literal[pair.high].items():
                if number + step in reaches:
                    self.add(*unless, -chosen, -reaches[number + step])

    def add_cells(self) -> list[tuple[int, int]]:
        """The clauses of every cell with a value; gives the soft literals with their weights."""
        soft = []
        for j, value in enumerate(self.target.values):
            if not value:
                continue
            concepts = np.flatnonzero(self.alphabet.matrix[j]).tolist()
            holds = {(leaf, leaf + 1): self.fresh() for leaf in range(self.shape.length)}
            for leaf in range(self.shape.length):
                self._tie_leaf(leaf, holds[leaf, leaf + 1], concepts, value > 0)
            for node in self.shape.nodes:
                holds[node.span] = self.fresh()
                for right in node.rights:
                    self._tie_node(node, right, holds, value > 0)
            whole = holds[0, self.shape.length]
            soft.append((whole, value) if value > 0 else (-whole, -value))
        return soft

    def _tie_leaf(self, leaf: int, held: int, concepts: list[int], positive: bool) -> None:
        n, choose = len(self.alphabet), self.literal[leaf]
        plain = [choose[c] for c in concepts]
        negations = [choose[n + c] for c in concepts if n + c in choose]
        always, excluded = (plain, negations) if positive else (negations, plain)
        sign, negated = (1, self.negated[leaf]) if positive else (-1, -self.negated[leaf])
        self.add(-sign * held, negated, *always)
        for literal in excluded:
            self.add(-sign * held, -literal)

    def _tie_node(self, node: Node, right: int, holds: dict[Span, int], positive: bool) -> None:
        left_span, right_span = node.operands(right)
        held, left, last = holds[node.span], holds[left_span], holds[right_span]
        conjunctive = self.conjunctive[node.span]
        unless = [] if len(node.rights) == 1 else [-self.split[node.span, right]]
        if not positive:
            held, left, last, conjunctive = -held, -left, -last, -conjunctive
        self.add(*unless, -held, left, last)
        self.add(*unless, -held, -conjunctive, left)
        self.add(*unless, -held, -conjunctive, last)
