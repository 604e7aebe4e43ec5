"""`report`: the pages of runs, wherever these are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .experiments.progress import progress
from .experiments.report.single_file import write_single_file
from .experiments.report.site import is_report, write_site
from .probes.atomic_folder import check_output, check_output_file
from .runs import Run, open_run
from .solver.errors import UsageError
from .values import shown


def report(
    runs: Any,
    output: str | Path,
    *,
    answers: Iterable[str | Path] | str | Path = (),
    single_file: bool = False,
    force: bool = False,
) -> Path:
    """Write pages about runs, audits and answers; give the path of the first, to be opened from disk.

    runs: a run or an audit, the path of one, or several.  answers: folders that `compexact experiment -o` made.
    single_file: one HTML file, of one run of up to 50 units.  force: replace the report that lies at `output`.
    Raises `UsageError` where something lies there, where a run has no unit, and where there is none.
    """
    if not isinstance(output, str | Path):
        raise UsageError(f"output is the path of a folder, not {shown(output)}")
    place = Path(output)
    if single_file:
        check_output_file(place, force=force)
    else:
        check_output(place, force=force, is_ours=is_report)
    asked = [runs] if isinstance(runs, str | Path | Run) else runs
    if not isinstance(asked, Iterable):
        raise UsageError(f"a report is made of runs, not of {shown(runs)}")
    opened = [_opened(run) for run in asked]
    if single_file and len(opened) != 1:
        raise UsageError(f"a single file holds one run, not {len(opened)}; leave single_file out for a site of several")
    of_answers = [answers] if isinstance(answers, str | Path) else answers
    with ExitStack() as stack, progress() as update:
        there = [(stack.enter_context(run.on_disk()), run.probe) for run in opened]
        paths = [Path(each) for each in of_answers]
        if single_file:
            return write_single_file(*there[0], place, answers=paths, force=force, on_progress=update)
        return write_site(there, place, answers=paths, force=force, on_progress=update)


def _opened(run: Any) -> Run:
    if isinstance(run, str | Path):
        run = open_run(run)
    if not isinstance(run, Run):
        raise UsageError(f"a report is made of runs, as compexact.explain() gives them, not of {shown(run)}")
    if not len(run):
        raise UsageError("a run has no explained unit yet")
    return run
