"""How good is the beam?  Its answer against a proven one, unit by unit (`compexact audit`).

`beam_gap` is what a better formula could still gain: the proven bound minus the beam's IoU.  The beam was optimal
where that is 0; it was not where the other engine found a higher IoU; else it is not settled.  Where errors are weighed
all of this is of the Tversky score.

Several maximum lengths and beam sizes make a grid: every length is proven once, and every beam held against it, and
local search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from statistics import fmean
from typing import ClassVar

from ...probes.store import Probe
from ...solver.cells import Cells
from ...solver.errors import UsageError
from ...solver.metrics import rounded_up
from ...solver.problem import Problem
from ...solver.result import SearchResult, Status
from .engines import ENGINES, SearchSettings, ShouldStop, check_settings, engine_of, explain_unit, failed_result
from .folder import Record, Run, do_units, read_run
from .recount_audit import measured
from .traces import TraceFile
from .units import Choice, result_record
from .where import Processes
from .wrong_line import fraction_of


@dataclass(frozen=True)
class Audited:
    """A unit's answers of a beam, of local search and of the engine that proves."""

    beam_size: int | None
    beam: SearchResult
    local: SearchResult
    exact: SearchResult

    @property
    def gap(self) -> Fraction | None:
        """What any formula could gain over the beam's, at most; None where nothing is proven."""
        return self._gap_of(self.beam)

    def _gap_of(self, found: SearchResult) -> Fraction | None:
        return None if self.exact.bound is None else self.exact.bound - found.score

    @property
    def beam_was_optimal(self) -> bool | None:
        """None where it is not settled."""
        if self.gap == 0:
            return True
        return False if self.exact.score > self.beam.score else None

    def record(self) -> Record:
        """The line of `compexact audit`."""
        return {
            "unit": self.beam.unit,
            "beam": self.beam.record(),
            "local": self.local.record(),
            "exact": self.exact.record(),
            "beam_gap": None if self.gap is None else rounded_up(self.gap),
            "beam_optimal": self.beam_was_optimal,
        }

    def point(self) -> Record:
        """The same in short, as a point of the grid."""
        local_gap = self._gap_of(self.local)
        return {
            "max_length": self.beam.max_length,
            "beam_size": self.beam_size,
            "beam_iou": float(_iou(self.beam)),
            "exact_iou": float(_iou(self.exact)),
            "beam_gap": None if self.gap is None else rounded_up(self.gap),
            "beam_optimal": self.beam_was_optimal,
            "exact_gap": self.exact.record()["gap"],
            "status": self.exact.status.value,
            "beam_seconds": round(self.beam.seconds, 6),
            "exact_seconds": round(self.exact.seconds, 6),
            "local_iou": float(_iou(self.local)),
            "local_gap": None if local_gap is None else rounded_up(local_gap),
            "local_seconds": round(self.local.seconds, 6),
            **self._scores(),
        }

    def _scores(self) -> Record:
        if self.exact.weights.are_even:
            return {}
        parts = {"beam": self.beam, "local": self.local, "exact": self.exact}
        return {f"{name}_score": float(part.score) for name, part in parts.items()}


def _iou(result: SearchResult) -> Fraction:
    return result.best.iou if result.best else Fraction(0)


def audit_record(grid: Sequence[Audited]) -> Record:
    """The line of a unit: its last, largest point in full, and every point of the grid in short."""
    last = grid[-1]
    return last.record() | {
        "exact": result_record(last.exact),
        "trace": _moments(last.exact),
        "grid": [point.point() for point in grid],
    }


def _moments(found: SearchResult) -> list[list[float]]:
    """The answer's trace in short, the answer itself last: seconds, IoU or weighed score, bound."""
    known = [] if found.status is Status.FAILED else [*found.trace, found.known]
    score = found.weights.score
    return [
        [round(each.seconds, 6), float(score(each.best)) if each.best else 0.0, rounded_up(each.bound)]
        for each in known
    ]


