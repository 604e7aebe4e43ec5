"""`compexact audit`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from ..run.settings import SearchSettings
from .options import (
    BeamSizesOption,
    EngineOption,
    LengthsOption,
    SampleOption,
    SeedOption,
    SpaceOption,
    TimeLimitOption,
)
from .signature import Depends
from .units_asked import ONLY_IN_FILES, Record, UnitsAsked

COLUMNS = ("unit", "beam_iou", "local_iou", "exact_iou", "beam_gap", "beam_optimal", "status", "formula")


def asked_audit(
    engine: EngineOption = "exact",
    space: SpaceOption = "chain",
    lengths: LengthsOption = (3,),
    beam_size: BeamSizesOption = (10,),
    time_limit: TimeLimitOption = None,
    sample: SampleOption = None,
    seed: SeedOption = 0,
) -> Any:
    """The `Audit`; several lengths and beam sizes make a grid."""
    from ..run.audit import Audit

    settings = SearchSettings(engine=engine, space=space, time_limit=time_limit, sample=sample, seed=seed)
    return Audit.of(settings, lengths, beam_size)


def audit(
    asked: Annotated[UnitsAsked, Depends(UnitsAsked)], work: Annotated[Any, Depends(asked_audit, "Search")]
) -> None:
    """Hold the beam, and local search beside it, against an engine that proves, unit by unit.

    compexact audit probe --length 3 -o audit
    compexact audit probe --units 0-99 --length 2-4 --beam-size 1,5,10,50 -o grid
    """
    is_grid = len(work.lengths) * len(work.beam_sizes) > 1
    left_out = ONLY_IN_FILES if is_grid else (*ONLY_IN_FILES, "grid")
    records: list[Record] = []

    def shown(record: Record, format: str) -> Record:
        plain = {key: value for key, value in record["exact"].items() if key not in ("by_length", "top")}
        records.append(record | {"exact": plain})
        printed = {key: value for key, value in records[-1].items() if key not in left_out}
        return printed if format == "jsonl" else side_by_side(printed)

    try:
        asked.do(work, COLUMNS, shown)
    finally:
        _print_summary(records)
    if asked.output is not None and records:
        from ..run.audit_plot import plot_audit

        plot_audit(records, asked.output / "audit.svg", asked.output / "audit.png")
        print(f"plot: {asked.output / 'audit.svg'}", file=sys.stderr)


def side_by_side(record: Record) -> Record:
    """The columns of tables and CSV; JSON lines stay nested."""
    beam, exact = record["beam"], record["exact"]
    flat = {"beam_iou": beam["iou"], "local_iou": record.get("local", {}).get("iou"), "exact_iou": exact["iou"]}
    flat |= {"status": exact["status"], "formula": exact["formula"]}
    return {column: (record | flat)[column] for column in COLUMNS}


def _print_summary(records: list[Record]) -> None:
    from ..printing import table
    from ..run.audit import summarise, worst_units

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
