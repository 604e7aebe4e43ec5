"""The outside solvers, none of them imported.  To add one, write a file with a round
(`channel.Round`) and an answer about a case (`cases.SolveCase`), and a row."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from ..solver.errors import UsageError
from .cost import Cost
from .target import Target

if TYPE_CHECKING:
    from .cases import SolveCase
    from .channel import Round


@dataclass(frozen=True)
class OutsideSolver:
    """A solver that a model of the search is put to.

    says: what it is, for help texts.  module: what is imported of its package.  package: what pip calls that.  file:
    that in this folder which has `solve_round` and `solve_case`; only the solver's own process imports it.  cost: of
    its model.
    check: refuses a target that it cannot count.
    """

    says: str
    module: str
    package: str
    file: str
    cost: Cost
    check: Callable[[Target, str], None] = lambda target, unit: None

    def solve_round(self) -> Round:
        """Its round, imported now."""
        found: Round = import_module(f".{self.file}", __package__).solve_round
        return found

    def solve_case(self) -> SolveCase:
        """Its answer about a case, imported now."""
        found: SolveCase = import_module(f".{self.file}", __package__).solve_case
        return found

    def check_installed(self, name: str) -> None:
        """`UsageError` with what to install where the package is missing."""
        if importlib.util.find_spec(self.module) is None:
            raise UsageError(f"engine {name} needs the package {self.package}: pip install {self.package}")


SOLVERS = {
    "cpsat": OutsideSolver(
        "OR-Tools CP-SAT",
        "ortools",
        "ortools",
        "solve_cpsat",
        Cost(150, 3000, 7e-7, 3e-5, 150, 3e-7),
        Target.check_size,
    ),
    "maxsat": OutsideSolver(
        "weighted MaxSAT, by PySAT", "pysat", "python-sat", "solve_maxsat", Cost(250, 1500, 1.3e-6, 1e-5)
    ),
}
"""Costs are measured on random cells: 3,000 and 5,000 of 300 concepts, half set, and 20,000 of 60, a tenth set."""
