"""Explanations of many units at several lengths: what most questions start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.explanation import Explanation
from ...solver.result import SearchResult
from ..run.engines import ENGINES, SearchSettings
from ..run.interrupts import stop_on_interrupt
from ..run.units import Explain, map_units
from ..run.where import HERE, Where


@dataclass(frozen=True)
class Explained:
    """One unit's results, by maximum length, ascending."""

    unit: str
    by_length: dict[int, SearchResult]

    def best(self, length: int) -> Explanation | None:
        """The formula at this maximum length; None where there is nothing to explain."""
        return self.by_length[length].best

    def text(self, length: int) -> str | None:
        """The formula as text."""
        found = self.best(length)
        return str(found.formula) if found else None

    def iou(self, length: int) -> Fraction:
        """Its IoU, 0 where there is none."""
        found = self.best(length)
        return found.iou if found else Fraction(0)


def explain_at(
    probe: Probe,
    units: Sequence[str],
    lengths: Sequence[int],
    settings: SearchSettings,
    *,
    where: Where = HERE,
    on_progress: Progress = silent,
) -> list[Explained]:
    """Explain every unit at every length, with one engine.

    An engine that grows to the greatest length has passed all shorter ones, so it is run once; others once a length.
    Raises `KeyboardInterrupt` where it was interrupted.
    """
    found: dict[str, dict[int, SearchResult]] = {unit: {} for unit in units}
    lengths = sorted(set(lengths))
    grows = ENGINES[settings.engine].grows
    runs = [lengths[-1:]] if grows else [[length] for length in lengths]
    with stop_on_interrupt() as stop:
        for place, (length,) in enumerate(runs):
            asked = Explain(replace(settings, max_length=length))
            for done, (unit, result) in enumerate(map_units(asked, probe, units, where=where, stop=stop), start=1):
                found[unit][length] = result
                on_progress("units explained", place * len(units) + done, len(runs) * len(units))
            if stop.is_set():
                raise KeyboardInterrupt
    if grows:
        return [Explained(unit, _shorter(found[unit][lengths[-1]], lengths)) for unit in units]
    return [Explained(unit, found[unit]) for unit in units]


def _shorter(result: SearchResult, lengths: Sequence[int]) -> dict[int, SearchResult]:
    """The results at shorter maximum lengths of an engine that grows, from its longest."""
    if not result.by_length:
        return {length: replace(result, max_length=length) for length in lengths}
    return {
        length: replace(
            result,
            max_length=length,
            best=result.by_length[length - 1],
            by_length=result.by_length[:length],
            top=(result.by_length[length - 1],),
        )
        for length in lengths
    }
