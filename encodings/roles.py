"""The best chain as clauses: which concepts are in it, in which role, and which rule stands inside which.

A chain is a set of ORs and a set of *filters*, with an order.  The filter `AND NOT d` takes away the cells of d, the
filter `AND e` those outside e; we say that it *kills* them.  A cell is in the formula exactly where it has an OR that
stands outside, that is after, every filter that kills it.  L = N // 2.

| variable | meaning |
|---|---|
| `chosen[OR c]`, `chosen[f]` | the rule is in the chain |
| `inside[c, f]` | OR c stands inside filter f; both are in the chain |
| `outside[c, f]` | OR c is in the chain, and not inside f |
| `reaches[r, k]` | the rule's level is at least k: 1 to L of ORs, 2 to L of filters, whose least level is 1 |
| `holds[j]` | cell j is in the formula |

| clause | why |
|---|---|
| `holds[j]` => some `chosen[OR c]`, c in j | cells of positive value |
| `holds[j]` => some `outside[c, f]`, c in j, for each f that kills j | the same: the last OR of j is outside of all |
| `chosen[OR c]` => `holds[j]` or some `inside[c, f]`, f kills j | cells of negative value, each c in j |
| `inside[c, f]` => `chosen` of both; `outside[c, f]` => `chosen[OR c]`, not `inside[c, f]` | what they mean |
| `inside[c, f]` and c reaches k => f reaches k + 1 | inside is a lower level |
| both chosen, not `inside[c, f]`, f reaches k => c reaches k | outside is one as high, at least |
| not two of OR c, AND NOT c; not both of AND NOT c, AND c | below |
| at most N are chosen, and at least one OR | the length |

*Why each shortest chain has a solution.*  Read from the last rule inwards, a rule decides cells, and what is inside it
is void on them.  So where a rule comes twice, or OR c and AND NOT c both, the inner one decides nothing and can go;
where AND c and AND NOT c both come, or OR c outside of AND c, the two decide all cells, and the inner one can go with
all inside it.  Give the innermost ORs level 0, the filters around them 1, the ORs around these 1, and so on.  A further
level needs two rules more, so L levels suffice.

*Why a solution is a chain of at least its value.*  Sort the chosen rules by level, of one level the filters first.  By
the clauses of levels `inside[c, f]` is true exactly where OR c comes before f, both chosen.  A cell of positive value
that is in the solution has some OR outside of each filter that kills it; the last of its ORs is outside of all.  A cell
of negative value that is not in the solution has each of its ORs inside a filter that kills it.

*What can be left out.*  An OR without a cell of positive value, and an AND NOT without one of negative value: without
them no cell gets worse.  An AND e without a cell of positive value, and all inside it: they add nothing positive.  For
a target, more ANDs go (`prefilter.py`).  Then cells of the same ORs and filters are one, of the sum of their values.

Cells of positive value need only the half of each equivalence that keeps them from holding too often, those of negative
value the other (Plaisted and Greenbaum 1986).  A bound on the objective is a bound on the value of every chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from ..solver.chain import to_chain, to_formula
from ..solver.formula import Formula
from .shape import Alphabet
from .target import Target

Clause = list[int]
OR, AND, AND_NOT = 0, 1, 2
Rule = tuple[int, int]
"""(operator, concept), as the steps of `solver/chain.py`."""


@dataclass(frozen=True)
class Cell:
    """Cells that all chains treat alike.  ors: its concepts that may be ORs.  kills: the filters that kill it."""

    value: int
    ors: tuple[int, ...]
    kills: tuple[Rule, ...]


@dataclass(frozen=True)
class Allowed:
    """Part of the chains: those that have just these ANDs, and other rules only among these."""

    ands: tuple[int, ...]
    ors: frozenset[int]
    nots: frozenset[int]


@dataclass(frozen=True, eq=False)
class RoleModel:
    """Clauses over the variables 1, ..., n_variables, and what they are; see the module's tables.

    hard: must hold, and of `rules`, by rule, at most `length` are true.  soft: (literal, weight), weights positive: the
    objective is `most` minus the weights of what is false.
    """

    length: int
    alphabet: Alphabet
    cells: list[Cell]
    hard: list[Clause]
    soft: list[tuple[int, int]]
    n_variables: int
    rules: Mapping[Rule, int]
    reaches: Mapping[Rule, list[int]]
    inside: Mapping[tuple[int, Rule], int]
    outside: Mapping[tuple[int, Rule], int]

    @property
    def most(self) -> int:
        """The objective where all soft literals are true."""
        return sum(cell.value for cell in self.cells if cell.value > 0)

    def decode(self, model: Iterable[int]) -> Formula:
        """The formula of a model, a list of literals."""
        true = {literal for literal in model if literal > 0}
        chosen = [rule for rule, variable in self.rules.items() if variable in true]
        level = {rule: (rule[0] != OR) + sum(var in true for var in self.reaches[rule]) for rule in chosen}
        order = sorted(chosen, key=lambda rule: (level[rule], rule[0] == OR, rule))
        return to_formula(
            tuple(order[next(at for at, rule in enumerate(order) if rule[0] == OR) :]), self.alphabet.names
        )

    def phases(self, formula: Formula) -> list[int]:
        """Every variable as a literal, as the formula has it; empty where it has no place in the model."""
        rules = self._reduced(formula)
        if not rules or not all(rule in self.rules for rule in rules):
            return []
        level = levels(rules)
        true = {self.rules[rule] for rule in rules}
        for rule in rules:
            true.update(self.reaches[rule][: level[rule] - (rule[0] != OR)])
        for (c, kill), variable in self.inside.items():
            if (OR, c) in level and kill in level and level[OR, c] < level[kill]:
                true.add(variable)
        for pair, variable in self.outside.items():
            if (OR, pair[0]) in level and self.inside[pair] not in true:
                true.add(variable)
        for cell, (literal, _) in zip(self.cells, self.soft, strict=True):
            ors = [level[OR, c] for c in cell.ors if (OR, c) in level]
            if ors and max(ors) >= max((level[kill] for kill in cell.kills if kill in level), default=0):
                true.add(abs(literal))
        return [variable if variable in true else -variable for variable in range(1, self.n_variables + 1)]

    def _reduced(self, formula: Formula) -> list[Rule]:
        """The formula's rules, inner ones first, without those that are void or that the model leaves out."""
        kept: list[Rule] = []
        known = self.alphabet.known
        ored = {c for operator, c in self.rules if operator == OR}
        for operator, c in reversed(to_chain(formula, {name: number for name, (number, _) in known.items()})):
            opposite = {OR: AND_NOT, AND_NOT: OR}.get(operator)
            if operator == OR and c not in ored:
                continue
            if operator == AND_NOT and (AND_NOT, c) not in self.rules:
                continue
            if operator == AND and (AND, c) not in self.rules:
                break
            if (operator, c) in kept or (opposite, c) in kept:
                continue
            if operator != OR and ((AND, c) in kept or (AND_NOT, c) in kept or (OR, c) in kept):
                break
            kept.append((operator, c))
        while kept and kept[-1][0] != OR:
            kept.pop()
        return kept[::-1]


