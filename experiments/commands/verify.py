"""`compexact verify`: what a run or a certificate claims, and whether it is so.  Nothing heavy is imported before."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import FormatOption, MovedProbeOption, TimeLimitOption
from .units_asked import SOME_UNPROVEN


def verify(
    claim: Annotated[Path, typer.Argument(help="A run, an audit, or one certificate.")],
    probe: MovedProbeOption = None,
    time_limit: TimeLimitOption = None,
    format: FormatOption = None,
) -> None:
    """Check certificates with code of its own.

    It shares nothing with the searches.  A single certificate needs --probe.

    compexact verify proven
    compexact verify proven/certificates/0.json --probe probe

    Raises `DisagreementError` where something claimed is not so.
    """
    from ...solver.errors import DisagreementError, UsageError
    from ..printing import Printer, chosen_format
    from ..run.verify import FIELDS, MISSING, RECOUNTED, REJECTED, UNCHECKED

    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise UsageError(f"the time limit must be a number of seconds above 0, not {time_limit}")
    printer = Printer(chosen_format(format), FIELDS)
    verdicts: Counter[str] = Counter()
    try:
        for line in _lines(claim, probe, time_limit):
            printer(line)
            verdicts[line["verdict"]] += 1
    finally:
        printer.finish()
    n = verdicts.total()
    for verdict, what in (
        (UNCHECKED, "could not be checked; their lines say why"),
        (MISSING, "are missing: they have no line yet, or it was deleted"),
    ):
        if verdicts[verdict]:
            print(f"compexact: {verdicts[verdict]} of {n} units {what}", file=sys.stderr)
    if verdicts[REJECTED]:
        raise DisagreementError(f"{verdicts[REJECTED]} of {n} units are rejected; their lines say why")
    if verdicts[UNCHECKED] or verdicts[MISSING]:
        raise typer.Exit(SOME_UNPROVEN)
    if verdicts[RECOUNTED] == n:
        raise UsageError(f"{claim} has no certificate; compexact explain --engine exact makes them")


def _lines(claim: Path, probe: Path | None, time_limit: float | None) -> Iterator[dict[str, Any]]:
    from ...probes.json_text import strict_json
    from ...probes.opening import open_probe
    from ...solver.errors import DataError, UsageError
    from ...solver.problem import Problem
    from ..run.proofs import read_certificate
    from ..run.reading import read_run, say_without_digests
    from ..run.verify import verify_certificate, verify_run

    if not claim.exists():
        raise UsageError(f"{claim} does not exist; verify takes a run or a certificate")
    if claim.is_dir():
        run = read_run(claim, with_damaged=True)
        say_without_digests(run)
        return verify_run(run, run.open_probe(probe), time_limit)
    if probe is None:
        raise UsageError(f"name the probe of {claim} with --probe")
    text = read_certificate(claim, follow=True)
    try:
        unit = str(strict_json(text)["unit"])
    except (ValueError, TypeError, KeyError):
        raise DataError(f"{claim} is not a certificate") from None
    problem = Problem.of(open_probe(probe).cells, unit)
    return iter([verify_certificate(problem, text, time_limit)])
