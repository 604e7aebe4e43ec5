"""`compexact explain` and `score`: from the options typed to answers printed and kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from ...probes.opening import open_probe
from ...solver.errors import UsageError
from ...solver.explanation import Explanation
from ...solver.metrics import METRICS
from ...solver.parse import parse
from ...solver.problem import Problem
from ...solver.reference import FORMS
from ...solver.result import Status
from ..printing import Printer, chosen_format
from ..progress import progress
from ..run.engines import SearchSettings, check_settings
from ..run.folder import result_record, run_units
from ..run.interrupts import stop_on_interrupt
from ..run.units import Explain, choose_active_units, map_units

COLUMNS = ("unit", "iou", "bound", "ceiling", "length", "status", "seconds", "formula")
ONLY_IN_FILES = ("certificate", "certificate_digest", "digest")
ONLY_KEPT = ("by_length", *ONLY_IN_FILES)
SOME_UNPROVEN = 4
MAX_JOBS = 256


def explain(
    path: Path,
    units: Sequence[str] | None,
    settings: dict[str, Any],
    *,
    min_active: int | None = None,
    jobs: int,
    require: str | None,
    output: Path | None,
    format_name: str | None,
) -> None:
    """Explain units; print a line for each, and keep a run where `output` is given."""
    printer = Printer(chosen_format(format_name), COLUMNS)
    chosen = SearchSettings(**settings)
    check_settings(chosen)
    check_jobs(jobs)
    wanted = _required(require)
    probe = open_probe(path)
    default = FORMS[chosen.compat].min_active if chosen.compat else 0
    choice = choose_active_units(probe, units, min_active, default=default)
    names = choice.names
    lines = Lines(printer, len(names), left_out=ONLY_KEPT if chosen.top_k > 1 else (*ONLY_KEPT, "top"))
    with lines.shown() as show:
        if output is None:
            with stop_on_interrupt() as stop:
                for _, result in map_units(Explain(chosen), probe.cells, names, jobs=jobs, stop=stop):
                    show(result_record(result))
            if lines.count < len(names) or stop.is_set():
                raise KeyboardInterrupt
        else:
            run_units(probe, names, chosen, output, jobs=jobs, min_active=choice.min_active, on_record=show)
    _end(lines, wanted)


def _required(require: str | None) -> tuple[str, ...]:
    """The statuses that do not count as missing."""
    if require not in (None, "optimal"):
        raise UsageError(f"--require takes optimal, not {require!r}")
    every = tuple(status.value for status in Status if status is not Status.FAILED)
    return every if require is None else (Status.OPTIMAL.value, Status.DEGENERATE.value)


def _end(lines: Lines, wanted: tuple[str, ...]) -> None:
    failed = lines.statuses.count("failed")
    unproven = sum(status not in wanted for status in lines.statuses) - failed
    for count, what in ((failed, "failed; their lines say why"), (unproven, "are not proven optimal")):
        if count:
            print(f"compexact: {count} of {lines.count} units {what}", file=sys.stderr)
    if failed or unproven:
        raise typer.Exit(SOME_UNPROVEN)


class Lines:
    """Prints a line per unit as it comes, with progress; a table also where the work is interrupted."""

    def __init__(self, printer: Printer, total: int, left_out: tuple[str, ...] = ()) -> None:
        self.printer, self.total, self.left_out = printer, total, left_out
        self.statuses: list[str] = []

    @property
    def count(self) -> int:
        """How many lines were shown."""
        return len(self.statuses)

    @contextmanager
    def shown(self) -> Iterator[Callable[[dict[str, Any]], None]]:
        """Gives the function that shows a record."""
        try:
            with progress() as report:

                def show(record: dict[str, Any]) -> None:
                    self.statuses.append(record.get("status", ""))
                    self.printer({key: value for key, value in record.items() if key not in self.left_out})
                    report("units", self.count, self.total)

                yield show
        finally:
            self.printer.finish()


def check_jobs(jobs: int) -> None:
    """Refuse a number of processes that is none, or that no machine has cores for."""
    if not 1 <= jobs <= MAX_JOBS and jobs != -1:
        raise UsageError(f"--jobs must be from 1 to {MAX_JOBS:,}, or -1 for one process per core; not {jobs:,}")


def score(path: Path, unit: str, text: str, format_name: str | None) -> None:
    """Print the counts of one formula."""
    probe = open_probe(path)
    problem = Problem.of(probe.cells, unit)
    found: Explanation = problem.explain(parse(text, probe.cells.concepts.names))
    printer = Printer(chosen_format(format_name), ("unit", "formula", "length", "intersection", "union", *METRICS))
    printer({"unit": unit, **found.record(), **{name: float(found.score(name)) for name in METRICS}})
    printer.finish()
