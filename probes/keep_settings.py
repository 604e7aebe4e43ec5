"""What a probe may keep beside its counts.  Nothing heavy is imported."""

from __future__ import annotations

from typing import Annotated

KeepActivations = Annotated[
    bool,
    "--keep-activations",
    "Keep the activations, too, for experiment auc: a bit on disk for each unit and point, and 4 bytes for each value "
    "that is not 0.",
]


def check_keeps(keep_activations: bool, ranges: int | None) -> None:
    """`UsageError` where activations would be kept of units that are ranges of others."""
    from ..solver.errors import UsageError

    if keep_activations and ranges is not None:
        raise UsageError("--keep-activations is of whole units: leave it or --ranges away")
