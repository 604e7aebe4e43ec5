"""`compexact report`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import FolderOption, ForceOption, MovedProbeOption


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="What compexact explain -o or audit -o made; one or more.")
    ],
    output: FolderOption,
    probe: MovedProbeOption = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option(help="What compexact experiment -o made, or a folder of such; each has a page.  Repeatable."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write pages about runs, audits and answers.

    They are opened from disk: an index, and a page per unit; of several runs one site.

    compexact report run -o site
    compexact report run --answers answers -o site
    compexact report run audit nli-run --answers answers --answers nli-answers -o site
    """
    from ...probes.atomic_folder import check_output
    from ...solver.errors import UsageError
    from ..progress import progress
    from ..report.site import is_report, write_site
    from ..run.folder import read_run

    check_output(output, force=force, is_ours=is_report)
    if probe is not None and len(runs) > 1:
        raise UsageError("--probe says where the probe of a single run lies; report runs with moved probes one by one")
    finished = [read_run(run) for run in runs]
    for run in finished:
        if not run.records:
            raise UsageError(f"{run.path} has no explained unit yet")
    with progress() as update:
        opened = [(run, run.open_probe(probe)) for run in finished]
        index = write_site(opened, output, answers=answers or [], force=force, on_progress=update)
    print(f"report: {index}")
