"""From roles to chains: what a linear program's answer says about better formulas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..chain import Chain

OR, AND, AND_NOT = 0, 1, 2
Rule = tuple[int, int, int]
"""Operator, concept, and the segment of an OR (of AND e_g it is g, of a filter 0)."""


def chain_of(
    pattern: Sequence[int],
    ors: Iterable[tuple[int, int]],
    filters: Iterable[int],
    inside: Mapping[tuple[int, int, int], bool],
) -> Chain | None:
    """The chain with these ORs (segment, concept), filters and ANDs; None where their order goes in a circle.

    inside: for (segment, concept, filter), whether that OR stands inside that filter; absent where it does not matter.
    Leading filters and ANDs hold nowhere and are left out.
    """
    before = precedence(pattern, ors, filters, inside)
    done: list[Rule] = []
    while len(done) < len(before):
        free = [rule for rule, needed in before.items() if rule not in done and needed <= set(done)]
        if not free:
            return None
        done.append(min(free))
    steps = [(operator, concept) for operator, concept, _ in done]
    while steps and steps[0][0] != OR:
        steps = steps[1:]
    return tuple(steps)


def precedence(
    pattern: Sequence[int],
    ors: Iterable[tuple[int, int]],
    filters: Iterable[int],
    inside: Mapping[tuple[int, int, int], bool],
) -> dict[Rule, set[Rule]]:
    """For each rule those that stand further in."""
    ands = [(AND, e, g) for g, e in enumerate(pattern, start=1)]
    placed = [(OR, c, g) for g, c in ors]
    before: dict[Rule, set[Rule]] = {rule: set() for rule in (*ands, *placed, *((AND_NOT, d, 0) for d in filters))}
    for _, e, g in ands:
        before[AND, e, g] |= {rule for rule in placed if rule[2] >= g} | {rule for rule in ands if rule[2] > g}
    for _, c, g in placed:
        before[OR, c, g] |= {rule for rule in (*placed, *ands) if rule[2] > g}
    for (g, c, d), is_inside in inside.items():
        if (OR, c, g) in before and (AND_NOT, d, 0) in before:
            first, then = ((OR, c, g), (AND_NOT, d, 0)) if is_inside else ((AND_NOT, d, 0), (OR, c, g))
            before[then].add(first)
    return before
