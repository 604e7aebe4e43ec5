"""`--length auto`: the shortest maximum length within one standard error of the best cross-validated IoU.

(Breiman, Friedman, Olshen and Stone 1984, Classification and Regression Trees, 3.4.3.)  The IoU is the mean over the
units that are asked for, each pooled over the folds; the standard error is that of the best mean.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import UsageError
from ..commands.options import UpTo
from ..run.settings import SearchSettings
from ..run.units import Explain
from ..run.where import HERE, Where
from .cross_validation import cross_validate


@dataclass(frozen=True)
class CurvePoint:
    """A maximum length, and the mean IoU on folds that the formulas were not found on."""

    max_length: int
    held_out_iou: float
    standard_error: float


@dataclass(frozen=True)
class LengthChoice:
    """What was chosen, of which lengths, and why.  units: how many the means are over."""

    chosen: int
    best: int
    folds: int
    units: int
    curve: tuple[CurvePoint, ...]

    def record(self) -> dict[str, Any]:
        """As run.json has it."""
        return asdict(self) | {"curve": [asdict(point) for point in self.curve]}

    @property
    def sentence(self) -> str:
        """What was decided."""
        by_length = {point.max_length: point for point in self.curve}
        best, chosen = by_length[self.best], by_length[self.chosen]
        return (
            f"--length auto: {self.chosen}, the shortest of 1 to {self.curve[-1].max_length} whose held-out IoU "
            f"({chosen.held_out_iou:.4f}) is within one standard error ({best.standard_error:.4f}) of the best "
            f"({best.held_out_iou:.4f} at length {self.best}); means over {self.units} units, {self.folds} folds"
        )


def settled(work: Explain, probe: Probe, units: Sequence[str], where: Where, on_progress: Progress) -> Explain:
    """The work with its maximum length chosen, where that is asked for; says what was decided on stderr.

    Raises `UsageError` where the score is not IoU, by which it chooses.
    """
    settings = work.settings
    if not isinstance(settings.max_length, UpTo):
        return work
    if settings.metric != "iou" or not settings.errors.are_even:
        raise UsageError(
            "--length auto goes by IoU: leave --metric, --fp-weight and --fn-weight away, or name a length"
        )
    choice = choose_length(probe, units, settings, where=where, on_progress=on_progress)
    print(choice.sentence, file=sys.stderr)
    return replace(work, settings=replace(settings, max_length=choice.chosen), length_choice=choice.record())


def choose_length(
    probe: Probe,
    units: Sequence[str],
    settings: SearchSettings,
    *,
    where: Where = HERE,
    on_progress: Progress = silent,
) -> LengthChoice:
    """Of 1 to `settings.max_length`.  Raises `UsageError` where the probe has no folds."""
    lengths = range(1, settings.max_length + 1)
    found = cross_validate(probe, units, lengths, settings, where=where, on_progress=on_progress)
    curve = [
        CurvePoint(length, float(mean), float(error))
        for length, mean, error in zip(found.lengths, found.mean_iou, found.mean_error)
    ]
    best = max(curve, key=lambda point: point.held_out_iou).max_length
    return LengthChoice(found.chosen(), best, found.counts.n_folds, len(units), tuple(curve))
