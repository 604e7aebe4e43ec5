"""`compexact explain`, `score` and `report`: from the options typed to answers printed and kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from ..probes.store import open_probe
from ..solver.errors import UsageError
from ..solver.problem import Problem
from ..solver.result import Explanation
from ..solver.score import METRICS
from ..solver.syntax import parse
from .engines import SearchSettings, check_settings
from .output import Printer, chosen_format
from .progress import progress
from .runs import choose_units, explain_units, full_record, read_run, run_units

COLUMNS = ("unit", "iou", "ceiling", "length", "status", "seconds", "formula")
LINE_LEFT_OUT = ("by_length", "top")
SOME_FAILED = 4


def explain(
    path: Path, units: str | None, settings: dict[str, Any], *, jobs: int, output: Path | None, format_name: str | None
) -> None:
    """Explain units; print a line for each, and keep a run where `output` is given."""
    printer = Printer(chosen_format(format_name), COLUMNS)
    chosen = SearchSettings(**settings)
    check_settings(chosen)
    _check_jobs(jobs)
    probe = open_probe(path)
    names = choose_units(probe.cells, units)
    failed = 0
    with progress() as report:
        done = 0

        def show(record: dict[str, Any]) -> None:
            nonlocal done, failed
            done += 1
            failed += record["status"] == "failed"
            kept = LINE_LEFT_OUT if chosen.top_k == 1 else LINE_LEFT_OUT[:1]
            printer({key: value for key, value in record.items() if key not in kept})
            report("explaining", done, len(names))

        if output is None:
            for result in explain_units(probe.cells, names, chosen, jobs=jobs):
                show(full_record(result))
        else:
            run_units(probe, names, chosen, output, jobs=jobs, on_record=show)
    printer.finish()
    if failed:
        print(f"compexact: {failed} of {len(names)} units failed; their lines say why", file=sys.stderr)
        raise typer.Exit(SOME_FAILED)


def _check_jobs(jobs: int) -> None:
    if jobs < 1 and jobs != -1:
        raise UsageError(f"--jobs must be at least 1, or -1 for one process per core; not {jobs}")


def score(path: Path, unit: str, text: str, format_name: str | None) -> None:
    """Print the counts of one formula."""
    probe = open_probe(path)
    problem = Problem.of(probe.cells, unit)
    found: Explanation = problem.explain(parse(text, probe.cells.concepts.names))
    printer = Printer(chosen_format(format_name), ("unit", "formula", "length", "intersection", "union", *METRICS))
    printer({"unit": unit, **found.record(), **{name: float(found.score(name)) for name in METRICS}})
    printer.finish()


def report(run: Path, output: Path, probe: Path | None, *, force: bool) -> None:
    """Write the pages of a run."""
    from ..probes.folders import check_output
    from .report import is_report, write_report

    check_output(output, force=force, is_ours=is_report)
    finished = read_run(run)
    if not finished.records:
        raise UsageError(f"{run} has no explained unit yet")
    with progress() as update:
        index = write_report(finished, finished.open_probe(probe), output, force=force, on_progress=update)
    print(f"report: {index}")
