"""Into how many folds a probe's inputs are dealt, and by what.  Nothing heavy is imported."""

from __future__ import annotations

from typing import Annotated

MOST_FOLDS = 100

Folds = Annotated[
    int | None,
    "Keep counts by fold, too: inputs are dealt to so many by a hash of their names, whole.  For explain --length "
    "auto and experiment heldout.",
]
FoldSeed = Annotated[int, "Of the hash that deals inputs to folds."]


def check_folds(folds: int | None, seed: int) -> None:
    """`UsageError` for a number of folds, or a seed, that cannot be."""
    from ..solver.errors import UsageError

    if folds is not None and not 2 <= folds <= MOST_FOLDS:
        raise UsageError(f"folds must be from 2 to {MOST_FOLDS}, such as 10, not {folds}")
    if not 0 <= seed < 2**63:
        raise UsageError(f"fold_seed is a whole number from 0 to 2**63 - 1, not {seed}")
