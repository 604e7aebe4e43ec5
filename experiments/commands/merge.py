"""`compexact merge`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import FolderOption, ForceOption


def merge(
    parts: Annotated[
        list[Path], typer.Argument(metavar="SHARD", help="What --shard made, all N of them, in any order.")
    ],
    output: FolderOption,
    force: ForceOption = False,
) -> None:
    """Make one probe, run or audit of its shards.

    It is as if it had been made at once.  Whole probes of arrays with the same concepts and units are added up.

    compexact merge shards/* -o probe
    compexact merge runs/* -o run
    compexact merge monday.npz tuesday.npz -o probe
    """
    from ...solver.errors import UsageError

    if absent := [part for part in parts if not part.exists()]:
        raise UsageError(f"{absent[0]} does not exist; merge takes what --shard made")
    runs = [(part / "run.json").exists() for part in parts]
    if any(runs) and not all(runs):
        raise UsageError(f"{parts[runs.index(True)]} is a run, {parts[runs.index(False)]} is none; merge one kind")
    if any(runs):
        _merge_runs(parts, output, force)
    else:
        _merge_probes(parts, output, force)


def _merge_probes(parts: list[Path], output: Path, force: bool) -> None:
    from ...probes.atomic_folder import check_output
    from ...probes.merging import merge_probes
    from ...probes.store import is_probe, save_probe
    from ..progress import progress

    check_output(output, force=force, is_ours=is_probe)
    with progress() as report:
        probe = merge_probes(parts, report, output.parent)
    print(f"{save_probe(probe, output, force=force)!r} in {output}")


def _merge_runs(parts: list[Path], output: Path, force: bool) -> None:
    from ..run.merging import merge_runs

    run = merge_runs(parts, output, force=force)
    if run.header["command"] == "audit" and run.records:
        from ..run.audit_plot import plot_audit

        plot_audit(list(run.records.values()), output / "audit.svg", output / "audit.png")
    print(f"{len(run.records):,} units in {output}")
