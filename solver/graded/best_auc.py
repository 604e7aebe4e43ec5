"""The chain of at most three concepts with the highest AUC, proven.

Chains of at most three concepts make one function of one concept, and so many of two and three as `solver/front` lists;
one that names a concept twice is a function of a shorter one.  Each is a sum of what single concepts, pairs and triples
have, points and ranks alike.  A beam says which AUC is there to be had; of all functions of two concepts and a third
those are scored that `bounds.py` cannot prove to be below it, and of one or two concepts all.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..cells import points_of_concepts
from ..chain import to_formula
from ..compiled import CellArrays, gains_and_losses
from ..errors import DisagreementError, UsageError
from ..front.small_functions import functions_of, third, without_third
from ..sets.pair_counts import pair_sums
from ..sets.tables import distinct, renumbered
from ..stopping import Stopping
from . import sweep as kernels
from .activations import GradedExplanation, GradedUnit
from .auc_beam import beam_by_auc
from .bounds import kept_functions

MAX_LENGTH = 3
MAX_CONCEPTS = 4096
"""Tables of all pairs of so many take half a GiB."""
BEAM_SIZE = 100


def best_by_auc(
    unit: GradedUnit, max_length: int = 3, least: int = 1, stopping: Stopping | None = None
) -> GradedExplanation | None:
    """The best chain; of equal ones the shortest, then that whose concepts come first.

    The order of concepts is by what they could add: the ranks above the mean in their cells.
    least: the fewest points on which a formula holds, and on which it does not, at least 1; as AUC does not ask how
    many they are, one point where the unit is very high would do.  None where no formula has them.
    Raises `UsageError` for a length that is not 1, 2 or 3, or too many concepts; `Stopped`; `DisagreementError` where
    the formula, counted again, has another AUC, or the beam has found a better one.
    """
    if not 1 <= max_length <= MAX_LENGTH:
        raise UsageError(
            f"the best formula by AUC is proven at 1 to {MAX_LENGTH} concepts, not {max_length}; "
            "a beam takes any length: --search beam"
        )
    search = Search.of(unit, max(least, 1), stopping or Stopping())
    if len(search.columns) > MAX_CONCEPTS:
        raise UsageError(
            f"the best formula by AUC is proven over at most {MAX_CONCEPTS:,} concepts, not {len(search.columns):,}; "
            "keep fewer, or take a beam: --search beam"
        )
    beam = beam_by_auc(unit, max_length, search.least, beam_size=BEAM_SIZE, stopping=search.stopping)
    found = search.best(max_length, Fraction(0) if beam is None else beam.auc)
    if beam is not None and (found is None or found.auc < beam.auc):
        raise DisagreementError(f"unit {unit.unit}: {beam.formula} has a higher AUC than what is proven to be the best")
    return found


@dataclass(frozen=True, eq=False)
class Search:
    """What is searched of a unit.

    columns: int64, the distinct concepts in the order of the search.  cells: in it, their values the ranks.
    """

    unit: GradedUnit
    least: int
    stopping: Stopping
    columns: np.ndarray
    cells: CellArrays

    @classmethod
    def of(cls, unit: GradedUnit, least: int, stopping: Stopping) -> Search:
        """Raises `Stopped`."""
        concepts = unit.concepts
        columns = distinct(concepts, "chain")
        columns = columns[points_of_concepts(concepts, unit.weights)[columns] > 0]
        above, _ = gains_and_losses(*concepts.by_column, unit.ranks - (unit.n_points + 1) * unit.weights)
        columns = columns[np.argsort(-above[columns], kind="stable")]
        return cls(unit, least, stopping, columns, renumbered(concepts, columns, unit.ranks, stopping))

    def best(self, max_length: int, auc: Fraction) -> GradedExplanation | None:
        """The best formula of so many concepts.  auc: there is one that has it, or 0."""
        n, rows = len(self.columns), np.arange(len(self.unit.weights))
        points = pair_sums(self.cells, rows, self.unit.weights)
        ranks = pair_sums(self.cells, rows, self.unit.ranks)
        kept = np.zeros((n, n), dtype=np.uint32)
        if max_length > 2:
            kept = kept_functions(self.cells, self.unit.weights, points, ranks, self.least, auc, self.stopping)
        tables = kernels.Tables(
            self.cells,
            self.unit.weights,
            self.unit.n_points,
            self.least,
            points,
            ranks,
            without_third(2),
            np.hstack([without_third(3), third()]),
            kept,
        )
        best, is_left = _unbegun(n, len(rows)), n > 0
        while is_left:
            self.stopping.check()
            is_left = kernels.sweep(tables, best, max_length)
        return _explained(self, best)


def _explained(search: Search, best: kernels.Best) -> GradedExplanation | None:
    numbers, unit = best.numbers.tolist(), search.unit
    length = numbers[kernels.LENGTH]
    if length > MAX_LENGTH:
        return None
    concepts = [int(search.columns[numbers[place]]) for place in (kernels.X, kernels.Y, kernels.Z)]
    steps = functions_of(length)[numbers[kernels.FUNCTION]].steps
    formula = to_formula(tuple((operator, concepts[which]) for operator, which in steps), unit.concepts.names)
    found = unit.explain(formula)
    if found.auc.numerator * numbers[kernels.BOTTOM] != found.auc.denominator * numbers[kernels.TOP]:
        raise DisagreementError(f"unit {unit.unit}: {formula} was counted otherwise, its AUC is {found.auc}")
    return found


def _unbegun(n: int, n_cells: int) -> kernels.Best:
    numbers = np.zeros(9, dtype=np.int64)
    numbers[kernels.BOTTOM], numbers[kernels.LENGTH] = 1, MAX_LENGTH + 1
    return kernels.Best(
        numbers,
        held=np.zeros(n_cells, dtype=np.uint8),
        third_points=np.zeros(n, dtype=np.int64),
        third_ranks=np.zeros(n, dtype=np.int64),
    )
