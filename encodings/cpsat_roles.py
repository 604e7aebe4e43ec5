"""The clauses of `roles.py` as a CP-SAT model: at most N rules, and the value as objective.

Nothing is linearised by hand; CP-SAT's own relaxation sees the rules' sum and the clauses.  The model minimises minus
the value, as that of `cpsat.py` does, and for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..solver.formula import Formula
from .roles import RoleModel

if TYPE_CHECKING:
    from ortools.sat.python import cp_model


@dataclass(frozen=True, eq=False)
class CpSatRoles:
    """The model and its variables, in the order of the clauses' numbers."""

    roles: RoleModel
    model: cp_model.CpModel
    variables: list[Any]

    def decode(self, is_true: Callable[[Any], bool]) -> Formula:
        """The formula of a solution."""
        return self.roles.decode(number for number, var in enumerate(self.variables, start=1) if is_true(var))


def to_cpsat(
    roles: RoleModel,
    *,
    hint: Formula | None = None,
    floor: int | None = None,
    cut: tuple[Mapping[int, int], int] | None = None,
) -> CpSatRoles:
    """The model that maximises the value.

    hint: where the search starts.  floor: the least value, if any.  cut: factors of some variables, by their numbers,
    and the least that these must add up to.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    variables = [model.new_bool_var("") for _ in range(roles.n_variables)]
    for clause in roles.hard:
        # CP-SAT writes the negation of the variable with index i as -i - 1: our literal, as ours begin at 1.
        literals = [literal - 1 if literal > 0 else literal for literal in clause]
        model.proto.constraints.add().bool_or.literals.extend(literals)
    model.add(sum(variables[number - 1] for number in roles.rules.values()) <= roles.length)
    holds = [variables[abs(literal) - 1] for literal, _ in roles.soft]
    value = cp_model.LinearExpr.weighted_sum(holds, [cell.value for cell in roles.cells])
    if floor is not None:
        model.add(value >= floor)
    if cut is not None:
        factors, least = cut
        terms = [variables[number - 1] for number in factors]
        model.add(cp_model.LinearExpr.weighted_sum(terms, list(factors.values())) >= least)
    model.minimize(-value)
    for literal in roles.phases(hint) if hint is not None else ():
        model.add_hint(variables[abs(literal) - 1], literal > 0)
    return CpSatRoles(roles, model, variables)
