"""The linear program of a pattern, solved by HiGHS; it may be solved again with roles fixed, from where it stood."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ..stopping import Stopping
from ..transport import beside
from .charges import Charges, Fixed
from .model import Program, program

ACCURACY = 1e-9
"""Of the solver."""
LARGEST = 1e6
"""Values are handed to it in points, or in so many that none is larger."""


@dataclass(frozen=True)
class Solution:
    """value: what is reached at most, in points.  ors, filters, pairs: of p, n and z.  charges: of the rows."""

    value: float
    ors: np.ndarray
    filters: np.ndarray
    pairs: np.ndarray
    charges: Charges


def quiet() -> Any:
    """The solver without callbacks, since to enable them prints a line."""
    import highspy

    class Quiet(highspy.Highs):
        def enableCallbacks(self) -> None:
            pass

    return cast(Any, Quiet)()


class LinearProgram:
    """One pattern's program for values in points, float64 (n_cells,)."""

    def __init__(
        self, indptr: np.ndarray, indices: np.ndarray, n: int, pattern: tuple[int, ...], values: np.ndarray,
        budget: int, deeper: bool = False,
    ) -> None:  # fmt: skip
        import highspy

        chosen = np.array(pattern, dtype=np.int64)
        made = program(indptr, indices, n, values > 0, values < 0, chosen, budget, deeper)
        self.parts = parts = Program(*made)
        self.n, self.pattern = n, pattern
        sizes = [len(parts.cells), len(parts.slot_concept), len(parts.filters), len(parts.z_slot)]
        self.scale = max(1.0, float(np.abs(values).max(initial=0)) / LARGEST)
        self.first_p, self.first_n, self.first_z, self.first_u = np.cumsum(sizes).tolist()
        total = self.first_u + len(parts.deep_cells) + len(parts.inner) + len(parts.next_ands)
        self.total = total
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = total, len(parts.lows)
        model.col_cost_ = self._cost(values)
        model.col_lower_, model.col_upper_ = np.zeros(total), np.ones(total)
        model.row_lower_, model.row_upper_ = parts.lows, parts.highs
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_ = parts.starts, parts.columns
        model.a_matrix_.value_ = parts.entries
        self.solver = quiet()
        for option, setting in (
            ("output_flag", False), ("threads", 1), ("presolve", "off"), ("dual_feasibility_tolerance", ACCURACY),
            ("primal_feasibility_tolerance", ACCURACY), ("simplex_strategy", 1), ("solver", "simplex"),
        ):  # fmt: skip
            self.solver.setOptionValue(option, setting)
        self.solver.passModel(model)
        self.values = values
        self._solved = highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kObjectiveBound

    def _cost(self, values: np.ndarray) -> np.ndarray:
        cost = np.zeros(self.total)
        cost[: self.first_p] = -values[self.parts.cells] / self.scale
        return cost

    def revalued(self, values: np.ndarray) -> None:
        """Other values from now on."""
        if values is not self.values:
            self.values = values
            self.solver.changeColsCost(self.total, np.arange(self.total, dtype=np.int32), self._cost(values))

    def fix(self, fixed: Fixed) -> None:
        """These roles from now on, and no others."""
        lower, upper = np.zeros(self.total), np.ones(self.total)
        for roles, bound in ((fixed.played, lower), (fixed.left_out, upper)):
            for role in roles:
                if (column := self.column(role)) is not None:
                    bound[column] = 1.0 - bound[column]
        for pairs, bound in ((fixed.inside, lower), (fixed.outside, upper)):
            for role, d in pairs:
                slot = self.parts.slot_of[role // self.n, role % self.n]
                if slot >= 0 and (z := self.parts.z_of[slot, d]) >= 0:
                    bound[self.first_z + z] = 1.0 - bound[self.first_z + z]
        self.solver.changeColsBounds(self.total, np.arange(self.total, dtype=np.int32), lower, upper)

    def column(self, role: int) -> int | None:
        segment, c = divmod(role, self.n)
        if segment <= len(self.pattern):
            slot = int(self.parts.slot_of[segment, c])
            return None if slot < 0 else self.first_p + slot
        at = int(np.searchsorted(self.parts.filters, c))
        return self.first_n + at if at < len(self.parts.filters) and self.parts.filters[at] == c else None

    def solve(self, stopping: Stopping, cutoff: float = -math.inf) -> Solution | None:
        """None where the solver has no answer.  cutoff: to end where the value is known to stay below.

        Raises `Stopped`.
        """
        self.solver.setOptionValue("objective_bound", -cutoff / self.scale)
        if stopping.seconds_left < math.inf:
            self.solver.setOptionValue("time_limit", self.solver.getRunTime() + stopping.seconds_left)
        beside(self.solver.run, stopping)
        if self.solver.getModelStatus() not in self._solved:
            stopping.check()
            # Numbers of very different sizes: once more, from the beginning.
            self.solver.clearSolver()
            beside(self.solver.run, stopping)
        found = self.solver.getSolution()
        if not found.dual_valid:
            return None
        columns, rows = np.array(found.col_value), np.maximum(-np.array(found.row_dual), 0) * self.scale
        return Solution(
            -self.solver.getInfo().objective_function_value * self.scale,
            columns[self.first_p : self.first_n],
            columns[self.first_n : self.first_z],
            columns[self.first_z : self.first_u],
            self._charges(rows),
        )

    def _charges(self, rows: np.ndarray) -> Charges:
        parts = self.parts
        taken, spared = rows[: parts.n_taken], rows[parts.n_taken : parts.n_taken + parts.n_spared]
        inner = rows[parts.n_taken + parts.n_spared :][: parts.n_deep]
        t, s, i = np.flatnonzero(taken), np.flatnonzero(spared), np.flatnonzero(inner)
        slot = parts.spared_slot[s]
        return Charges(
            parts.taken_cell[t], parts.taken_concept[t], taken[t], parts.spared_cell[s], parts.slot_segment[slot],
            parts.slot_concept[slot], spared[s], parts.deep_cells[i], inner[i],
        )  # fmt: skip
