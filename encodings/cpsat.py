"""The best formula of a shape as a CP-SAT model.

N leaves, C concepts kept, S spans of two leaves or more, n cells with a value other than 0.

| variable | meaning | count |
|---|---|---|
| `literal[i, l]` | leaf i is literal l | N C, or 2 N C |
| `negated[i]` | leaf i is a negated concept | N |
| `split[s, r]` | span s is in use, and its last r leaves are its right operand | one per split of the shape |
| `conjunctive[s]` | span s joins its operands by AND, else by OR | S |
| `holds[s, j]` | the span, or leaf, holds on cell j | (N + S) n |

| constraint | why |
|---|---|
| exactly one `literal[i, *]`; `negated[i]` = sum of the negated ones | a leaf is one literal |
| the splits of the whole sum to 1; those of another span to the splits that make it an operand | the tree |
| leaf i holds => `negated[i]` or a concept of the cell, and no negation of one | cells of positive value |
| leaf i fails => not `negated[i]` or a negated concept of the cell, and no concept of it | cells of negative value |
| split, span holds => an operand holds; with AND => both hold | cells of positive value |
| split, both operands hold => span holds; with OR => one suffices | cells of negative value |
| a negated leaf => AND on the span that it closes | chains only |
| conflicting splits => different operators; neighbours ascend | S2 to S5 of `encodings/shape.py` |
| sum of value[j] holds[whole, j] >= the target's floor | cut-off: only formulas that reach the target; the hint does |

Half of each equivalence suffices (Plaisted and Greenbaum 1986): the objective wants a cell of positive value to
hold, so only "holds too often" must be excluded there, and conversely.  The objective then is at most the formula's
true value, and reaches it.  So a bound on the objective is a bound on every formula.

The model *minimises* minus the value: then CP-SAT's `inner_objective_lower_bound` is an exact integer bound on the
very expression written here.  The double `best_objective_bound` is never read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..solver.formula import Formula
from .place import place
from .shape import Alphabet, Choice, LeafPair, Node, Shape, Span, decode
from .target import Target

if TYPE_CHECKING:
    from ortools.sat.python import cp_model


@dataclass(frozen=True, eq=False)
class CpSatModel:
    """The model and its selectors; `decode` leads back.  See the module's tables."""

    shape: Shape
    alphabet: Alphabet
    model: cp_model.CpModel
    literal: list[dict[int, Any]]
    split: dict[tuple[Span, int], Any]
    conjunctive: dict[Span, Any]

    def choice(self, is_true: Callable[[Any], bool]) -> Choice:
        """The selectors of a solution; is_true: a variable's value in it."""
        literals = tuple(next(number for number, var in leaf.items() if is_true(var)) for leaf in self.literal)
        used = {span: right for (span, right), var in self.split.items() if is_true(var)}
        return Choice(literals, {span: (right, is_true(self.conjunctive[span])) for span, right in used.items()})

    def decode(self, is_true: Callable[[Any], bool]) -> Formula:
        """The formula of a solution."""
        return decode(self.choice(is_true), self.alphabet)


def encode(
    shape: Shape, alphabet: Alphabet, target: Target, *, hint: Formula | None = None, floor: int | None = None
) -> CpSatModel:
    """The model that maximises the target's value over the shape's formulas.

    hint: a formula of the shape, from which the search starts.  floor: the cut-off; the target's by default.
    The caller has checked `Target.check_size`.
    """
    builder = _Builder(shape, alphabet, target)
    builder.add_selectors()
    builder.add_symmetry_breaking()
    builder.add_cells()
    builder.add_objective(target.floor if floor is None else floor)
    builder.add_decisions()
    found = None if hint is None else place(hint, shape, alphabet)
    if found is not None:
        builder.add_hint(found)
    return builder.built()


