"""The linear program of a pattern, solved by HiGHS; it may be solved again with roles fixed, from where it stood.

Rows of `cuts.py` are added as answers break them, and stay for later answers.  A last column lets circles be broken at
a price that no chain is worth, so that the program has an answer whatever is fixed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ..stopping import Stopping
from ..transport import beside
from .charges import Charges, Fixed
from .cuts import Answer, Cuts, Separation, Steps
from .model import Program, program

ACCURACY = 1e-9
"""Of the solver."""
LARGEST = 1e6
"""Values are handed to it in points, or in so many that none is larger."""
ROUNDS = 20
"""Of adding rows, at most."""
GAIN = 1e-3
"""Of the value; where a round lowers it by less there is no further one."""
MOST_ADDED = 1000
"""Rows; where there are more, those that the last answer does not need are taken out."""
PRICE = 4
"""Of breaking a circle, times what all cells are worth."""


@dataclass(frozen=True)
class Solution:
    """value: what is reached at most, in points.  charges: of the rows."""

    value: float
    answer: Answer
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
        first = (self.first_p, self.first_n, self.first_z, self.first_u, total)
        self.separation = Separation(indptr, indices, parts, pattern, first)
        self.cell, self.other = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self.kinds, self.circles = np.zeros(0, dtype=bool), list[Steps]()
        self.duals = np.zeros(len(parts.lows))
        price = PRICE * max(1.0, float(np.maximum(values, 0).sum())) / self.scale
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = total + 1, len(parts.lows)
        model.col_cost_ = np.append(self._cost(values), price)
        model.col_lower_, model.col_upper_ = np.zeros(total + 1), np.append(np.ones(total), np.inf)
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
        found = self._solved_once(stopping)
        for _ in range(ROUNDS):
            if found is None or found.value <= cutoff:
                break
            cuts = self.separation.broken(self.values, found.answer)
            if cuts is None:
                break
            self._add(cuts)
            before, again = found.value, self._solved_once(stopping)
            found = again or found
            if before - found.value < GAIN * abs(found.value):
                break
        return found

    def _solved_once(self, stopping: Stopping) -> Solution | None:
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
        columns = np.clip(np.array(found.col_value), 0, None)
        cells, ors, filters, pairs, _ = np.split(columns, [self.first_p, self.first_n, self.first_z, self.first_u])
        self.duals = np.maximum(-np.array(found.row_dual), 0) * self.scale
        value = -self.solver.getInfo().objective_function_value * self.scale
        return Solution(value, Answer(cells, ors, filters, pairs), self._charges(self.duals))

    def _add(self, cuts: Cuts) -> None:
        """Add the rows to the program."""
        if len(self.kinds) > MOST_ADDED:
            idle, known = np.zeros(len(self.kinds), dtype=bool), self.duals[len(self.parts.lows) :]
            idle[: len(known)] = known == 0  # the last rows are not known where the program had no answer since
            self._take_out(idle)
        n = len(cuts.highs)
        self.solver.addRows(
            n, np.full(n, -np.inf), cuts.highs, len(cuts.columns), cuts.starts[:-1], cuts.columns, cuts.entries
        )
        self.cell, self.other = np.append(self.cell, cuts.cell), np.append(self.other, cuts.other)
        self.circles += cuts.circles
        self.kinds = np.append(self.kinds, np.arange(n) >= len(cuts.cell))

    def _take_out(self, idle: np.ndarray) -> None:
        """Those of the rows that were added, bool (n,)."""
        places = (len(self.parts.lows) + np.flatnonzero(idle)).astype(np.int32)
        self.solver.deleteRows(len(places), places)
        apart, circles = ~idle[~self.kinds], ~idle[self.kinds]
        self.cell, self.other = self.cell[apart], self.other[apart]
        self.circles = [circle for circle, stays in zip(self.circles, circles) if stays]
        self.kinds = self.kinds[~idle]
        self.duals = self.duals[: len(self.parts.lows)]

    def _charges(self, rows: np.ndarray) -> Charges:
        parts = self.parts
        ends = np.cumsum([parts.n_taken, parts.n_spared, parts.n_deep])
        taken, spared, inner, _ = np.split(rows[: len(parts.lows)], ends)
        added = rows[len(parts.lows) :]
        apart, circles = added[~self.kinds], added[self.kinds]
        t, s, i, a, o = map(np.flatnonzero, (taken, spared, inner, apart, circles))
        slot = parts.spared_slot[s]
        steps = [(at, *step) for at, circle in enumerate(o.tolist()) for step in self.circles[circle]]
        return Charges(
            parts.taken_cell[t], parts.taken_concept[t], taken[t], parts.spared_cell[s], parts.slot_segment[slot],
            parts.slot_concept[slot], spared[s], parts.deep_cells[i], inner[i], self.cell[a], self.other[a], apart[a],
            np.array(steps, dtype=np.int64).reshape(-1, 6), circles[o],
        )  # fmt: skip
