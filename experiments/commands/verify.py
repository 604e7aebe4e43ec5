"""`compexact verify`: what a run or a certificate claims, and whether it is so."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer

from ...probes.json_text import strict_json
from ...probes.opening import open_probe
from ...solver.errors import DataError, DisagreementError, UsageError
from ...solver.problem import Problem
from ..output import Printer, chosen_format
from ..proofs import read_certificate
from ..run_reading import Record, read_run, say_without_digests
from ..verifying import FIELDS, MISSING, RECOUNTED, REJECTED, UNCHECKED, verify_certificate, verify_run
from .explaining import SOME_UNPROVEN

NOT_SETTLED = {
    UNCHECKED: "could not be checked; their lines say why",
    MISSING: "are missing: they have no line yet, or it was deleted",
}


def verify(path: Path, probe_path: Path | None, format_name: str | None, *, time_limit: float | None = None) -> None:
    """Check a run's lines and certificates, or one certificate; `DisagreementError` where something claimed is not so.

    time_limit: seconds for each.  Exit code 4 where some could not be checked or are missing, and all others hold.
    """
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise UsageError(f"the time limit must be a number of seconds above 0, not {time_limit}")
    printer = Printer(chosen_format(format_name), FIELDS)
    verdicts: Counter[str] = Counter()
    try:
        for line in _lines(path, probe_path, time_limit):
            printer(line)
            verdicts[line["verdict"]] += 1
    finally:
        printer.finish()
    n = verdicts.total()
    for verdict, what in NOT_SETTLED.items():
        if verdicts[verdict]:
            print(f"compexact: {verdicts[verdict]} of {n} units {what}", file=sys.stderr)
    if verdicts[REJECTED]:
        raise DisagreementError(f"{verdicts[REJECTED]} of {n} units are rejected; their lines say why")
    if verdicts[UNCHECKED] or verdicts[MISSING]:
        raise typer.Exit(SOME_UNPROVEN)
    if verdicts[RECOUNTED] == n:
        raise UsageError(f"{path} has no certificate; compexact explain --engine exact makes them")


def _lines(path: Path, probe_path: Path | None, time_limit: float | None) -> Iterator[Record]:
    if not path.exists():
        raise UsageError(f"{path} does not exist; verify takes a run or a certificate")
    if path.is_dir():
        run = read_run(path, with_damaged=True)
        say_without_digests(run)
        return verify_run(run, run.open_probe(probe_path), time_limit)
    if probe_path is None:
        raise UsageError(f"name the probe of {path} with --probe")
    text = read_certificate(path, follow=True)
    try:
        unit = str(strict_json(text)["unit"])
    except (ValueError, TypeError, KeyError):
        raise DataError(f"{path} is not a certificate") from None
    problem = Problem.of(open_probe(probe_path).cells, unit)
    return iter([verify_certificate(problem, text, time_limit)])
