"""`compexact audit`: from the options typed to answers beside each other, printed and kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...probes.opening import open_probe
from ..printing import Printer, chosen_format, table
from ..run.audit import Audit, audit_record, run_audit, summarise, worst_units
from ..run.engines import SearchSettings
from ..run.interrupts import stop_on_interrupt
from ..run.units import choose_active_units, map_units
from .explain import ONLY_IN_FILES, Lines, check_jobs

AUDIT_COLUMNS = ("unit", "beam_iou", "exact_iou", "beam_gap", "beam_optimal", "status", "formula")


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
    lines = Lines(printer, len(names), left_out=ONLY_IN_FILES if is_grid else (*ONLY_IN_FILES, "grid"))
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
        from ..run.audit_plot import plot_audit

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