class _Builder:
    def __init__(self, shape: Shape, alphabet: Alphabet, target: Target) -> None:
        from ortools.sat.python import cp_model

        self.shape, self.alphabet, self.target = shape, alphabet, target
        self.model = cp_model.CpModel()
        self.literal: list[dict[int, Any]] = []
        self.negated: list[Any] = []
        self.split: dict[tuple[Span, int], Any] = {}
        self.conjunctive: dict[Span, Any] = {}
        self.holds: dict[tuple[Span, int], Any] = {}
        self.cells = [j for j, value in enumerate(target.values) if value]

    def built(self) -> CpSatModel:
        return CpSatModel(self.shape, self.alphabet, self.model, self.literal, self.split, self.conjunctive)

    def add_selectors(self) -> None:
        model, n = self.model, len(self.alphabet)
        for leaf in range(self.shape.length):
            numbers = range(2 * n if self.shape.may_negate(leaf) else n)
            self.literal.append({number: model.new_bool_var(f"literal_{leaf}_{number}") for number in numbers})
            self.negated.append(model.new_bool_var(f"negated_{leaf}"))
            model.add_exactly_one(self.literal[leaf].values())
            model.add(sum(self.literal[leaf][number] for number in numbers if number >= n) == self.negated[leaf])
        parents: dict[Span, list[Any]] = {}
        for node in reversed(self.shape.nodes):
            self.conjunctive[node.span] = model.new_bool_var(f"conjunctive_{node.span}")
            for right in node.rights:
                split = self.split[node.span, right] = model.new_bool_var(f"split_{node.span}_{right}")
                for part in node.operands(right):
                    parents.setdefault(part, []).append(split)
            used = sum(parents[node.span]) if node.span in parents else 1
            model.add(sum(self.split[node.span, right] for right in node.rights) == used)
        if self.shape.space == "chain":
            for node in self.shape.nodes:
                model.add_implication(self.negated[node.span[1] - 1], self.conjunctive[node.span])

    def add_symmetry_breaking(self) -> None:
        for (outer, right), (inner, inner_right) in self.shape.conflicts:
            splits = [self.split[outer, right]] + ([self.split[inner, inner_right]] if inner_right else [])
            for same in self._same_operator((outer, inner)):
                self.model.add_bool_or([~literal for literal in (*splits, *same)])
        for pair in self.shape.leaf_pairs:
            self._order(pair)

    def _same_operator(self, spans: tuple[Span, ...]) -> list[list[Any]]:
        """All AND, and all OR, as lists of literals."""
        return [[self.conjunctive[span] for span in spans], [~self.conjunctive[span] for span in spans]]

    def _order(self, pair: LeafPair) -> None:
        number = [sum(n * var for n, var in self.literal[leaf].items()) for leaf in (pair.low, pair.high)]
        splits = [self.split[split] for split in pair.splits]
        cases = self._same_operator(pair.spans) if pair.spans else [[]]
        for is_or, same in enumerate(cases):
            step = 1 if pair.spans and (pair.strict or not is_or) else 0
            self.model.add(number[0] + step <= number[1]).only_enforce_if([*splits, *same])

    def add_cells(self) -> None:
        spans = [(leaf, leaf + 1) for leaf in range(self.shape.length)] + [node.span for node in self.shape.nodes]
        for j in self.cells:
            for span in spans:
                self.holds[span, j] = self.model.new_bool_var(f"holds_{span}_{j}")
            positive = self.target.values[j] > 0
            concepts = np.flatnonzero(self.alphabet.matrix[j]).tolist()
            for leaf in range(self.shape.length):
                self._tie_leaf(leaf, j, concepts, positive)
            for node in self.shape.nodes:
                for right in node.rights:
                    self._tie_node(node, right, j, positive)

    def _tie_leaf(self, leaf: int, j: int, concepts: list[int], positive: bool) -> None:
        n, choose = len(self.alphabet), self.literal[leaf]
        held = self.holds[(leaf, leaf + 1), j]
        plain = [choose[c] for c in concepts]
        negations = [choose[n + c] for c in concepts if n + c in choose]
        if positive:
            self.model.add_bool_or([~held, self.negated[leaf], *plain])
            self.model.add_at_most_one([held, *negations])
        else:
            self.model.add_at_most_one([~held, *plain])
            self.model.add_bool_or([held, ~self.negated[leaf], *negations])

    def _tie_node(self, node: Node, right: int, j: int, positive: bool) -> None:
        left_span, right_span = node.operands(right)
        held, left, last = (self.holds[span, j] for span in (node.span, left_span, right_span))
        split = [] if len(node.rights) == 1 else [~self.split[node.span, right]]
        conjunctive = self.conjunctive[node.span]
        if not positive:
            held, left, last, conjunctive = ~held, ~left, ~last, ~conjunctive
        self.model.add_bool_or([*split, ~held, left, last])
        self.model.add_bool_or([*split, ~held, ~conjunctive, left])
        self.model.add_bool_or([*split, ~held, ~conjunctive, last])

    def add_objective(self, floor: int) -> None:
        whole = (0, self.shape.length)
        value = sum(self.target.values[j] * self.holds[whole, j] for j in self.cells)
        if self.cells:
            self.model.add(value >= floor)
        self.model.minimize(-value)

    def add_decisions(self) -> None:
        """The order in which a fixed search chooses: outermost span first; its split, operator, then literals.

        A chain's last step decides the value of most cells, so the objective's bound bites early.
        """
        from ortools.sat.python import cp_model

        def choose(variables: list[Any], wanted: Any) -> None:
            self.model.add_decision_strategy(variables, cp_model.CHOOSE_FIRST, wanted)

        for leaf in reversed(range(self.shape.length)):
            for node in reversed(self.shape.nodes):
                if node.span[1] == leaf + 1:
                    choose([self.split[node.span, right] for right in node.rights], cp_model.SELECT_MAX_VALUE)
                    choose([self.conjunctive[node.span]], cp_model.SELECT_MIN_VALUE)
            choose(list(self.literal[leaf].values()), cp_model.SELECT_MAX_VALUE)

    def add_hint(self, choice: Choice) -> None:
        """Every variable's value for the formula, so that the search starts from a solution."""
        n, hint = len(self.alphabet), self.model.add_hint
        for leaf, chosen in enumerate(choice.literals):
            for number, var in self.literal[leaf].items():
                hint(var, number == chosen)
            hint(self.negated[leaf], chosen >= n)
        for (span, right), var in self.split.items():
            hint(var, choice.splits.get(span, (0, False))[0] == right)
        for span, var in self.conjunctive.items():
            hint(var, choice.splits.get(span, (0, False))[1])
        held = dict(choice.values(self.alphabet))
        for (span, j), var in self.holds.items():
            hint(var, bool(held[span][j]) if span in held else self.target.values[j] < 0)