@dataclass(frozen=True)
class Audit:
    """The work of an audit for one unit: every length proven once, and every beam held against it.

    settings: of the engine that proves; its `max_length` and `beam_size` are the grid's last, its `seed` that of local
    search, too.  trace: where the searches of that engine are written down as they go.
    """

    command: ClassVar[str] = "audit"

    settings: SearchSettings
    lengths: tuple[int, ...]
    beam_sizes: tuple[int, ...]
    trace: TraceFile | None = None

    @classmethod
    def of(cls, settings: SearchSettings, lengths: Sequence[int] = (), beam_sizes: Sequence[int] = ()) -> Audit:
        """An audit over these lengths and beam sizes, or those of the settings; each ascending, each once.

        Raises `UsageError` for an engine that proves nothing, and as `check_settings` does.
        """
        engine = engine_of(settings)
        if not engine.proves:
            proving = " or ".join(name for name, each in ENGINES.items() if each.proves)
            raise UsageError(f"an audit needs an engine that proves, so --engine {proving}; not {settings.engine}")
        all_lengths = tuple(sorted(set(lengths or (settings.max_length,))))
        sizes = tuple(sorted(set(beam_sizes or (settings.beam_size or 10,))))
        settings = replace(settings, max_length=all_lengths[-1])
        if "beam_size" in engine.takes:
            settings = replace(settings, beam_size=sizes[-1])
        else:
            settings = replace(settings, beam_size=SearchSettings.beam_size)
        check_settings(settings)
        return cls(settings, all_lengths, sizes)

    @property
    def searches(self) -> tuple[SearchSettings, ...]:
        """What is to be compiled before a clock starts."""
        return self.settings, SearchSettings(engine="local")

    def __call__(self, cells: Cells, column: int, should_stop: ShouldStop) -> tuple[Audited, ...]:
        prove = explain_unit if self.trace is None else self.trace.search

        def search(settings: SearchSettings) -> SearchResult:
            how = prove if settings.engine == self.settings.engine else explain_unit
            return how(cells, column, settings, should_stop)

        return self._grid(search)

    def failed(self, cells: Cells, column: int, reason: str) -> tuple[Audited, ...]:
        """The grid of a unit whose process was killed."""
        return self._grid(lambda settings: failed_result(Problem.of(cells, column), settings, reason))

    def _grid(self, search: Callable[[SearchSettings], SearchResult]) -> tuple[Audited, ...]:
        points = []
        for length in self.lengths:
            proof = search(replace(self.settings, max_length=length))
            fp, fn = self.settings.fp_weight, self.settings.fn_weight
            asked = SearchSettings(max_length=length, fp_weight=fp, fn_weight=fn)
            local = search(replace(asked, engine="local", seed=self.settings.seed))
            for size in self.beam_sizes:
                points.append(Audited(size, search(replace(asked, beam_size=size)), local, proof))
        return tuple(points)

    def record(self) -> Record:
        """The settings as run.json keeps them."""
        return self.settings.record() | {"lengths": list(self.lengths), "beam_sizes": list(self.beam_sizes)}

    def line(self, found: Sequence[Audited]) -> Record:
        """The line of a unit."""
        return audit_record(found)

    def proven(self, found: Sequence[Audited]) -> SearchResult:
        """What may have a certificate: the answer at the largest length."""
        return found[-1].exact


def run_audit(probe: Probe, units: Sequence[str], audit: Audit, folder: Path, *, jobs: int = 1) -> Run:
    """An audit kept in a folder, as `run_units` keeps a run."""
    do_units(audit, probe, Choice(list(units), 0), folder, where=Processes(jobs))
    return read_run(folder)


@dataclass(frozen=True)
class AuditSummary:
    """What an audit found at one length and beam size; degenerate and failed units are left out.

    mean_beam_iou and its like are means of scores where errors are weighed (`named` says so).
    proven: units whose optimum is known.  optimal, beaten: of the beam; local_optimal: of local search.  mean_gap,
    largest_gap: of proven bounds over the beam's IoU; mean_local_gap over that of local search; None where nothing is
    proven.  beam_seconds, local_seconds, exact_seconds: means per unit.  What is of local search is None where an
    earlier version made the audit.
    """

    max_length: int
    beam_size: int
    units: int
    proven: int
    optimal: int
    beaten: int
    mean_gap: float | None
    largest_gap: float | None
    mean_beam_iou: float
    mean_exact_iou: float
    beam_seconds: float
    exact_seconds: float
    local_optimal: int | None
    mean_local_gap: float | None
    mean_local_iou: float | None
    local_seconds: float | None

    def named(self, weighed: bool) -> Record:
        """Its fields by name; where errors are weighed the means are called those of scores, which they are."""
        return {name.replace("_iou", "_score") if weighed else name: value for name, value in vars(self).items()}


def summarise(records: Sequence[Record]) -> list[AuditSummary]:
    """A summary for every length and beam size of the audit's lines."""
    groups: dict[tuple[int, int], list[Record]] = {}
    for point in (point for line in records for point in line["grid"]):
        if point["status"] not in ("degenerate", "failed"):
            groups.setdefault((point["max_length"], point["beam_size"]), []).append(point)
    return [_summary(length, size, points) for (length, size), points in sorted(groups.items())]


def _summary(length: int, size: int, points: list[Record]) -> AuditSummary:
    gaps = [point["beam_gap"] for point in points if point["beam_gap"] is not None]
    has_local = all("local_iou" in point for point in points)
    local_gaps = [point["local_gap"] for point in points if has_local and point["local_gap"] is not None]
    return AuditSummary(
        max_length=length,
        beam_size=size,
        units=len(points),
        proven=sum(point["exact_gap"] == 0 for point in points),
        optimal=sum(point["beam_optimal"] is True for point in points),
        beaten=sum(point["beam_optimal"] is False for point in points),
        mean_gap=fmean(gaps) if gaps else None,
        largest_gap=max(gaps, default=None),
        mean_beam_iou=fmean(measured(point, "beam") for point in points),
        mean_exact_iou=fmean(measured(point, "exact") for point in points),
        beam_seconds=fmean(point["beam_seconds"] for point in points),
        exact_seconds=fmean(point["exact_seconds"] for point in points),
        local_optimal=sum(gap == 0 for gap in local_gaps) if has_local else None,
        mean_local_gap=fmean(local_gaps) if local_gaps else None,
        mean_local_iou=fmean(measured(point, "local") for point in points) if has_local else None,
        local_seconds=fmean(point["local_seconds"] for point in points) if has_local else None,
    )


def worst_units(records: Sequence[Record], count: int = 5) -> list[Record]:
    """The lines of the units on which the beam was beaten by most, worst first."""
    beaten = [line for line in records if line["beam_optimal"] is False]
    return sorted(beaten, key=lambda line: fraction_of(line["beam"]) - fraction_of(line["exact"]))[:count]
