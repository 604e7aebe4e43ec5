"""`compexact report`: from runs and answers to a site."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...probes.atomic_folder import check_output
from ...solver.errors import UsageError
from ..progress import progress
from ..report.site import is_report, write_site
from ..run.folder import read_run


def report(runs: Sequence[Path], output: Path, probe: Path | None, answers: Sequence[Path], *, force: bool) -> None:
    """Write the pages of runs and audits, and of answers."""
    check_output(output, force=force, is_ours=is_report)
    if probe is not None and len(runs) > 1:
        raise UsageError("--probe says where the probe of a single run lies; report runs with moved probes one by one")
    finished = [read_run(run) for run in runs]
    for run in finished:
        if not run.records:
            raise UsageError(f"{run.path} has no explained unit yet")
    with progress() as update:
        opened = [(run, run.open_probe(probe)) for run in finished]
        index = write_site(opened, output, answers=answers, force=force, on_progress=update)
    print(f"report: {index}")
