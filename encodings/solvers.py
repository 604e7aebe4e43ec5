"""The outside solvers.  To add one, write a file here with a round (`channel.Round`), and add a row."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from ..solver.errors import UsageError
from .channel import Round
from .target import Target


@dataclass(frozen=True)
class OutsideSolver:
    """A solver that a model of the search is put to.

    module: what is imported of its package.  package: what pip calls that.  round: the file in this folder that has
    `solve_round`; only the solver's own process imports it.  bytes, seconds: at least so many of them take its model
    for each leaf and each concept of each cell.  check: refuses a target that it cannot count.
    """

    module: str
    package: str
    round: str
    bytes: int
    seconds: float
    check: Callable[[Target, str], None] = lambda target, unit: None

    def solve_round(self) -> Round:
        """Its round, imported now."""
        found: Round = import_module(f".{self.round}", __package__).solve_round
        return found

    def check_installed(self, name: str) -> None:
        """`UsageError` with what to install where the package is missing."""
        if importlib.util.find_spec(self.module) is None:
            raise UsageError(f"engine {name} needs the package {self.package}: pip install {self.package}")


SOLVERS = {
    "cpsat": OutsideSolver("ortools", "ortools", "solve_cpsat", 100, 1e-6, Target.check_size),
    "maxsat": OutsideSolver("pysat", "python-sat", "solve_maxsat", 200, 1e-6),
}
