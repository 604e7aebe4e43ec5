"""`compexact audit` and `compexact verify`: from the options typed to verdicts printed and kept."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import typer

from ...probes.opening import open_probe
from ...probes.store import Probe
from ...solver.certify import check_text
from ...solver.checking import CertificateError, Undecided, Verdict
from ...solver.checking.claim import MAX_BYTES
from ...solver.errors import DataError, DisagreementError, UsageError
from ...solver.problem import Problem
from ...solver.score import rounded_up
from ..audit import Audit, audit_record, run_audit, summarise, worst_units
from ..engines import SearchSettings
from ..interrupts import stop_on_interrupt
from ..output import Printer, chosen_format, table
from ..recount import what_is_wrong
from ..runs import read_run
from ..units import choose_active_units, map_units
from .explaining import SOME_UNPROVEN, Lines, check_jobs

AUDIT_COLUMNS = ("unit", "beam_iou", "exact_iou", "beam_gap", "beam_optimal", "status", "formula")
CONFIRMED, REJECTED, UNCHECKED = "confirmed", "rejected", "unchecked"
VERIFY_COLUMNS = ("unit", "verdict", "iou", "bound", "proof", "work", "seconds", "reason")


class _AuditPrinter(Printer):
    """The table shows the two answers side by side; JSON lines stay nested."""

    def __call__(self, record: Any) -> None:
        if self.format_name == "jsonl":
            return super().__call__(record)
        beam, exact = record["beam"], record["exact"]
        return super().__call__(
            {
                "unit": record["unit"],
                "beam_iou": beam["iou"],
                "exact_iou": exact["iou"],
                "beam_gap": record["beam_gap"],
                "beam_optimal": record["beam_optimal"],
                "status": exact["status"],
                "formula": exact["formula"],
            }
        )


def audit(
    path: Path,
    units: Sequence[str] | None,
    settings: dict[str, Any],
    *,
    min_active: int | None = None,
    lengths: list[int],
    beam_sizes: list[int],
    jobs: int,
    output: Path | None,
    format_name: str | None,
) -> None:
    """Audit units; print a line for each, and the summary on stderr."""
    printer = _AuditPrinter(chosen_format(format_name), AUDIT_COLUMNS)
    chosen = Audit.of(SearchSettings(**settings), lengths, beam_sizes)
    check_jobs(jobs)
    probe = open_probe(path)
    choice = choose_active_units(probe, units, min_active)
    names = choice.names
    is_grid = len(chosen.lengths) * len(chosen.beam_sizes) > 1
    lines = Lines(printer, len(names), left_out=("certificate",) if is_grid else ("certificate", "grid"))
    records: list[dict[str, Any]] = []
    try:
        with lines.shown() as show:

            def keep(record: dict[str, Any]) -> None:
                plain = {key: value for key, value in record["exact"].items() if key not in ("by_length", "top")}
                records.append(record | {"exact": plain})
                show(records[-1])

            if output is None:
                with stop_on_interrupt() as stop:
                    for _, grid in map_units(chosen, probe.cells, names, jobs=jobs, stop=stop):
                        keep(audit_record(grid))
                if lines.count < len(names) or stop.is_set():
                    raise KeyboardInterrupt
            else:
                run_audit(probe, names, chosen, output, jobs=jobs, min_active=choice.min_active, on_record=keep)
    finally:
        _print_summary(records)
    if output is not None and records:
        from ..audit_plot import plot_audit

        plot_audit(records, output / "audit.svg", output / "audit.png")
        print(f"plot: {output / 'audit.svg'}", file=sys.stderr)


def _print_summary(records: list[dict[str, Any]]) -> None:
    rows = [vars(summary) for summary in summarise(records)]
    if not rows:
        return
    print(file=sys.stderr)
    for line in table([list(rows[0]), *(list(row.values()) for row in rows)]):
        print(line, file=sys.stderr)
    for record in worst_units(records):
        beam, exact = record["beam"], record["exact"]
        print(f"unit {record['unit']}: beam {beam['iou']:.4f}  {beam['formula']}", file=sys.stderr)
        print(f"unit {record['unit']}: best {exact['iou']:.4f}  {exact['formula']}", file=sys.stderr)


def verify(path: Path, probe_path: Path | None, format_name: str | None, *, time_limit: float | None = None) -> None:
    """Check the certificates of a run, or one certificate; `DisagreementError` where one proves nothing.

    time_limit: seconds for each.  Exit code 4 where some could not be checked, and all others hold.
    """
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise UsageError(f"the time limit must be a number of seconds above 0, not {time_limit}")
    printer = Printer(chosen_format(format_name), VERIFY_COLUMNS)
    probe, claims = _claims(path, probe_path)
    verdicts = []
    try:
        for unit, text, record in claims:
            line = _verdict(probe, unit, text, record, time_limit)
            printer(line)
            verdicts.append(line["verdict"])
    finally:
        printer.finish()
    rejected, unchecked = verdicts.count(REJECTED), verdicts.count(UNCHECKED)
    if unchecked:
        print(
            f"compexact: {unchecked} of {len(verdicts)} certificates could not be checked; their lines say why",
            file=sys.stderr,
        )
    if rejected:
        raise DisagreementError(f"{rejected} of {len(verdicts)} certificates prove nothing; their lines say why")
    if unchecked:
        raise typer.Exit(SOME_UNPROVEN)
    if not verdicts:
        raise UsageError(f"{path} has no certificate; compexact explain --engine exact makes them")


def _claims(path: Path, probe_path: Path | None) -> tuple[Probe, Iterator[tuple[str, bytes, dict[str, Any] | None]]]:
    """The probe, and (unit, certificate, the run's line or None) of everything to check."""
    if not path.exists():
        raise UsageError(f"{path} does not exist; verify takes a run or a certificate")
    if path.is_dir():
        run = read_run(path)
        lines = [(unit, record) for unit, record in run.records.items() if "certificate" in record]
        texts = ((unit, _read(path / record["certificate"]), record) for unit, record in lines)
        return run.open_probe(probe_path), texts
    if probe_path is None:
        raise UsageError(f"name the probe of {path} with --probe")
    text = _read(path)
    try:
        unit = str(json.loads(text)["unit"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise DataError(f"{path} is not a certificate") from None
    return open_probe(probe_path), iter([(unit, text, None)])


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            # One byte more than the checker takes: it says what is wrong with so large a file.
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "where it is lost, delete its unit's line and explain again"
        raise DataError(f"{file} cannot be read: {error.strerror}; {hint}") from None


def _verdict(
    probe: Probe, unit: str, text: bytes, record: dict[str, Any] | None, time_limit: float | None
) -> dict[str, Any]:
    """The line of one certificate: whether it holds, and whether it proves what the run's line says."""
    problem = Problem.of(probe.cells, unit)
    line: dict[str, Any] = dict.fromkeys(VERIFY_COLUMNS) | {"unit": unit}
    started = time.perf_counter()
    try:
        verdict = check_text(problem, text, time_limit=time_limit)
        line |= {"iou": float(verdict.iou), "bound": rounded_up(verdict.bound)}
        line |= {"proof": verdict.proof, "work": verdict.work}
        _compare(problem, verdict, record)
        line["verdict"] = CONFIRMED
    except Undecided as error:
        line |= {"verdict": UNCHECKED, "reason": str(error)}
    except CertificateError as error:
        line |= {"verdict": REJECTED, "reason": str(error)}
    line["seconds"] = round(time.perf_counter() - started, 6)
    return line


def _compare(problem: Problem, verdict: Verdict, record: dict[str, Any] | None) -> None:
    """Refuse a line that contradicts itself or the probe, and a certificate of another claim than the line's."""
    if record is None:
        return
    if wrong := what_is_wrong(problem, record):
        raise CertificateError(f"the line is no answer about this unit: {wrong}")
    claimed, iou, bound = record.get("exact", record), verdict.iou, verdict.bound
    for name in ("space", "max_length"):
        if claimed[name] != getattr(verdict, name):
            raise CertificateError(f"the line's {name} is {claimed[name]}, the certificate's {getattr(verdict, name)}")
    if Fraction(claimed["intersection"], claimed["union"] or 1) != iou:
        raise CertificateError(
            f"the line's IoU is {claimed['intersection']}/{claimed['union']}, the certificate's {iou}"
        )
    if Fraction(*claimed["bound_fraction"]) != bound:
        raise CertificateError(f"the line's bound is {claimed['bound_fraction']}, the certificate's {bound}")
    if claimed["status"] == "optimal" and iou != bound:
        raise CertificateError("the line says optimal, the certificate leaves a gap")
