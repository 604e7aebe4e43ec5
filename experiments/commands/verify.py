"""`compexact verify`: what a run or a certificate claims, and whether it is so.  Nothing heavy is imported before."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import FnWeightOption, FormatOption, FpWeightOption, MovedProbeOption, TimeLimitOption
from .units_asked import SOME_UNPROVEN

if TYPE_CHECKING:
    from ...solver.checking.error_weights import Errors
    from ...solver.error_weights import ErrorWeights


def verify(
    claim: Annotated[Path, typer.Argument(help="A run, an audit, or one certificate.")],
    probe: MovedProbeOption = None,
    time_limit: TimeLimitOption = None,
    fp_weight: FpWeightOption = "1",
    fn_weight: FnWeightOption = "1",
    format: FormatOption = None,
) -> None:
    """Check certificates with code of its own.

    It shares nothing with the searches.  A single certificate needs --probe, and where its run weighs errors, the
    weights; a run says its own.

    compexact verify proven
    compexact verify proven/certificates/0.json --probe probe

    Raises `DisagreementError` where something claimed is not so.
    """
    from ...solver.error_weights import ErrorWeights
    from ...solver.errors import DisagreementError, UsageError
    from ..printing import Printer, chosen_format
    from ..run.verify import MISSING, RECOUNTED, REJECTED, UNCHECKED, fields_of

    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise UsageError(f"the time limit must be a number of seconds above 0, not {time_limit}")
    errors, lines = _lines(claim, probe, time_limit, ErrorWeights.of(fp_weight, fn_weight))
    printer = Printer(chosen_format(format), fields_of(errors))
    verdicts: Counter[str] = Counter()
    try:
        for line in lines:
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


def _lines(
    claim: Path, probe: Path | None, time_limit: float | None, asked: ErrorWeights
) -> tuple[Errors, Iterator[dict[str, Any]]]:
    """What errors count, and the lines."""
    from ...probes.json_text import strict_json
    from ...probes.opening import open_probe
    from ...solver.checking.error_weights import Errors
    from ...solver.errors import DataError, UsageError
    from ..run.proofs import read_certificate
    from ..run.reading import read_run, say_without_digests
    from ..run.recount import Recount
    from ..run.verify import verify_certificate, verify_run

    if not claim.exists():
        raise UsageError(f"{claim} does not exist; verify takes a run or a certificate")
    if claim.is_dir():
        if not asked.are_even:
            raise UsageError(f"{claim} is a run, and says its weights itself; leave out --fp-weight and --fn-weight")
        run = read_run(claim, with_damaged=True)
        say_without_digests(run)
        return Errors.of(run.header["settings"]), verify_run(run, run.open_probe(probe), time_limit)
    if probe is None:
        raise UsageError(f"name the probe of {claim} with --probe")
    text = read_certificate(claim, follow=True)
    try:
        unit = str(strict_json(text)["unit"])
    except (ValueError, TypeError, KeyError):
        raise DataError(f"{claim} is not a certificate") from None
    recount = Recount(open_probe(probe).cells, {"settings": asked.record()})
    return recount.errors, iter([verify_certificate(recount.problem(unit), text, time_limit, recount.errors)])