def levels(rules: Iterable[Rule]) -> dict[Rule, int]:
    """The level of each rule of a chain, inner ones first."""
    level, before, found = 0, OR, {}
    for rule in rules:
        level += before == OR and rule[0] != OR
        found[rule] = level
        before = rule[0]
    return found


def encode(
    length: int,
    alphabet: Alphabet,
    target: Target,
    ands: Mapping[int, tuple[int, ...]] | None = None,
    allowed: Allowed | None = None,
) -> RoleModel:
    """The model of the chains of at most `length` concepts.

    ands: the concepts e for which AND e is tried, and for each outside which ANDs it has to stand, one of them at
    least; of an empty tuple it need not.  None: all.  allowed: instead, only this part of the chains.
    """
    builder = _Builder(length, alphabet, target, ands, allowed)
    builder.add_cells()
    builder.add_levels()
    builder.add_exclusions()
    return builder.built()


@dataclass
class _Builder:
    length: int
    alphabet: Alphabet
    target: Target
    ands: Mapping[int, tuple[int, ...]] | None
    allowed: Allowed | None
    hard: list[Clause] = field(default_factory=list)
    soft: list[tuple[int, int]] = field(default_factory=list)
    n_variables: int = 0
    inside: dict[tuple[int, Rule], int] = field(default_factory=dict)
    outside: dict[tuple[int, Rule], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        gains, losses = sums(self.alphabet.matrix, self.target)
        numbers = range(len(self.alphabet))
        ors = [c for c in numbers if gains[c]]
        nots = [c for c in numbers if losses[c]] if self.length > 1 else []
        ands = [c for c in ors if self.ands is None or c in self.ands] if self.length > 1 else []
        if self.allowed is not None:
            ands = list(self.allowed.ands)
            ors = [c for c in ors if c in self.allowed.ors]
            nots = [c for c in nots if c in self.allowed.nots]
        names = [*((OR, c) for c in ors), *((AND, c) for c in ands), *((AND_NOT, c) for c in nots)]
        self.rules: dict[Rule, int] = {rule: self.fresh() for rule in names}
        most = self.length // 2
        self.reaches = {rule: [self.fresh() for _ in range(most - (rule[0] != OR))] for rule in self.rules}
        self.cells = merged(self.alphabet.matrix, self.target, self.rules)

    def fresh(self) -> int:
        self.n_variables += 1
        return self.n_variables

    def add(self, *clause: int) -> None:
        self.hard.append(list(clause))

    def is_inside(self, c: int, kill: Rule) -> int:
        if (c, kill) not in self.inside:
            variable = self.inside[c, kill] = self.fresh()
            self.add(-variable, self.rules[OR, c])
            self.add(-variable, self.rules[kill])
        return self.inside[c, kill]

    def is_outside(self, c: int, kill: Rule) -> int:
        if (c, kill) not in self.outside:
            variable = self.outside[c, kill] = self.fresh()
            self.add(-variable, self.rules[OR, c])
            self.add(-variable, -self.is_inside(c, kill))
        return self.outside[c, kill]

    def add_cells(self) -> None:
        for cell in self.cells:
            holds = self.fresh()
            self.soft.append((holds, cell.value) if cell.value > 0 else (-holds, -cell.value))
            chosen = [self.rules[OR, c] for c in cell.ors]
            if cell.value > 0:
                self.add(-holds, *chosen)
                for kill in cell.kills:
                    self.add(
                        -holds,
                        *(self.rules[OR, c] if (AND_NOT, c) == kill else self.is_outside(c, kill) for c in cell.ors),
                    )
            else:
                for c, variable in zip(cell.ors, chosen, strict=True):
                    kills = (self.is_inside(c, kill) for kill in cell.kills if kill != (AND_NOT, c))
                    self.add(holds, -variable, *kills)

    def add_levels(self) -> None:
        for rule, ladder in self.reaches.items():
            for low, high in zip([self.rules[rule], *ladder], ladder):
                self.add(-high, low)
        for (c, kill), variable in self.inside.items():
            own, others = self.reaches[OR, c], self.reaches[kill]
            for low, high in zip(own, [*others, 0]):
                self.add(-variable, -low, *([high] if high else []))
            both = [variable, -self.rules[OR, c], -self.rules[kill]]
            for high, low in zip([0, *others], own):
                self.add(*both, *([-high] if high else []), low)

    def add_exclusions(self) -> None:
        self.add(*(variable for (operator, _), variable in self.rules.items() if operator == OR))
        for c in range(len(self.alphabet)):
            there = {
                operator: self.rules[operator, c] for operator in (OR, AND, AND_NOT) if (operator, c) in self.rules
            }
            for one, other in combinations(there, 2):
                if AND_NOT in (one, other):
                    self.add(-there[one], -there[other])
        for e in self.allowed.ands if self.allowed is not None else ():
            self.add(self.rules[AND, e])
        for e, outer in (self.ands or {}).items():
            if outer and (AND, e) in self.rules:
                self.add(-self.rules[AND, e], *(self.rules[AND, x] for x in outer))

    def built(self) -> RoleModel:
        return RoleModel(
            self.length, self.alphabet, self.cells, self.hard, self.soft, self.n_variables,
            self.rules, self.reaches, self.inside, self.outside,
        )  # fmt: skip


def sums(matrix: np.ndarray, target: Target) -> tuple[list[int], list[int]]:
    """For every concept the sum of the positive values of its cells, and of the negative ones without their sign."""
    n = matrix.shape[1]
    gains, losses = [0] * n, [0] * n
    for row, value in zip(matrix, target.values, strict=True):
        for c in np.flatnonzero(row).tolist() if value else ():
            gains[c] += max(value, 0)
            losses[c] += max(-value, 0)
    return gains, losses


def merged(matrix: np.ndarray, target: Target, rules: Mapping[Rule, int]) -> list[Cell]:
    """The cells that some OR has, those alike as one."""
    ands = [rule for rule in rules if rule[0] == AND]
    found: dict[tuple[tuple[int, ...], tuple[Rule, ...]], int] = {}
    for row, value in zip(matrix, target.values, strict=True):
        concepts = np.flatnonzero(row).tolist() if value else []
        ors = tuple(c for c in concepts if (OR, c) in rules)
        if ors:
            kills = [(AND_NOT, c) for c in concepts if (AND_NOT, c) in rules]
            key = ors, (*kills, *(rule for rule in ands if not row[rule[1]]))
            found[key] = found.get(key, 0) + value
    return [Cell(value, ors, kills) for (ors, kills), value in found.items() if value]
