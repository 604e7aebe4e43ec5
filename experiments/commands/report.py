"""`compexact report`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import ForceOption, MovedProbeOption


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN", help="What compexact explain -o or audit -o made; one or more.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to make; a file with --single-file.")],
    probe: MovedProbeOption = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option(help="What compexact experiment -o made, or a folder of such; each has a page.  Repeatable."),
    ] = None,
    single_file: Annotated[
        bool, typer.Option("--single-file", help="One HTML file to send, of one run of up to 50 units.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Write pages about runs, audits and answers.

    They are opened from disk: an index, and a page per unit; of several runs one site.

    compexact report run -o site
    compexact report run --answers answers -o site
    compexact report run audit nli-run --answers answers --answers nli-answers -o site
    compexact report run --single-file -o report.html
    """
    from ...probes.atomic_folder import check_output, check_output_file
    from ...solver.errors import UsageError
    from ..progress import progress
    from ..report.single_file import write_single_file
    from ..report.site import is_report, write_site
    from ..run.folder import read_run

    if single_file:
        check_output_file(output, force=force)
    else:
        check_output(output, force=force, is_ours=is_report)
    if single_file and len(runs) > 1:
        raise UsageError("--single-file is for one run; leave it out for a site of several")
    if probe is not None and len(runs) > 1:
        raise UsageError("--probe says where the probe of a single run lies; report runs with moved probes one by one")
    finished = [read_run(run) for run in runs]
    for run in finished:
        if not run.records:
            raise UsageError(f"{run.path} has no explained unit yet")
    with progress() as update:
        opened = [(run, run.open_probe(probe)) for run in finished]
        if single_file:
            index = write_single_file(*opened[0], output, answers=answers or [], force=force, on_progress=update)
        else:
            index = write_site(opened, output, answers=answers or [], force=force, on_progress=update)
    print(f"report: {index}")
